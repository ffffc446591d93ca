"""What one project's lock names, carried to its remote and from there; unaware of what is built with it."""

from collections.abc import Iterator
from dataclasses import dataclass

from assetforge.adopting import keep_taken
from assetforge.errors import Problem, UsageError
from assetforge.model import Record
from assetforge.run.tiers import Tiers
from assetforge.sharing.opening import open_shared
from assetforge.store.audit import FREE
from assetforge.workspace import Workspace

NAME_ONE = "name one: `[cache] remote`, ASSETFORGE_REMOTE or --remote"


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the pictures that a lock names: how many were `carried`, how many were `there` before, and the
    digests of those that are nowhere (`lacking`). `remarks` are what the remote could not do."""

    remote: str
    carried: int
    there: int
    lacking: tuple[str, ...]
    remarks: tuple[Problem, ...]


def push(space: Workspace, asked: str | None) -> Carried:
    """Sends what the lock names and the store has: records of bought pictures, and all pictures. Raises UsageError
    where there is no remote that may be written to."""
    tiers = _opened(space, asked)
    if not tiers.writes:
        tiers.finish()
        raise UsageError(f"the remote `{tiers.remote.place.url}` is only read here")
    wanted = _sizes(space)
    here = [digest for digest in wanted if space.shelf.blobs.has(digest)]
    there = tiers.find_blobs(here)
    for digest in here:
        if digest not in there:
            tiers.offer(digest)
    for key in _keys(space):
        record = space.shelf.records.get(key)
        if record is not None and space.shelf.blobs.has(record.media.digest):
            tiers.offer_record(record)
    tiers.finish()
    after = _opened(space, asked)
    now = after.find_blobs(here)
    after.finish()
    lacking = tuple(digest for digest in wanted if digest not in now)
    remarks = (*tiers.take_remarks(), *after.take_remarks())
    return Carried(tiers.remote.place.url, len(now - there), len(there), lacking, remarks)


def pull(space: Workspace, asked: str | None) -> Carried:
    """Fetches what the lock names and the store has not. Raises UsageError where there is no remote."""
    tiers = _opened(space, asked)
    blobs, records = space.shelf.blobs, space.shelf.records
    wanted = _sizes(space)
    there = {digest for digest in wanted if blobs.has(digest)}
    unknown = [key for key in _keys(space) if not _is_kept(space, records.get(key))]
    for record in tiers.fetch(unknown).values():
        keep_taken(record, records, blobs)
    tiers.fetch_blobs({digest: size for digest, size in wanted.items() if not blobs.has(digest)})
    tiers.finish()
    now = {digest for digest in wanted if blobs.has(digest)}
    lacking = tuple(digest for digest in wanted if digest not in now)
    return Carried(tiers.remote.place.url, len(now - there), len(there), lacking, tuple(tiers.take_remarks()))


def _is_kept(space: Workspace, record: Record | None) -> bool:
    return record is not None and space.shelf.blobs.has(record.media.digest)


def _opened(space: Workspace, asked: str | None) -> Tiers:
    shared = open_shared(space, asked)
    problem = shared.barred or shared.remark
    if problem is not None:
        raise UsageError.of([problem])
    if shared.tiers is None:
        raise UsageError("there is no remote", hint=NAME_ONE)
    return shared.tiers


def _pinned(space: Workspace) -> Iterator[Record]:
    """The bought candidates that the lock names; what is drawn for nothing needs no remote."""
    for line in space.lock.lines.values():
        for candidates in line.steps.values():
            yield from (record for record in candidates.values() if record.kind not in FREE)


def _keys(space: Workspace) -> list[str]:
    return list(dict.fromkeys(record.key for record in _pinned(space)))


def _sizes(space: Workspace) -> dict[str, int]:
    """The digests of everything that the lock names, with their bytes."""
    outputs = (record for line in space.lock.lines.values() for record in line.outputs.values())
    return {record.media.digest: record.media.bytes for record in (*_pinned(space), *outputs)}
