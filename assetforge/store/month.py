"""The month's limit over all processes that share a store: what was spent, and what calls under way may cost; unaware
of builds' own budgets.

A note is the reservation: whoever holds the lock asks here, then writes the note of its call, then lets go. Notes
are looked at before the ledger, since a call's line is there before its note is dropped: none is missed between.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock as Mutex
from typing import Any

from assetforge.store import notes
from assetforge.store.claims import Claim, hold
from assetforge.store.documents import is_cost, is_whole
from assetforge.store.folders import make_folder
from assetforge.store.ledger import Ledger
from assetforge.store.note import try_name
from assetforge.words import count, money, most

# Sums of cents are not exact in binary.
SLACK = 1e-9


@dataclass(slots=True)
class Booked:
    """What a month has cost in US dollars: paid, perhaps billed without an answer, and what calls under way may cost
    at most. `unknown` counts those that nobody knows the price of."""

    spent: float = 0.0
    unanswered: float = 0.0
    under_way: float = 0.0
    unknown: int = 0

    @property
    def total(self) -> float:
        return self.spent + self.unanswered + self.under_way


class Month:
    """The limit in US dollars of the current month, by UTC. `now` gives the time in ISO 8601, UTC. `inflight` has the
    notes of all builds, `lock` is a file that all of them hold in turn. Safe to share between threads."""

    def __init__(self, ledger: Ledger, inflight: Path, lock: Path, limit: float, now: Callable[[], str]) -> None:
        self._ledger = ledger
        self._inflight = inflight
        self._lock = lock
        self._limit = limit
        self._now = now
        self._mutex = Mutex()
        self._offset = 0
        self._told: set[str] = set()
        self._months: dict[str, Booked] = {}

    def hold(self) -> Claim | None:
        """The right to ask and then to write a note; None while anybody has it. Raises OSError."""
        make_folder(self._lock.parent)
        return hold(self._lock)

    def refusal(self, price: float | None, *, doing: Collection[str] = ()) -> str | None:
        """Why a call that may cost `price` dollars may not be made now; None where it may. Calls in `doing` are left
        out of what is under way: `price` has them. Raises UsageError for what a newer release wrote, OSError."""
        if price is None:
            return "its price is not known, and there is a limit for the month"
        booked = self.booked(doing=doing)
        if booked.total + price <= self._limit + SLACK:
            return None
        unknown = f", besides {count(booked.unknown, 'call')} of unknown cost" if booked.unknown else ""
        return (
            f"it could cost {most(price)}, which would pass this month's limit of {most(self._limit)} "
            f"({money(booked.total)} spent or under way{unknown})"
        )

    def booked(self, *, doing: Collection[str] = ()) -> Booked:
        """What counts against the limit now. Raises UsageError, OSError as `refusal`."""
        with self._mutex:
            under_way = [
                note
                for build in notes.builds(self._inflight)
                for note in notes.noted(build)
                if note.call not in doing
            ]
            self._read_on()
            known = self._months.get(self._now()[:7], Booked())
            found = Booked(known.spent, known.unanswered, 0.0, known.unknown)
            for note in under_way:
                for price in self._open_prices(note.call, note.facts):
                    found.under_way += price or 0.0
                    found.unknown += price is None
            return found

    def _read_on(self) -> None:
        """What the ledger tells since it was last looked at."""
        entries, offset = self._ledger.costs(self._offset)
        if offset < self._offset:  # another file has its place
            self._told.clear()
            self._months.clear()
            entries, offset = self._ledger.costs(0)
        self._offset = offset
        for entry in entries:
            self._told.add(entry.call)
            month = self._months.setdefault(entry.time[:7], Booked())
            if entry.event == "received":
                month.spent += entry.cost or 0.0
            else:
                month.unanswered += entry.cost or 0.0
            month.unknown += entry.cost is None

    def _open_prices(self, call: str, facts: Mapping[str, Any]) -> Iterator[float | None]:
        """The prices of one call's tries that the ledger does not tell of: the one under way, and those that may have
        been billed before it, which the ledger knows by `try_name`."""
        if call in self._told:
            return
        price, keys = facts.get("price"), facts.get("keys")
        known = is_cost(price) and price is not None and isinstance(keys, list)
        most = float(price or 0.0) * len(keys or ()) if known else None
        yield most
        doubtful = facts.get("doubtful", 0)
        for number in range(1, 1 + (doubtful if is_whole(doubtful, high=1_000) else 0)):
            if try_name(call, number) not in self._told:
                yield most
