"""One paid call, from claim to record, in the order of durability: nothing refers to bytes that are not yet safe.

note -> call -> body spooled -> ledger `received` -> blobs -> ledger `stored` -> records -> note dropped

A call that costs nothing and can be made again (its note is a scratch) skips the ledger, and flushes nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from assetforge.adopting import take_instead
from assetforge.model import Action, Media, Record
from assetforge.ops.decode import has_transparency, measure_file
from assetforge.ops.spec import OpFailed
from assetforge.plan.price import Prices
from assetforge.providers.spec import SIMULATED, CallFailed, Delivery, Order, Provider
from assetforge.run.shelf import Shelf, now
from assetforge.run.tiers import Tiers
from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.note import Note, quarantine

Result = TypeVar("Result")

TEXT_LIMIT = 1_000
EVENTS = frozenset({"received", "stored"})
CUT = "the rest of the answer was cut off"
NOT_FOR_REAL = "the provider answers with simulated pictures, and this store is for real ones"
REHEARSE = "set ASSETFORGE_CACHE_DIR as `assetforge simulate` printed it"


@dataclass(frozen=True, slots=True)
class Decoding:
    """Where pictures are decoded: threads, since each that once held a picture keeps memory for one, and how many may
    be held at once."""

    pool: Executor
    gate: asyncio.Semaphore

    async def run(self, work: Callable[[], Result]) -> Result:
        """Does work that holds a picture."""
        async with self.gate:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)


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
        digests = tuple(picture.digest for picture in media)
        if digests and "stored" not in self.written:
            self.ledger.stored(self.entry, time=now(), digests=digests)


@dataclass(frozen=True, slots=True)
class Bought:
    """What one call gave: records by candidate, and what it cost in US dollars (None where nobody knows). `unusable`
    counts images that were paid for and can't be used; `simulated` ones are for rehearsals."""

    records: Mapping[int, Record]
    cost: float | None
    warnings: tuple[str, ...] = ()
    unusable: int = 0
    simulated: bool = False


def note_facts(
    provider: Provider, order: Order, actions: tuple[Action, ...], *, price: float | None, about: Mapping[str, Any]
) -> dict[str, Any]:
    """What a note says: enough to store the answer without the manifest, and nothing secret. `about` has the
    provider's `table`, and `project`, `title` and `instance`. `sent` says that a request may have left."""
    return {
        **about,
        "instance": str(about["instance"])[:TEXT_LIMIT],
        "title": str(about["title"])[:TEXT_LIMIT],
        "provider": provider.name,
        "kind": provider.kind,
        "model": order.model,
        "size": str(order.size),
        "format": order.format,
        "quality": order.quality,
        "background": order.background,
        "step": actions[0].step[:TEXT_LIMIT],
        "keys": [action.key for action in actions],
        "candidates": [action.candidate for action in actions],
        "ingredients": [[list(pair) for pair in action.ingredients] for action in actions],
        "price": price,
        "began": now(),
        "sent": True,
    }


async def fulfil(
    provider: Provider,
    note: Note,
    shelf: Shelf,
    prices: Prices,
    *,
    decoding: Decoding,
    written: Collection[str] = frozenset(),
) -> Bought:
    """Stores what a note's answer holds; also for a note of a build that died, whose `written` are the events that
    the ledger has of the call. `decoding` is where pictures are decoded. Where a part of
    the answer can't be used the note is in quarantine afterwards. Raises CallFailed where nothing can: then the note
    is still there, for the quarantine."""
    try:
        delivery = await provider.collect(note)
    except CallFailed as error:
        if error.answer is not None:
            page = _page(note, error.answer, shelf, prices, written)
            await asyncio.to_thread(page.received)
            error.cost = page.entry.cost
        raise
    if delivery.simulated and not shelf.rehearsal:
        raise CallFailed("everything", NOT_FOR_REAL, REHEARSE, reason=SIMULATED)
    page = _page(note, delivery, shelf, prices, written)
    taken = await asyncio.to_thread(_take, delivery, shelf.blobs, page, durable=note.durable)
    stored = await decoding.run(partial(_look, taken, shelf.blobs))
    good = [media for media in stored if isinstance(media, Media)]
    faults = [*delivery.faults, *(str(bad) for bad in stored if isinstance(bad, OpFailed))]
    if not good:
        reason = "; ".join(faults) or "the answer holds no picture"
        vain = CallFailed("maybe_billed", reason, answer=delivery)
        vain.cost = page.entry.cost
        raise vain
    lacking = max(len(note.facts["keys"]) - len(good) - len(faults), 0) if delivery.cut else 0
    await asyncio.to_thread(page.stored, good)
    records = _records(note.facts, good, delivery, page.entry)
    kept = {number: _keep(record, shelf, durable=note.durable) for number, record in records.items()}
    remarks = [*delivery.remarks, *_remarks(note.facts, good)]
    if len(stored) > len(note.facts["keys"]):
        remarks.append(f"the answer holds {len(stored)} pictures, and {len(note.facts['keys'])} was asked for")
    if note.facts.get("background") == "transparent":
        remarks += await decoding.run(partial(_opaque, good, shelf.blobs))
    if faults or lacking:
        told = [*faults, *([CUT] if lacking else [])]
        folder = await asyncio.to_thread(quarantine, note, "; ".join(told))
        remarks += [f"{fault}: it was paid for, and is kept in {folder}" for fault in told]
    return Bought(kept, page.entry.cost, tuple(dict.fromkeys(remarks)), len(faults) + lacking, delivery.simulated)


def tell_unanswered(note: Note, ledger: Ledger, call: str) -> None:
    """Writes into the ledger that a call may have been billed and gave nothing, with what it may have cost."""
    if note.durable:
        price = note.facts.get("price")
        most = None if price is None else float(price) * len(note.facts["keys"])
        ledger.unanswered(_entry(note, call, cost=most, estimated=True))


def _page(note: Note, delivery: Delivery, shelf: Shelf, prices: Prices, written: Collection[str]) -> Page:
    facts = note.facts
    # What a cut answer had no time to give was drawn too, and is billed.
    images = max(len(delivery.images) + len(delivery.faults), len(facts["keys"]) if delivery.cut else 1)
    known = prices.cost_of(
        str(facts["provider"]), str(facts["kind"]), str(facts["model"]), quality=str(facts["quality"]),
        usage=delivery.usage, images=images,
    )  # fmt: skip
    price = facts.get("price")
    cost = known if known is not None or price is None else float(price) * images
    entry = _entry(note, note.call, cost=cost, estimated=known is None, delivery=delivery)
    return Page(shelf.ledger, entry, written if note.durable else EVENTS)


def _entry(note: Note, call: str, *, cost: float | None, estimated: bool, delivery: Delivery | None = None) -> Entry:
    facts = note.facts
    return Entry(
        call=call, keys=tuple(facts["keys"]), project=str(facts["project"]), instance=str(facts["instance"]),
        step=str(facts["step"]), time=now(), usage=delivery.usage if delivery else {}, cost=cost, estimated=estimated,
        title=str(facts.get("title", "")), provider=str(facts["provider"]), kind=str(facts["kind"]),
        model=str(facts["model"]), request=delivery.request[:TEXT_LIMIT] if delivery else "",
        ingredients=tuple(tuple((str(name), value) for name, value in each) for each in facts["ingredients"]),
    )  # fmt: skip


async def share(bought: Bought, tiers: Tiers, shelf: Shelf) -> Bought:
    """Writes what was bought through to the remote. Where somebody shared a picture of the same key before, that is
    the choice for all; this one stays in the store, and in the ledger."""
    kept, remarks = dict(bought.records), list(bought.warnings)
    published = [tiers.aside(partial(tiers.publish, record)) for record in bought.records.values()]
    for (number, record), first in zip(bought.records.items(), await asyncio.gather(*published), strict=True):
        if first.media.digest != record.media.digest:
            take_instead(first, shelf.records)
            kept[number] = first
            remarks.append("another machine bought this picture too, and was first: its picture is used")
    return replace(bought, records=kept, warnings=tuple(remarks))


def _keep(record: Record, shelf: Shelf, *, durable: bool) -> Record:
    """The first record of a key is the choice, unless its picture is gone."""
    first = shelf.records.put(record, durable=durable)
    if first.media.digest == record.media.digest or shelf.blobs.has(first.media.digest):
        return first
    shelf.records.replace(record)
    return record


def _take(delivery: Delivery, blobs: Blobs, page: Page, *, durable: bool) -> list[tuple[str, str]]:
    """The ledger's first line, then every image kept before it is looked at: names and digests."""
    page.received()
    known = delivery.digests
    return [(path.name, blobs.take(path, known.get(path, ""), durable=durable)) for path in delivery.images]


def _look(taken: list[tuple[str, str]], blobs: Blobs) -> list[Media | OpFailed]:
    """Every image decoded to its end, to prove that it is one. What is none stays in the store too, where nothing
    refers to it; whoever wants to claim it has it in quarantine."""
    found: list[Media | OpFailed] = []
    for name, digest in taken:
        try:
            found.append(measure_file(blobs.path(digest), name, digest))
        except OpFailed as error:
            found.append(error)
    return found


def _opaque(good: list[Media], blobs: Blobs) -> list[str]:
    """What to say of answers without a background left out, though one was asked for."""
    seen = [has_transparency(blobs.path(media.digest)) for media in good]
    return [] if all(seen) else ["the answer has no transparent pixel, and a transparent background was asked for"]


def _records(facts: Mapping[str, Any], media: list[Media], delivery: Delivery, entry: Entry) -> dict[int, Record]:
    each = None if entry.cost is None else entry.cost / len(media)
    is_draft = facts["kind"] == "draft"
    return {
        int(candidate): Record(
            key=key, media=picture, kind=entry.kind, model=entry.model, cost=each,
            estimated=entry.estimated and entry.cost != 0, made="" if is_draft else str(facts["began"])[:10],
            usage=dict(delivery.usage) if len(media) == 1 else {}, request=entry.request, ingredients=ingredients,
        )
        for candidate, key, ingredients, picture in zip(
            facts["candidates"], entry.keys, entry.ingredients, media, strict=False
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
