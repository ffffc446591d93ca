"""One call from the wish to its note: places a minute, the month's limit, room on the disk; unaware of HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from assetforge.events import CallRetried, Listener
from assetforge.model import Action, Call, Paid
from assetforge.providers.spec import CallFailed, Order, Provider, Retry
from assetforge.run.counter import Counter
from assetforge.run.limits import Lane
from assetforge.run.purchase import note_facts, tell_unanswered
from assetforge.store.month import Month
from assetforge.store.note import Note

POLL_SECONDS = 0.02
# Longer waits are slept in pieces, so that a wish to stop is heard.
LOOK_SECONDS = 0.5
# Base64 of three bytes a pixel, the most that a picture of noise takes, and what stands around it.
BYTES_A_PIXEL = 4
ENVELOPE = 1 << 16


class Withdrawn(Exception):  # noqa: N818 - nobody's fault
    """The build starts nothing more: the call is not made, and not billed."""


class OverLimit(Exception):  # noqa: N818 - told as the failure of an asset
    """The call could pass a limit of money."""


class NoRoom(Exception):  # noqa: N818
    """The disk has no room for the answer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be asked for: some candidates of a step, at one provider. `each` is the price of one in US dollars,
    None where nobody knows."""

    step: Paid
    call: Call
    actions: tuple[Action, ...]
    provider: Provider
    each: float | None

    @property
    def name(self) -> str:
        return f"{self.step.id}#{self.actions[0].candidate}"

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(action.candidate for action in self.actions)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(action.key for action in self.actions)

    @property
    def price(self) -> float | None:
        return None if self.each is None else self.each * len(self.actions)


@dataclass(slots=True)
class Asked:
    """A call with its note: what the provider tells while it asks (`providers.spec.Asking`)."""

    wish: Wish
    counter: Counter
    lane: Lane
    note: Note
    room: int
    listen: Listener
    began: float = field(default_factory=time.monotonic)
    _is_first: bool = True
    _tried: float = 0.0

    async def admit(self) -> None:
        """Waits for a place in the minute, and notes durably that the call leaves; the first try has both already."""
        if self.lane.closed:
            raise Withdrawn
        if not self._is_first:
            await wait_for_place(self.counter, self.wish, lambda: self.lane.closed)
            await asyncio.to_thread(make_room, self.note, self.room)
            await asyncio.to_thread(self.note.add, sent=True)
        self._is_first = False
        self._tried = time.monotonic()

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Waits before the next try, but not longer than the build goes on asking."""
        while seconds > 0:
            if self.lane.closed:
                raise Withdrawn
            await sleep(min(seconds, LOOK_SECONDS))
            seconds -= LOOK_SECONDS

    def arriving(self) -> AbstractContextManager[None]:
        """Held while the answer comes in."""
        return self.counter.arrivals.one()

    def again(self, retry: Retry) -> None:
        """A try failed and is made again. A doubtful one may have been billed: its price counts beside that of the
        next one, which must be within every limit too."""
        if retry.crowded:
            self.lane.slow_down(since=self._tried)
        if retry.doubtful:
            self._count_doubtful(retry)
        self.note.add(sent=False)
        numbers = self.wish.numbers
        self.listen(CallRetried(self.note.call, self.wish.step.id, numbers, retry.reason, retry.seconds))

    def _count_doubtful(self, retry: Retry) -> None:
        if self.counter.approval.is_for_single_calls:
            raise CallFailed("maybe_billed", retry.reason)
        budget, number = self.counter.budget, int(self.note.facts.get("doubtful", 0))
        name = f"{self.note.call}.{number}"
        refusal = budget.reserve(name, self.wish.price)
        if refusal is None and self.counter.month is not None:
            # The note has both tries already, so that every process sees them: here they are asked for at once.
            both = None if self.wish.price is None else 2 * self.wish.price
            refusal = self.counter.month.refusal(both, doing={self.note.call})
        if refusal is not None:
            budget.release(name)
            raise CallFailed("maybe_billed", f"{retry.reason}; it is not asked again, since {refusal}")
        budget.lose(name)
        tell_unanswered(self.note, self.counter.shelf.ledger, name)


async def begin(counter: Counter, wish: Wish, order: Order, lane: Lane, listen: Listener) -> Asked:
    """Everything that has to hold before a call leaves, then its durable note. Raises Withdrawn, OverLimit, NoRoom,
    OSError."""
    await wait_for_place(counter, wish, lambda: lane.closed)
    facts = note_facts(wish.provider, order, wish.actions, price=wish.each, about={
        "table": counter.tables[wish.provider.name].model_dump(exclude_defaults=True),
        "project": counter.project,
        "title": counter.title,
        "instance": wish.step.instance,
    })  # fmt: skip
    notes = counter.notes()
    if wish.provider.kind == "draft":
        # What can be drawn again for nothing needs no durable note, and none of what follows from one.
        return Asked(wish, counter, lane, notes.begin_scratch(facts), 0, listen)
    room = room_for(order)

    def write() -> Note:
        note = notes.begin(facts)
        try:
            make_room(note, room)
        except NoRoom:
            note.drop()
            raise
        return note

    if counter.month is None:
        note = await asyncio.to_thread(write)
    else:
        note = await _begin_within(counter.month, wish, lane, write)
    return Asked(wish, counter, lane, note, room, listen)


def make_room(note: Note, size: int) -> None:
    """Sets bytes of the disk aside for an answer. Raises NoRoom."""
    try:
        note.make_room(size)
    except OSError as error:
        raise NoRoom(f"the store has no room for the answer ({(error.strerror or str(error)).lower()})") from None


async def _begin_within(month: Month, wish: Wish, lane: Lane, write: Callable[[], Note]) -> Note:
    """A note is a reservation that every process sees: it is written under the lock that all of them ask under."""
    while (claim := month.hold()) is None:
        if lane.closed:
            raise Withdrawn
        await asyncio.sleep(POLL_SECONDS)
    with claim:
        refusal = await asyncio.to_thread(month.refusal, wish.price)
        if refusal is not None:
            raise OverLimit(refusal)
        return await asyncio.to_thread(write)


def room_for(order: Order) -> int:
    """Bytes that an answer may have."""
    return order.n * (order.size.width * order.size.height * BYTES_A_PIXEL + ENVELOPE)


async def wait_for_place(counter: Counter, wish: Wish, is_over: Callable[[], bool]) -> None:
    """Returns with a place among the requests and images of a minute that the provider's table allows, counted
    together with every build that shares the store. Raises Withdrawn when the build is over before."""
    table = counter.tables[wish.provider.name]
    requests, images = table.requests_per_minute, table.images_per_minute
    while not is_over():
        if requests is None and images is None:
            return
        name = f"{counter.origins[wish.provider.name]} {table.api_key_env}"
        seconds = counter.rates.take(name, requests=requests, images=images, n=len(wish.actions), now=time.time())
        if not seconds:
            return
        await asyncio.sleep(min(seconds, LOOK_SECONDS))
    raise Withdrawn
