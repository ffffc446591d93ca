"""The rows of the display that a build has on a terminal; unaware of how they get there.

Calm: figures have room to grow, times are whole seconds, and what stands still is at the top. No row is as wide as
the terminal, and there are fewer rows than it has.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assetforge.report.excerpt import columns, harmless
from assetforge.report.underway import OpenCall, Underway, told_end
from assetforge.words import count, money, most

# A text and its style, as rich calls it.
Piece = tuple[str, str]
Row = tuple[Piece, ...]

MOST_CALLS = 10
WIDEST_BAR, NARROWEST_BAR = 30, 6
# What the first column takes, and that of sizes.
LABEL, SIZE = 6, 9
# VARIATION SELECTOR-16.
TO_PICTURE = "\ufe0f"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What a bar is drawn with: what is done, half of one more, what is not; and what stands for text left out."""

    full: str
    half: str
    empty: str
    dots: str


FINE = Glyphs("━", "╸", "─", "…")
PLAIN = Glyphs("#", "", "-", "...")


@dataclass(frozen=True, slots=True)
class Room:
    """The terminal, in columns and rows, and the encoding of what is written to it."""

    width: int
    height: int
    encoding: str = "utf-8"

    @property
    def glyphs(self) -> Glyphs:
        return FINE if self.shows(FINE.full + FINE.half + FINE.empty + FINE.dots) else PLAIN

    def shows(self, text: str) -> bool:
        """Whether a text can be written as it is."""
        return self.plain(text) == text

    def plain(self, text: str) -> str:
        """A text that can be written and moves no cursor."""
        safe = harmless(text).replace("\n", " ").replace("\t", " ")
        return safe.encode(self.encoding, "backslashreplace").decode(self.encoding)


def rows(build: Underway, now: float, room: Room, shown: Callable[[str], str] = str) -> list[Row]:
    """The display: the whole; what ended last; what others do; then the calls under way, the oldest first. `shown`
    gives a path as the user writes it."""
    most = max(1, room.height - 1)
    fixed = [_head(build, now, room), *_around(build, shown)][:most]
    left = min(MOST_CALLS + 1, most - len(fixed))
    return [_cut(row, room) for row in (*fixed, *_calls(build.oldest_first(), now, room, left))]


def _head(build: Underway, now: float, room: Room) -> Row:
    total = max(build.total, build.done)
    whole, of = f"{total:,}", "" if build.limit is None else f" of {most(build.limit)}"
    counted = f"{build.done:,}".rjust(len(whole)) + f"/{whole}"
    spent = (money(build.spent) + of).ljust(len(money(0.0123) + of))
    known = f"{counted}  {clock(now - build.began):>5}  {spent}"
    unknown = f"  {build.unknown:,} of unknown cost" if build.unknown else ""
    failed = f"  {build.failed:,} failed" if build.failed else ""
    wide = min(WIDEST_BAR, room.width - 1 - len(known) - len(unknown) - len(failed) - 2)
    bar = _bar(build.done, total, wide, room.glyphs) if wide >= NARROWEST_BAR else ()
    return (*bar, (known, ""), (failed, "red"), (unknown, "yellow"))


def _bar(done: int, total: int, wide: int, glyphs: Glyphs) -> Row:
    """Full when all is done, and not before."""
    halves = 2 * wide * done // max(total, 1)
    filled = glyphs.full * (halves // 2) + (glyphs.half if halves % 2 else "")
    return ((filled, "cyan"), (glyphs.empty * (wide - len(filled)), "dim"), ("  ", ""))


def _around(build: Underway, shown: Callable[[str], str]) -> Iterable[Row]:
    if build.last is not None:
        yield _labelled("last", told_end(build.last, shown))
    if build.awaited:
        others = f" and {len(build.awaited) - 1:,} more" if len(build.awaited) > 1 else ""
        yield _labelled("wait", f"another machine buys {build.awaited[0]}{others}")
    if build.carrying:
        yield _labelled("send", build.carrying)


def _labelled(label: str, text: str) -> Row:
    return ((f"{label:>{LABEL}}  ", "dim"), (text, ""))


def _calls(calls: list[OpenCall], now: float, room: Room, left: int) -> Iterable[Row]:
    told = calls if len(calls) <= min(left, MOST_CALLS) else calls[: max(0, left - 1)]
    for call in told:
        yield _call(call, now, room)
    more = len(calls) - len(told)
    if more and left > 0:
        yield _labelled("", f"and {count(more, 'more call')}" if told else f"{count(more, 'call')} under way")


def _call(call: OpenCall, now: float, room: Room) -> Row:
    before = f"{clock(now - call.began):>{LABEL}}  {call.size:>{SIZE}}  "
    wait = f"  again in {clock(math.ceil(call.until - now))}: {call.note}" if call.until > now else ""
    left = max(0, room.width - 1 - len(before))
    most = max(left - columns(wait), left // 2) if wait else left
    return ((before, ""), (cut(room.plain(call.name), most, room.glyphs.dots), ""), (wait, "yellow"))


def clock(duration: float) -> str:
    """`0:04`, `12:34`, `1:02:03`."""
    minutes, rest = divmod(max(0, int(duration)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _cut(row: Row, room: Room) -> Row:
    """A row that leaves the last column free: what stands there makes some terminals go on in the next line."""
    kept: list[Piece] = []
    left = max(1, room.width - 1)
    for text, style in row:
        safe = room.plain(text)
        short = cut(safe, left, room.glyphs.dots)
        kept.append((short, style))
        left -= measure(short)
        if short != safe or left <= 0:
            break
    return tuple(kept)


def cut(text: str, width: int, dots: str) -> str:
    """A text that takes at most so many columns; of a longer one the beginning, and dots where they fit."""
    if measure(text) <= width:
        return text
    mark = dots if len(dots) < width else ""
    kept, room = "", width - len(mark)
    for character in text:
        room -= measure(character)
        if room < 0:
            break
        kept += character
    return kept + mark


def measure(text: str) -> int:
    """The most columns that a text takes: a mark that makes a sign a picture makes it wider on some terminals."""
    return columns(text) + text.count(TO_PICTURE)
