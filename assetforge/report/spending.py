"""What was paid, from the ledger: added up by month, day, project, model or asset, as rows, lines and an object."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from math import fsum
from typing import Any, Literal

from assetforge.errors import UsageError
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.month import Booked
from assetforge.words import count, money, most

By = Literal["month", "day", "project", "model", "asset"]

# The names of a row's group, in the order in which they are shown; None is what is told to whoever asks for nothing.
NAMES: Mapping[By | None, tuple[str, ...]] = {
    None: ("month", "project"),
    "month": ("month",),
    "day": ("day",),
    "project": ("project",),
    "model": ("model", "provider"),
    "asset": ("project", "asset"),
}
UNKNOWN = "unknown"  # what lines of older releases do not tell
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?", re.ASCII)


@dataclass(slots=True)
class Sum:
    """What some calls gave and cost, in US dollars. `estimated` is the part of `spent` that the provider did not
    count, `unknown_costs` how many calls have no known cost."""

    pictures: int = 0
    calls: int = 0
    spent: float = 0.0
    estimated: float = 0.0
    unknown_costs: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One group: its names, in the order of `NAMES`, and its sum."""

    names: tuple[str, ...]
    sum: Sum


@dataclass(frozen=True, slots=True)
class Spending:
    """All groups, all together, and what calls that gave nothing may have cost besides. `unreadable` counts lines of
    the ledger that are in no sum."""

    by: By | None
    since: str
    rows: tuple[Row, ...]
    total: Sum
    unanswered: Sum
    unreadable: int


@dataclass(slots=True)
class _Costs:
    """Costs of one group, to be added up exactly."""

    sum: Sum = field(default_factory=Sum)
    known: list[float] = field(default_factory=list)
    estimated: list[float] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        self.sum.calls += 1
        self.sum.unknown_costs += entry.cost is None
        self.known.append(entry.cost or 0.0)
        if entry.estimated:
            self.estimated.append(entry.cost or 0.0)

    def added(self) -> Sum:
        self.sum.spent, self.sum.estimated = fsum(self.known), fsum(self.estimated)
        return self.sum


def first_day(text: str) -> str:
    """The day that `2026-11-01` or `2026-11` says. Raises UsageError."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text if len(text) == 10 else f"{text}-01").isoformat()
    except ValueError:
        raise UsageError(f"`{text}` is not a date", hint="write it like 2026-11-01 or 2026-11") from None


def add_up(ledger: Ledger, by: By | None, since: str = "") -> Spending:
    """What the ledger tells from a day on, by UTC. A picture counts where its call does. Raises UsageError for lines
    of a newer release."""
    groups: dict[tuple[str, ...], _Costs] = {}
    total, unanswered = _Costs(), _Costs()
    calls: dict[str, tuple[str, ...]] = {}
    for entry in ledger.read():
        if entry.time[:10] < since:
            continue
        if entry.event == "unanswered":
            unanswered.add(entry)
        elif entry.event == "received":
            calls[entry.call] = names = _names(entry, by)
            groups.setdefault(names, _Costs()).add(entry)
            total.add(entry)
        elif (known := calls.get(entry.call)) is not None:
            pictures = sum(digest != "" for digest in entry.digests)
            groups[known].sum.pictures += pictures
            total.sum.pictures += pictures
    rows = [Row(names, costs.added()) for names, costs in groups.items()]
    return Spending(by, since, tuple(_sorted(rows, by)), total.added(), unanswered.added(), ledger.unreadable)


def _names(entry: Entry, by: By | None) -> tuple[str, ...]:
    told = {
        "month": entry.time[:7],
        "day": entry.time[:10],
        "project": entry.title or entry.project or UNKNOWN,
        "asset": entry.instance.partition("[")[0] or UNKNOWN,
        "model": entry.model or UNKNOWN,
        "provider": entry.provider or UNKNOWN,
    }
    return tuple(told[name] for name in NAMES[by])


def _sorted(rows: Iterable[Row], by: By | None) -> list[Row]:
    """Time runs down; what is compared has the dearest first."""
    named = sorted(rows, key=lambda row: row.names)
    return named if by in (None, "month", "day") else sorted(named, key=lambda row: -row.sum.spent)


# --- for people ---------------------------------------------------------------------------------------------------


def cells(told: Spending) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], str]]:
    """What the columns are, each row, and the total: names, numbers and a remark."""
    yield NAMES[told.by], ("pictures", "calls", "spent"), ""
    for row in told.rows:
        yield row.names, _numbers(row.sum), _remark(row.sum)
    yield ("total", *[""] * (len(NAMES[told.by]) - 1)), _numbers(told.total), _remark(told.total)


def _numbers(told: Sum) -> tuple[str, str, str]:
    return f"{told.pictures:,}", f"{told.calls:,}", money(told.spent)


def _remark(told: Sum) -> str:
    return f"and {count(told.unknown_costs, 'call')} of unknown cost" if told.unknown_costs else ""


def remarks(told: Spending, booked: Booked | None, limit: float | None) -> Iterator[str]:
    """What belongs to the sum: what is not sure of it, what may have been billed besides, and the month's limit."""
    if told.total.estimated:
        yield f"{money(told.total.estimated)} of it is estimated: the provider did not count"
    lost = told.unanswered
    if lost.calls:
        unknown = f", and nobody knows the price of {lost.unknown_costs:,} of them" if lost.unknown_costs else ""
        yield f"{count(lost.calls, 'call')} may have been billed besides, for at most {most(lost.spent)}{unknown}"
    if booked is not None and limit is not None:
        parts = [(booked.unanswered, "that may have been billed"), (booked.under_way, "for calls under way")]
        besides = " and ".join(f"{money(amount)} {what}" for amount, what in parts if amount)
        counted = f", with {besides}" if besides else ""
        yield f"this month: {money(booked.total)} of {most(limit)} (max_usd_per_month){counted}"


# --- for programs -------------------------------------------------------------------------------------------------


def spending_object(told: Spending, month: str, booked: Booked, limit: float | None) -> dict[str, Any]:
    """The same as JSON. Money is US dollars."""
    lost = told.unanswered
    return {
        "by": told.by,
        "since": told.since or None,
        "rows": [_row_object(row, told.by) for row in told.rows],
        "total": asdict(told.total),
        "unanswered": {"calls": lost.calls, "cost": lost.spent, "unknown_costs": lost.unknown_costs},
        "month": {
            "month": month,
            "spent": booked.spent,
            "unanswered": booked.unanswered,
            "under_way": booked.under_way,
            "unknown_costs": booked.unknown,
            "limit": limit,
        },
        "unreadable": told.unreadable,
    }


def _row_object(row: Row, by: By | None) -> dict[str, Any]:
    every: Sequence[str] = ("month", "day", "project", "asset", "model", "provider")
    return {**dict.fromkeys(every), **dict(zip(NAMES[by], row.names, strict=True)), **asdict(row.sum)}
