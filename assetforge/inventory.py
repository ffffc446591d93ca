"""The whole store as one table: every blob with what it is, what it cost, and which projects use it; unaware of what
is done about it. Only looked at, and nothing is hashed.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from assetforge.errors import UsageError
from assetforge.model import Record
from assetforge.outputs.lock import MAX_BYTES
from assetforge.outputs.state import written_in
from assetforge.outputs.whereabouts import Known, known_projects
from assetforge.plan.rebuild import picture_in
from assetforge.store.audit import FREE
from assetforge.store.bought import bought
from assetforge.store.layout import Store, open_store
from assetforge.store.notes import noted_keys
from assetforge.workspace import lock_name

# `paid` is what can't be made again for nothing, `other` what no record tells of: nobody knows what it is.
Kind = Literal["paid", "rendition", "draft", "other"]
KINDS: tuple[Kind, ...] = ("paid", "rendition", "draft", "other")
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
    """A project and the blobs that it uses; of one that is not where it was, those that its state tells of."""

    known: Known
    title: str
    digests: frozenset[str]
    keys: frozenset[str]


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


def take_inventory(folder: Path) -> Inventory:
    """Looks at a store. Raises UsageError for records, a lock or a ledger that can't be read, OSError."""
    with open_store(folder, _ignore) as store:
        # Blobs last, as in an audit: what the others refer to is there by then.
        prices, titles = _ledger(store)
        notes = noted_keys(store.inflight, {})
        known = known_projects(folder)
        traits, unlisted = _records(store, prices)
        found = {digest: tuple(each.values()) for digest, each in _all_prices(prices, unlisted).items()}
        blobs = dict(_blobs(store, traits, found))
    uses = tuple(_use(one, titles.get(one.name, ""), traits, blobs) for one in known)
    return Inventory(blobs, traits, found, uses, _resolved(notes, traits, blobs))


def _ignore(digest: str) -> None:
    """Nothing is read here, so nothing is found to be damaged."""


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


def _blobs(store: Store, traits: Mapping[str, Trait], prices: Mapping[str, object]) -> Iterator[tuple[str, Blob]]:
    kinds: dict[str, Kind] = {}
    for trait in traits.values():
        kinds[trait.digest] = "draft" if "draft" in (trait.kind, kinds.get(trait.digest)) else trait.kind
    for digest in prices:
        kinds[digest] = "paid"
    for digest in store.blobs.digests():
        try:
            found = store.blobs.path(digest).stat()
        except FileNotFoundError:
            continue
        yield digest, Blob(found.st_size, found.st_mtime, kinds.get(digest, "other"))


def _use(known: Known, title: str, traits: Mapping[str, Trait], blobs: Mapping[str, Blob]) -> Use:
    written = written_in(known.folder).values()
    names = {name for one in written for name in (one.digest, one.key)}
    if known.is_there:
        names |= _names_in(os.path.join(known.root, lock_name(known.manifest)))
    keys = frozenset(names & traits.keys())
    return Use(known, title or os.path.basename(known.root), _resolved(names, traits, blobs), keys)


def _names_in(path: str) -> set[str]:
    """Every digest and key that a lock names: any text like one, so that a lock with conflicts, or of a newer
    release, uses what it did. Raises UsageError for one that can't be read."""
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"`{path}` is not a regular file")
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise UsageError(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"`{path}` is too large to be a lock")
    return {name.decode() for name in _DIGEST.findall(data)}


def _resolved(names: Iterable[str], traits: Mapping[str, Trait], blobs: Mapping[str, Blob]) -> frozenset[str]:
    """The blobs that digests and keys stand for."""
    known = set(names)
    return frozenset((known | {traits[name].digest for name in known if name in traits}) & blobs.keys())
