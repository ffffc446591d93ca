"""What one project's lock names of the store, or all of it, as a file that another machine can take; unaware of what
that machine does with it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from assetforge.inventory import take_inventory
from assetforge.model import Graph, Record, Source
from assetforge.outputs.aside import asides_of
from assetforge.outputs.lock import LockLine
from assetforge.run.bytes import BytesGone
from assetforge.store.audit import FREE
from assetforge.store.layout import REHEARSAL, Store, open_store
from assetforge.store.parcel import blob_name, record_name, writing
from assetforge.store.record_format import encode_record
from assetforge.workspace import Workspace

PLACEHOLDER = "placeholder"


class Lacking(NamedTuple):
    """A bought picture, or one made by hand, that is nowhere here, though the lock names it: whose it is, which
    step's, its digest, what it had cost in US dollars, None where nobody knows, and how it came, as in the lock."""

    instance: str
    step: str
    digest: str
    cost: float | None
    by: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in a file: how many pictures and records, and its bytes. `unrecorded` of the pictures are in no record
    of it: only a lock can tell what they are. `unlocked` instances are not in the lock."""

    pictures: int
    records: int
    size: int
    unrecorded: int
    lacking: tuple[Lacking, ...] = ()
    unlocked: tuple[str, ...] = ()


@dataclass(slots=True)
class _Load:
    """What is to be carried: the digests of blobs that are here, and records by key."""

    digests: set[str] = field(default_factory=set)
    records: dict[str, Record] = field(default_factory=dict)
    lacking: list[Lacking] = field(default_factory=list)


def needed_by(graph: Graph, selected: Iterable[str]) -> tuple[str, ...]:
    """Some instances and all whose pictures theirs are made from, in manifest order."""
    found, waiting = set(selected), list(selected)
    seen: set[str] = set()
    while waiting:
        instance = graph.instances[waiting.pop()]
        steps = [*instance.paid, *instance.outputs]
        while steps:
            name = steps.pop()
            step = graph.steps[name]
            if name in seen or isinstance(step, Source):
                continue
            seen.add(name)
            steps += [link.step for link in step.inputs]
            if step.instance not in found:
                found.add(step.instance)
                waiting.append(step.instance)
    return tuple(name for name in graph.instances if name in found)


def export_lock(space: Workspace, instances: Iterable[str], path: str, *, free: bool) -> Exported:
    """Writes a file with what the lock names of some instances: bought pictures, and with `free` also outputs and
    drafts that are here, with the records that the store has of them. Raises UsageError, OSError."""
    load, unlocked = _Load(), []
    for name in instances:
        lines = [
            space.lock.lines[each] for each in (name, *asides_of(name, space.lock.lines)) if each in space.lock.lines
        ]
        for line in lines:
            _load_line(load, space, name, line, free=free)
        if not lines:
            unlocked.append(name)
    size = _write(path, load, space.shelf.blobs.read, is_rehearsal=space.shelf.rehearsal)
    return _told(load, size, unlocked)


def _load_line(load: _Load, space: Workspace, instance: str, line: LockLine, *, free: bool) -> None:
    for step, candidates in line.steps.items():
        for record in candidates.values():
            if (
                (free or record.kind not in FREE)
                and not _load_record(load, space, record)
                and record.kind not in FREE
            ):
                load.lacking.append(
                    Lacking(instance, f"{instance}:{step}", record.media.digest, record.cost, record.by)
                )
    for record in line.outputs.values() if free else ():
        _load_record(load, space, record)


def _load_record(load: _Load, space: Workspace, pinned: Record) -> bool:
    """What a lock's line pins, and what the store has under its key: where they disagree, both. Whether the pinned
    picture is here, be it in a file of the project."""
    stored = space.shelf.records.get(pinned.key)
    if stored is not None and _has(load, space, stored):
        load.records[stored.key] = stored
    return _has(load, space, pinned)


def _has(load: _Load, space: Workspace, record: Record) -> bool:
    digest = record.media.digest
    if digest not in load.digests:
        try:
            space.content.file(record.media)
        except BytesGone:
            return False
        load.digests.add(digest)
    return True


def export_store(folder: Path, path: str, *, free: bool) -> Exported:
    """Writes a file with every record of a store and its picture, and with the pictures that have none: one that was
    made by hand, or one that a lock pins for a key which the store has another for. Placeholders stay, and without
    `free` all that is made again for nothing. Raises UsageError, OSError."""
    load = _Load()
    with open_store(folder) as store:
        for record in _every(store):
            is_wanted = record.kind != PLACEHOLDER and (free or record.kind not in FREE)
            if is_wanted and store.blobs.verified(record.media.digest) is not None:
                load.digests.add(record.media.digest)
                load.records[record.key] = record
        dear = (digest for digest, blob in take_inventory(folder).blobs.items() if blob.kind not in FREE)
        load.digests.update(digest for digest in dear if store.blobs.verified(digest) is not None)
        size = _write(path, load, store.blobs.read, is_rehearsal=(folder / REHEARSAL).exists())
    return _told(load, size)


def _told(load: _Load, size: int, unlocked: Iterable[str] = ()) -> Exported:
    unrecorded = load.digests - {record.media.digest for record in load.records.values()}
    return Exported(
        len(load.digests), len(load.records), size, len(unrecorded), tuple(load.lacking), tuple(unlocked)
    )  # fmt: skip


def _every(store: Store) -> Iterator[Record]:
    for key in store.records.keys():  # noqa: SIM118 - a method of ours, not a dict's
        record = store.records.get(key)
        if record is not None:
            yield record


def _write(path: str, load: _Load, read: Callable[[str], bytes | None], *, is_rehearsal: bool) -> int:
    """Writes the file; gives its bytes."""
    with writing(path, is_rehearsal=is_rehearsal) as tar:
        for digest in sorted(load.digests):
            data = read(digest)
            if data is None:
                raise OSError(f"the picture {digest} was lost while it was read")
            tar.add(blob_name(digest), data)
        for key in sorted(load.records):
            tar.add(record_name(key), encode_record(load.records[key]))
    return Path(path).stat().st_size
