"""One line an event of a paid call, in a file that only grows; unaware of budgets and of who reads it.

`received` says what a call cost, when its answer was safe; `stored` which bytes it gave. Costs stand in the
first only, so that the sum of all costs is what was spent.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from assetforge import atomic
from assetforge.store import documents
from assetforge.store.documents import is_cost, is_digest, is_text, is_usage
from assetforge.store.folders import make_folder

VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of one call. `keys` are its candidates' action keys, `digests` their blobs, in the same order.

    `time` is ISO 8601 in UTC; `cost` is US dollars, None where nobody knows it, 0 in `stored`.
    """

    call: str
    keys: tuple[str, ...]
    project: str
    instance: str
    step: str
    time: str
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = 0.0
    digests: tuple[str, ...] = ()
    event: Literal["received", "stored"] = "received"


class Ledger:
    """The ledger in one file. `unreadable` counts the lines that the last `read` had to pass over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unreadable = 0

    def received(self, entry: Entry) -> None:
        """Writes down what a call cost; it is on the disk when this returns. Raises OSError, ValueError."""
        self._append(replace(entry, event="received", digests=()))

    def stored(self, entry: Entry, *, time: str, digests: tuple[str, ...]) -> None:
        """Writes down which bytes a received call gave, when they are safe. Raises OSError, ValueError."""
        self._append(replace(entry, event="stored", time=time, digests=digests, usage={}, cost=0.0))

    def read(self) -> Iterator[Entry]:
        """Every event as it was written. A last line that is torn is no event, any other bad one is counted.

        Raises UsageError for a line of a newer version: passing over it would forget money.
        """
        self.unreadable = 0
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                entry = self._entry(line)
                if entry is not None:
                    yield entry
                elif line.strip() and line.endswith(b"\n"):
                    self.unreadable += 1

    def events_of(self, call: str) -> frozenset[str]:
        """The events that were written of one call. Raises UsageError for one of a newer version."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return frozenset()
        with file:
            # Most lines are of other calls, and need not be decoded to be passed over.
            entries = [self._entry(line) for line in file if call.encode() in line]
        return frozenset(entry.event for entry in entries if entry is not None and entry.call == call)

    def _append(self, entry: Entry) -> None:
        line = documents.encode(VERSION, {each.name: getattr(entry, each.name) for each in fields(entry)})
        if self._entry(line) is None:
            raise ValueError(f"an event of call `{entry.call}` does not hold what an event holds")
        make_folder(self._path.parent)
        is_new = not self._path.exists()
        atomic.append(str(self._path), b"\n" + line if self._is_torn() else line)
        if is_new:
            atomic.flush_folder(str(self._path.parent))

    def _is_torn(self) -> bool:
        """Whether the last line has no end: the next event would be lost in it."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) == 0:
                    return False
                file.seek(-1, os.SEEK_END)
                return file.read(1) != b"\n"
        except FileNotFoundError:
            return False

    def _entry(self, line: bytes) -> Entry | None:
        told = documents.decode(line, version=VERSION, what=f"a line of `{self._path}`")
        if told is None or not _is_sound(told):
            return None
        known = {each.name: told[each.name] for each in fields(Entry)}
        return Entry(**{**known, "keys": tuple(told["keys"]), "digests": tuple(told["digests"])})


def _is_sound(told: Mapping[str, Any]) -> bool:
    return (
        told.get("event") in ("received", "stored")
        and all(is_text(told.get(name)) for name in ("call", "project", "instance", "step"))
        and all(_are_digests(told.get(name)) for name in ("keys", "digests"))
        and _is_utc(told.get("time"))
        and is_usage(told.get("usage"))
        and "cost" in told
        and is_cost(told["cost"])
    )


def _are_digests(value: object) -> bool:
    return isinstance(value, list) and all(map(is_digest, value))


def _is_utc(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0)
    except ValueError:
        return False
