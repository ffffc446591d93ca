"""One paid call, from claim to record, in the order of durability: nothing refers to bytes that are not yet safe.

note -> call -> body spooled -> ledger `received` -> blobs -> ledger `stored` -> records -> note dropped

A call that costs nothing and can be made again (its note is a scratch) skips the ledger, and flushes nothing.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assetforge.model import Action, Media, Record
from assetforge.ops.decode import measure
from assetforge.ops.spec import OpFailed
from assetforge.plan.price import cost_of
from assetforge.providers.spec import CallFailed, Delivery, Order, Provider
from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.notes import Note, quarantine
from assetforge.store.records import Records

TEXT_LIMIT = 1_000
EVENTS = frozenset({"received", "stored"})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where bought things go."""

    blobs: Blobs
    records: Records
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Page:
    """What the ledger is told of one call, each event once: `written` are those that it has already."""

    ledger: Ledger
    entry: Entry
    written: Collection[str]

    def received(self) -> None:
        if "received" not in self.written:
            self.ledger.received(self.entry)

    def stored(self, media: list[Media]) -> None:
        if "stored" not in self.written:
            self.ledger.stored(self.entry, time=now(), digests=tuple(picture.digest for picture in media))


@dataclass(frozen=True, slots=True)
class Bought:
    """What one call gave: records by candidate, and what it cost in US dollars (None where nobody knows). `unusable`
    counts images that were paid for and are none."""

    records: Mapping[int, Record]
    cost: float | None
    warnings: tuple[str, ...] = ()
    unusable: int = 0


def note_facts(
    provider: Provider,
    order: Order,
    actions: tuple[Action, ...],
    *,
    table: Mapping[str, Any],
    project: str,
    instance: str,
    price: float | None,
) -> dict[str, Any]:
    """What a note says: enough to store the answer without the manifest, and nothing secret."""
    return {
        "provider": provider.name,
        "kind": provider.kind,
        "table": dict(table),
        "model": order.model,
        "size": str(order.size),
        "format": order.format,
        "quality": order.quality,
        "project": project,
        "instance": instance[:TEXT_LIMIT],
        "step": actions[0].step[:TEXT_LIMIT],
        "keys": [action.key for action in actions],
        "candidates": [action.candidate for action in actions],
        "ingredients": [[list(pair) for pair in action.ingredients] for action in actions],
        "price": price,
        "began": now(),
    }


def now() -> str:
    """The time as it stands in ledger and records: ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


async def fulfil(
    provider: Provider, note: Note, call: str, shelf: Shelf, *, written: Collection[str] = frozenset()
) -> Bought:
    """Stores what a note's answer holds; also for a note of a build that died, whose `written` are the events that
    the ledger has of the call. Where a part of the answer can't be used the note is in quarantine afterwards. Raises
    CallFailed where nothing can: then the note is still there, for the quarantine."""
    try:
        delivery = await provider.collect(note)
    except CallFailed as error:
        if error.answer is not None:
            _page(note, call, error.answer, shelf, written).received()
        raise
    page = _page(note, call, delivery, shelf, written)
    page.received()
    stored = await asyncio.to_thread(_store, delivery, shelf.blobs, durable=note.durable)
    good = [media for media in stored if isinstance(media, Media)]
    faults = [*delivery.faults, *(str(bad) for bad in stored if isinstance(bad, OpFailed))]
    if not good:
        reason = "; ".join(faults) or "the answer holds no picture"
        raise CallFailed("maybe_billed", reason, "the answer is kept in the store's quarantine")
    page.stored(good)
    cost = page.entry.cost
    records = _records(note.facts, good, delivery, cost=cost)
    kept = {number: _keep(record, shelf, durable=note.durable) for number, record in records.items()}
    remarks = _remarks(note.facts, good)
    if faults:
        folder = quarantine(note, "; ".join(faults))
        remarks += [f"{fault}: it was paid for, and is kept in {folder}" for fault in faults]
    return Bought(kept, cost, tuple(remarks), len(faults))


def _page(note: Note, call: str, delivery: Delivery, shelf: Shelf, written: Collection[str]) -> Page:
    facts = note.facts
    entry = Entry(
        call=call, keys=tuple(facts["keys"]), project=str(facts["project"]), instance=str(facts["instance"]),
        step=str(facts["step"]), time=now(), usage=delivery.usage, cost=_cost(facts, delivery),
    )  # fmt: skip
    return Page(shelf.ledger, entry, written if note.durable else EVENTS)


def _keep(record: Record, shelf: Shelf, *, durable: bool) -> Record:
    """The first record of a key is the choice, unless its picture is gone."""
    first = shelf.records.put(record, durable=durable)
    if first.media.digest == record.media.digest or shelf.blobs.has(first.media.digest):
        return first
    shelf.records.replace(record)
    return record


def _cost(facts: Mapping[str, Any], delivery: Delivery) -> float | None:
    known = cost_of(str(facts["kind"]), str(facts["model"]), dict(delivery.usage))
    if known is not None:
        return known
    price = facts.get("price")
    return None if price is None else float(price) * max(len(delivery.images) + len(delivery.faults), 1)


def _store(delivery: Delivery, blobs: Blobs, *, durable: bool) -> list[Media | OpFailed]:
    """Every image kept before it is looked at; then decoded to its end, to prove that it is one. What is none stays
    in the store too, where nothing refers to it; whoever wants to claim it has it in quarantine."""
    found: list[Media | OpFailed] = []
    for path in delivery.images:
        data = Path(path).read_bytes()
        blobs.put(data, durable=durable)
        try:
            found.append(measure(data, path.name))
        except OpFailed as error:
            found.append(error)
    return found


def _records(
    facts: Mapping[str, Any], media: list[Media], delivery: Delivery, *, cost: float | None
) -> dict[int, Record]:
    estimated = cost_of(str(facts["kind"]), str(facts["model"]), dict(delivery.usage)) is None and cost != 0
    each = None if cost is None else cost / len(media)
    is_draft = facts["kind"] == "draft"
    return {
        int(candidate): Record(
            key=str(key), media=picture, kind=str(facts["kind"]), model=str(facts["model"]), cost=each,
            estimated=estimated, made="" if is_draft else str(facts["began"])[:10],
            usage=dict(delivery.usage) if len(media) == 1 else {}, request=delivery.request[:TEXT_LIMIT],
            ingredients=tuple((str(name), value) for name, value in ingredients),
        )
        for candidate, key, ingredients, picture in zip(
            facts["candidates"], facts["keys"], facts["ingredients"], media, strict=False
        )
    }  # fmt: skip


def _remarks(facts: Mapping[str, Any], good: list[Media]) -> list[str]:
    found = []
    for media in good:
        if str(media.size) != facts["size"]:
            found.append(f"the answer is {media.size} instead of {facts['size']}: it is kept, and fitted here")
        if media.format != facts["format"]:
            found.append(f"the answer is {media.format} instead of {facts['format']}: it is kept")
    if len(good) > 1 and len({media.digest for media in good}) < len(good):
        found.append("the answer holds the same picture twice")
    return found
