"""Is the store whole? Everything in it is looked at, and only what is damaged is dropped; unaware of what pictures
show and of how anything is mended.

The order matters while builds are at work: ledger, notes, records, blobs. Each of them refers to what is safe
already, so that nothing is missed which was only just written.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from assetforge.model import Record
from assetforge.store import notes
from assetforge.store.bought import Bought, bought
from assetforge.store.documents import is_cost
from assetforge.store.layout import Store, open_store
from assetforge.store.note import reason_of
from assetforge.store.records import RecordsDamagedError
from assetforge.store.removed import FILE as REMOVED
from assetforge.store.removed import read_removed

# What is made again for nothing: that its bytes are gone is no loss.
FREE = frozenset({"rendition", "placeholder", "draft"})


def foreign_name(key: str) -> str:
    """The name of the fact that the record of a key came from another machine: no line of the ledger here has it."""
    return f"foreign:{key}"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that should be there. `step` is "" and `cost` (US dollars) None where nobody knows."""

    key: str
    digest: str
    step: str
    cost: float | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Paid bytes that could not be used: `price` is what the call may have cost, in US dollars, `size` in bytes.
    `headers` are those of the answer that were kept, by their names in lower case."""

    call: str
    step: str
    reason: str
    price: float | None
    size: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Audit:
    """What there is, and what is wrong with it.

    `pictures` are the sound blobs, `size` their bytes; `damaged` are those that were dropped, by what needs them,
    `database` says why the records can't be read at all, `unsound` are keys of records that can't. `gone` are other
    pictures without bytes, `unrecorded` bought ones without a record. `unlisted` are bought ones that no line of the
    ledger names, `unreadable` counts its lines that can't be read, torn when a build was killed. `unfinished` counts
    the calls that dead builds left: the next build finishes these.
    """

    pictures: int
    size: int
    records: int
    damaged: tuple[Missing, ...]
    database: str
    unsound: tuple[str, ...]
    gone: tuple[Missing, ...]
    unrecorded: tuple[Missing, ...]
    unlisted: tuple[Missing, ...]
    unreadable: int
    quarantined: tuple[Quarantined, ...]
    unfinished: int

    @property
    def is_sound(self) -> bool:
        return not (self.damaged or self.database or self.unsound or self.gone or self.unrecorded)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the records say."""

    records: Mapping[str, Record]
    unsound: tuple[str, ...]
    database: str


def verify(folder: Path) -> Audit:
    """Looks at everything in a store. Raises UsageError for what a newer release wrote, OSError."""
    dropped: list[str] = []
    with open_store(folder, dropped.append) as store:
        pictures = bought(store.ledger)
        unreadable = store.ledger.unreadable
        under_way, unfinished = _calls(store)
        known = _records(store)
        sizes = _blobs(store)
        unlisted = _unlisted(store, known.records)
    removed = read_removed(folder / REMOVED)
    missing, unrecorded = _missing(pictures, known.records, sizes.__contains__, removed)
    return Audit(
        pictures=len(sizes),
        size=sum(sizes.values()),
        records=len(known.records),
        damaged=tuple(one for digest in dropped for one in _damaged(digest, missing, pictures, known.records)),
        database=known.database,
        unsound=known.unsound,
        gone=tuple(one for one in missing if one.digest not in dropped),
        unrecorded=tuple(_told(one) for one in unrecorded if one.stored.call not in under_way),
        unlisted=tuple(unlisted),
        unreadable=unreadable,
        quarantined=tuple(_quarantined(store)),
        unfinished=unfinished,
    )


def _calls(store: Store) -> tuple[set[str], int]:
    """The calls under way, and how many of them dead builds left."""
    found: set[str] = set()
    unfinished = 0
    for build in notes.builds(store.inflight):
        calls = {note.call for note in notes.noted(build)}
        found |= calls
        unfinished += 0 if notes.is_alive(build) else len(calls)
    return found, unfinished


def _records(store: Store) -> _Known:
    found: dict[str, Record] = {}
    unsound: list[str] = []
    try:
        store.records.check()
        for key in store.records.keys():  # noqa: SIM118 - a method of ours, not a dict's
            record = store.records.get(key)
            if record is None:
                unsound.append(key)
            else:
                found[key] = record
    except RecordsDamagedError as error:
        return _Known(found, tuple(unsound), str(error))
    return _Known(found, tuple(unsound), "")


def _blobs(store: Store) -> dict[str, int]:
    """The sound blobs with their sizes."""
    found = {}
    for digest in store.blobs.digests():
        data = store.blobs.read(digest)
        if data is not None:
            found[digest] = len(data)
    return found


def _missing(
    pictures: Mapping[str, list[Bought]],
    records: Mapping[str, Record],
    is_here: Callable[[str], bool],
    removed: Container[str],
) -> tuple[list[Missing], list[Bought]]:
    """Pictures without bytes, but for those that were removed on purpose, and bought ones without a record that leads
    to bytes."""
    gone, unrecorded = [], []
    for key, record in records.items():
        digest = record.media.digest
        if key not in pictures and record.kind not in FREE and not (is_here(digest) or digest in removed):
            gone.append(Missing(key, digest, "", record.cost))
    for key, offered in pictures.items():
        known = records.get(key)
        if known is not None and is_here(known.media.digest):
            continue
        here = [one for one in offered if is_here(one.digest)]
        lost = [one for one in offered if one.digest not in removed]
        if here:
            unrecorded.append(here[0])
        elif lost:
            gone.append(_told(lost[0]))
    return gone, unrecorded


def _told(one: Bought) -> Missing:
    return Missing(one.key, one.digest, one.stored.step, one.cost)


def _damaged(
    digest: str, missing: list[Missing], pictures: Mapping[str, list[Bought]], records: Mapping[str, Record]
) -> list[Missing]:
    """A blob that was dropped: all that need it, else whoever it was once made for, as far as that is known."""
    needed = [one for one in missing if one.digest == digest]
    if needed:
        return needed
    offered = (_told(one) for every in pictures.values() for one in every if one.digest == digest)
    kept = (Missing(one.key, digest, "", one.cost) for one in records.values() if one.media.digest == digest)
    return [next(chain(offered, kept), Missing("", digest, "", None))]


def _unlisted(store: Store, records: Mapping[str, Record]) -> list[Missing]:
    """Records of what was bought and stands in no line of the ledger: what it cost is in no sum. The ledger is read
    once more, since the first time was before the records."""
    paid = [one for one in records.values() if one.kind not in FREE and one.cost != 0 and not one.by]
    known = {key for entry in store.ledger.read() for key in entry.keys} if paid else set()
    unknown = (one for one in paid if one.key not in known and not _is_foreign(store, one.key))
    return [Missing(one.key, one.media.digest, "", one.cost) for one in unknown]


def _is_foreign(store: Store, key: str) -> bool:
    try:
        return store.records.recall(foreign_name(key)) is not None
    except RecordsDamagedError:  # which is told already
        return False


def _quarantined(store: Store) -> Iterator[Quarantined]:
    for note in notes.noted(store.quarantine):
        price, keys = note.facts.get("price"), note.facts.get("keys")
        is_known = is_cost(price) and price is not None and isinstance(keys, list)
        headers = note.facts.get("headers")
        yield Quarantined(
            call=note.call,
            step=str(note.facts.get("step", "")),
            reason=reason_of(note),
            price=float(price or 0.0) * len(keys or ()) if is_known else None,
            size=sum(path.stat(follow_symlinks=False).st_size for path in note.folder.iterdir()),
            headers={str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {},
        )
