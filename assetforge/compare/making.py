"""What differs between the steps that two manifests have for an instance, in words; requests left out, and unaware of
locks and of the store.
"""

from collections.abc import Iterator, Set
from typing import Any, NamedTuple

from assetforge.compare.sentences import Sentence, joined, listed, say
from assetforge.model import Graph, Local, Paid, Rendition, Source, Step
from assetforge.ops.spec import defaults_of, normalised
from assetforge.ops.table import OPS
from assetforge.plan.descent import OWN
from assetforge.plan.difference import changes, parameter_changes

SHOWN = 3


class Making(NamedTuple):
    """How an instance is made: its own steps, the paths of files and the names of other instances that these begin
    with."""

    steps: dict[tuple[str, str], Step]
    files: set[str]
    others: set[str]


def makings(graph: Graph) -> dict[str, Making]:
    """How each instance of a graph is made."""
    found: dict[str, Making] = {}
    for step in graph.steps.values():
        if isinstance(step, Source):
            continue
        making = found.setdefault(step.instance, Making({}, set(), set()))
        making.steps[_place(step)] = step
        for link in step.inputs:
            match graph.steps.get(link.step):
                case Source(path=path):
                    making.files.add(path)
                case Paid() | Local() | Rendition() as other if other.instance != step.instance:
                    making.others.add(other.instance)
    return found


def making_changes(before: Making, now: Making, changed: Set[str]) -> Iterator[Sentence]:
    """Why an instance is made another way; `changed` are the instances whose pictures changed."""
    for place in dict.fromkeys((*now.steps, *before.steps)):
        yield from _step_changes(before.steps.get(place), now.steps.get(place))
    come, gone = sorted(now.files - before.files), sorted(before.files - now.files)
    if come or gone:
        places = [say("from ") + listed(come, SHOWN)] if come else []
        places += [say("no more from ") + listed(gone, SHOWN)] if gone else []
        yield say("made ") + joined(places, " and ")
    others = sorted(now.others & changed)
    if others:
        yield say("made from ") + listed(others, SHOWN) + ", which changed"
    if now.others != before.others:
        yield say("made from ") + (listed(sorted(now.others), SHOWN) if now.others else "no other asset") + " now"


def _step_changes(before: Step | None, now: Step | None) -> Iterator[Sentence]:
    match (before, now):
        case (Paid(pick=one), Paid(pick=other)) if one != other:
            yield say(f"candidate {other} in place of {one}")
        case (Local() as old, Local() as new):
            yield from _local_changes(old, new)
        case (None, Local() as new):
            yield _label(new) + " added"
        case (Local() as old, None):
            yield _label(old) + " removed"
        case (Rendition() as old, Rendition() as new):
            yield from _rendition_changes(old, new)


def _local_changes(old: Local, new: Local) -> Iterator[Sentence]:
    if old.op != new.op:
        yield _label(new) + f": {new.op} in place of {old.op}"
    elif old.params is not None and new.params is not None:
        tables = normalised(old.params), normalised(new.params)
        for told in parameter_changes(*tables, defaults_of(OPS[new.op].params)):
            yield _label(new) + f": {told}"


def _rendition_changes(old: Rendition, new: Rendition) -> Iterator[Sentence]:
    if old.encoding != new.encoding:
        yield from map(say, changes((("encoding", _told(old.encoding)),), (("encoding", _told(new.encoding)),)))
    if old.scale != new.scale:
        yield say("its scaling changed")


def _told(encoding: Any) -> Any:
    return normalised(encoding) if hasattr(encoding, "model_dump") else encoding


def _place(step: Paid | Local | Rendition) -> tuple[str, str]:
    return type(step).__name__, step.path if isinstance(step, Rendition) else step.name


def _label(step: Local) -> Sentence:
    return say(OWN[step.op]) if step.op in OWN else say("step ", step.name)
