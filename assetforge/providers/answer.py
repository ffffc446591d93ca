"""Reads a spooled answer of the Images API piece by piece: memory holds one piece, never a picture.

A truncated body gives its complete images. Unaware of HTTP and of what errors mean.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pybase64

from assetforge import atomic
from assetforge.providers.scan import PIECE, Keys, Malformed, Scanner, Span, Text

# More than any call asks for: what an answer holds beyond is counted, not read.
MAX_IMAGES = 16
_MAX_COUNT, _MAX_NAME, _MAX_COUNTS = 10**12, 100, 100
_MAX_HEAD = 256
_ESCAPE = 6  # as long as the longest escape
_WHITE_SPACE = b" \t\r\n\f\v"
# Of an error; gateways leave out the envelope.
_BARE = ("error", "detail", "message", "code")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a body holds. `images` and `urls` go by the place in `data`, from 1; `broken` are places whose base64 is
    none; `beyond` counts places after the 16th. `whole` is false where the body ends early or is not JSON."""

    images: Mapping[int, Path]
    urls: Mapping[int, str]
    broken: tuple[int, ...]
    usage: Mapping[str, int]
    error: Mapping[str, Any] | None
    whole: bool
    beyond: int = 0
    digests: Mapping[Path, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    images: dict[int, Path] = field(default_factory=dict)
    digests: dict[Path, str] = field(default_factory=dict)
    urls: dict[int, str] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    last: int = 0


def read_answer(body: Path, folder: Path) -> Answer:
    """Writes the images of a body to `folder/image-N`, and tells all else. Blocks; raises OSError."""
    found, whole = _Found(), True
    with body.open("rb", buffering=0) as file:
        text = Text(file)
        try:
            for path, span in Scanner(text).scan():
                _sort(path, span, text, folder, found)
        except Malformed:
            whole = False
    usage = found.usage if any(found.usage.values()) else {}  # gateways invent zeros
    broken = tuple(place for place in dict.fromkeys(found.broken) if place not in found.images)
    beyond = max(0, found.last - MAX_IMAGES)
    return Answer(found.images, found.urls, broken, usage, _envelope(found.error), whole, beyond, found.digests)


def _sort(path: Keys, span: Span, text: Text, folder: Path, found: _Found) -> None:
    """Files one value of the body under what it is."""
    match path:
        case ("data", int(index), "b64_json" | "url" as kind) if span.is_text and span.end > span.start:
            found.last = max(found.last, index + 1)
            if index < MAX_IMAGES:
                _file(index + 1, kind, span, text, folder, found)
        case ("usage", str(name)):
            _count(found.usage, name, span, text)
        case ("usage", str(section), str(name)):
            _count(found.usage, f"{section.removesuffix('_tokens_details')}_{name}", span, text)
        case (str(name),) if name in _BARE:
            found.error[name] = text.scalar(span)
        case ("error", str(name)):
            found.error[f"error/{name[:_MAX_NAME]}"] = text.scalar(span)
        case ("detail", int(), "msg"):
            found.error.setdefault("detail", text.scalar(span))


def _file(place: int, kind: str, span: Span, text: Text, folder: Path, found: _Found) -> None:
    """Files an image; a link that carries its picture is one. Where there are both, the bytes are taken."""
    is_data = text.read(span.start, span.start + 5).lower() == b"data:"
    if kind == "url" and (not is_data or place in found.images):
        found.urls[place] = str(text.scalar(span))
    else:
        digest = _write_image(text, span, folder / f"image-{place}")
        if digest:
            found.images[place] = folder / f"image-{place}"
            found.digests[found.images[place]] = digest
        else:
            found.broken.append(place)


def _count(usage: dict[str, int], name: str, span: Span, text: Text) -> None:
    """Files a count of tokens. What no call can use is no count: costs are reckoned from it."""
    value = text.scalar(span)
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


def _write_image(text: Text, span: Span, image: Path) -> str:
    """Decodes base64 into a file, and gives its digest; "" where it is not base64, and nothing remains."""
    digest = hashlib.sha256()
    try:
        with atomic.replacing(str(image), durable=False) as file:
            for piece in _decoded(text, span):
                digest.update(piece)
                file.write(piece)
            if not file.tell():
                raise ValueError("there is nothing in it")
    except ValueError:
        return ""
    return digest.hexdigest()


def _decoded(text: Text, span: Span) -> Iterator[bytes]:
    """The bytes of base64; a data URL's head, white space and escapes are tolerated. Raises ValueError."""
    rest = last = b""
    for piece in _unescaped(text, span):
        ready = rest + piece if rest else piece
        if len(ready) % 4 == 0 and not last.endswith(b"="):
            try:  # most often nothing has to be taken out, and this is ten times as fast
                yield pybase64.b64decode(ready, validate=True)
                rest, last = b"", ready
                continue
            except ValueError:
                pass
        ready = ready.translate(None, _WHITE_SPACE)
        cut = len(ready) - len(ready) % 4
        ready, rest = ready[:cut], ready[cut:]
        if ready or rest:
            if last.endswith(b"="):
                raise ValueError("base64 goes on after its end")
            yield pybase64.b64decode(ready, validate=True)
            last = ready
    if rest:
        yield pybase64.b64decode(rest + b"=" * (-len(rest) % 4), validate=True)


def _unescaped(text: Text, span: Span) -> Iterator[bytes]:
    start = _begin(text, span)
    while start < span.end:
        end = min(start + PIECE, span.end)
        piece = text.read(start, end)
        if len(piece) < end - start:
            raise ValueError("the body is shorter than it was")
        if b"\\" in piece:
            split = piece.rfind(b"\\", max(1, len(piece) - _ESCAPE)) if end < span.end else -1
            if split >= 0:
                piece = piece[:split]
            start += len(piece)
            piece = json.loads(b'"' + piece + b'"', strict=False).encode("ascii")
        else:
            start = end
        yield piece


def _begin(text: Text, span: Span) -> int:
    """Where base64 begins: after the head of a data URL, if there is one. Raises ValueError for another encoding."""
    head = text.read(span.start, min(span.end, span.start + _MAX_HEAD))
    if head[:5].lower() != b"data:":
        return span.start
    told, comma, _ = head.partition(b",")
    if not comma or not told.lower().endswith(b";base64"):
        raise ValueError("a data URL without base64")
    return span.start + len(told) + 1
