"""What a build would do, told from one walk: which calls surely, which maybe, for how much, and why.

`plan`, `build`, `check`, `list` and the gallery read the same forecast.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assetforge.errors import Problem
from assetforge.model import (
    Drafted,
    Failure,
    Fresh,
    Graph,
    Instance,
    Link,
    Lost,
    Paid,
    Rendition,
    Size,
    Source,
    Stale,
    Unknown,
)
from assetforge.plan.lost import is_drawn_again, lost_pictures, told_lost
from assetforge.plan.price import Prices
from assetforge.plan.rebuild import NOT_MADE
from assetforge.plan.walk import FileState, Lookups, OnMiss, Walk
from assetforge.words import some, waits_for

# So many outputs are named that are made for one reason.
MOST_PATHS = 2

Verdict = Literal["current", "restore", "make", "buy", "maybe", "draft", "lost", "wrong"]


@dataclass(frozen=True, slots=True)
class Purchase:
    """One candidate that would be bought. `price` is US dollars at most, None where nobody knows; `sure` is False
    where its request is known only when something before it is made."""

    step: str
    candidate: int
    key: str
    size: Size | None
    price: float | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """One instance: the most that has to be done for it, and every reason."""

    instance: str
    verdict: Verdict
    reasons: tuple[str, ...]
    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole build foreseen. `low` and `high` are US dollars, by `prices`; `unpriced` counts calls without a known
    price.

    `selected` are the instances that would be worked on; `blocked` those of the others that would fail from the
    start, whose outlooks are here too."""

    walk: Walk
    prices: Prices
    selected: tuple[str, ...]
    outlooks: Mapping[str, Outlook]
    purchases: tuple[Purchase, ...]
    drafts: tuple[tuple[str, int], ...]
    lost: Mapping[tuple[str, int], Lost]
    again: Mapping[tuple[str, int], Lost]
    shared: tuple[tuple[str, ...], ...]
    low: float
    high: float
    unpriced: int
    blocked: tuple[Failure, ...] = ()

    @property
    def is_current(self) -> bool:
        return all(outlook.verdict == "current" for outlook in self.outlooks.values())

    @property
    def remarks(self) -> tuple[Problem, ...]:
        """What outputs of the selected instances lack of what they ask for."""
        own = (name for instance in self.selected for name in self.walk.graph.instances[instance].outputs)
        return tuple(remark for name in own if name in self.walk.files for remark in self.walk.files[name].remarks)

    @property
    def problems(self) -> tuple[Problem, ...]:
        blocked = (failure.problem for failure in self.blocked)
        return tuple(dict.fromkeys((*self.walk.refused.values(), *blocked)))


def foresee(graph: Graph, lookups: Lookups, on_miss: OnMiss, selected: Sequence[str], prices: Prices) -> Forecast:
    """Walks what the selected instances need, and sums it up."""
    steps, candidates = wanted_steps(graph, selected, on_miss)
    walk = Walk(graph, lookups, on_miss, candidates)
    lookups.look_ahead(step for name in steps if isinstance(step := graph.steps[name], Source))
    for name in steps:
        walk.visit(graph.steps[name])
    return sum_up(walk, tuple(selected), prices)


def wanted_steps(
    graph: Graph, selected: Iterable[str], on_miss: OnMiss
) -> tuple[list[str], dict[str, frozenset[int]]]:
    """The steps that instances need, in order, and of each paid step the candidates: all of a selected
    instance's own, of others (and where misses are drafted) only those that something is made from."""
    chosen = set(selected)
    candidates: dict[str, set[int]] = {}
    steps: set[str] = set()
    links: list[Link] = []
    for name in graph.instances:
        if name not in chosen:
            continue
        instance = graph.instances[name]
        links += [Link(output) for output in instance.outputs] + [instance.final]
        for paid in instance.paid:
            step = graph.steps[paid]
            assert isinstance(step, Paid)
            numbers = [step.pick] if on_miss == "draft" else range(1, step.n + 1)
            links += [Link(paid, candidate) for candidate in numbers]
    while links:
        link = links.pop()
        if link.candidate:
            candidates.setdefault(link.step, set()).add(link.candidate)
        if link.step not in steps:
            steps.add(link.step)
            links += graph.steps[link.step].inputs
    frozen = {name: frozenset(numbers) for name, numbers in candidates.items()}
    return [name for name in graph.steps if name in steps], frozen


def sum_up(walk: Walk, selected: tuple[str, ...], prices: Prices) -> Forecast:
    """A forecast from what a walk knows by now."""
    found = lost_pictures(walk)
    again = {place: what for place, what in found.items() if is_drawn_again(_kind(walk, place[0]), what.record)}
    lost = {place: what for place, what in found.items() if place not in again}
    stopped = _stopped(walk, lost)
    purchases = {(item.step, item.candidate): item for item in purchases_of(walk, prices) if item.step not in stopped}
    unique = list(
        {item.key or f"{item.step}#{item.candidate}": item for item in reversed(purchases.values())}.values()
    )
    drafts = tuple(place for place, state in walk.paid.items() if isinstance(state.decision, Drafted))
    outlooks = {}
    for name in selected:
        outlooks[name] = _outlook(walk, walk.graph.instances[name], purchases=purchases, lost=lost, again=set(again))
    sure = [item.price for item in unique if item.sure]
    every = [item.price for item in unique]
    return Forecast(
        walk=walk, prices=prices, selected=selected, outlooks=outlooks, purchases=tuple(reversed(unique)),
        drafts=drafts, lost=lost, again=again, shared=_shared(walk), unpriced=sum(price is None for price in every),
        low=sum(price or 0 for price in sure), high=sum(price or 0 for price in every),
    )  # fmt: skip


def _stopped(walk: Walk, lost: Mapping[tuple[str, int], Lost]) -> set[str]:
    """Steps that fail for a lost picture: for one of their own, or for one that is needed to make them."""
    found = {name for name, _ in lost}
    for name, step in walk.graph.steps.items() if found else ():
        own = [
            walk.paid[name, number].decision for number in walk.wanted.get(name, ()) if (name, number) in walk.paid
        ]
        is_known = bool(own) and all(isinstance(decision, Fresh) for decision in own)
        if not is_known and any(link.step in found for link in step.inputs):
            found.add(name)
    return found


def _kind(walk: Walk, name: str) -> str:
    step = walk.graph.steps[name]
    return step.settings.kind if isinstance(step, Paid) else ""


def purchases_of(walk: Walk, prices: Prices) -> Iterator[Purchase]:
    """Every candidate that nobody has, whether or not what it needs is lost."""
    if walk.on_miss == "draft":
        return
    for (name, candidate), state in walk.paid.items():
        step = walk.graph.steps[name]
        assert isinstance(step, Paid)
        if name in walk.refused or isinstance(state.decision, Fresh | Drafted):
            continue
        sent = len(step.pictures) + (step.mask is not None)
        price = prices.estimate_for(step.settings, state.size, prompt=step.prompt, pictures=sent)
        key = state.action.key if state.action else ""
        yield Purchase(name, candidate, key, state.size, price, isinstance(state.decision, Stale))


def _outlook(
    walk: Walk,
    instance: Instance,
    *,
    purchases: Mapping[tuple[str, int], Purchase],
    lost: Mapping[tuple[str, int], Lost],
    again: set[tuple[str, int]],
) -> Outlook:
    own: list[Purchase] = []
    found: list[tuple[Verdict, tuple[str, ...]]] = []
    for step in instance.paid:
        for candidate in sorted(walk.wanted.get(step, ())):
            place = (step, candidate)
            if place in purchases:
                own.append(purchases[place])
            name = step.rpartition(":")[2]
            found.append(_paid_verdict(walk, place, lost=lost.get(place), again=place in again, name=name))
    found += _file_verdicts(walk, instance.outputs)
    own_steps = (*instance.paid, *instance.outputs, instance.final.step)
    wrong = {name: walk.refused[name] for name in own_steps if name in walk.refused}
    found += [("wrong", (problem.message,)) for problem in wrong.values()]
    order: tuple[Verdict, ...] = ("wrong", "lost", "buy", "maybe", "draft", "make", "restore", "current")
    worst = min((order.index(one) for one, _ in found), default=len(order) - 1)
    verdict = order[worst]
    reasons = tuple(dict.fromkeys(reason for one, told in found if one == verdict for reason in told))
    return Outlook(instance.name, verdict, reasons, tuple(own))


def _paid_verdict(
    walk: Walk, place: tuple[str, int], *, lost: Lost | None, again: bool, name: str
) -> tuple[Verdict, tuple[str, ...]]:
    decision = walk.paid[place].decision
    if lost is not None:
        return "lost", (told_lost(name, lost),)
    if again:
        return "make", ("the draft is drawn again",)
    match decision:
        case Stale((reason,)) if reason == NOT_MADE and _is_begun(walk, place[0]):
            return "buy", (f"candidate {place[1]} {NOT_MADE}",)
        case Stale(reasons):
            return "buy", reasons
        case Unknown(waiting):
            return ("draft" if walk.on_miss == "draft" else "maybe"), reasons_to_wait(waiting)
        case Drafted(_, reasons):
            return "draft", reasons
        case _:
            return "current", ()


def reasons_to_wait(waiting: Sequence[str]) -> tuple[str, ...]:
    """Why something is not known that waits for these steps: of hundreds that go onto a sheet only some are named."""
    return (waits_for(waiting),) if waiting else ()


def _is_begun(walk: Walk, name: str) -> bool:
    """Whether a candidate of a step was ever made: then it is only others that were not."""
    states = (walk.paid.get((name, number)) for number in walk.wanted.get(name, ()))
    return any(state is not None and state.decision != Stale((NOT_MADE,)) for state in states)


def _file_verdicts(walk: Walk, outputs: Sequence[str]) -> Iterator[tuple[Verdict, tuple[str, ...]]]:
    """What becomes of an instance's outputs. What is true of several that are made is said once: with their paths, or
    without where that is all of them."""
    paths: dict[str, list[str]] = {}
    for output in outputs:
        state, step = walk.files[output], walk.graph.steps[output]
        path = step.path if isinstance(step, Rendition) else output
        if isinstance(state.decision, Stale):
            for reason in state.decision.reasons:
                paths.setdefault(reason, []).append(path)
        else:
            yield _file_verdict(walk, state, path)
    if paths:
        yield (
            "make",
            tuple(
                reason if 1 < len(every) == len(outputs) else f"{some(every, MOST_PATHS)}: {reason}"
                for reason, every in paths.items()
            ),
        )


def _file_verdict(walk: Walk, state: FileState, path: str) -> tuple[Verdict, tuple[str, ...]]:
    match state.decision:
        case Fresh(_, "file"):
            drafted = state.picture is not None and state.picture.draft
            return ("draft", ("it is a draft",)) if drafted else ("current", ())
        case Fresh() if state.file:
            return "restore", (f"`{path}` holds another picture, and the one it should hold is known",)
        case Fresh():
            return "restore", (f"`{path}` is not there, and its bytes are known",)
        case Unknown(waiting):
            return ("draft" if walk.on_miss == "draft" else "maybe"), reasons_to_wait(waiting)
        case _:
            return "maybe", ()


def _shared(walk: Walk) -> tuple[tuple[str, ...], ...]:
    """Groups of paid steps that ask for one and the same picture."""
    groups: dict[str, dict[str, None]] = {}
    for (name, candidate), state in walk.paid.items():
        if state.action is not None and candidate == 1:
            groups.setdefault(state.action.key, {})[name] = None
    return tuple(tuple(names) for names in groups.values() if len(names) > 1)
