"""Keeps a key out of words and bytes, however a server escapes it when it repeats it; unaware of who says them."""

import html
import re
import string
from collections.abc import Iterator

MARK = "[key]"
# A host is told in small letters, whatever it was written in.
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# A shorter key could stand in the base64 of a picture by chance.
_STREAMED = 16

# What JSON, URLs and HTML make of a character; a server may well have one inside the other.
_ESCAPES = (
    re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)"),
    re.compile(r"%[0-9A-Fa-f]{2}"),
    re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,31});"),
)
_DEPTH = 3

# A text as a reader of escapes sees it, and where in the source each of its characters began; one place more
# than there are characters.
_Seen = tuple[str, list[int]]


class Veil:
    """One key, which no `repr` shows. Without a key nothing is veiled."""

    __slots__ = ("_key", "_raw")

    def __init__(self, key: str) -> None:
        self._key = key
        self._raw = key.encode() if len(key) >= _STREAMED else b""

    def words(self, words: str) -> str:
        """The words with `[key]` for every mention of the key, plain or escaped up to three times."""
        if not self._key:
            return words
        found = sorted({span for seen in _readings(words) for span in self._spans(seen)})
        told, at = [], 0
        for start, end in found:
            if start >= at:
                told += [words[at:start], MARK]
            at = max(at, end)
        return "".join([*told, words[at:]])

    def _spans(self, seen: _Seen) -> Iterator[tuple[int, int]]:
        text, places = seen[0].translate(_SMALL), seen[1]
        key = self._key.translate(_SMALL)
        at = text.find(key)
        while at >= 0:
            yield places[at], places[at + len(key)]
            at = text.find(key, at + 1)

    def masked(self, rest: bytes, piece: bytes) -> tuple[bytes, bytes]:
        """A piece of a stream with as many stars for the key as it has signs, and its end, which may be the key's
        beginning: the `rest` to begin the next piece with. Keys under 16 signs are let through."""
        if not self._raw:
            return piece, b""
        clear = (rest + piece if rest else piece).replace(self._raw, b"*" * len(self._raw))
        for size in range(min(len(self._raw) - 1, len(clear)), 0, -1):
            if clear.endswith(self._raw[:size]):
                return clear[:-size], clear[-size:]
        return clear, b""


def _readings(words: str) -> Iterator[_Seen]:
    """The words as they stand, and as they are read by each order of readers of escapes."""
    readings: list[_Seen] = [(words, list(range(len(words) + 1)))]
    for depth in range(_DEPTH + 1):
        yield from readings
        if depth < _DEPTH:
            readings = [_read(seen, escape) for seen in readings for escape in _ESCAPES if escape.search(seen[0])]


def _read(seen: _Seen, escape: re.Pattern[str]) -> _Seen:
    text, places = seen
    read, where, at = [], [], 0
    for found in escape.finditer(text):
        character = _character(found.group())
        read += [text[at : found.start()], character]
        where += [*places[at : found.start()], *[places[found.start()]] * len(character)]
        at = found.end()
    return "".join([*read, text[at:]]), where + places[at:]


def _character(escape: str) -> str:
    if escape.startswith("&"):
        return html.unescape(escape)
    digits = escape[2:] if escape[0] == "\\" else escape[1:]
    return chr(int(digits, 16)) if digits else escape[1:]
