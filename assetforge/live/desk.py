"""What the page's buttons do: exactly what the commands do, and one thing that no command can, buying what was shown
at the price that was shown.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from assetforge.choose.proposal import Proposal, propose_pick, propose_reroll, write
from assetforge.errors import AssetforgeError, Problem, told_of_machine
from assetforge.events import CallFailed, CallFinished, Event, Listener, Placed, Warned
from assetforge.gate import LOOK_AGAIN, Options
from assetforge.live.answer import Answer, Teller, refused
from assetforge.model import Report
from assetforge.pins.accept import accept
from assetforge.pins.named import paid_steps
from assetforge.project import Project, Stop
from assetforge.report.built import failures_of
from assetforge.report.chosen import costs, summary
from assetforge.report.underway import told_end
from assetforge.run.approval import CENT_PART, NOT_APPROVED, Approval
from assetforge.watch.ending import Ending
from assetforge.watch.loop import Watch
from assetforge.watch.purse import Purse
from assetforge.words import count, money, most

UNDER_WAY = "it is being bought already"
ENDS = Problem("the watch is ending: nothing was asked for", None, "approve it again when it runs")
UNASKED = Problem("it was not asked for, and nobody knows why", None, LOOK_AGAIN)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What an approval came to, without a report where nothing could be started, or the machine refused something.
    `missing` are approved keys whose pictures are not there, with the reason."""

    name: str
    report: Report | None
    lines: tuple[str, ...]
    problems: tuple[Problem, ...]
    missing: Mapping[str, Problem]
    placed: tuple[Placed, ...]
    warnings: tuple[Problem, ...]


class Witness(Protocol):
    """Who is told of what is bought beside the rounds."""

    def beside(self) -> AbstractContextManager[Listener]:
        """Gives who listens to one build, for as long as the block runs."""
        ...

    def bought(self, purchase: Purchase) -> None:
        """That build is over."""

    def asked_again(self) -> None:
        """Somebody wants to have what failed."""


@dataclass(slots=True)
class Desk:
    """The buttons of one project's page. `options` are those of its builds, `purse` what may be spent from here, None
    where nothing may."""

    project: Project
    options: Options
    purse: Purse | None
    watch: Watch
    ending: Ending
    witness: Witness
    teller: Teller
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _under_way: set[str] = field(default_factory=set)
    _tasks: set["asyncio.Task[Purchase]"] = field(default_factory=set)

    async def pick(self, step: str, number: int) -> Answer:
        """Uses another candidate, as `assetforge pick` does."""
        return await self._propose(lambda project: propose_pick(project, step, number))

    async def reroll(self, step: str) -> Answer:
        """Asks for other pictures, as `assetforge reroll` does."""
        return await self._propose(lambda project: propose_reroll(project, step))

    async def accept(self, name: str) -> Answer:
        """Keeps the present picture, as `assetforge accept` does."""
        async with self._writing:
            answer = await asyncio.to_thread(self._accept, name)
        self.watch.wake()
        return answer

    async def approve(self, name: str, prices: Mapping[str, float]) -> Answer:
        """Buys some candidates of an instance, each with one call at the price that was shown; nothing where a
        request or a price is another one by now."""
        purse = self.purse
        assert purse is not None, "without one there is no such button"
        if not self._under_way.isdisjoint(prices):
            return refused(UNDER_WAY)
        if (total := sum(prices.values())) > purse.left + CENT_PART:
            return _too_much(total, purse)
        self._under_way |= prices.keys()
        # Not the request's own task: a browser that goes away takes nothing with it.
        task = asyncio.create_task(self._buy(name, prices, purse))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        purchase = await asyncio.shield(task)
        return Answer(not purchase.problems, purchase.lines, self.teller.problems(purchase.problems))

    async def again(self) -> Answer:
        """Builds again, also what failed before."""
        self.watch.again()
        self.witness.asked_again()
        return Answer(True, ("building again",))

    async def _propose(self, propose: Callable[[Project], Proposal]) -> Answer:
        def work() -> tuple[str, ...]:
            proposal = propose(self.project.anew())
            told = (*costs(proposal), *summary(proposal, proposal.file))
            write(proposal)
            return (*told, *(problem.message for problem in proposal.kept))

        async with self._writing:
            lines = await asyncio.to_thread(work)
        self.watch.wake()
        return Answer(True, lines)

    def _accept(self, name: str) -> Answer:
        project = self.project.anew()
        graph = project.graph()
        with project.at_work(), project.workspace() as space:
            done = accept(space, graph, paid_steps(graph, name))
        lines = [f"kept for its present request: {count(len(done.pins), 'picture')}"] if done.pins else []
        lines += [f"nothing to keep for {name}: its request is the one in the lock"] if done.current else []
        return Answer(not done.failed, tuple(lines), self.teller.problems(done.failed))

    async def _buy(self, name: str, prices: Mapping[str, float], purse: Purse) -> Purchase:
        portion, stop, heard = purse.open(sum(prices.values())), Stop(), _Heard()
        options = replace(
            self.options, select=(name,), on_miss="call", max_cost=portion.amount, approval=Approval(prices)
        )
        project, report = self.project.again(), None
        self.ending.attend(stop)
        try:
            told: Sequence[Problem] = ()
            try:
                with self.witness.beside() as listen:
                    report = await project.build(options, heard.hearing(portion.hearing(listen)), stop)
            except AssetforgeError as error:
                told = error.problems
            except OSError as error:
                told = (Problem(told_of_machine(error)),)
            missing = dict.fromkeys(_missing(project, prices), ENDS if stop.asked else UNASKED)
            purchase = _purchase(name, report, heard, told, missing)
            self.witness.bought(purchase)
        finally:
            portion.settle(report)
            self._under_way -= prices.keys()
            self.watch.hold_back(heard.failed)
            self.ending.leave(stop)
            self.watch.wake()
        return purchase


def _too_much(total: float, purse: Purse) -> Answer:
    told = f"it could cost {most(total)}, and {money(purse.left)} is left of {most(purse.limit)}"
    if purse.set_aside:
        return refused(f"{told} while {most(purse.set_aside)} is set aside for calls under way", "wait for them")
    return refused(told, "start again with a higher --max-cost")


def _missing(project: Project, keys: Collection[str]) -> list[str]:
    """The keys that the store has no record of; all where nobody can look."""
    try:
        with project.workspace() as space:
            return [key for key in keys if space.shelf.records.get(key) is None]
    except (AssetforgeError, OSError):
        return list(keys)


def _purchase(
    name: str, report: Report | None, heard: "_Heard", refused: Sequence[Problem], missing: Mapping[str, Problem]
) -> Purchase:
    """What came of it: of what is not there the provider's words, else those of the build, else those in `missing`.
    A refusal is of that moment, and is left on no card."""
    failures = failures_of(report) if report is not None else ()
    told = [failure.problem for failure in failures if NOT_APPROVED not in failure.problem.message]
    problems = tuple(dict.fromkeys((*heard.failed.values(), *refused, *told) or missing.values()))
    left = heard.failed if report is None else {key: heard.failed.get(key, problems[0]) for key in missing}
    return Purchase(name, report, tuple(heard.lines), problems, left, tuple(heard.placed), tuple(heard.warned))


@dataclass(slots=True)
class _Heard:
    """What is heard of one build. `failed` has problems by the key of what was asked for."""

    lines: list[str] = field(default_factory=list)
    failed: dict[str, Problem] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    warned: list[Problem] = field(default_factory=list)

    def hearing(self, listen: Listener) -> Listener:
        def hear(event: Event) -> None:
            match event:
                case CallFinished():
                    self.lines.append(told_end(event))
                case CallFailed(problem=problem, keys=keys):
                    self.failed |= dict.fromkeys(keys, problem)
                case Placed():
                    self.placed.append(event)
                case Warned(problem):
                    self.warned.append(problem)
                    self.lines.append(problem.message)
                case _:
                    pass
            listen(event)

        return hear
