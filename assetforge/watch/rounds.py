"""One build of a watch: with drafts for what is not bought, or live within a limit; unaware of what caused it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from assetforge.errors import BudgetError, NotCurrent, Problem, UsageError
from assetforge.events import CallFailed, CallFinished, Event, Listener, Planned, Warned
from assetforge.gate import Options
from assetforge.graph.select import select
from assetforge.model import Paid, Report
from assetforge.project import Project, Stop
from assetforge.run.approval import Approval
from assetforge.watch.purse import Purse
from assetforge.words import most

# How a build tells of what it did not buy, and of its own limit.
UNBOUGHT, RAISE = " is not bought: ", "raise `--max-cost`"


class Rounds(Protocol):
    """How a watch builds. `builds` says whether it makes anything at all, `buys` whether it asks for what is
    missing."""

    @property
    def builds(self) -> bool: ...
    @property
    def buys(self) -> bool: ...

    async def build(self, project: Project, listen: Listener, stop: Stop) -> Report:
        """Makes everything selected current, as far as it may. Raises what `Project.build` does."""
        ...

    def ask_again(self) -> None:
        """Somebody wants calls made again that failed."""

    def hold_back(self, keys: Iterable[str]) -> None:
        """Calls for these paid keys failed elsewhere."""


@dataclass(slots=True)
class Drafting:
    """Spends nothing. Where nothing has to be bought it is an ordinary build; else a placeholder stands in for each
    picture that nobody has, and what no placeholder went into is locked afterwards, so that it can be committed."""

    options: Options
    builds: bool = True
    buys: bool = False
    # Whether placeholders stood in when it built last, and the files of the manifest for which all else was locked.
    _is_drafted: bool = False
    _locked_for: Mapping[str, str] | None = None

    async def build(self, project: Project, listen: Listener, stop: Stop) -> Report:
        was_drafted = self._is_drafted
        ordinary = None if was_drafted else await self._ordinary(project, listen, stop)
        if ordinary is not None:
            return ordinary
        report = await project.build(replace(self.options, on_miss="draft"), listen, stop)
        self._is_drafted = not _are_drawn(project, report.drafted)
        if stop.asked:
            return report
        if was_drafted and not self._is_drafted and not report.failed:
            ordinary = await self._ordinary(project, listen, stop)
        if ordinary is not None:
            return _together(report, ordinary)
        await self._lock(project, report, stop)
        return report

    def ask_again(self) -> None:
        """Nothing is ever asked for."""

    def hold_back(self, keys: Iterable[str]) -> None:
        """Nothing is ever asked for."""

    async def _ordinary(self, project: Project, listen: Listener, stop: Stop) -> Report | None:
        """A build with a lock, None where a picture is missing that costs anything."""
        held = _Held(listen)
        try:
            return await project.build(replace(self.options, on_miss="fail"), held.hear, stop)
        except NotCurrent as error:
            held.tell_remarks()
            if not _are_drawn(project, {one.instance for one in error.missing}):
                return None
        return await project.build(replace(self.options, on_miss="call", max_cost=0.0), listen, stop)

    async def _lock(self, project: Project, report: Report, stop: Stop) -> None:
        """Locks what is real: what was made, and where the manifest is another one all of it. What lacks a candidate
        that nothing is made from is no whole line yet."""
        unreal = {*report.drafted, *report.skipped, *(failure.instance for failure in report.failed)}
        now = dict(project.reading.digests)
        names = report.made if self._locked_for == now else select(project.graph(), self.options.select)
        while real := tuple(name for name in names if name not in unreal):
            try:
                await project.build(replace(self.options, select=real, on_miss="fail"), _ignore, stop)
                break
            except NotCurrent as error:
                lacking = {one.instance for one in error.missing}
                if lacking <= unreal:
                    break
                unreal |= lacking
        self._locked_for = now


@dataclass(frozen=True, slots=True)
class Looking:
    """Makes nothing: reads the manifest, so that what is wrong with it is told."""

    builds: bool = False
    buys: bool = False

    async def build(self, project: Project, listen: Listener, stop: Stop) -> Report:  # noqa: ARG002 - a round's
        for problem in project.graph().warnings:
            listen(Warned(problem))
        return Report()

    def ask_again(self) -> None:
        """Nothing is ever asked for."""

    def hold_back(self, keys: Iterable[str]) -> None:
        """Nothing is ever asked for."""


@dataclass(slots=True)
class Buying:
    """Buys what is missing, within the purse. What failed is not asked for again until somebody wants it, or the
    request is another one. When the purse is empty, drafts stand in for what is missing still."""

    options: Options
    purse: Purse
    builds: bool = True
    buys: bool = True
    _failed: set[str] = field(default_factory=set)

    async def build(self, project: Project, listen: Listener, stop: Stop) -> Report:
        portion, report = self.purse.open(self.purse.left), None
        hear = portion.hearing(self._noting(listen))
        approval = Approval(withheld=frozenset(self._failed))
        options = replace(self.options, on_miss="call", max_cost=portion.amount, approval=approval)
        refused: tuple[Problem, ...] = ()
        try:
            report = await project.build(options, hear, stop)
        except (BudgetError, UsageError) as error:
            # A limit, or what a call needs, as a key: what costs nothing is built all the same.
            refused = error.problems
        finally:
            portion.settle(report)
        if report is not None and (report.stopped != "budget" or report.interrupted):
            return report
        for problem in refused or self._limits(report):
            listen(Warned(replace(problem, message=f"{problem.message}: drafts stand in for what is not bought")))
        return _together(report, await Drafting(self.options).build(project, listen, stop))

    def _limits(self, report: Report | None) -> tuple[Problem, ...]:
        """The limit that was reached: of a month, or of a build, where it is not that of the purse."""
        found = [
            failure.problem for failure in (report.failed if report else ()) if UNBOUGHT in failure.problem.message
        ]
        others = [one for one in found if one.hint != RAISE]
        return (*others[:1],) or (Problem(f"the limit of {most(self.purse.limit)} is reached", None, RAISE),)

    def ask_again(self) -> None:
        """The next build asks for everything that is missing."""
        self._failed.clear()

    def hold_back(self, keys: Iterable[str]) -> None:
        """These are not asked for until somebody wants it."""
        self._failed.update(keys)

    def _noting(self, listen: Listener) -> Listener:
        def hear(event: Event) -> None:
            if isinstance(event, CallFailed):
                self._failed.update(event.keys)
            listen(event)

        return hear


class _Held:
    """Events of a build that may be given up before it begins: they count when it does."""

    def __init__(self, listen: Listener) -> None:
        self._listen = listen
        self._waiting: list[Event] = []
        self._has_begun = False

    def hear(self, event: Event) -> None:
        """A build's listener."""
        self._waiting.append(event)
        if isinstance(event, Planned | CallFinished):
            self._has_begun = True
        if self._has_begun:
            for one in self._waiting:
                self._listen(one)
            self._waiting.clear()

    def tell_remarks(self) -> None:
        """That build was given up: what it found is told all the same, since nobody else may find it again."""
        for event in self._waiting:
            if isinstance(event, Warned):
                self._listen(event)
        self._waiting.clear()


def _ignore(event: Event) -> None:
    """It was told already."""


def _are_drawn(project: Project, names: Collection[str]) -> bool:
    """Whether the built-in provider of drafts makes these instances: of another one a price of nothing is only
    said."""
    steps = project.graph().steps.values()
    return all(step.settings.kind == "draft" for step in steps if isinstance(step, Paid) and step.instance in names)


def _together(bought: Report | None, drafted: Report) -> Report:
    """What two builds did, one after the other."""
    if bought is None:
        return drafted
    return replace(
        drafted,
        made=tuple(dict.fromkeys((*bought.made, *drafted.made))),
        placed=(*bought.placed, *drafted.placed),
        calls=bought.calls + drafted.calls,
        bought=bought.bought + drafted.bought,
        spent=bought.spent + drafted.spent,
        unknown_costs=bought.unknown_costs + drafted.unknown_costs,
        doubtful=bought.doubtful + drafted.doubtful,
        unanswered=bought.unanswered + drafted.unanswered,
        seconds=bought.seconds + drafted.seconds,
    )
