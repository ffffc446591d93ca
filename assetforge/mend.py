"""Records made again from the ledger and the pictures that are here; no picture is touched, and nothing is bought."""

from dataclasses import dataclass
from pathlib import Path

from assetforge.digest import digest_file
from assetforge.errors import UsageError
from assetforge.model import Record
from assetforge.ops.decode import measure_file
from assetforge.ops.spec import OpFailed
from assetforge.store import notes
from assetforge.store.bought import Bought, bought
from assetforge.store.layout import Store, open_store
from assetforge.store.records import RecordsDamagedError
from assetforge.store.removed import FILE, read_removed


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: how many records were made again, how many were there with their pictures, and which bought
    pictures have no good bytes any more, though nobody removed them. `moved` is where a damaged database is now;
    `unreadable` counts lines of the ledger."""

    made: int
    there: int
    gone: tuple[Bought, ...]
    moved: Path | None
    unreadable: int


def repair(folder: Path) -> Repair:
    """Gives every bought picture that is here its record, where it has none; of one key, the first that was bought. A
    damaged database is moved aside before. Raises UsageError, OSError."""
    made = 0
    gone: list[Bought] = []
    with open_store(folder) as store:
        moved = _move_damaged(store)
        there = _count(store)
        pictures, removed = bought(store.ledger), read_removed(folder / FILE)
        for key, offered in pictures.items():
            if _is_whole(store, key):
                continue
            if _restore(store, offered):
                made += 1
            else:
                gone += [one for one in offered if one.digest not in removed][:1]
        return Repair(made, there, tuple(gone), moved, store.ledger.unreadable)


def _move_damaged(store: Store) -> Path | None:
    """Looks at every record, so that the database is known to be whole afterwards."""
    records = store.records
    try:
        records.check()
        for key in records.keys():  # noqa: SIM118 - a method of ours, not a dict's
            records.get(key)
    except RecordsDamagedError as error:
        if any(map(notes.is_alive, notes.builds(store.inflight))):
            raise UsageError(f"{error}, and a build is at work", hint="run it again when no build is") from error
        return records.move_aside()
    return None


def _count(store: Store) -> int:
    """How many records have their pictures, whether the ledger knows of them or not."""
    return sum(_is_whole(store, key) for key in store.records.keys())  # noqa: SIM118 - a method of ours


def _is_whole(store: Store, key: str) -> bool:
    known = store.records.get(key)
    return known is not None and store.blobs.has(known.media.digest)


def _restore(store: Store, offered: list[Bought]) -> bool:
    """Makes the record of the first picture of a key that is here and good."""
    for one in offered:
        record = _record(store, one)
        if record is not None:
            first = store.records.put(record)
            if not store.blobs.has(first.media.digest):
                store.records.replace(record)
            return True
    return False


def _record(store: Store, one: Bought) -> Record | None:
    """The record as it was made when the picture was bought; None where its bytes are not here, or no picture."""
    path = store.blobs.path(one.digest)
    try:
        if path.is_symlink() or digest_file(str(path)) != one.digest:
            return None
        media = measure_file(path, path.name, one.digest)
    except (FileNotFoundError, OpFailed):
        return None
    paid = one.received or one.stored
    return Record(
        key=one.key,
        media=media,
        kind=one.stored.kind,
        model=one.stored.model,
        cost=one.cost,
        estimated=paid.estimated and one.cost != 0,
        made=paid.time[:10],
        usage=dict(paid.usage) if one.shared == 1 else {},
        request=one.stored.request,
        ingredients=one.ingredients,
    )
