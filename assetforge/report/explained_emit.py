"""One emit explained: what it writes, from what, and whether its file is as a build would write it, or why not."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from assetforge.emit.foresight import EmitOutlook, foresee_emits, wanted_text
from assetforge.errors import UsageError
from assetforge.events import Listener
from assetforge.gate import Options
from assetforge.model import Emit, Graph, Rendition
from assetforge.paths import PathError
from assetforge.plan.forecast import Forecast
from assetforge.project import Project
from assetforge.prospect import forecast_of, places_of
from assetforge.report.foreseen import is_unmade
from assetforge.report.planned import WORDS, reasons_of, word_of
from assetforge.words import did_you_mean, some
from assetforge.workspace import Workspace

PREFIX = "emit:"
# Of a file that is larger nobody reads the difference, and it takes long to find.
MOST_BYTES = 1 << 20
MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Unmade:
    """An instance that is not current, what a plan says of it, and why."""

    instance: str
    word: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmitExplanation:
    """An emit with the instances it tells of and their outputs' paths. `waiting` are the instances that would have to
    be made first, `changes` the lines that a build would take away (`-`) and put there (`+`)."""

    outlook: EmitOutlook
    instances: tuple[str, ...]
    outputs: tuple[str, ...]
    waiting: tuple[Unmade, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def word(self) -> str:
        """What a plan says of it."""
        return WORDS.get(self.outlook.verdict, self.outlook.verdict)


def find_emit(graph: Graph, name: str) -> Emit:
    """The emit that `emit:NAME` means, with its cell where there are several. Raises UsageError."""
    cells = [emit for other, emit in graph.emits.items() if other == name or other.partition("[")[0] == name]
    found = graph.emits.get(name) or (cells[0] if len(cells) == 1 else None)
    if found is None and cells:
        hint = f"name one of {some([emit.name for emit in cells])}"
        raise UsageError(f"`{name}` stands for {len(cells):,} emits", hint=hint)
    if found is None:
        names = [*dict.fromkeys(other.partition("[")[0] for other in graph.emits)]
        near = did_you_mean(name if name != PREFIX else "", names, "emits")
        raise UsageError(f"there is no emit `{name}`", hint=near)
    return found


def explain_emit(project: Project, emit: Emit, options: Options, listen: Listener) -> EmitExplanation:
    """Explains one emit. Raises AssetforgeError where the manifest is wrong."""
    graph = project.graph(options.profile)
    with project.workspace(listen) as space:
        world, places = space.world(trusting=not options.verify), places_of(space, graph, options.guard)
        forecast = forecast_of(graph, world, places, options, space.prices)
        outlook = next(one for one in foresee_emits(space, forecast, places) if one.emit.name == emit.name)
        wanted = wanted_text(space, forecast, emit) if outlook.verdict == "write" else None
        steps = (graph.steps[output] for name in emit.selected for output in graph.instances[name].outputs)
        paths = tuple(step.path for step in steps if isinstance(step, Rendition))
        changes = () if wanted is None else _changes(_text_there(space, emit.path), wanted)
        return EmitExplanation(outlook, emit.selected, paths, tuple(_unmade(space, forecast, emit)), changes)


def _unmade(space: Workspace, forecast: Forecast, emit: Emit) -> Iterator[Unmade]:
    graph = forecast.walk.graph
    for name in emit.selected:
        outlook = forecast.outlooks[name]
        if outlook.verdict != "current":
            files = (graph.steps[output] for output in graph.instances[name].outputs)
            is_new = any(isinstance(step, Rendition) and is_unmade(space, step) for step in files)
            yield Unmade(name, word_of(outlook, is_new=is_new), reasons_of(forecast, outlook))


def _text_there(space: Workspace, path: str) -> bytes | None:
    """What is in an emit's file, None where there is none, or too much."""
    try:
        real = space.root.readable(path, text=False)
        if os.path.getsize(real) > MOST_BYTES:
            return None
        with open(real, "rb") as file:
            return file.read(MOST_BYTES)
    except (PathError, OSError):
        return None


def _changes(before: bytes | None, now: bytes) -> tuple[tuple[str, str], ...]:
    """The lines that differ, in their order; none where there is nothing to compare."""
    if before is None or len(now) > MOST_BYTES:
        return ()
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, now))
    return tuple(_line_changes(old, new)) if max(len(old), len(new)) <= MOST_LINES else ()


def _line_changes(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found += [("-", line) for line in old[a:b]] + [("+", line) for line in new[c:d]]
    return found


def emit_explanation_object(told: EmitExplanation) -> dict[str, Any]:
    """An explained emit as JSON; null is the template of the list of outputs."""
    emit = told.outlook.emit
    return {
        "emit": emit.name,
        "path": emit.path,
        "template": emit.template or None,
        "axes": dict(emit.axes),
        "state": told.word,
        "reason": told.outlook.reason,
        "instances": list(told.instances),
        "outputs": list(told.outputs),
        "waiting": [
            {"instance": one.instance, "state": one.word, "reasons": list(one.reasons)} for one in told.waiting
        ],
        "changes": [list(one) for one in told.changes],
    }
