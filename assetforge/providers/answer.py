"""Reads a spooled answer of the Images API piece by piece: memory holds one piece, never a picture.

The body is mapped, and a scanner finds where each value begins and ends; what stands before a cut or a fault
is still found, so that a truncated body gives its complete images. Unaware of HTTP and of what errors mean.
"""

import json
import mmap
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pybase64

from assetforge import atomic

PIECE = 1 << 20
_MAX_DEPTH = 32
_MAX_TEXT = 1 << 16
_MAX_COUNT, _MAX_NAME, _MAX_COUNTS = 10**12, 100, 100
_ESCAPE = 6  # as long as the longest escape

_PLAIN = re.compile(rb"[-+.0-9A-Za-z]+")
_WHITE_SPACE = b" \t\r\n\f\v"

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a body holds. `images` and `urls` go by the place in `data`, from 1; `broken` are places whose
    base64 is none. `whole` is false where the body ends early or is not JSON."""

    images: Mapping[int, Path]
    urls: Mapping[int, str]
    broken: tuple[int, ...]
    usage: Mapping[str, int]
    error: Mapping[str, Any] | None
    whole: bool


class Span(NamedTuple):
    """A scalar's place in the body; a text's is that between its quotes."""

    start: int
    end: int
    is_text: bool


@dataclass(slots=True)
class _Found:
    images: dict[int, Path] = field(default_factory=dict)
    urls: dict[int, str] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)


class _Malformed(Exception):  # noqa: N818 - ends a scan, wherever the fault is
    """The body ends early, or is not JSON."""


def read_answer(body: Path, folder: Path) -> Answer:
    """Writes the images of a body to `folder/image-N`, and tells all else. Blocks; raises OSError."""
    found, whole = _Found(), True
    with body.open("rb") as file:
        if not body.stat().st_size:
            return Answer({}, {}, (), {}, None, whole=False)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            try:
                for path, span in _Scanner(text).scan():
                    _sort(path, span, text, folder, found)
            except _Malformed:
                whole = False
    usage = found.usage if any(found.usage.values()) else {}  # gateways invent zeros
    return Answer(found.images, found.urls, tuple(found.broken), usage, _envelope(found.error), whole)


def _sort(path: Keys, span: Span, text: mmap.mmap, folder: Path, found: _Found) -> None:
    """Files one value of the body under what it is."""
    match path:
        case ("data", int(index), "b64_json") if span.is_text and span.end > span.start:
            image = folder / f"image-{index + 1}"
            if _write_image(text, span, image):
                found.images[index + 1] = image
            else:
                found.broken.append(index + 1)
        case ("data", int(index), "url") if span.is_text and span.end > span.start:
            found.urls[index + 1] = str(_scalar(text, span))
        case ("usage", str(name)):
            _count(found.usage, name, _scalar(text, span))
        case ("usage", str(section), str(name)):
            _count(found.usage, f"{section.removesuffix('_tokens_details')}_{name}", _scalar(text, span))
        case ("error",) | ("detail",) | ("error", str()):
            found.error["/".join(map(str, path))] = _scalar(text, span)
        case ("detail", int(), "msg"):
            found.error.setdefault("detail", _scalar(text, span))


def _count(usage: dict[str, int], name: str, value: object) -> None:
    """Files a count of tokens. What no call can use is no count: costs are reckoned from it."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
        return
    if len(name) <= _MAX_NAME and len(usage) < _MAX_COUNTS:
        usage[name] = value


def _envelope(error: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error as the body had it, None where it had none (or `null`)."""
    inner = {name.removeprefix("error/"): value for name, value in error.items() if name.startswith("error/")}
    if inner:
        return {"error": inner}
    return {name: value for name, value in error.items() if value} or None


def _scalar(text: mmap.mmap, span: Span) -> Any:
    raw = text[span.start : min(span.end, span.start + _MAX_TEXT)]
    try:
        return json.loads(b'"' + raw + b'"' if span.is_text else raw, strict=False)
    except ValueError:
        return raw.decode("utf-8", "replace") if span.is_text else None


def _write_image(text: mmap.mmap, span: Span, image: Path) -> bool:
    """Decodes base64 into a file; nothing remains where it is not base64."""
    try:
        with atomic.replacing(str(image), durable=False) as file:
            for piece in _decoded(text, span):
                file.write(piece)
    except ValueError:
        return False
    return True


def _decoded(text: mmap.mmap, span: Span) -> Iterator[bytes]:
    """The bytes of base64; a data URL's head, white space and escapes are tolerated. Raises ValueError."""
    rest = b""
    for piece in _unescaped(text, span):
        ready = rest + piece
        cut = len(ready) - len(ready) % 4
        ready, rest = ready[:cut], ready[cut:]
        if ready:
            yield pybase64.b64decode(ready, validate=True)
    if rest:
        yield pybase64.b64decode(rest + b"=" * (-len(rest) % 4), validate=True)


def _unescaped(text: mmap.mmap, span: Span) -> Iterator[bytes]:
    start = span.start
    if text[start : start + 5] == b"data:":
        comma = text.find(b",", start, min(span.end, start + 256))
        start = comma + 1 if comma >= 0 else span.end
    while start < span.end:
        end = min(start + PIECE, span.end)
        piece = text[start:end]
        if b"\\" in piece:
            split = piece.rfind(b"\\", max(1, len(piece) - _ESCAPE)) if end < span.end else -1
            if split >= 0:
                piece = piece[:split]
            start += len(piece)
            piece = json.loads(b'"' + piece + b'"', strict=False).encode("ascii")
        else:
            start = end
        yield piece.translate(None, _WHITE_SPACE)


class _Scanner:
    """Walks a JSON text from its first value on, and tells the path and place of each scalar."""

    def __init__(self, text: mmap.mmap) -> None:
        self._text = text
        self._end = len(text)
        self._at = 0

    def scan(self) -> Iterator[tuple[Keys, Span]]:
        """Every scalar in order. Raises _Malformed at the first fault, after all that stands before it."""
        yield from self._value(())

    def _value(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        first = self._peek()
        if len(path) > _MAX_DEPTH:
            raise _Malformed
        if first == b"{":
            yield from self._members(path)
        elif first == b"[":
            yield from self._items(path)
        elif first == b'"':
            yield path, self._string()
        else:
            yield path, self._plain()

    def _members(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        if self._peek() == b"}":
            self._at += 1
            return
        while True:
            if self._peek() != b'"':
                raise _Malformed
            key = _scalar(self._text, self._string())
            if self._take() != b":":
                raise _Malformed
            yield from self._value((*path, str(key)))
            if self._more(b"}"):
                return

    def _items(self, path: Keys) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        if self._peek() == b"]":
            self._at += 1
            return
        index = 0
        while True:
            yield from self._value((*path, index))
            index += 1
            if self._more(b"]"):
                return

    def _more(self, closing: bytes) -> bool:
        """Whether the object or list ends here, rather than going on after a comma."""
        found = self._take()
        if found not in (b",", closing):
            raise _Malformed
        return found == closing

    def _peek(self) -> bytes:
        while self._at < self._end:
            found = self._text[self._at : self._at + 1]
            if found not in b" \t\r\n":
                return found
            self._at += 1
        raise _Malformed

    def _take(self) -> bytes:
        found = self._peek()
        self._at += 1
        return found

    def _string(self) -> Span:
        start = end = self._at + 1
        while True:
            end = self._text.find(b'"', end)
            if end < 0:
                raise _Malformed
            before = end
            while before > start and self._text[before - 1] == 0x5C:
                before -= 1
            if (end - before) % 2 == 0:
                self._at = end + 1
                return Span(start, end, is_text=True)
            end += 1

    def _plain(self) -> Span:
        found = _PLAIN.match(self._text[self._at : self._at + 64])
        if found is None:
            raise _Malformed
        start, self._at = self._at, self._at + found.end()
        if self._at == self._end:
            raise _Malformed  # a number may go on after a cut
        return Span(start, self._at, is_text=False)
