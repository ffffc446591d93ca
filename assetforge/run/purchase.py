"""One paid call, from claim to record, in the order of durability: nothing refers to bytes that are not yet safe.

note -> call -> body spooled -> ledger `received` -> blobs -> ledger `stored` -> records -> note dropped
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assetforge.model import Action, Media, Record
from assetforge.ops.decode import measure
from assetforge.ops.spec import OpFailed
from assetforge.plan.price import cost_of
from assetforge.providers.spec import CallFailed, Delivery, Note, Order, Provider
from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.records import Records

TEXT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where bought things go."""

    blobs: Blobs
    records: Records
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Bought:
    """What one call gave: records by candidate, and what it cost in US dollars (None where nobody knows)."""

    records: Mapping[int, Record]
    cost: float | None
    warnings: tuple[str, ...] = ()


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


async def fulfil(provider: Provider, note: Note, call: str, shelf: Shelf) -> Bought:
    """Stores what a note's answer holds; also for a note of a build that died. Raises CallFailed where the answer
    holds no picture: then the note is still there, for the quarantine."""
    delivery = await provider.collect(note)
    facts = note.facts
    cost = _cost(facts, delivery, len(delivery.images))
    entry = Entry(
        call=call, keys=tuple(facts["keys"]), project=str(facts["project"]), instance=str(facts["instance"]),
        step=str(facts["step"]), time=now(), usage=delivery.usage, cost=cost,
    )  # fmt: skip
    shelf.ledger.received(entry)
    stored = await asyncio.to_thread(_store, delivery, shelf.blobs)
    good = [media for media in stored if isinstance(media, Media)]
    if not good:
        reason = next((str(bad) for bad in stored), "the answer holds no picture")
        raise CallFailed("maybe_billed", reason, "the answer is kept in the store's quarantine")
    shelf.ledger.stored(entry, time=now(), digests=tuple(media.digest for media in good))
    records = _records(facts, good, delivery, cost=cost)
    kept = {candidate: _keep(record, shelf) for candidate, record in records.items()}
    return Bought(kept, cost, tuple(_remarks(facts, good, stored)))


def _keep(record: Record, shelf: Shelf) -> Record:
    """The first record of a key is the choice, unless its picture is gone."""
    first = shelf.records.put(record)
    if first.media.digest == record.media.digest or shelf.blobs.has(first.media.digest):
        return first
    shelf.records.replace(record)
    return record


def _cost(facts: Mapping[str, Any], delivery: Delivery, images: int) -> float | None:
    known = cost_of(str(facts["kind"]), str(facts["model"]), dict(delivery.usage))
    if known is not None:
        return known
    price = facts.get("price")
    return None if price is None else float(price) * max(images, 1)


def _store(delivery: Delivery, blobs: Blobs) -> list[Media | OpFailed]:
    """Every image kept durably before it is looked at; then decoded to its end, to prove that it is one."""
    found: list[Media | OpFailed] = []
    for path in delivery.images:
        data = Path(path).read_bytes()
        try:
            media = measure(data, path.name)
        except OpFailed as error:
            found.append(error)
            continue
        blobs.put(data, durable=True)
        found.append(media)
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


def _remarks(facts: Mapping[str, Any], good: list[Media], stored: list[Media | OpFailed]) -> list[str]:
    found = [str(bad) for bad in stored if isinstance(bad, OpFailed)]
    for media in good:
        if str(media.size) != facts["size"]:
            found.append(f"the answer is {media.size} instead of {facts['size']}: it is kept, and fitted here")
        if media.format != facts["format"]:
            found.append(f"the answer is {media.format} instead of {facts['format']}: it is kept")
    if len(good) > 1 and len({media.digest for media in good}) < len(good):
        found.append("the answer holds the same picture twice")
    return found
