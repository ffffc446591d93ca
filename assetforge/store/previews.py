"""Small copies of pictures, by what they show; unaware of how they are made.

A copy is `<folder>/<aa>/<digest>-<kind>`, where the digest is that of the picture's bytes, or of the recipe that it
is made by. Its modification time says when those bytes were last proven, its access time when it was last asked for:
both are set here, whatever the file system does by itself. All of them can be made again.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from assetforge import atomic
from assetforge.store.documents import is_digest

FOLDER = "previews"
# What nobody asked for in so long goes with `cache gc`.
UNUSED_SECONDS = 30 * 86_400.0
# How often it is written down that a copy was asked for.
_ASKED_SECONDS = 86_400.0
# A file may change within one tick of the clock without a trace.
_TICK_NS = 20_000_000


class Copy(NamedTuple):
    """A copy that is here: its file, and when the bytes that it was made from were last proven, in nanoseconds."""

    path: Path
    proven_ns: int

    def proves(self, path: Path) -> bool:
        """Whether a file that has been found to hold those bytes can't have changed since. Raises OSError."""
        found = path.stat()
        return max(found.st_mtime_ns, found.st_ctime_ns) < self.proven_ns - _TICK_NS


class Unused(NamedTuple):
    """A copy that nobody asked for in a long time, and its bytes."""

    path: Path
    size: int


class Previews:
    """The copies in one folder, which is made when the first one is kept. Where it can't be written they are kept for
    as long as this process lives. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folders = [folder]
        self._mutex = Lock()

    def find(self, digest: str, kind: str) -> Copy | None:
        """A copy, None where there is none."""
        for folder in self._folders:
            path = _place(folder, digest, kind)
            try:
                found = path.stat()
            except OSError:
                continue
            if found.st_size:  # else the power went off
                _note_use(path, found)
                return Copy(path, found.st_mtime_ns)
        return None

    def keep(self, digest: str, kind: str, data: bytes) -> Copy:
        """Keeps a copy that was made just now from proven bytes. Raises OSError."""
        try:
            return _write(_place(self._folders[-1], digest, kind), data)
        except OSError:
            return _write(_place(self._spare(), digest, kind), data)

    def prove(self, copy: Copy) -> None:
        """The bytes that a copy was made from were found to be what they should be, just now."""
        now = time.time_ns()
        with suppress(OSError):
            os.utime(copy.path, ns=(now, now))

    def doubt(self, copy: Copy) -> None:
        """Nothing that the store has proves a copy."""
        with suppress(OSError):
            os.utime(copy.path, ns=(time.time_ns(), 0))

    def _spare(self) -> Path:
        """A folder that goes with this process. Raises OSError."""
        with self._mutex:
            if len(self._folders) == 1:
                self._folders.append(Path(tempfile.mkdtemp(prefix="assetforge-previews-")))
                atexit.register(shutil.rmtree, self._folders[1], ignore_errors=True)
            return self._folders[1]


def _place(folder: Path, digest: str, kind: str) -> Path:
    return folder / digest[:2] / f"{digest}-{kind}"


def _write(path: Path, data: bytes) -> Copy:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(str(path), data, durable=False)
    return Copy(path, path.stat().st_mtime_ns)


def _note_use(path: Path, found: os.stat_result) -> None:
    now = time.time_ns()
    if now - max(found.st_atime_ns, found.st_mtime_ns) > _ASKED_SECONDS * 1e9:
        with suppress(OSError):
            os.utime(path, ns=(now, found.st_mtime_ns))


def unused(folder: Path, before: float) -> Iterator[Unused]:
    """The copies in a store that were last asked for before a time, in seconds since 1970."""
    for path in sorted((folder / FOLDER).glob("??/*")):
        digest = path.name.partition("-")[0]
        with suppress(FileNotFoundError):
            found = path.lstat()
            is_ours = is_digest(digest) and path.parent.name == digest[:2]
            if is_ours and max(found.st_atime, found.st_mtime) < before:
                yield Unused(path, found.st_size)
