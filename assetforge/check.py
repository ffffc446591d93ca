"""What manifest, lock and files do not agree on, thing by thing; touches neither the network nor the store."""

from collections.abc import Iterator
from dataclasses import dataclass

from assetforge.model import Fresh, Paid, Rendition, Stale
from assetforge.plan.forecast import Forecast
from assetforge.plan.walk import FileState
from assetforge.workspace import Workspace

NOT_PINNED = "the lock does not have it"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A candidate of a paid step, or an output's path, that is not as the manifest asks, and why."""

    instance: str
    subject: str
    reason: str


def disagreements(space: Workspace, forecast: Forecast, *, files: bool) -> list[Disagreement]:
    """All there are, paid pictures first. Without `files`, only those of manifest and lock."""
    return [*_unpinned(forecast), *_outputs(space, forecast, files=files)]


def _unpinned(forecast: Forecast) -> Iterator[Disagreement]:
    for (name, candidate), state in forecast.walk.paid.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Paid)
        subject = name if step.n == 1 else f"{name}#{candidate}"
        match state.decision:
            case Fresh(_, "lock"):
                continue
            case Stale(reasons):
                yield Disagreement(step.instance, subject, f"{NOT_PINNED}: {'; '.join(reasons)}")
            case _ if name in forecast.walk.refused:
                yield Disagreement(step.instance, subject, forecast.walk.refused[name].message)
            case _:
                yield Disagreement(step.instance, subject, NOT_PINNED)


def _outputs(space: Workspace, forecast: Forecast, *, files: bool) -> Iterator[Disagreement]:
    for name, state in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        pinned = space.lock.output(step.instance, step.path)
        if name in forecast.walk.refused:
            yield Disagreement(step.instance, step.path, forecast.walk.refused[name].message)
        elif pinned is None or state.action is None or pinned.key != state.action.key:
            yield Disagreement(step.instance, step.path, NOT_PINNED)
        elif files and not _is_current(state):
            told = "the file was changed" if space.state.digest(step.path) else "the file is missing"
            yield Disagreement(step.instance, step.path, told)


def _is_current(state: FileState) -> bool:
    """Whether the file is there with the pinned bytes or pixels, and no draft went into it."""
    drafted = state.picture is not None and state.picture.draft
    return isinstance(state.decision, Fresh) and state.decision.origin == "file" and not drafted
