"""What manifest, lock and files do not agree on, thing by thing; touches neither the network nor the store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assetforge.emit.locked import NOT_PINNED, disagreeing
from assetforge.model import Decision, Fresh, Paid, Rendition, Stale, Unknown
from assetforge.plan.forecast import Forecast
from assetforge.plan.walk import FileState
from assetforge.words import count, waits_for
from assetforge.workspace import Workspace

OUTDATED = "it is made from an earlier request"
PLACEHOLDER = "a placeholder is there"
NOT_MADE = ("not made yet",)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A candidate of a paid step, or the path of an output or of an emit, that is not as the manifest asks, and why.
    `instance` is the emit's name, `emit:NAME` with its cell, where it is of one."""

    instance: str
    subject: str
    reason: str


def disagreements(space: Workspace, forecast: Forecast, *, files: bool) -> list[Disagreement]:
    """All there are, paid pictures first, emits last. Without `files`, only those of manifest and lock."""
    graph = forecast.walk.graph
    emits = disagreeing(space, graph, graph.instances, files=files)
    listed = (Disagreement(emit.name, emit.path, reason) for emit, reason in emits)
    return [*_unpinned(forecast), *_outputs(space, forecast, files=files), *listed]


def is_placeholder(space: Workspace, path: str) -> bool:
    """Whether the file at an output's path is a draft that was written here."""
    written = space.state.written.get(path)
    return written is not None and written.draft and space.state.digest(path) == written.digest


def _unpinned(forecast: Forecast) -> Iterator[Disagreement]:
    for (name, candidate), state in forecast.walk.paid.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Paid)
        subject = name if step.n == 1 else f"{name}#{candidate}"
        if isinstance(state.decision, Fresh) and state.decision.origin == "lock":
            continue
        refused = forecast.walk.refused.get(name)
        yield Disagreement(step.instance, subject, refused.message if refused else _why_unpinned(state.decision))


def _why_unpinned(decision: Decision) -> str:
    match decision:
        case Stale(reasons) if reasons != NOT_MADE:
            return "; ".join(reasons)
        case Unknown(waiting) if waiting:
            return waits_for(waiting)
        case _:
            return NOT_PINNED


def _outputs(space: Workspace, forecast: Forecast, *, files: bool) -> Iterator[Disagreement]:
    for name, state in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        refused = forecast.walk.refused.get(name)
        reason = refused.message if refused else _why_not_current(space, step, state, files=files)
        if reason:
            yield Disagreement(step.instance, step.path, reason)


def _why_not_current(space: Workspace, step: Rendition, state: FileState, *, files: bool) -> str:
    """What is wrong with an output, "" where nothing is."""
    pinned = space.lock.output(step.instance, step.path)
    has_key = pinned is not None and state.action is not None and pinned.key == state.action.key
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


def gathered(found: Sequence[Disagreement], asset_of: dict[str, str]) -> list[tuple[str, str]]:
    """The same as pairs of subject and reason, with one line for each asset that has placeholders. `asset_of` gives
    an instance's asset; an emit has none."""
    drafted: dict[str, int] = {}
    for one in found:
        if one.reason == PLACEHOLDER:
            drafted[asset_of[one.instance]] = drafted.get(asset_of[one.instance], 0) + 1
    told: dict[tuple[str, str], None] = {}
    for one in found:
        asset = asset_of.get(one.instance, one.instance)
        files = drafted.get(asset, 0)
        reason = PLACEHOLDER if files == 1 else f"{count(files, 'placeholder')} are there"
        told[(asset, reason) if files else (one.subject, one.reason)] = None
    return list(told)
