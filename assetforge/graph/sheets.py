"""What stands on a sheet, told by the graph alone: which pictures, by the names they have in the manifest, and what
after it moves them about. Unaware of where on it they stand.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from assetforge.errors import Problem, Where
from assetforge.graph.merge import GENERATION
from assetforge.model import Graph, Link, Local, Paid, Rendition, Source, Step
from assetforge.ops.framing import MOVING
from assetforge.ops.table import BUILT_IN, PUBLIC


class FrameSource(NamedTuple):
    """What a frame shows: an instance and its axes; of a file the stem of its path, and no axes."""

    instance: str
    axes: Mapping[str, Any]


def frame_sources(graph: Graph, rendition: Rendition) -> tuple[FrameSource, ...]:
    """What the frames of an output show, in the order of its record's `frames`; empty for what is no sheet, or is
    moved after it. A crop after the sheet may have left the record without frames all the same."""
    *above, last = _chain(graph.steps, rendition)
    if not _is_sheet(last) or any(map(_is_moving, above)):
        return ()
    return tuple(_named(graph, link) for link in last.inputs)


def moved_sheets(steps: Mapping[str, Step]) -> Iterator[Problem]:
    """A warning for each place in the manifest where a step moves what stands on a sheet that a file is made from. An
    edit is none of them: who asks for another picture gets one, and has no way to ask otherwise."""
    if not any(map(_is_sheet, steps.values())):
        return
    seen: set[Where] = set()
    for rendition in steps.values():
        if not isinstance(rendition, Rendition):
            continue
        *above, last = _chain(steps, rendition)
        for step in above if _is_sheet(last) else ():
            if isinstance(step, Local) and _is_moving(step) and step.where not in seen:
                seen.add(step.where)
                told = f"`{rendition.instance}` has no frames: a step after its atlas moves what is on it"
                yield Problem(told, step.where, "make `atlas` the last of these steps")


def _chain(steps: Mapping[str, Step], rendition: Rendition) -> Iterator[Step]:
    """The steps that a picture came by, from the last on, each the first input of the one after it: up to a sheet, a
    file or a generation."""
    step: Step = rendition
    while step.inputs and not _is_sheet(step) and not (isinstance(step, Paid) and step.name == GENERATION):
        step = steps[step.inputs[0].step]
        yield step


def _is_moving(step: Step) -> bool:
    """Whether a step that somebody wrote takes what it shows elsewhere. An edit is another picture."""
    return isinstance(step, Paid) or (isinstance(step, Local) and step.op in MOVING and step.op in PUBLIC)


def _is_sheet(step: Step) -> bool:
    return isinstance(step, Local) and step.op in BUILT_IN and BUILT_IN[step.op].frames is not None


def _named(graph: Graph, link: Link) -> FrameSource:
    step = graph.steps[link.step]
    if isinstance(step, Source):
        return FrameSource(PurePosixPath(step.path).stem, {})
    return FrameSource(step.instance, graph.instances[step.instance].axes)
