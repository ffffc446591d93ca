"""`assets.lock`: paid choices, outputs and emitted files, pinned; one line an instance or emit, sorted, so that it
merges by line.

What a lock teaches stays in its project. Unaware of the store, and of what is to be made.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from assetforge import atomic
from assetforge.digest import digest_bytes
from assetforge.errors import UsageError
from assetforge.model import Media, Record, Size
from assetforge.outputs.aside import PREFIX, asides_of
from assetforge.store import documents
from assetforge.store.documents import is_cost, is_digest, is_text, is_whole
from assetforge.store.record_format import read_frames, read_look
from assetforge.words import byte_size

VERSION = 1
HEAD, TAIL = f'{{"version": {VERSION}, "assets": {{\n', "}}\n"
MAX_BYTES = 128 << 20  # a hundred thousand instances
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_FORMAT = re.compile(r"[a-z][a-z0-9]{0,15}", re.ASCII)
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class LockLine:
    """One instance: its paid steps' candidates, its outputs by path, and the pixel digests of source files that
    entered its keys, by byte digest, so that no other machine has to decode them alike. `sources` are the source
    pictures it is made from, by byte digest, for who has not pulled them. Or one emit, `emit:NAME` with its cell: the
    digest of its file, by path."""

    steps: Mapping[str, Mapping[int, Record]] = field(default_factory=dict)
    outputs: Mapping[str, Record] = field(default_factory=dict)
    pixels: Mapping[str, str] = field(default_factory=dict)
    emitted: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Media] = field(default_factory=dict)


class Lock:
    """All lines, and every paid key in them. `text` is what they were read from."""

    def __init__(self, lines: Mapping[str, LockLine], text: str = "") -> None:
        self.lines = dict(lines)
        self.text = text
        self._paid: dict[str, list[Record]] = {}
        self._digests: Mapping[str, tuple[str, ...]] | None = None
        # What a merge set aside is looked at last.
        for name in sorted(self.lines, key=lambda name: (name.startswith(PREFIX), name)):
            for candidates in self.lines[name].steps.values():
                for record in candidates.values():
                    self._paid.setdefault(record.key, []).append(record)
        self.pixels = {digest: pixels for line in self.lines.values() for digest, pixels in line.pixels.items()}
        self.sources = {digest: media for line in self.lines.values() for digest, media in line.sources.items()}

    def paid(self, instance: str, step: str, key: str) -> tuple[Record, ...]:
        """What is pinned under a paid key: by the instance's own line first, then by any other; a picture once."""
        line = self.lines.get(instance)
        own = line.steps.get(step, {}).values() if line else ()
        found: dict[str, Record] = {}
        for record in (*(record for record in own if record.key == key), *self._paid.get(key, ())):
            found.setdefault(record.media.digest, record)
        return tuple(found.values())

    def candidate(self, instance: str, step: str, number: int) -> Record | None:
        """What an instance's own line has for a candidate, whatever its key."""
        line = self.lines.get(instance)
        return line.steps.get(step, {}).get(number) if line else None

    def output(self, instance: str, path: str, *, key: str = "") -> Record | None:
        """What an instance's own line has for a path; with a `key` what a merge set aside, where only that has it."""
        line = self.lines.get(instance)
        found = line.outputs.get(path) if line else None
        if not key or (found is not None and found.key == key):
            return found
        aside = (self.lines[name].outputs.get(path) for name in asides_of(instance, self.lines))
        return next((record for record in aside if record is not None and record.key == key), found)

    def emitted(self, emit: str, path: str) -> str:
        """The digest that an emit's own line has for a path, "" where it has none."""
        line = self.lines.get(emit)
        return line.emitted.get(path, "") if line else ""

    def digests(self) -> Mapping[str, tuple[str, ...]]:
        """The digests of every file that some line names, by path; after a merge there may be several."""
        if self._digests is None:
            self._digests = self._gathered()
        return self._digests

    def _gathered(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for line in self.lines.values():
            pairs = [(path, record.media.digest) for path, record in line.outputs.items()]
            for path, digest in (*pairs, *line.emitted.items()):
                found[path] = (*found.get(path, ()), digest)
        return found


Parse = Callable[[str, str], Mapping[str, "LockLine"]]
Print = Callable[[Mapping[str, "LockLine"]], str]


def read_lock(path: str, before: Lock | None = None, parse: Parse | None = None) -> Lock:
    """The lock, empty where there is none; `before` where it is the same text still. `parse` stands in for
    `parse_lock`. Raises UsageError for one that can't be read, or is newer than this."""
    try:
        text = _text(path)
    except FileNotFoundError:
        return before if before is not None and not before.text else Lock({})
    except (OSError, ValueError) as error:
        raise UsageError(f"the lock can't be read: {error}") from None
    if before is not None and before.text == text:
        return before
    return Lock((parse or parse_lock)(text, os.path.basename(path)), text)


def _text(path: str) -> str:
    """A file's text. Raises OSError, ValueError for what can't be a lock."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is not a regular file")
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is over {byte_size(MAX_BYTES)}")
    return data.decode("utf-8")


def parse_lock(text: str, name: str = "assets.lock") -> dict[str, LockLine]:
    """The lines of a lock's text; `name` is its file's. Raises UsageError."""
    if "\n<<<<<<< " in f"\n{text}":
        hint = f"run `assetforge init --git`, then `git checkout --merge -- {name}`: both sides' pictures are kept"
        raise UsageError("the lock has merge conflicts", hint=hint)
    try:
        told = documents.parse(text)
        version = told["version"]
        if not is_whole(version, low=VERSION):
            raise ValueError("it has no version")
        if _HALF_PAIR.search(text):
            json.dumps(told, ensure_ascii=False).encode()  # half of a surrogate pair could not be written again
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError("the lock can't be read", hint="restore it from version control") from None
    if version != VERSION:
        hint = "install a newer assetforge-build"
        raise UsageError(f"the lock was written by a newer assetforge (format {version})", hint=hint)
    try:
        return {str(name): _line(line) for name, line in told["assets"].items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the lock can't be read: {str(error)[:200]}", hint="restore it from version control"
        ) from None


def lock_text(lines: Mapping[str, LockLine]) -> str:
    """The lock's whole text: sorted, one line an instance."""
    return text_of(row_of(name, lines[name]) for name in sorted(lines))


def text_of(rows: Iterable[str]) -> str:
    """The text of a lock with these rows."""
    inner = ",\n".join(rows)
    return f"{HEAD}{inner}\n{TAIL}" if inner else f"{HEAD}{TAIL}"


def row_of(name: str, line: LockLine) -> str:
    """The row of one line in a lock's text."""
    return f"{_json(name)}: {_json(_told(line))}"


def row_text(name: str, line: LockLine) -> str:
    """One line by itself, as a row of JSON."""
    return f"{{{row_of(name, line)}}}"


def rows_in(text: str) -> Iterator[tuple[str, LockLine]]:
    """Lines that `row_text` wrote, a row each; one that can't be read is passed over."""
    for row in text.split("\n"):
        with suppress(KeyError, ValueError, TypeError, AttributeError, RecursionError):
            yield from [(str(name), _line(line)) for name, line in documents.parse(row).items()]


def write_lock(path: str, lines: Mapping[str, LockLine], told: Print = lock_text) -> str:
    """Writes the lock where it would change; gives the digest of its text. `told` stands in for `lock_text`. Raises
    OSError."""
    data = told(lines).encode()
    try:
        with open(path, "rb") as file:
            is_written = file.read() == data
    except FileNotFoundError:
        is_written = not lines
    if not is_written:
        atomic.write(path, data, durable=True)
    return digest_bytes(data)


def _told(line: LockLine) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if line.steps:
        told["steps"] = {
            step: {str(number): _told_paid(candidates[number]) for number in sorted(candidates)}
            for step, candidates in sorted(line.steps.items())
        }
    if line.outputs:
        told["outputs"] = {path: _told_output(record) for path, record in sorted(line.outputs.items())}
    if line.pixels:
        told["pixels"] = dict(sorted(line.pixels.items()))
    if line.sources:
        told["sources"] = {digest: _told_source(media) for digest, media in sorted(line.sources.items())}
    if line.emitted:
        told["emitted"] = dict(sorted(line.emitted.items()))
    return told


def _told_source(media: Media) -> dict[str, Any]:
    return {"size": str(media.size), "format": media.format, "bytes": media.bytes}


def _told_media(record: Record) -> dict[str, Any]:
    media = record.media
    return {
        "key": record.key, "digest": media.digest, "pixels": media.pixels, "size": str(media.size),
        "format": media.format, "bytes": media.bytes,
    }  # fmt: skip


def _told_output(record: Record) -> dict[str, Any]:
    told, look = _told_media(record), record.look
    told |= {"color": look.color, "placeholder": look.placeholder} if look else {}
    return told | ({"frames": [list(frame) for frame in record.frames]} if record.frames else {})


def _told_paid(record: Record) -> dict[str, Any]:
    told = {**_told_media(record), "kind": record.kind, "model": record.model}
    if record.kind != "draft":
        told |= {"cost": record.cost, "date": record.made[:10]}
    return told | ({"by": record.by} if record.by else {})


def _line(told: Mapping[str, Any]) -> LockLine:
    return LockLine(
        {
            step: {_number(number): _paid(record) for number, record in candidates.items()}
            for step, candidates in told.get("steps", {}).items()
        },
        {path: _output(record) for path, record in told.get("outputs", {}).items()},
        {_digest(digest): _digest(pixels) for digest, pixels in told.get("pixels", {}).items()},
        {path: _digest(digest) for path, digest in told.get("emitted", {}).items()},
        {_digest(digest): _file(digest, "", source) for digest, source in told.get("sources", {}).items()},
    )


def _media(told: Mapping[str, Any]) -> Media:
    return _file(_digest(told["digest"]), _digest(told["pixels"]), told)


def _file(digest: str, pixels: str, told: Mapping[str, Any]) -> Media:
    size = Size.parse(told["size"])
    if not (is_whole(size.width, low=1, high=2**31) and is_whole(size.height, low=1, high=2**31)):
        raise ValueError("a picture is larger than any")
    form = _sound(
        told["format"], is_text(told["format"]) and _FORMAT.fullmatch(told["format"]) is not None, "a format"
    )
    length = _sound(told["bytes"], is_whole(told["bytes"]), "a number of bytes")
    return Media(digest, pixels, size.width, size.height, form, length)


def _output(told: Mapping[str, Any]) -> Record:
    frames = read_frames(told.get("frames", []))
    look = None
    if "color" in told or "placeholder" in told:
        look = read_look(told.get("color"), told.get("placeholder"))
        _sound(look, look is not None, "a look")
    return Record(_digest(told["key"]), _media(told), look=look, frames=_sound(frames, frames is not None, "frames"))


def _paid(told: Mapping[str, Any]) -> Record:
    cost, by = told.get("cost", 0.0), told.get("by", "")
    return Record(
        _digest(told["key"]),
        _media(told),
        kind=_words(told, "kind"),
        model=_words(told, "model"),
        made=_words(told, "date"),
        cost=_sound(cost, is_cost(cost), "a cost"),
        by=_sound(by, by in ("", "by hand", "accepted"), "an origin"),
    )


def _words(told: Mapping[str, Any], name: str) -> str:
    return str(_sound(told.get(name, ""), is_text(told.get(name, "")), f"a {name}"))


def _sound(value: Any, is_sound: bool, what: str) -> Any:
    if not is_sound:
        shown = value[:80] if isinstance(value, str) else type(value).__name__
        raise ValueError(f"`{shown}` is not {what}")
    return value


def _number(text: str) -> int:
    return int(_sound(text, _NUMBER.fullmatch(text) is not None, "a candidate's number"))


def _digest(text: Any) -> str:
    return str(_sound(text, is_digest(text), "a digest"))


_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
