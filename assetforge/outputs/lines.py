"""What a finished build writes into the lock: which lines are replaced, which stay."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assetforge.model import Fresh, Graph, Instance, Media, Paid, Picture, Record, Rendition, Source
from assetforge.outputs.aside import asides_of
from assetforge.outputs.lock import LockLine
from assetforge.outputs.prune import paths_of
from assetforge.plan.action import parts_of, sent_with
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
        known = [before[one] for one in (name, *asides_of(name, before)) if one in before]
        line = _line(walk, walk.graph.instances[name], rendered, known, pixels)
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
    before: Sequence[LockLine],
    pixels: Mapping[str, str],
) -> LockLine | None:
    """`before` are the instance's own line, and what a merge set aside of it."""
    steps: dict[str, dict[int, Record]] = {}
    for name in instance.paid:
        step = walk.graph.steps[name]
        assert isinstance(step, Paid)
        candidates = _candidates(walk, step)
        if candidates is None:
            return None
        steps[step.name] = _with_dearly_bought(candidates, [line.steps.get(step.name, {}) for line in before])
    outputs = {}
    for name in instance.outputs:
        output = walk.graph.steps[name]
        state = walk.files[name]
        assert isinstance(output, Rendition)
        if state.picture is None or state.picture.draft or state.action is None:
            return None
        pinned = (line.outputs.get(output.path) for line in before)
        same = next((known for known in pinned if known is not None and known.key == state.action.key), None)
        record = output_record(state, rendered.get(name), same)
        if record is None:
            return None
        outputs[output.path] = record
    used = sources_of(walk, instance)
    shown = {digest: pixels[digest] for digest in sorted(used) if digest in pixels}
    return LockLine(steps, outputs, shown, sources=source_files(walk, instance))


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


def _with_dearly_bought(now: dict[int, Record], before: Iterable[Mapping[int, Record]]) -> dict[int, Record]:
    """Candidates beyond `n` that were bought for this very request stay pinned: asking for them again is free."""
    for candidates in before:
        if any(number in now and record.key == now[number].key for number, record in candidates.items()):
            return {**candidates, **now}
    return now


def output_record(state: FileState, made: Record | None, before: Record | None) -> Record | None:
    """What is known of an output, None where it is not made; one that has the pinned pixels keeps what is pinned.
    `made` is its record where it was made in this build, `before` the lock's."""
    key = state.action.key if state.action else ""
    record = made or (state.decision.record if isinstance(state.decision, Fresh) else None)
    if record is not None and before is not None and before.key == key and before.media.pixels == record.media.pixels:
        return before
    return None if record is None else replace(record, key=key)


def sources_of(walk: Walk, instance: Instance) -> set[str]:
    """The byte digests of files that the instance's paid steps were asked with."""
    found: set[str] = set()
    for name in instance.paid:
        for number in walk.wanted.get(name, ()):
            call = walk.paid[name, number].call
            pictures = list(call.pictures) + ([call.mask] if call.mask else []) if call else []
            for picture in pictures:
                found |= _files(picture)
    return found


def source_files(walk: Walk, instance: Instance) -> dict[str, Media]:
    """The source pictures that the instance is made from, by digest."""
    final = walk.picture(instance.final)
    pictures = [final] if isinstance(final, Picture) else []
    pictures += [picture for name in instance.outputs if (picture := walk.files[name].picture) is not None]
    for name in instance.paid:
        calls = (walk.paid[name, number].call for number in walk.wanted.get(name, ()))
        pictures += [picture for call in calls if call is not None for picture in sent_with(call)]
    parts = (part for picture in pictures for part in parts_of(picture))
    files = (part.media for part in parts if isinstance(part.step, Source) and part.step.holds == "picture")
    return {media.digest: replace(media, pixels="") for media in files if media is not None}


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
