"""What a finished build writes into the lock: which lines are replaced, which stay."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from assetforge.model import Fresh, Graph, Instance, Paid, Picture, Record, Rendition
from assetforge.outputs.lock import LockLine
from assetforge.outputs.prune import paths_of
from assetforge.plan.walk import FileState, Walk


def new_lines(
    walk: Walk,
    finished: Iterable[str],
    rendered: Mapping[str, Record],
    before: Mapping[str, LockLine],
    pixels: Mapping[str, str],
) -> dict[str, LockLine]:
    """The lines of finished instances; one that a draft went into has none. `rendered` are the records of outputs
    made in this build, `pixels` the pixel digests of source files that entered keys."""
    lines = {}
    for name in finished:
        line = _line(walk, walk.graph.instances[name], rendered, before.get(name, LockLine()), pixels)
        if line is not None:
            lines[name] = line
    return lines


def merged(
    before: Mapping[str, LockLine], new: Mapping[str, LockLine], graph: Graph, root: str
) -> dict[str, LockLine]:
    """All lines: the new ones, those of what was not built, and orphans whose files are still there. While any
    instance is unfinished all orphans stay: a renamed one takes its pictures from its old line."""
    if not graph.instances.keys() <= new.keys():
        return {**before, **new}
    taken = paths_of([graph])
    kept = {name: line for name, line in before.items() if name in graph.emits or _has_files(line, taken, root)}
    return kept | dict(new)


def _line(
    walk: Walk,
    instance: Instance,
    rendered: Mapping[str, Record],
    before: LockLine,
    pixels: Mapping[str, str],
) -> LockLine | None:
    steps: dict[str, dict[int, Record]] = {}
    for name in instance.paid:
        step = walk.graph.steps[name]
        assert isinstance(step, Paid)
        candidates = _candidates(walk, step)
        if candidates is None:
            return None
        steps[step.name] = _with_dearly_bought(candidates, before.steps.get(step.name, {}))
    outputs = {}
    for name in instance.outputs:
        output = walk.graph.steps[name]
        state = walk.files[name]
        assert isinstance(output, Rendition)
        if state.picture is None or state.picture.draft or state.action is None:
            return None
        record = output_record(state, rendered.get(name), before.outputs.get(output.path))
        if record is None:
            return None
        outputs[output.path] = record
    used = _sources(walk, instance)
    return LockLine(steps, outputs, {digest: pixels[digest] for digest in sorted(used) if digest in pixels})


def _candidates(walk: Walk, step: Paid) -> dict[int, Record] | None:
    found = {}
    for number in sorted(walk.wanted.get(step.id, ())):
        state = walk.paid[step.id, number]
        if not isinstance(state.decision, Fresh) or state.action is None:
            return None
        if any(picture.draft for picture in (state.call.pictures if state.call else ())):
            return None
        found[number] = replace(state.decision.record, key=state.action.key)
    return found


def _with_dearly_bought(now: dict[int, Record], before: Mapping[int, Record]) -> dict[int, Record]:
    """Candidates beyond `n` that were bought for this very request stay pinned: asking for them again is free."""
    same = any(number in now and record.key == now[number].key for number, record in before.items())
    return {**before, **now} if same else now


def output_record(state: FileState, made: Record | None, before: Record | None) -> Record | None:
    """What is known of an output, None where it is not made; one that has the pinned pixels keeps what is pinned.
    `made` is its record where it was made in this build, `before` the lock's."""
    key = state.action.key if state.action else ""
    record = made or (state.decision.record if isinstance(state.decision, Fresh) else None)
    if record is not None and before is not None and before.key == key and before.media.pixels == record.media.pixels:
        return before
    return None if record is None else replace(record, key=key)


def _sources(walk: Walk, instance: Instance) -> set[str]:
    """The byte digests of files that the instance's paid steps were asked with."""
    found: set[str] = set()
    for name in instance.paid:
        for number in walk.wanted.get(name, ()):
            call = walk.paid[name, number].call
            pictures = list(call.pictures) + ([call.mask] if call.mask else []) if call else []
            for picture in pictures:
                found |= _files(picture)
    return found


def _files(picture: Picture) -> set[str]:
    found: set[str] = set()
    waiting = [picture]
    while waiting:
        part = waiting.pop()
        if part.media is not None and not part.models and not part.draft:
            found.add(part.media.digest)
        waiting += part.inputs
    return found


def _has_files(line: LockLine, taken: set[str], root: str) -> bool:
    paths = (path for path in (*line.outputs, *line.emitted) if path not in taken)
    return any(os.path.exists(os.path.join(root, path)) for path in paths)
