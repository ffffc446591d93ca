"""The whole store as one table: every blob with what it is, what it cost, and which projects use it; unaware of what
is done about it. Only looked at, and nothing is hashed.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from assetforge.errors import UsageError
from assetforge.model import Record
from assetforge.outputs.aside import owner_of
from assetforge.outputs.lock import MAX_BYTES, LockLine, parse_lock
from assetforge.outputs.replaced import read_replaced
from assetforge.outputs.state import written_in
from assetforge.outputs.whereabouts import Known, known_projects
from assetforge.plan.rebuild import picture_in
from assetforge.store.audit import FREE
from assetforge.store.bought import bought
from assetforge.store.layout import Store, open_store
from assetforge.store.notes import noted_keys
from assetforge.workspace import lock_name

# `paid` is what can't be made again for nothing, `by hand` what nobody can make again, `other` what no record tells
# of: nobody knows what it is.
Kind = Literal["paid", "by hand", "rendition", "draft", "other"]
KINDS: tuple[Kind, ...] = ("paid", "by hand", "rendition", "draft", "other")
BY_HAND = "by hand"
_DRAFTS = frozenset({"placeholder", "draft"})
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Blob(NamedTuple):
    """A blob: its bytes, when they were written in seconds since 1970, and what it is."""

    size: int
    written: float
    kind: Kind


class Trait(NamedTuple):
    """What counts of a record: its blob, what that is, and the identity of the picture that an output was made of."""

    digest: str
    kind: Kind
    picture: str


class Price(NamedTuple):
    """What a picture was once paid: by whom and for which step, "" where the ledger does not know; in US dollars,
    None where nobody knows."""

    key: str
    project: str
    step: str
    cost: float | None


@dataclass(frozen=True, slots=True)
class Use:
    """A project and the blobs that it uses; of one that is not where it was, those that its state tells of. `unread`
    says why its lock can't be read, "" where it can: nobody can tell all that it uses. `by_hand` are the blobs of
    pictures that were made by hand for it, now or before, with the step of each."""

    known: Known
    title: str
    digests: frozenset[str]
    keys: frozenset[str]
    by_hand: Mapping[str, str]
    unread: str = ""

    @property
    def place(self) -> str:
        """Its manifest where that was when it was last built, else the name of its state."""
        return os.path.join(self.known.root, self.known.manifest) or self.known.name


@dataclass(frozen=True, slots=True)
class Inventory:
    """Blobs by digest, records by key, prices by digest, and projects. `waiting` are the blobs of calls under way."""

    blobs: Mapping[str, Blob]
    traits: Mapping[str, Trait]
    prices: Mapping[str, tuple[Price, ...]]
    uses: tuple[Use, ...]
    waiting: frozenset[str]

    def used(self, uses: Iterable[Use]) -> set[str]:
        """The blobs that some projects, and calls under way, use."""
        return set(self.waiting).union(*(use.digests for use in uses))

    def cost(self, digests: Iterable[str]) -> tuple[float, int]:
        """What blobs had cost, in US dollars, and how many prices nobody knows."""
        costs = [price.cost for digest in digests for price in self.prices.get(digest, ())]
        return sum((cost for cost in costs if cost is not None), 0.0), costs.count(None)

    def makers(self, digest: str) -> list[tuple[str, str]]:
        """The projects and steps that a picture was made for by hand."""
        return [(use.title, use.by_hand[digest]) for use in self.uses if digest in use.by_hand]


def take_inventory(folder: Path) -> Inventory:
    """Looks at a store. Raises UsageError for records or a ledger that can't be read, OSError."""
    with open_store(folder) as store:
        # Blobs last, as in an audit: what the others refer to is there by then.
        prices, titles = _ledger(store)
        notes = noted_keys(store.inflight, {})
        told = [_told(one) for one in known_projects(folder)]
        traits, unlisted = _records(store, prices)
        found = {digest: tuple(each.values()) for digest, each in _all_prices(prices, unlisted).items()}
        blobs = dict(_blobs(store, traits, found, {digest for one in told for digest in one.by_hand}))
    uses = tuple(_use(one, titles.get(one.known.name, ""), traits, blobs) for one in told)
    return Inventory(blobs, traits, found, uses, _resolved(notes, traits, blobs))


_Prices = dict[str, dict[str, Price]]


def _ledger(store: Store) -> tuple[_Prices, dict[str, str]]:
    """What pictures cost, by digest and key, and what people call projects."""
    prices: _Prices = {}
    titles: dict[str, str] = {}
    for key, offered in bought(store.ledger).items():
        for one in offered:
            title = one.stored.title
            titles[one.stored.project] = title
            prices.setdefault(one.digest, {}).setdefault(key, Price(key, title, one.stored.step, one.cost))
    return prices, titles


def _records(store: Store, prices: _Prices) -> tuple[dict[str, Trait], dict[str, list[Price]]]:
    """The traits of records, and the prices of those that the ledger does not know, by digest."""
    traits: dict[str, Trait] = {}
    unlisted: dict[str, list[Price]] = {}
    for key in store.records.keys():  # noqa: SIM118 - a method of ours, not a dict's
        record = store.records.get(key)
        if record is None:
            continue
        digest = record.media.digest
        traits[key] = Trait(digest, _kind(record), picture_in(record.ingredients))
        if traits[key].kind == "paid" and key not in prices.get(digest, ()):
            unlisted.setdefault(digest, []).append(Price(key, "", "", record.cost))
    return traits, unlisted


def _kind(record: Record) -> Kind:
    if record.kind not in FREE or record.cost != 0:
        return "paid"
    return "draft" if record.kind in _DRAFTS else "rendition"


def _all_prices(prices: _Prices, unlisted: Mapping[str, list[Price]]) -> _Prices:
    for digest, more in unlisted.items():
        prices.setdefault(digest, {}).update({price.key: price for price in more})
    return prices


def _blobs(
    store: Store, traits: Mapping[str, Trait], prices: Mapping[str, object], by_hand: Iterable[str]
) -> Iterator[tuple[str, Blob]]:
    kinds: dict[str, Kind] = {}
    for trait in traits.values():
        kinds[trait.digest] = "draft" if "draft" in (trait.kind, kinds.get(trait.digest)) else trait.kind
    kinds.update(dict.fromkeys(by_hand, "by hand"))
    # A bought picture that somebody gave for another step is a bought one still.
    kinds.update(dict.fromkeys(prices, "paid"))
    for digest in store.blobs.digests():
        try:
            found = store.blobs.path(digest).stat()
        except FileNotFoundError:
            continue
        yield digest, Blob(found.st_size, found.st_mtime, kinds.get(digest, "other"))


class _Told(NamedTuple):
    """What a project's lock and state tell: every digest and key that they name, by digest the steps that pictures
    were made for by hand; and why the lock can't be read."""

    known: Known
    names: set[str]
    by_hand: dict[str, str]
    unread: str


def _told(known: Known) -> _Told:
    written = written_in(known.folder).values()
    names = {name for one in written for name in (one.digest, one.key)}
    by_hand: dict[str, str] = {}
    lock = os.path.join(known.root, lock_name(known.manifest))
    try:
        by_hand |= _by_hand(read_replaced(known.folder))
        data = _lock_data(lock) if known.is_there else b""
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        return _Told(known, names, by_hand, f"`{lock}` can't be read: {why}")
    # Any text like a digest, so that a lock with conflicts, or of a newer release, uses what it did.
    names |= {name.decode() for name in _DIGEST.findall(data)}
    if BY_HAND.encode() in data:
        with suppress(UsageError, ValueError):
            by_hand |= _by_hand(parse_lock(data.decode("utf-8")).items())
    return _Told(known, names, by_hand, "")


def _lock_data(path: str) -> bytes:
    """A lock's bytes, none where there is none. Raises OSError, ValueError for what can't be one."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError("it is not a regular file")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    if len(data) > MAX_BYTES:
        raise ValueError("it is too large to be a lock")
    return data


def _by_hand(lines: Iterable[tuple[str, LockLine]]) -> dict[str, str]:
    return {
        record.media.digest: f"{owner_of(name)[0]}:{step}"
        for name, line in lines
        for step, candidates in line.steps.items()
        for record in candidates.values()
        if record.by == BY_HAND
    }


def _use(told: _Told, title: str, traits: Mapping[str, Trait], blobs: Mapping[str, Blob]) -> Use:
    by_hand = {digest: step for digest, step in told.by_hand.items() if digest in blobs}
    return Use(
        told.known, title or os.path.basename(told.known.root), _resolved(told.names, traits, blobs),
        frozenset(told.names & traits.keys()), by_hand, told.unread,
    )  # fmt: skip


def _resolved(names: Iterable[str], traits: Mapping[str, Trait], blobs: Mapping[str, Blob]) -> frozenset[str]:
    """The blobs that digests and keys stand for."""
    known = set(names)
    return frozenset((known | {traits[name].digest for name in known if name in traits}) & blobs.keys())
