"""Removing from the store what nothing uses: found first, then, while nobody builds, removed; unaware of who agreed.

What was paid for, and what nobody knows, goes only where that was asked for, and never within a day after it came: a
build that was killed has not told any lock of what it bought. What was made by hand is asked for by its own name,
since nobody can make it again; while it stays its project is not forgotten, which alone knows what it is.

The order is such that a kill leaves nothing that is referred to: what is bought is written down as removed, then
blobs go, then what refers to them.
"""

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assetforge.inventory import Blob, Inventory, Kind, Price, Use, take_inventory
from assetforge.plan.ancestry import fact_name, read_fact
from assetforge.run.shelf import now
from assetforge.store import notes
from assetforge.store.audit import foreign_name
from assetforge.store.layout import Store, open_store
from assetforge.store.previews import UNUSED_SECONDS, Unused, unused
from assetforge.store.removed import FILE, add_removed
from assetforge.store.sweep import Leftover, drop_claims, fact_names, forget, leftovers
from assetforge.store.use import alone

YOUNG_SECONDS = 24 * 3_600.0
LEFT_SECONDS = 3_600.0
FREE: frozenset[Kind] = frozenset({"rendition", "draft"})
# What is remembered of a blob, by its digest.
MEASURED = ("look", "pixels", "media", "mask")

# Whether projects that are not where they were still use what is known of them.
Gone = Literal["count", "forget"]
# What may go of that which nothing uses; what is made again for nothing always may.
Reach = Literal["free", "paid", "by hand", "all"]
REACHED: Mapping[Reach, frozenset[Kind]] = {
    "free": frozenset(),
    "paid": frozenset({"paid", "other"}),
    "by hand": frozenset({"by hand"}),
    "all": frozenset({"paid", "other", "by hand"}),
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """What would be removed. `free` and `paid` are blobs, `records` keys of records whose blobs are gone already,
    `previews` small copies of pictures that nobody looked at in a long time, `kept` the other blobs that nothing uses
    either, and stay: `young` came within a day, and `unsure` were asked for
    and may be used by projects that nobody can tell about. `unread` are projects whose lock can't be read, `gone`
    those that are not where they were. Of these `forgotten` are forgotten with it; `remembered` count no more either,
    and are not, since what was made for them by hand stays."""

    inventory: Inventory
    free: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    previews: tuple[Unused, ...] = ()
    kept: tuple[str, ...] = ()
    young: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    gone: tuple[Use, ...] = ()
    unread: tuple[Use, ...] = ()
    forgotten: tuple[Use, ...] = ()
    remembered: tuple[Use, ...] = ()

    @property
    def is_empty(self) -> bool:
        found = (self.free, self.paid, self.records, self.leftovers, self.previews, self.forgotten)
        return not any(found)

    @property
    def counted(self) -> tuple[Use, ...]:
        """The projects that are not where they were, and count."""
        return tuple(use for use in self.gone if use not in (*self.forgotten, *self.remembered))

    @property
    def is_unsure(self) -> bool:
        """Whether blobs that were asked for stay because nobody can tell what projects use that are not where they
        were."""
        return bool(self.counted and self.unsure)

    def size(self, digests: Iterable[str]) -> int:
        """The bytes of some blobs."""
        return sum(self.inventory.blobs[digest].size for digest in digests)

    def prices(self, digests: Iterable[str]) -> Iterator[Price]:
        """What blobs were paid, each once for every key."""
        for digest in digests:
            yield from self.inventory.prices.get(digest, ())


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed: how many blobs, records, temporary files and small copies, and the bytes that are free."""

    free: int
    paid: int
    records: int
    leftovers: int
    previews: int
    size: int


def find_sweep(folder: Path, reach: Reach, gone: Gone) -> Sweep:
    """What could go of a store. Raises UsageError, OSError as `take_inventory`."""
    inventory, moment = take_inventory(folder), time.time()
    lost = tuple(use for use in inventory.uses if not use.known.is_there)
    # One of which nobody knows where it is may well be there: nobody meant it who said that those moved are gone.
    left = [use for use in lost if gone == "forget" and not use.known.is_nameless]
    users = [use for use in inventory.uses if use not in left]
    unread = tuple(use for use in users if use.unread)
    used = inventory.used(users)
    keys = frozenset(key for use in users for key in use.keys)
    idle = {digest: blob for digest, blob in inventory.blobs.items() if digest not in used}
    dear = {digest: blob for digest, blob in idle.items() if blob.kind not in FREE}
    young = frozenset(digest for digest, blob in dear.items() if blob.written >= moment - YOUNG_SECONDS)
    asked = [digest for digest, blob in dear.items() if digest not in young and blob.kind in REACHED[reach]]
    # What a project that is gone had bought, or used of others, nobody can tell any more.
    is_known = not unread and len(lost) == len(left)
    paid = dict.fromkeys(asked if is_known else ())
    kept = tuple(digest for digest in dear if digest not in paid)
    remembered = tuple(use for use in left if _is_needed(use, kept, dear))
    return Sweep(
        inventory,
        free=tuple(digest for digest, blob in idle.items() if blob.kind in FREE),
        paid=tuple(paid),
        records=tuple(_stale(inventory, keys)),
        leftovers=tuple(leftovers(folder, moment - LEFT_SECONDS)),
        previews=tuple(unused(folder, moment - UNUSED_SECONDS)),
        kept=kept,
        young=young,
        unsure=frozenset(() if is_known else asked),
        gone=lost,
        unread=unread,
        forgotten=tuple(use for use in left if use not in remembered),
        remembered=remembered,
    )


def _is_needed(use: Use, kept: Iterable[str], blobs: Mapping[str, Blob]) -> bool:
    """Whether something stays that only this project knows was made by hand."""
    return any(digest in use.by_hand and blobs[digest].kind == "by hand" for digest in kept)


def _stale(inventory: Inventory, used: frozenset[str]) -> Iterator[str]:
    """The records of what is made again for nothing, that nothing uses and whose blob is gone."""
    for key, trait in inventory.traits.items():
        if trait.kind in FREE and key not in used and trait.digest not in inventory.blobs:
            yield key


def carry_out(folder: Path, agreed: Sweep, reach: Reach, gone: Gone) -> Swept:
    """Removes what was agreed to and still is of no use. Raises UsageError while a build is at work, OSError."""
    with alone(folder), open_store(folder) as store:
        sweep = _both(agreed, find_sweep(folder, reach, gone))
        before = _size(store)
        if sweep.paid:
            add_removed(folder / FILE, sweep.paid, now())
        for digest in (*sweep.free, *sweep.paid):
            store.blobs.remove(digest)
        keys = _forget(store, sweep)
        files: list[Leftover | Unused] = [*sweep.leftovers, *sweep.previews]
        for left in files:
            left.path.unlink(missing_ok=True)
        notes.tidy(store.inflight)
        drop_claims(folder / "claims")
        for use in sweep.forgotten:
            shutil.rmtree(use.known.folder)
        blobs = sweep.size((*sweep.free, *sweep.paid))
        size = blobs + sum(left.size for left in files) + max(before - _size(store), 0)
    return Swept(len(sweep.free), len(sweep.paid), len(keys), len(sweep.leftovers), len(sweep.previews), size)


def _both(agreed: Sweep, found: Sweep) -> Sweep:
    """What is of no use now, as far as it was agreed to."""
    wanted, forgotten = {*agreed.free, *agreed.paid}, {use.known for use in agreed.forgotten}
    return Sweep(
        found.inventory,
        free=tuple(digest for digest in found.free if digest in wanted),
        paid=tuple(digest for digest in found.paid if digest in wanted),
        records=found.records,
        leftovers=found.leftovers,
        previews=found.previews,
        forgotten=tuple(use for use in found.forgotten if use.known in forgotten),
    )


def _forget(store: Store, sweep: Sweep) -> set[str]:
    """Takes records and facts of what went out of the database; gives the records' keys."""
    traits, removed = sweep.inventory.traits, {*sweep.free, *sweep.paid}
    keys = {key for key, trait in traits.items() if trait.digest in removed}.union(sweep.records)
    if not keys:
        return keys
    records = store.folder / "records"
    names = set(fact_names(records))
    parts = {name for name in names if name.startswith(fact_name(""))}
    useless = parts - _parts(store, (trait.picture for key, trait in traits.items() if key not in keys))
    useless |= names & {f"{kind}:{digest}" for kind in MEASURED for digest in removed}
    useless |= names & {foreign_name(key) for key in keys}
    store.records.close()
    forget(records, sorted(keys), sorted(useless))
    return keys


def _parts(store: Store, pictures: Iterable[str]) -> set[str]:
    """The names of the facts that tell what some pictures are made of."""
    found: set[str] = set()
    waiting = sorted({picture for picture in pictures if picture})
    while waiting:
        name = fact_name(waiting.pop())
        if name not in found:
            part = read_fact(store.records.recall(name))
            if part is not None:
                found.add(name)
                waiting += part.inputs
    return found


def _size(store: Store) -> int:
    """The bytes of the database's files."""
    return sum(path.stat().st_size for path in (store.folder / "records").glob("cache.db*"))
