"""Notes of calls under way, durable before the call is; unaware of providers and of what was asked.

A build's notes are `inflight/<build>/<call>/`, beside a lock file that the build holds while it lives: a
build is dead when that lock can be taken. `note.json` says what the call was for, `body` is its raw answer,
whole or not there. What cannot be used is never thrown away, it is moved to `quarantine/<call>/`.

The note of a call that costs nothing and can be made again is a scratch: it ends with its build.
"""

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from assetforge import atomic
from assetforge.store import documents
from assetforge.store.claims import Claim, hold
from assetforge.store.folders import make_folder

VERSION = 1

_LOCK = "lock"
_NOTE = "note.json"
_BODY = "body"
_REASON = "reason.json"
ROOM = "room"
_DROPPED = ".dropped-"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
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

    @property
    def call(self) -> str:
        return self.folder.name.removeprefix(_DROPPED)

    def add(self, **facts: Any) -> None:
        self._facts = _plain({**self._facts, **facts}, self.folder)

    def make_room(self, size: int) -> None:
        """Sets nothing aside: a picture that finds no room costs nothing."""

    def drop(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)


class Notes:
    """The notes of one living build."""

    def __init__(self, build: Path, claim: Claim) -> None:
        self._build = build
        self._claim = claim

    @property
    def name(self) -> str:
        """The build's name among the others."""
        return self._build.name

    @classmethod
    def open(cls, folder: Path) -> "Notes":
        """Makes a folder for a build in `inflight`, and holds its lock until `close`. Raises OSError."""
        while True:
            build = folder / uuid.uuid4().hex
            make_folder(build)
            # Who looks for dead builds may have found the folder before it was locked, and removed it.
            claim = _try_hold(build)
            if claim is not None:
                return cls(build, claim)

    def begin(self, facts: Mapping[str, Any]) -> Note:
        """Writes down a call, durably, before it is made. Raises OSError, TypeError for what is not JSON."""
        folder = self._build / uuid.uuid4().hex
        make_folder(folder)
        return Note(folder, _write_facts(folder, facts))

    def begin_scratch(self, facts: Mapping[str, Any]) -> Note:
        """A note of a call that costs nothing and can be made again. Raises OSError, TypeError as `begin`."""
        folder = self._build / (_DROPPED + uuid.uuid4().hex)
        folder.mkdir()
        return Scratch(folder, _plain(facts, folder))

    def close(self) -> None:
        """Lets go of the build's folder, and removes it where no note is left."""
        _leave(self._build, self._claim)


class DeadBuild:
    """What a build left that ended early. Its lock is held until `finish`, so that only one finishes it.

    `quarantined` are the folders of notes that could not be read, where they are now.
    """

    __slots__ = ("_build", "_claim", "notes", "quarantined")

    def __init__(self, build: Path, claim: Claim) -> None:
        self._build = build
        self._claim = claim
        self.notes, self.quarantined = _read_notes(build)

    def finish(self) -> None:
        """Removes the build's folder where every note is dropped or quarantined, and lets go of it."""
        _leave(self._build, self._claim)


def dead(folder: Path) -> Iterator[DeadBuild]:
    """The builds in `inflight` that live no more, each to be finished. Raises UsageError, OSError."""
    for build in _folders(folder):
        claim = _try_hold(build)
        if claim is not None:
            yield _taken(build, claim)


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


def builds(folder: Path) -> list[Path]:
    """The folders in `inflight` of all builds, living and dead."""
    return _folders(folder)


def is_alive(build: Path) -> bool:
    """Whether somebody holds a build's lock. Raises OSError."""
    if not (build / _LOCK).exists():
        return False
    claim = _try_hold(build)
    if claim is not None:
        claim.release()
    return claim is None


def noted(folder: Path) -> Iterator[Note]:
    """The notes that stand in a build's folder, or in `quarantine`, to be read only. One that can't be read has no
    facts; one that goes meanwhile is not there. Raises UsageError for one of a newer version."""
    for each in _folders(folder):
        facts = _read_facts(each)
        if facts is not None or (each / _NOTE).exists():
            yield Note(each, facts or {})


def has_others(folder: Path, own: str) -> bool:
    """Whether `inflight` has another build than the one of this name, living or dead."""
    try:
        return any(_ID.fullmatch(name) and name != own for name in os.listdir(folder))
    except FileNotFoundError:
        return False


def noted_keys(folder: Path, known: dict[str, frozenset[str]]) -> set[str]:
    """The keys that the notes of all builds in `inflight` name, living and dead: each is under way, or its answer
    waits to be stored. `known` has what was read before, by call: a note's keys never change. Raises UsageError for
    a note of a newer version."""
    found: set[str] = set()
    for build in _folders(folder):
        for each in _folders(build):
            if each.name not in known:
                facts = _read_facts(each)
                if facts is None:
                    continue
                keys = facts.get("keys")
                known[each.name] = frozenset(map(str, keys)) if isinstance(keys, list) else frozenset()
            found |= known[each.name]
    return found


def reason_of(note: Note) -> str:
    """Why a note is in quarantine, "" where it does not say."""
    path = note.folder / _REASON
    try:
        found = documents.decode(path.read_bytes(), version=VERSION, what=f"`{path}`") or {}
    except FileNotFoundError:
        return ""
    return str(found.get("reason", ""))


def _try_hold(build: Path) -> Claim | None:
    """The lock of a build; None where somebody has it, or the build ended well and its folder is gone."""
    try:
        return hold(build / _LOCK)
    except FileNotFoundError:
        return None


def _taken(build: Path, claim: Claim) -> DeadBuild:
    try:
        return DeadBuild(build, claim)
    except BaseException:
        claim.release()
        raise


def _read_notes(build: Path) -> tuple[tuple[Note, ...], tuple[Path, ...]]:
    notes, quarantined = [], []
    for folder in _folders(build):
        facts = _read_facts(folder)
        if facts is not None:
            notes.append(Note(folder, facts))
        elif any(not name.startswith(".") for name in os.listdir(folder)):
            quarantined.append(quarantine(Note(folder, {}), "its note can't be read"))
        else:
            _drop(folder)  # the build ended before the note was written, so before the call
    return tuple(notes), tuple(quarantined)


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
    gone = folder.with_name(_DROPPED + folder.name)
    os.rename(folder, gone)
    atomic.flush_folder(str(folder.parent))
    shutil.rmtree(gone)


def _leave(build: Path, claim: Claim) -> None:
    """Removes a build's folder where no note is left, its lock held to the end."""
    try:
        for name in os.listdir(build):
            if name.startswith(_DROPPED):
                shutil.rmtree(build / name)
        if os.listdir(build) == [_LOCK]:
            # Who looks for dead builds may have made the lock file anew; then it removes the folder.
            with suppress(OSError):
                os.unlink(build / _LOCK)
                os.rmdir(build)
    finally:
        claim.release()


def _folders(folder: Path) -> list[Path]:
    """The folders of builds, or of calls, in one. Asked for with each call: no file is looked at for it."""
    try:
        with os.scandir(folder) as found:
            names = sorted(each.name for each in found if _ID.fullmatch(each.name) and each.is_dir())
    except FileNotFoundError:
        return []
    return [folder / name for name in names]
