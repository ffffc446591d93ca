"""What the page shows now, and what changed of it since somebody looked; unaware of HTTP and of how a page looks.

Everything is called from one event loop. Each change of the cards has a number, its version, and each card that of
its last change: who was away is sent what came after the version he knows.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assetforge.gallery.cards import Card, card_object, page_object
from assetforge.live.answer import ProblemObject, Teller
from assetforge.live.feed import Feed, encoded
from assetforge.live.pace import Pace

# Seconds between two events of progress.
PROGRESS = 0.25
# Names of pictures that no card has any more, which a page may be about to load.
MOST_FORMER = 512
_SEEN = re.compile(r"([\w-]{1,32})\.([0-9]{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Live:
    """What the page may do. `limit` and `spent` are US dollars; no `limit` is None. `buys` says that rounds buy what
    is missing by themselves."""

    can_spend: bool
    limit: float | None
    spent: float
    watching: bool
    buys: bool


@dataclass(frozen=True, slots=True)
class Round:
    """How the last build goes or went. `spent` and `limit` are US dollars, of all rounds."""

    state: Literal["building", "done", "broken"]
    spent: float
    limit: float | None
    lines: tuple[str, ...] = ()
    errors: tuple[ProblemObject, ...] = ()
    warnings: tuple[ProblemObject, ...] = ()


@dataclass(frozen=True, slots=True)
class CallUnderWay:
    """A paid call that was not answered yet, and for how many seconds."""

    name: str
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is. `last` is what was finished last."""

    done: int
    total: int
    calls: tuple[CallUnderWay, ...] = ()
    last: str = ""


class Board:
    """The cards of now. `boot` names this start of the server, `version` the present cards."""

    def __init__(self, title: str, live: Live, teller: Teller, feed: Feed) -> None:
        self.boot = secrets.token_urlsafe(9)
        self.version = 0
        self.live = live
        self.teller = teller
        self.feed = feed
        self._title = title
        self._cards: dict[str, Card] = {}
        self._objects: dict[str, dict[str, Any]] = {}
        # The versions in which cards changed, cards went, and the order changed.
        self._changed: dict[str, int] = {}
        self._removed: dict[str, int] = {}
        self._ordered = 0
        self._pictures: Mapping[str, Path] = {}
        self._former: OrderedDict[str, Path] = OrderedDict()
        self._round: bytes | None = None
        self._progress: bytes | None = None
        self._pace = Pace(PROGRESS, self._send_progress)

    # --- what is now ---

    def page(self) -> dict[str, Any]:
        """The page's data."""
        live = asdict(self.live) | {"boot": self.boot, "version": self.version}
        return page_object(self._title, (), live) | {"cards": list(self._objects.values())}

    def picture(self, name: str) -> Path | None:
        """The file of a picture that the page shows, or showed a moment ago."""
        return self._pictures.get(name) or self._former.get(name)

    def opening(self, seen: str) -> list[bytes]:
        """What a new listener is sent first. `seen` is the identity of the last event he knows, `BOOT.VERSION`; where
        it is not of this board, or of none, he is sent all cards."""
        known = self._known(seen)
        events = [encoded("hello", {"boot": self.boot, "version": self.version})]
        if known < self.version:
            events.append(self._cards_since(known))
        events += [event for event in (self._round, self._progress) if event is not None]
        return events

    # --- what changes ---

    def set_cards(self, cards: Sequence[Card], pictures: Mapping[str, Path]) -> None:
        """Shows these cards, in this order; whoever listens is sent what changed. `pictures` are files by the names
        that the cards' URLs end in."""
        self._replace_pictures(pictures)
        new = {card.name: card for card in cards}
        changed = [name for name, card in new.items() if _differs(self._cards.get(name), card)]
        removed = [name for name in self._cards if name not in new]
        moved = list(new) != list(self._cards)
        if not (changed or removed or moved) and self.version:
            return
        since = self.version
        self.version += 1
        self._changed = {name: self._changed.get(name, 0) for name in new} | dict.fromkeys(changed, self.version)
        self._removed = {name: at for name, at in self._removed.items() if name not in new}
        self._removed |= dict.fromkeys(removed, self.version)
        if moved:
            self._ordered = self.version
        made = {name: card_object(new[name]) for name in changed}
        self._objects = {name: made.get(name) or self._objects[name] for name in new}
        self._cards = new
        if self.feed.is_heard:
            self.feed.publish(self._cards_since(since))

    def round(self, told: Round) -> None:
        """Tells how the build goes."""
        self._pace.flush()
        if told.state != "building":
            self._progress = None
        self.live = replace(self.live, spent=told.spent, limit=told.limit)
        data = asdict(replace(told, lines=tuple(self.teller.line(line) for line in told.lines)))
        self._round = encoded("round", data)
        self.feed.publish(self._round)

    def progress(self, told: Progress) -> None:
        """Tells how far the build is; what comes too fast is left out, never the last."""
        self._pace.offer(told)

    def _send_progress(self, told: Progress) -> None:
        line = self.teller.line
        calls = tuple(replace(call, note=line(call.note)) for call in told.calls)
        self._progress = encoded("progress", asdict(replace(told, calls=calls, last=line(told.last))))
        self.feed.publish(self._progress)

    # --- versions ---

    def _known(self, seen: str) -> int:
        """The version that somebody knows, 0 for nothing."""
        found = _SEEN.fullmatch(seen)
        if found is None or found[1] != self.boot or int(found[2]) > self.version:
            return 0
        return int(found[2])

    def _cards_since(self, version: int) -> bytes:
        data = {
            "cards": [self._objects[name] for name, at in self._changed.items() if at > version],
            "removed": sorted(name for name, at in self._removed.items() if at > version > 0),
            "order": list(self._objects) if self._ordered > version else None,
        }
        return encoded("cards", data, f"{self.boot}.{self.version}")

    def _replace_pictures(self, pictures: Mapping[str, Path]) -> None:
        for name, path in self._pictures.items():
            if name not in pictures:
                self._former[name] = path
        for name in pictures:
            self._former.pop(name, None)
        while len(self._former) > MOST_FORMER:
            self._former.popitem(last=False)
        self._pictures = dict(pictures)


def _differs(old: Card | None, new: Card) -> bool:
    """Of ten thousand cards most are the very same objects."""
    return old is not new and old != new
