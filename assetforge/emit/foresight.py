"""What a build would do about emits, as far as what they tell of is known before. Writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assetforge.emit.facts import Built, Facts, standing
from assetforge.emit.looks import Looks
from assetforge.emit.text import Broken, Text, Waiting, emits_of, render
from assetforge.emit.writing import Targets
from assetforge.errors import Problem
from assetforge.model import Emit
from assetforge.outputs.place import Places
from assetforge.plan.forecast import Forecast
from assetforge.plan.rebuild import NOT_MADE
from assetforge.workspace import Workspace

Verdict = Literal["current", "write", "may write", "left", "fails"]


@dataclass(frozen=True, slots=True)
class EmitOutlook:
    """An emit: what would become of its file, and why. It is `left` alone where what it tells of would not all be
    there after the build; `problem` is why it fails."""

    emit: Emit
    verdict: Verdict
    reason: str = ""
    problem: Problem | None = None


def foresee_emits(space: Workspace, forecast: Forecast, places: Places) -> Iterator[EmitOutlook]:
    """The emits that tell of any selected instance."""
    graph = forecast.walk.graph
    selected, blocked = forecast.outlooks.keys(), {failure.instance for failure in forecast.blocked}
    targets = Targets(graph, places)
    for one in render(space, emits_of(graph, selected), _facts(space, forecast)):
        match one:
            case Broken(emit, problem):
                yield EmitOutlook(emit, "fails", problem.message, problem)
            case Waiting(emit, on) if not set(on) <= selected - blocked:
                yield EmitOutlook(emit, "left", one.told)
            case Waiting(emit, _):
                yield _fails(emit, targets, "") or EmitOutlook(
                    emit, "may write" if space.state.digest(emit.path) else "write", one.told
                )
            case Text():
                yield _foreseen(space, one, targets)


def wanted_text(space: Workspace, forecast: Forecast, emit: Emit) -> bytes | None:
    """What a build would write into an emit's file, None where that is not known yet."""
    (one,) = render(space, (emit,), _facts(space, forecast))
    return one.data if isinstance(one, Text) else None


def _facts(space: Workspace, forecast: Forecast) -> Facts:
    """What is known of outputs before a build."""
    selected, blocked = forecast.outlooks.keys(), {failure.instance for failure in forecast.blocked}
    lines = space.lock.lines
    built = Built(forecast.walk, selected, selected - blocked, {}, lines, standing(space, lines))
    return Facts(forecast.walk.graph, built.find, Looks(space).look_up)


def _foreseen(space: Workspace, text: Text, targets: Targets) -> EmitOutlook:
    emit, present = text.emit, space.state.digest(text.emit.path)
    if space.state.holds(emit.path, text.digest):
        return EmitOutlook(emit, "current")
    return _fails(emit, targets, text.digest) or EmitOutlook(emit, "write", _why(space, emit, present))


def _fails(emit: Emit, targets: Targets, wanted: str) -> EmitOutlook | None:
    problem = targets.obstacle(emit, wanted)
    return None if problem is None else EmitOutlook(emit, "fails", problem.message, problem)


def _why(space: Workspace, emit: Emit, present: str) -> str:
    """Why a file is not as it would be written."""
    known, written = space.lock.emitted(emit.name, emit.path), space.state.written.get(emit.path)
    if not present:
        return "the file is missing" if known else NOT_MADE
    is_ours = present == known or (written is not None and present == written.digest)
    return "what it tells of changed" if is_ours else "the file was changed"
