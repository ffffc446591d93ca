"""Walks a JSON text that lies on the disk, and tells where each scalar begins and ends; memory holds one piece.

Unaware of what the text is about. What stands before a cut or a fault is still found.
"""

import json
import os
import re
from collections.abc import Iterator
from io import FileIO
from typing import Any, NamedTuple

PIECE = 1 << 18
_MAX_DEPTH = 32
_MAX_PLAIN = 400
MAX_TEXT = 1 << 16
_WHITE_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb"-?(?:[0-9][-+.0-9Ee]*|Infinity)|true|false|null|NaN")

Keys = tuple[str | int, ...]


class Malformed(Exception):  # noqa: N818 - ends a scan, wherever the fault is
    """The text ends early, or is not JSON."""


class Span(NamedTuple):
    """A scalar's place in the text; a string's is that between its quotes."""

    start: int
    end: int
    is_text: bool


class Text:
    """An unbuffered file whose bytes are read when they are asked for. It is not mapped: the pages of a map count as
    the process's own, and many answers are read at once."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def read(self, start: int, end: int) -> bytes:
        """The bytes of a range, fewer only where the file ends. Raises OSError."""
        self._file.seek(start)
        found = self._file.read(max(0, min(end, self.size) - start))
        while found and start + len(found) < min(end, self.size):
            more = self._file.read(min(end, self.size) - start - len(found))
            if not more:
                break
            found += more
        return found

    def scalar(self, span: Span) -> Any:
        """What stands there, of a string its first 64 KiB; None where it is nothing that JSON has."""
        raw = self.read(span.start, min(span.end, span.start + MAX_TEXT))
        try:
            return json.loads(b'"' + raw + b'"' if span.is_text else raw, strict=False)
        except ValueError:
            return raw.decode("utf-8", "replace") if span.is_text else None


class Scanner:
    """Walks a text from its first value on, and tells the path and place of each scalar."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._at = 0
        self._held, self._base = b"", 0

    def scan(self) -> Iterator[tuple[Keys, Span]]:
        """Every scalar in order. Raises Malformed at the first fault, after all that stands before it."""
        yield from self._value(())

    def _value(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        first = self._peek()
        if len(path) > _MAX_DEPTH:
            raise Malformed
        if first == 0x7B:
            yield from self._members(path)
        elif first == 0x5B:
            yield from self._items(path)
        elif first == 0x22:
            yield path, self._string()
        else:
            yield path, self._plain()

    def _members(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        if self._peek() == 0x7D:
            self._at += 1
            return
        while True:
            if self._peek() != 0x22:
                raise Malformed
            key = self._text.scalar(self._string())
            if self._take() != 0x3A:
                raise Malformed
            yield from self._value((*path, str(key)))
            if self._ends(0x7D):
                return

    def _items(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        if self._peek() == 0x5D:
            self._at += 1
            return
        index = 0
        while True:
            yield from self._value((*path, index))
            index += 1
            if self._ends(0x5D):
                return

    def _ends(self, closing: int) -> bool:
        """Whether the object or list ends here, rather than going on after a comma."""
        found = self._take()
        if found not in (0x2C, closing):
            raise Malformed
        return found == closing

    def _peek(self) -> int:
        while True:
            low = self._hold(self._at)
            space = _WHITE_SPACE.match(self._held, low)
            end = space.end() if space else low
            self._at = self._base + end
            if end < len(self._held):
                return self._held[end]

    def _take(self) -> int:
        found = self._peek()
        self._at += 1
        return found

    def _hold(self, at: int, least: int = 1) -> int:
        """Where a place of the text is in what is held, with `least` bytes from there unless the text ends."""
        if at >= self._text.size:
            raise Malformed
        end = at + min(least, self._text.size - at)
        if at < self._base or end > self._base + len(self._held):
            self._held, self._base = self._text.read(at, at + PIECE), at
            if not self._held:
                raise Malformed  # the file is shorter than it was
        return at - self._base

    def _string(self) -> Span:
        start = at = self._at + 1
        slashes = 0
        while True:
            low = self._hold(at)
            end, slashes = _closing(self._held, low, slashes)
            at = self._base + end
            if end < len(self._held):
                self._at = at + 1
                return Span(start, at, is_text=True)

    def _plain(self) -> Span:
        low = self._hold(self._at, _MAX_PLAIN)
        found = _PLAIN.match(self._held, low)
        if found is None:
            raise Malformed
        start, self._at = self._at, self._base + found.end()
        if self._at == self._text.size:
            raise Malformed  # a number may go on after a cut
        return Span(start, self._at, is_text=False)


def _closing(held: bytes, low: int, slashes: int) -> tuple[int, int]:
    """Where a string ends that goes on at `low` after so many backslashes: at the first quote behind an even number
    of them. Without one, the end of what is held, and the backslashes there."""
    while True:
        quote = held.find(b'"', low)
        part = held[low : quote if quote >= 0 else len(held)]
        found = len(part) - len(part.rstrip(b"\\"))
        slashes = found + slashes if found == len(part) else found
        if quote < 0:
            return len(held), slashes
        if slashes % 2 == 0:
            return quote, 0
        low, slashes = quote + 1, 0
