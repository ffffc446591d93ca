"""`assets.lock`: paid choices and outputs, pinned; one line an instance, sorted, so that it merges by line.

What a lock teaches stays in its project. Unaware of the store, and of what is to be made.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assetforge import atomic
from assetforge.errors import UsageError
from assetforge.model import Media, Record, Size

VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class LockLine:
    """One instance: its paid steps' candidates, its outputs by path, and the pixel digests of source files that
    entered its keys, by byte digest, so that no other machine has to decode them alike."""

    steps: Mapping[str, Mapping[int, Record]] = field(default_factory=dict)
    outputs: Mapping[str, Record] = field(default_factory=dict)
    pixels: Mapping[str, str] = field(default_factory=dict)


class Lock:
    """All lines, and every paid key in them."""

    def __init__(self, lines: Mapping[str, LockLine]) -> None:
        self.lines = dict(lines)
        self._paid = {
            record.key: record
            for name in sorted(self.lines, reverse=True)
            for candidates in self.lines[name].steps.values()
            for record in candidates.values()
        }
        self.pixels = {digest: pixels for line in self.lines.values() for digest, pixels in line.pixels.items()}

    def paid(self, instance: str, step: str, key: str) -> Record | None:
        """What is pinned under a paid key: by the instance's own line, then by any other."""
        line = self.lines.get(instance)
        own = line.steps.get(step, {}).values() if line else ()
        return next((record for record in own if record.key == key), None) or self._paid.get(key)

    def candidate(self, instance: str, step: str, number: int) -> Record | None:
        """What an instance's own line has for a candidate, whatever its key."""
        line = self.lines.get(instance)
        return line.steps.get(step, {}).get(number) if line else None

    def output(self, instance: str, path: str) -> Record | None:
        """What an instance's own line has for a path."""
        line = self.lines.get(instance)
        return line.outputs.get(path) if line else None

    def paths(self) -> dict[str, Record]:
        """Every output path that some line names."""
        return {path: record for line in self.lines.values() for path, record in line.outputs.items()}


def read_lock(path: str) -> Lock:
    """The lock, empty where there is none. Raises UsageError for one that can't be read, or is newer than this."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return Lock({})
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the lock can't be read: {error}") from None
    return Lock(parse_lock(text))


def parse_lock(text: str) -> dict[str, LockLine]:
    """The lines of a lock's text. Raises UsageError."""
    if "\n<<<<<<< " in f"\n{text}":
        raise UsageError("the lock has merge conflicts", hint="keep both sides' lines, then run `assetforge build`")
    try:
        told = json.loads(text)
        version = told["version"]
    except (ValueError, KeyError, TypeError):
        raise UsageError("the lock can't be read", hint="restore it from version control") from None
    if version != VERSION:
        hint = "install a newer assetforge-build"
        raise UsageError(f"the lock was written by a newer assetforge (format {version})", hint=hint)
    try:
        return {str(name): _line(line) for name, line in told["assets"].items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"the lock can't be read: {error}", hint="restore it from version control") from None


def lock_text(lines: Mapping[str, LockLine]) -> str:
    """The lock's whole text: sorted, one line an instance."""
    rows = [f"{_json(name)}: {_json(_told(lines[name]))}" for name in sorted(lines)]
    return f'{{"version": {VERSION}, "assets": {{\n' + ",\n".join(rows) + ("\n" if rows else "") + "}}\n"


def write_lock(path: str, lines: Mapping[str, LockLine]) -> bool:
    """Writes the lock where it would change; whether it did. Raises OSError."""
    data = lock_text(lines).encode()
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return False
    except FileNotFoundError:
        if not lines:
            return False
    atomic.write(path, data, durable=True)
    return True


def _told(line: LockLine) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if line.steps:
        told["steps"] = {
            step: {str(number): _told_paid(candidates[number]) for number in sorted(candidates)}
            for step, candidates in sorted(line.steps.items())
        }
    if line.outputs:
        told["outputs"] = {path: _told_media(record) for path, record in sorted(line.outputs.items())}
    if line.pixels:
        told["pixels"] = dict(sorted(line.pixels.items()))
    return told


def _told_media(record: Record) -> dict[str, Any]:
    media = record.media
    return {
        "key": record.key, "digest": media.digest, "pixels": media.pixels, "size": str(media.size),
        "format": media.format, "bytes": media.bytes,
    }  # fmt: skip


def _told_paid(record: Record) -> dict[str, Any]:
    told = {**_told_media(record), "kind": record.kind, "model": record.model}
    if record.kind != "draft":
        told |= {"cost": record.cost, "date": record.made[:10]}
    return told | ({"by": record.by} if record.by else {})


def _line(told: Mapping[str, Any]) -> LockLine:
    return LockLine(
        {
            step: {int(number): _paid(record) for number, record in candidates.items()}
            for step, candidates in told.get("steps", {}).items()
        },
        {path: _record(record) for path, record in told.get("outputs", {}).items()},
        {_digest(digest): _digest(pixels) for digest, pixels in told.get("pixels", {}).items()},
    )


def _record(told: Mapping[str, Any]) -> Record:
    size = Size.parse(told["size"])
    digest, pixels = _digest(told["digest"]), _digest(told["pixels"])
    media = Media(digest, pixels, size.width, size.height, str(told["format"]), int(told["bytes"]))
    return Record(_digest(told["key"]), media)


def _paid(told: Mapping[str, Any]) -> Record:
    plain = _record(told)
    cost = told.get("cost", 0.0)
    return Record(
        plain.key, plain.media, kind=str(told.get("kind", "")), model=str(told.get("model", "")),
        cost=None if cost is None else float(cost), made=str(told.get("date", "")), by=told.get("by", ""),
    )  # fmt: skip


def _digest(text: Any) -> str:
    if not isinstance(text, str) or not _DIGEST.match(text):
        raise ValueError(f"`{text}` is not a digest")
    return text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
