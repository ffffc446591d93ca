"""The note of one call, durable before the call is; unaware of providers and of what was asked.

Its folder holds `note.json`, which says what the call was for, and `body`, its raw answer, whole or not there. What
cannot be used is never thrown away, it is moved to `quarantine/<call>/`.

The note of a call that costs nothing and can be made again is a scratch: it ends with its build.
"""

import errno
import os
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

from assetforge import atomic
from assetforge.store import documents
from assetforge.store.folders import make_folder

VERSION = 1

ROOM = "room"
# How the folder of a note begins that is dropped, and not gone yet.
DROPPED = ".dropped-"
_NOTE = "note.json"
_BODY = "body"
_REASON = "reason.json"
# Of a file system that can set nothing aside: it may have room all the same.
_CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class Note:
    """One call. `folder` is private to it; `facts` are what JSON gives back of what it was begun with. `durable`
    ones outlive their build."""

    __slots__ = ("_facts", "folder")
    durable: ClassVar[bool] = True

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self.folder = folder
        self._facts = dict(facts)

    @classmethod
    def begin(cls, build: Path, facts: Mapping[str, Any]) -> Self:
        """Writes down a call in its build's folder, durably, before it is made. Raises OSError, TypeError for what is
        not JSON."""
        folder = build / uuid.uuid4().hex
        make_folder(folder)
        return cls(folder, _write_facts(folder, facts))

    @property
    def call(self) -> str:
        """The call's id."""
        return self.folder.name

    @property
    def body(self) -> Path:
        """Where the raw answer appears, whole."""
        return self.folder / _BODY

    @property
    def facts(self) -> Mapping[str, Any]:
        return MappingProxyType(self._facts)

    def add(self, **facts: Any) -> None:
        """Puts more facts into the note, durably. Raises OSError, TypeError for what is not JSON."""
        self._facts = _write_facts(self.folder, {**self._facts, **facts})

    @property
    def is_answered(self) -> bool:
        """Whether anything of an answer is here, if only its beginning."""
        return self.body.exists() or (self.folder / "body.part").exists()

    def make_room(self, size: int) -> None:
        """Sets `size` bytes of the disk aside for the answer, in the file `room`: a disk that is full shows before
        the call, not when its answer comes. Raises OSError where there is not so much."""
        reserve = getattr(os, "posix_fallocate", None)
        if reserve is None:
            return
        descriptor = os.open(self.folder / ROOM, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            reserve(descriptor, 0, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
        finally:
            os.close(descriptor)

    def drop(self) -> None:
        """Forgets the call: what it brought is safe elsewhere, if only in quarantine. Raises OSError."""
        with suppress(FileNotFoundError):
            _drop(self.folder)


class Scratch(Note):
    """One call that is made again for nothing. Its folder has the name of a note that was dropped from the start,
    so that nothing has to be flushed, and whoever ends its build removes it."""

    __slots__ = ()
    durable = False

    @classmethod
    def begin(cls, build: Path, facts: Mapping[str, Any]) -> Self:
        folder = build / (DROPPED + uuid.uuid4().hex)
        folder.mkdir()
        return cls(folder, _plain(facts, folder))

    @property
    def call(self) -> str:
        return self.folder.name.removeprefix(DROPPED)

    def add(self, **facts: Any) -> None:
        self._facts = _plain({**self._facts, **facts}, self.folder)

    def make_room(self, size: int) -> None:
        """Sets nothing aside: a picture that finds no room costs nothing."""

    def drop(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)


def read_note(folder: Path) -> Note | None:
    """The note in a folder, None where there is none or it can't be read. Raises UsageError for one of a newer
    version."""
    facts = _read_facts(folder)
    return None if facts is None else Note(folder, facts)


def is_written(folder: Path) -> bool:
    """Whether a note was written into a folder, readable or not."""
    return (folder / _NOTE).exists()


def try_name(call: str, number: int) -> str:
    """What a try of a call that may have been billed, and was made again, is called: `number` counts from 1."""
    return f"{call}.{number}"


def quarantine(note: Note, reason: str) -> Path:
    """Moves a note with all it has to `quarantine`, the reason beside it; returns where. Raises OSError."""
    build = note.folder.parent
    shelf = build.parent.parent / "quarantine"
    make_folder(shelf)
    document = documents.encode(VERSION, {"reason": reason})
    with suppress(FileNotFoundError):
        os.unlink(note.folder / ROOM)
    atomic.write(str(note.folder / _REASON), document + b"\n", durable=True, mode=0o600)
    target = shelf / note.call
    os.rename(note.folder, target)
    atomic.flush_folder(str(shelf))
    atomic.flush_folder(str(build))
    return target


def reason_of(note: Note) -> str:
    """Why a note is in quarantine, "" where it does not say."""
    path = note.folder / _REASON
    try:
        found = documents.decode(path.read_bytes(), version=VERSION, what=f"`{path}`") or {}
    except FileNotFoundError:
        return ""
    return str(found.get("reason", ""))


def _read_facts(folder: Path) -> dict[str, Any] | None:
    try:
        data = (folder / _NOTE).read_bytes()
    except FileNotFoundError:
        return None
    return _facts_in(data, folder)


def _facts_in(data: bytes, folder: Path) -> dict[str, Any] | None:
    found = documents.decode(data, version=VERSION, what=f"`{folder / _NOTE}`")
    facts = found.get("facts") if found else None
    return facts if isinstance(facts, dict) else None


def _plain(facts: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What JSON gives back of facts."""
    return _facts_in(documents.encode(VERSION, {"facts": facts}), folder) or {}


def _write_facts(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    document = documents.encode(VERSION, {"facts": facts})
    atomic.write(str(folder / _NOTE), document + b"\n", durable=True, mode=0o600)
    return _facts_in(document, folder) or {}


def _drop(folder: Path) -> None:
    # Renamed first: a note that is removed by half would look like a call whose answer was lost.
    gone = folder.with_name(DROPPED + folder.name)
    os.rename(folder, gone)
    atomic.flush_folder(str(folder.parent))
    shutil.rmtree(gone)
