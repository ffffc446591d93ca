"""The chain of any instance of one forecast, part by part, in the words of `explain`: what each asks for, what is
known of it, and why.

The reasons are the decision's own; what changed in a prompt is read from the ingredients that the store still has.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from assetforge.graph.wiring import BRIDGE
from assetforge.model import (
    Action,
    Decision,
    Drafted,
    Fresh,
    Ingredients,
    Link,
    Local,
    Origin,
    Paid,
    Picture,
    Rendition,
    Source,
    Stale,
    Step,
    Unknown,
)
from assetforge.ops.provenance import Mark
from assetforge.ops.spec import normalised
from assetforge.plan.action import is_copy
from assetforge.plan.descent import OWN
from assetforge.plan.difference import word_diff
from assetforge.plan.forecast import Forecast, Purchase, reasons_to_wait
from assetforge.plan.hints import cheaper_size
from assetforge.plan.lost import why_lost
from assetforge.plan.marks import mark_of
from assetforge.report.gathering import without_name
from assetforge.report.planned import WORDS

# What signs a file's bytes can't be true of others (C2PA 2.1, hard bindings), so it is not carried over.
CREDENTIALS_END = "encoded here: content credentials (C2PA) of the provider end, they are true of its very bytes only"
FAILS = WORDS["wrong"]
# Who knows a result, as users call it.
KNOWN: Mapping[Origin, str] = {
    "lock": "in the lock",
    "store": "in the store",
    "remote": "in the remote",
    "file": "current",
}


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one action, or of a step that fails. `word` is one of `KNOWN`'s, `missing`, `waits`, `draft`,
    `lost` or `fails`; `diff` is the prompt's change since the lock, word by word; money is US dollars."""

    key: str | None
    word: str
    reasons: tuple[str, ...]
    candidate: int = 0
    picked: bool = True
    cost: float | None = None
    date: str = ""
    by: str = ""
    digest: str | None = None
    diff: tuple[tuple[str, str], ...] = ()
    ingredients: Ingredients = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """Another size to ask for, and the share of it that would be cut away. The prices are those of one picture, in US
    dollars at most: asked for like that, and as it is planned."""

    size: str
    cut: float
    price: float
    planned_price: float


@dataclass(frozen=True, slots=True)
class Part:
    """One link of the chain. `asked` is the size that a provider is asked for, `size` what comes of it; `cheaper` is
    there where something is to be bought that would cost less at another size. `notes` tell what an output's file
    says of its origin, and what it lost on the way."""

    step: str
    kind: str
    inputs: tuple[str, ...]
    size: str | None
    asked: str | None
    prompt: str | None
    settings: Mapping[str, Any]
    states: tuple[State, ...]
    cheaper: Saving | None = None
    notes: tuple[str, ...] = ()


class Chains:
    """The chains of a forecast's instances: told one by one, in a time that does not grow with the others."""

    def __init__(self, forecast: Forecast) -> None:
        self._forecast = forecast
        self._order = {name: place for place, name in enumerate(forecast.walk.graph.steps)}

    def of(self, name: str) -> tuple[tuple[Step, Part], ...]:
        """The steps of an instance that something is told of, each with what is told, in the order of the chain."""
        told = ((step, part) for step in self._own_steps(name) for part in _part(self._forecast, step))
        return tuple(_told_once(told))

    def _own_steps(self, name: str) -> list[Step]:
        """The instance's steps that something of its own is made from."""
        graph = self._forecast.walk.graph
        instance = graph.instances[name]
        found: set[str] = set()
        waiting = [*instance.outputs, instance.final.step, *instance.paid]
        while waiting:
            step = graph.steps[waiting.pop()]
            if step.id not in found and not isinstance(step, Source) and step.instance == name:
                found.add(step.id)
                waiting += [link.step for link in step.inputs]
        return [graph.steps[one] for one in sorted(found, key=self._order.__getitem__)]


def _told_once(parts: Iterable[tuple[Step, Part]]) -> Iterator[tuple[Step, Part]]:
    """What fails for the failure of a step before it does not repeat why."""
    told: set[tuple[str, ...]] = set()
    for step, part in parts:
        states = tuple(
            replace(state, reasons=(), hint=None) if state.word == FAILS and state.reasons in told else state
            for state in part.states
        )
        told.update(state.reasons for state in states if state.word == FAILS)
        yield step, replace(part, states=states)


def _part(forecast: Forecast, step: Step) -> Iterator[Part]:
    match step:
        case Paid():
            yield _paid(forecast, step)
        case Local() if not _is_silent(forecast, step):
            params = {} if step.params is None else dict(normalised(step.params))
            size = _size(forecast, Link(step.id))
            known = (_failure(forecast, step),) if step.id in forecast.walk.refused else ()
            yield Part(step.id, OWN.get(step.op, step.op), _inputs(forecast, step), size, None, None, params, known)
        case Rendition():
            yield _file(forecast, step)
        case _:
            return


def _is_silent(forecast: Forecast, step: Local) -> bool:
    """Steps of our own that are not known to change anything here."""
    if step.op not in OWN:
        return step.op == BRIDGE
    after, before = forecast.walk.picture(Link(step.id)), forecast.walk.picture(step.inputs[0])
    if step.id in forecast.walk.refused and step.inputs[0].step not in forecast.walk.refused:
        return False
    return not (isinstance(after, Picture) and isinstance(before, Picture) and after.made != before.made)


def _paid(forecast: Forecast, step: Paid) -> Part:
    settings = {name: value for name, value in asdict(step.settings).items() if value is not None}
    settings |= {"revision": step.revision} if step.revision else {}
    states = [_candidate(forecast, step, number) for number in sorted(forecast.walk.wanted.get(step.id, frozenset()))]
    call = next((forecast.walk.paid[step.id, state.candidate].call for state in states), None)
    asked = call.size if call else step.request_size
    size = str(step.size) if step.size else _size(forecast, step.inputs[0])
    return Part(
        step.id, step.operation, _inputs(forecast, step), size, str(asked) if asked else None, step.prompt, settings,
        tuple(states), _cheaper(forecast, step),
    )  # fmt: skip


def _cheaper(forecast: Forecast, step: Paid) -> Saving | None:
    prices = [item.price for item in _purchases(forecast, step) if item.price is not None]
    found = cheaper_size(forecast.prices, step) if prices else None
    return None if found is None else Saving(str(found.size), found.cut, found.price, prices[0])


def _purchases(forecast: Forecast, step: Paid) -> list[Purchase]:
    """What would be bought of a step."""
    return [item for item in forecast.outlooks[step.instance].purchases if item.step == step.id]


def _failure(forecast: Forecast, step: Local | Paid | Rendition, key: str | None = None) -> State:
    """That a step can't be made, and why not."""
    problem = forecast.walk.refused[step.id]
    return State(key, FAILS, (without_name(problem.message, step.instance),), hint=problem.hint)


def _candidate(forecast: Forecast, step: Paid, number: int) -> State:
    state = forecast.walk.paid[step.id, number]
    if step.id in forecast.walk.refused and not isinstance(state.decision, Fresh):
        failure = _failure(forecast, step, state.action.key if state.action else None)
        return replace(failure, candidate=number, picked=number == step.pick)
    word, reasons = _told(state.decision)
    known = state.decision.record if isinstance(state.decision, Fresh | Drafted) else None
    price = next((item.price for item in _purchases(forecast, step) if item.candidate == number), None)
    if (step.id, number) in forecast.lost:
        word, reasons = "lost", (why_lost(forecast.lost[step.id, number]),)
    changed = state.action is not None and isinstance(state.decision, Stale | Drafted)
    return State(
        key=state.action.key if state.action else None,
        word=word,
        reasons=reasons,
        candidate=number,
        picked=number == step.pick,
        cost=known.cost if known and isinstance(state.decision, Fresh) else price,
        date=known.made[:10] if known else "",
        by=known.by if known else "",
        digest=known.media.digest if known else None,
        diff=_diff(forecast, step, state.action) if changed and state.action else (),
        ingredients=state.action.ingredients if state.action else (),
    )


def _diff(forecast: Forecast, step: Paid, action: Action) -> tuple[tuple[str, str], ...]:
    before = dict(forecast.walk.lookups.paid(step, action).before_ingredients).get("prompt")
    return tuple(word_diff(before, step.prompt)) if isinstance(before, str) and before != step.prompt else ()


def _file(forecast: Forecast, step: Rendition) -> Part:
    state = forecast.walk.files[step.id]
    word, reasons = _told(state.decision)
    failure = _failure(forecast, step) if step.id in forecast.walk.refused else None
    known = state.decision.record if isinstance(state.decision, Fresh) else None
    digest = known.media.digest if known else None
    size = (
        str(known.media.size) if known else str(state.picture.size) if state.picture and state.picture.size else None
    )
    if state.picture is not None and state.picture.draft:
        word = "draft"
    ingredients = state.action.ingredients if state.action else ()
    told = State(state.action.key if state.action else None, word, reasons, digest=digest, ingredients=ingredients)
    settings = {**({} if step.scale is None else normalised(step.scale)), **normalised(step.encoding)}
    settings |= {} if step.checks is None else {"checks": normalised(step.checks)}
    notes = tuple(_notes(step, state.picture)) if state.picture is not None else ()
    states = (failure or told,)
    return Part(step.path, "output", _inputs(forecast, step), size, None, None, settings, states, notes=notes)


def _notes(step: Rendition, picture: Picture) -> Iterator[str]:
    """What an output says of how its picture came to be."""
    if picture.draft:
        return
    if is_copy(step, picture):
        yield "its source's bytes, untouched, with the marks they came with"
        return
    mark = mark_of(step, picture)
    if isinstance(mark, Mark):
        yield f"says in XMP: {mark.origin}, by {', '.join(mark.models)}"
    elif mark == "keep":
        yield "keeps the EXIF and XMP of its source"
    if picture.models:
        yield CREDENTIALS_END


def _told(decision: Decision) -> tuple[str, tuple[str, ...]]:
    match decision:
        case Fresh(_, origin):
            return KNOWN[origin], ()
        case Stale(reasons):
            return "missing", reasons
        case Drafted(_, reasons):
            return "draft", reasons
        case Unknown(waiting):
            return "waits", reasons_to_wait(waiting)
        case _:
            return "lost", ()


def _inputs(forecast: Forecast, step: Step) -> tuple[str, ...]:
    """Inputs by the names a user knows: a file's path, or a step."""
    return tuple(_named(forecast, link) for link in step.inputs)


def _named(forecast: Forecast, link: Link) -> str:
    source = forecast.walk.graph.steps[link.step]
    match source:
        case Source():
            return source.path
        case Local() if source.op == BRIDGE:
            return f"@{source.instance}"
        case Local() if _is_silent(forecast, source):
            return _named(forecast, source.inputs[0])
        case _:
            return f"{link.step}#{link.candidate}" if link.candidate else link.step


def _size(forecast: Forecast, link: Link) -> str | None:
    picture = forecast.walk.picture(link)
    return str(picture.size) if isinstance(picture, Picture) and picture.size else None
