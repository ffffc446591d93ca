"""What the page's buttons do: exactly what the commands do, and one thing that no command can, buying what was shown
at the price that was shown.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from assetforge.choose.proposal import Proposal, propose_pick, propose_reroll, write
from assetforge.errors import Problem
from assetforge.events import CallFailed, CallFinished, Event, Listener
from assetforge.gate import Options
from assetforge.live.answer import Answer, Teller, refused
from assetforge.pins.accept import accept
from assetforge.pins.named import paid_steps
from assetforge.project import Project, Stop
from assetforge.report.chosen import costs, summary
from assetforge.report.underway import told_end
from assetforge.run.approval import Approval
from assetforge.watch.ending import Ending
from assetforge.watch.loop import Watch
from assetforge.watch.purse import Purse
from assetforge.words import count, money

UNPRICED = "its price is not known, so that it can't be approved here"


class Witness(Protocol):
    """Who is told of what is bought beside the rounds."""

    def beside(self) -> AbstractContextManager[Listener]:
        """Gives who listens to one build, for as long as the block runs."""
        ...


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

    async def pick(self, step: str, number: int) -> Answer:
        """Uses another candidate, as `assetforge pick` does."""
        return await self._propose(lambda project: propose_pick(project, step, number))

    async def reroll(self, step: str) -> Answer:
        """Asks for other pictures, as `assetforge reroll` does; nothing is bought by that."""
        return await self._propose(lambda project: propose_reroll(project, step))

    async def accept(self, name: str) -> Answer:
        """Keeps the present picture, as `assetforge accept` does."""
        async with self._writing:
            answer = await asyncio.to_thread(self._accept, name)
        self.watch.wake()
        return answer

    async def approve(self, name: str, offers: Mapping[str, float | None]) -> Answer:
        """Buys some candidates of an instance, at the prices that were shown; nothing where a request or a price is
        another one by now. Raises AssetforgeError."""
        prices = {key: price for key, price in offers.items() if price is not None}
        if self.purse is None or len(prices) < len(offers) or not prices:
            return refused(UNPRICED)
        total = sum(prices.values())
        if total > self.purse.left + 1e-9:
            told = f"it could cost {money(total)}, and {money(self.purse.left)} is left of {money(self.purse.limit)}"
            return refused(told, "start again with a higher --max-cost")
        return await self._buy(name, prices, self.purse)

    async def again(self) -> Answer:
        """Builds again, also what failed before."""
        self.watch.again()
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

    async def _buy(self, name: str, prices: Mapping[str, float], purse: Purse) -> Answer:
        portion, stop, heard = purse.open(sum(prices.values())), Stop(), _Heard()
        options = replace(
            self.options, select=(name,), on_miss="call", max_cost=portion.amount, approval=Approval(prices)
        )
        report = None
        self.ending.attend(stop)
        try:
            with self.witness.beside() as listen:
                hear = heard.hearing(portion.hearing(listen))
                report = await self.project.again().build(options, hear, stop)
        finally:
            portion.settle(report)
            self.ending.leave(stop)
            self.watch.wake()
        return Answer(not heard.problems, tuple(heard.lines), self.teller.problems(heard.problems))


@dataclass(slots=True)
class _Heard:
    """What became of the calls of one build."""

    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def hearing(self, listen: Listener) -> Listener:
        def hear(event: Event) -> None:
            if isinstance(event, CallFinished):
                self.lines.append(told_end(event))
            elif isinstance(event, CallFailed):
                self.problems.append(event.problem)
            listen(event)

        return hear
