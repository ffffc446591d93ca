"""The notes of all builds, living and dead; unaware of what a note says.

A build's notes are `inflight/<build>/<call>/`, beside a lock file that the build holds while it lives: a
build is dead when that lock can be taken.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assetforge.store.claims import Claim, hold
from assetforge.store.folders import make_folder
from assetforge.store.note import DROPPED, Note, Scratch, is_written, quarantine, read_note

_LOCK = "lock"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


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
        return Note.begin(self._build, facts)

    def begin_scratch(self, facts: Mapping[str, Any]) -> Note:
        """A note of a call that costs nothing and can be made again. Raises OSError, TypeError as `begin`."""
        return Scratch.begin(self._build, facts)

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


def builds(folder: Path) -> list[Path]:
    """The folders in `inflight` of all builds, living and dead."""
    return _folders(folder)


def tidy(folder: Path) -> None:
    """Removes what dead builds had dropped already, and the folders of those that left no note. Raises OSError."""
    for build in _folders(folder):
        claim = _try_hold(build)
        if claim is not None:
            _leave(build, claim)


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
        note = read_note(each)
        if note is not None:
            yield note
        elif is_written(each):
            yield Note(each, {})


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
                note = read_note(each)
                if note is None:
                    continue
                keys = note.facts.get("keys")
                known[each.name] = frozenset(map(str, keys)) if isinstance(keys, list) else frozenset()
            found |= known[each.name]
    return found


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
        note = read_note(folder)
        if note is not None:
            notes.append(note)
        elif any(not name.startswith(".") for name in os.listdir(folder)):
            quarantined.append(quarantine(Note(folder, {}), "its note can't be read"))
        else:
            Note(folder, {}).drop()  # the build ended before the note was written, so before the call
    return tuple(notes), tuple(quarantined)


def _leave(build: Path, claim: Claim) -> None:
    """Removes a build's folder where no note is left, its lock held to the end."""
    try:
        for name in os.listdir(build):
            if name.startswith(DROPPED):
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
