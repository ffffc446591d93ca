"""What differs between the steps that two manifests have for an instance, in words; requests left out, and unaware of
locks and of the store.
"""

from collections.abc import Iterator, Set
from typing import Any, NamedTuple

from assetforge.model import Graph, Local, Paid, Rendition, Source, Step
from assetforge.ops.spec import defaults_of, normalised
from assetforge.ops.table import OPS
from assetforge.plan.descent import OWN
from assetforge.plan.difference import changes, parameter_changes
from assetforge.words import some, ticked

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


def making_changes(before: Making, now: Making, changed: Set[str]) -> Iterator[str]:
    """Why an instance is made another way; `changed` are the instances whose pictures changed."""
    for place in dict.fromkeys((*now.steps, *before.steps)):
        yield from _step_changes(before.steps.get(place), now.steps.get(place))
    come, gone = sorted(now.files - before.files), sorted(before.files - now.files)
    if come or gone:
        places = [f"from {some(come, SHOWN)}"] if come else []
        yield " ".join(("made", *places, *([f"and no more from {some(gone, SHOWN)}"] if gone else [])))
    others = sorted(now.others & changed)
    if others:
        yield f"made from {some(others, SHOWN)}, which changed"
    if now.others != before.others:
        yield f"made from {ticked(sorted(now.others)[:SHOWN]) or 'no other asset'} now"


def _step_changes(before: Step | None, now: Step | None) -> Iterator[str]:
    match (before, now):
        case (Paid(pick=one), Paid(pick=other)) if one != other:
            yield f"candidate {other} in place of {one}"
        case (Local() as old, Local() as new):
            yield from _local_changes(old, new)
        case (None, Local() as new):
            yield f"{_label(new)} added"
        case (Local() as old, None):
            yield f"{_label(old)} removed"
        case (Rendition() as old, Rendition() as new):
            yield from _rendition_changes(old, new)


def _local_changes(old: Local, new: Local) -> Iterator[str]:
    if old.op != new.op:
        yield f"{_label(new)}: {new.op} in place of {old.op}"
    elif old.params is not None and new.params is not None:
        tables = normalised(old.params), normalised(new.params)
        for told in parameter_changes(*tables, defaults_of(OPS[new.op].params)):
            yield f"{_label(new)}: {told}"


def _rendition_changes(old: Rendition, new: Rendition) -> Iterator[str]:
    if old.encoding != new.encoding:
        yield from changes((("encoding", _told(old.encoding)),), (("encoding", _told(new.encoding)),))
    if old.scale != new.scale:
        yield "its scaling changed"


def _told(encoding: Any) -> Any:
    return normalised(encoding) if hasattr(encoding, "model_dump") else encoding


def _place(step: Paid | Local | Rendition) -> tuple[str, str]:
    return type(step).__name__, step.path if isinstance(step, Rendition) else step.name


def _label(step: Local) -> str:
    return OWN.get(step.op) or f"step `{step.name}`"
