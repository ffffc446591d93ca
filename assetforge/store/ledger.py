"""One line an event of a paid call, in a file that only grows; unaware of budgets and of who reads it.

`received` says what a call cost, when its answer was safe; `unanswered` what one may have cost at most that gave
nothing; `stored` which bytes a call gave. A cost stands in one line only, so that the sum of all costs of
`received` is what was spent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from assetforge import atomic
from assetforge.model import Ingredients
from assetforge.store import documents
from assetforge.store.documents import is_cost, is_digest, is_text, is_usage
from assetforge.store.folders import make_folder

FILE = "ledger.jsonl"
VERSION = 1
SIZE_LIMIT = 256 * 1024
TEXT_LIMIT = 1_000

# What lines of the first release lacked. Text that only describes is cut to its limit, never refused: an event that
# can't be written would stop a build after it has paid.
_TOLD = ("title", "provider", "kind", "model", "request")
_BEFORE: Mapping[str, Any] = {"estimated": False, "ingredients": [], **dict.fromkeys(_TOLD, "")}
# No text can hold this: JSON escapes its quotes there.
_NO_COST = b'"event":"stored"'


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of one call. `keys` are its candidates' action keys, `digests` their blobs, in the same order; a
    candidate whose picture could not be used has "" there.

    `time` is ISO 8601 in UTC; `cost` is US dollars, None where nobody knows it, 0 in `stored`; `estimated` where it
    is not what the provider counted. `project` is its state's name, `title` what people call it. `request` is the
    provider's own id. `ingredients` of each key stand in `stored`, so that records can be made again from there.
    """

    call: str
    keys: tuple[str, ...]
    project: str
    instance: str
    step: str
    time: str
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = 0.0
    estimated: bool = False
    digests: tuple[str, ...] = ()
    title: str = ""
    provider: str = ""
    kind: str = ""
    model: str = ""
    request: str = ""
    ingredients: tuple[Ingredients, ...] = ()
    event: Literal["received", "stored", "unanswered"] = "received"


class Ledger:
    """The ledger in one file; safe to share between threads, but for `read`. `unreadable` counts the lines that the
    last `read` had to pass over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self._is_named = False

    def received(self, entry: Entry) -> None:
        """Writes down what a call cost; it is on the disk when this returns. Raises OSError, ValueError."""
        self._append(replace(entry, event="received", digests=(), ingredients=()))

    def stored(self, entry: Entry, *, time: str, digests: tuple[str, ...]) -> None:
        """Writes down which bytes a received call gave, when they are safe. Raises OSError, ValueError."""
        self._append(replace(entry, event="stored", time=time, digests=digests, usage={}, cost=0.0))

    def unanswered(self, entry: Entry) -> None:
        """Writes down that a call may have been billed and gave nothing; its cost is what it could have cost at most.
        Raises OSError, ValueError."""
        self._append(replace(entry, event="unanswered", digests=(), ingredients=(), usage={}))

    def read(self) -> Iterator[Entry]:
        """Every event as it was written. A last line that is torn is no event, any other bad one is counted.

        Raises UsageError for a line of a newer version: passing over it would forget money.
        """
        self.unreadable = 0
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                entry = self._entry(line)
                if entry is not None:
                    yield entry
                elif line.strip() and line.endswith(b"\n"):
                    self.unreadable += 1

    def costs(self, offset: int) -> tuple[list[Entry], int]:
        """The `received` and `unanswered` events of whole lines from a place in the file on, and where the next line
        will begin: 0 where the file is shorter, so not the one that was read before. Raises UsageError as `read`."""
        found: list[Entry] = []
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return found, 0
        with file:
            if file.seek(0, 2) < offset:
                return found, 0
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                entry = None if _NO_COST in line else self._entry(line)
                if entry is not None and entry.event != "stored":
                    found.append(entry)
        return found, offset

    def events_of(self, call: str) -> frozenset[str]:
        """The events that were written of one call. Raises UsageError for one of a newer version."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return frozenset()
        with file:
            # Most lines are of other calls, and need not be decoded to be passed over.
            entries = [self._entry(line) for line in file if call.encode() in line]
        return frozenset(entry.event for entry in entries if entry is not None and entry.call == call)

    def _append(self, entry: Entry) -> None:
        line = _encoded(entry)
        if self._entry(line) is None:
            raise ValueError(f"an event of call `{entry.call}` does not hold what an event holds")
        make_folder(self.path.parent)
        atomic.append(str(self.path), line)
        if not self._is_named:
            # The file may be new, also where another process has made it: that one may not have come so far.
            atomic.flush_folder(str(self.path.parent))
            self._is_named = True

    def _entry(self, line: bytes) -> Entry | None:
        if len(line) > SIZE_LIMIT + 1:
            return None
        told = documents.decode(line, version=VERSION, what=f"a line of `{self.path}`")
        if told is None:
            return None
        told = {**_BEFORE, **told}
        ingredients = _ingredients(told["ingredients"])
        if ingredients is None or not _is_sound(told):
            return None
        known = {each.name: told[each.name] for each in fields(Entry)}
        tuples = {"keys": tuple(told["keys"]), "digests": tuple(told["digests"]), "ingredients": ingredients}
        return Entry(**{**known, **tuples})


def _encoded(entry: Entry) -> bytes:
    """An event as a line. Ingredients that would not fit are left out: they only explain what was bought."""
    told = {each.name: getattr(entry, each.name) for each in fields(entry)}
    told |= {name: told[name][:TEXT_LIMIT] for name in _TOLD}
    line = documents.encode(VERSION, told)
    return line if len(line) <= SIZE_LIMIT else documents.encode(VERSION, {**told, "ingredients": ()})


def _is_sound(told: Mapping[str, Any]) -> bool:
    return (
        told.get("event") in ("received", "stored", "unanswered")
        and all(is_text(told.get(name), TEXT_LIMIT) for name in ("call", "project", "instance", "step", *_TOLD))
        and isinstance(told.get("keys"), list)
        and all(map(is_digest, told["keys"]))
        and isinstance(told.get("digests"), list)
        and all(digest == "" or is_digest(digest) for digest in told["digests"])
        and _is_utc(told.get("time"))
        and is_usage(told.get("usage"))
        and "cost" in told
        and is_cost(told["cost"])
        and isinstance(told["estimated"], bool)
    )


def _ingredients(told: object) -> tuple[Ingredients, ...] | None:
    if not isinstance(told, list):
        return None
    found = [documents.read_ingredients(each) for each in told]
    sound = tuple(each for each in found if each is not None)
    return sound if len(sound) == len(found) else None


def _is_utc(value: object) -> bool:
    """Whether a value is a time whose first characters are year, month and day, as ISO 8601 writes them in full."""
    try:
        is_utc = isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0)
    except ValueError:
        return False
    return is_utc and isinstance(value, str) and value[4:5] == value[7:8] == "-" and value[10:11] == "T"
