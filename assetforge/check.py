"""What manifest, lock and files do not agree on, thing by thing, and what of it would have to be bought.

Touches neither the network nor what the store has made.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from assetforge.emit.locked import NOT_PINNED, disagreeing, unlocked_emits
from assetforge.errors import Disagreement
from assetforge.model import Decision, Emit, Fresh, Lost, Paid, Rendition, Stale, Unknown
from assetforge.outputs.aside import owner_of
from assetforge.plan.forecast import Forecast, Purchase, purchases_of
from assetforge.plan.lost import can_be_bought_again, why_lost
from assetforge.plan.walk import FileState
from assetforge.words import count, money_range, most, waits_for
from assetforge.workspace import Workspace

OUTDATED = "it is made from an earlier request"
PLACEHOLDER = "a placeholder is there"
KNOWN_HERE = "this machine has it, the lock does not"
NOT_MADE = ("not made yet",)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check finds: what does not agree, and beside it the lines of the lock that the manifest no longer has
    (`orphans`), and whether there is a lock."""

    disagreements: tuple[Disagreement, ...]
    orphans: tuple[str, ...]
    has_lock: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What things that are not current would cost: so many `pictures` would have to be bought, or may have to be
    (`sure` of them surely), for US dollars; `unpriced` of them have no known price."""

    pictures: int
    sure: int
    low: float
    high: float
    unpriced: int

    @property
    def price(self) -> str:
        """What all of it costs."""
        if self.unpriced == self.pictures:
            return "at a price that nobody knows"
        more = f", and {count(self.unpriced, 'price')} unknown" if self.unpriced else ""
        return f"for {money_range(self.low, self.high) if self.sure else f'up to {most(self.high)}'}{more}"

    @property
    def told(self) -> str:
        """What would be bought, and for how much, "" where nothing would be."""
        if not self.pictures:
            return ""
        return f"{count(self.pictures, 'picture')} {'would' if self.sure else 'may'} have to be bought {self.price}"


def cost_of(found: Iterable[Disagreement]) -> Cost:
    """What buying costs, a picture that several things ask for counted once."""
    each = {one.key or one.subject: one for one in found if one.buys != "no"}.values()
    return Cost(
        len(each),
        sum(one.buys == "yes" for one in each),
        sum(one.price or 0.0 for one in each if one.buys == "yes"),
        sum(one.price or 0.0 for one in each),
        sum(one.price is None for one in each),
    )


def check(space: Workspace, forecast: Forecast, *, files: bool) -> Checked:
    """All there is to find, paid pictures first, emits last. Without `files`, only of manifest and lock."""
    graph = forecast.walk.graph
    found = [*_unpinned(forecast), *_outputs(space, forecast, files=files)]
    found += _told(disagreeing(space, graph, graph.instances, files=files))
    # A variable that is given makes it another manifest for a moment.
    owners = set() if space.variables else {owner_of(name)[0] for name in space.lock.lines}
    gone = owners - graph.instances.keys() - graph.emits.keys()
    return Checked(tuple(found), tuple(sorted(gone)), bool(space.lock.text))


def unlocked(space: Workspace, forecast: Forecast) -> list[Disagreement]:
    """What the lock does not have under its present key, of what would be built, and emits that it has otherwise."""
    emits = unlocked_emits(space, forecast.walk.graph, forecast.outlooks)
    return [*_unpinned(forecast), *_outputs(space, forecast, files=False), *_told(emits)]


def missing(forecast: Forecast) -> list[Disagreement]:
    """The pictures that nobody has, and would have to be bought."""
    wanted = {item.key or (item.step, item.candidate) for item in forecast.purchases}
    found = [one for place, one in _unpinned_places(forecast) if {place, one.key} & wanted]
    return [replace(one, reason=NOT_MADE[0]) if one.reason == NOT_PINNED else one for one in found]


def lost(forecast: Forecast) -> list[Disagreement]:
    """The pictures that the lock pins, whose bytes are needed and not here, with what buying them again costs; one
    made by hand can't be bought."""
    return [_lost(forecast, place, what) for place, what in forecast.lost.items()]


def is_placeholder(space: Workspace, path: str) -> bool:
    """Whether the file at an output's path is a draft that was written here."""
    written = space.state.written.get(path)
    return written is not None and written.draft and space.state.digest(path) == written.digest


# --- paid pictures ---


def _unpinned(forecast: Forecast) -> Iterator[Disagreement]:
    return (one for _, one in _unpinned_places(forecast))


def _unpinned_places(forecast: Forecast) -> Iterator[tuple[tuple[str, int], Disagreement]]:
    graph = forecast.walk.graph
    bought = {(item.step, item.candidate): item for item in purchases_of(forecast.walk, forecast.prices)}
    for place, state in forecast.walk.paid.items():
        step = graph.steps[place[0]]
        assert isinstance(step, Paid)
        if isinstance(state.decision, Fresh) and state.decision.origin == "lock":
            continue
        refused = forecast.walk.refused.get(step.id)
        reason = refused.message if refused else _why_unpinned(state.decision)
        item = bought.get(place)
        where = graph.instances[step.instance].where
        told = Disagreement(step.instance, _subject(step, place[1]), reason, where)
        yield place, told if item is None or step.settings.kind == "draft" else _with_price(told, item)


def _with_price(told: Disagreement, item: Purchase) -> Disagreement:
    return replace(told, buys="yes" if item.sure else "maybe", price=item.price, key=item.key)


def _why_unpinned(decision: Decision) -> str:
    match decision:
        case Fresh():
            return KNOWN_HERE
        case Stale(reasons) if reasons != NOT_MADE:
            return "; ".join(reasons)
        case Unknown(waiting) if waiting:
            return waits_for(waiting)
        case _:
            return NOT_PINNED


def _lost(forecast: Forecast, place: tuple[str, int], what: Lost) -> Disagreement:
    graph, call = forecast.walk.graph, forecast.walk.paid[place].call
    step = graph.steps[place[0]]
    assert isinstance(step, Paid)
    told = Disagreement(step.instance, _subject(step, place[1]), why_lost(what), graph.instances[step.instance].where)
    if not can_be_bought_again(what):
        return told
    price = forecast.prices.estimate(call) if call else None
    return replace(told, buys="yes", price=price, key=what.record.key)


def _subject(step: Paid, candidate: int) -> str:
    return step.id if step.n == 1 else f"{step.id}#{candidate}"


# --- outputs and emits ---


def _outputs(space: Workspace, forecast: Forecast, *, files: bool) -> Iterator[Disagreement]:
    graph = forecast.walk.graph
    for name, state in forecast.walk.files.items():
        step = graph.steps[name]
        assert isinstance(step, Rendition)
        refused = forecast.walk.refused.get(name)
        reason = refused.message if refused else _why_not_current(space, step, state, files=files)
        if reason:
            yield Disagreement(step.instance, step.path, reason, graph.instances[step.instance].where)


def _why_not_current(space: Workspace, step: Rendition, state: FileState, *, files: bool) -> str:
    """What is wrong with an output, "" where nothing is."""
    key = state.action.key if state.action is not None else ""
    pinned = space.lock.output(step.instance, step.path, key=key)
    has_key = pinned is not None and pinned.key == key
    if has_key and (not files or _is_current(state)):
        return ""
    if is_placeholder(space, step.path):
        return PLACEHOLDER
    if has_key:
        return "the file was changed" if space.state.digest(step.path) else "the file is missing"
    if isinstance(state.decision, Unknown):
        return waits_for(state.decision.waiting_on)
    return NOT_PINNED if pinned is None else OUTDATED


def _is_current(state: FileState) -> bool:
    """Whether the file is there with the pinned bytes or pixels, and no draft went into it."""
    drafted = state.picture is not None and state.picture.draft
    return isinstance(state.decision, Fresh) and state.decision.origin == "file" and not drafted


def _told(emits: Iterable[tuple[Emit, str]]) -> Iterator[Disagreement]:
    return (Disagreement(emit.name, emit.path, reason, emit.where) for emit, reason in emits)
