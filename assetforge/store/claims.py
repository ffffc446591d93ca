"""File locks that die with their process; unaware of what is claimed, and never waiting.

The system lets go of a lock when its holder ends, however it ends, so that nobody ever judges by a process id
or an age. Files of claims stay: removing one that somebody is about to lock would let two hold it.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from assetforge.store.documents import is_digest

if sys.platform == "win32":
    import msvcrt

    # There are no shared locks: who shares a file has one byte of it, and who has it alone all of them.
    _ALL = 1 << 30

    def _lock(descriptor: int) -> bool:
        return _locked(descriptor, _ALL)

    def _lock_shared(descriptor: int) -> bool:
        os.lseek(descriptor, 1 + int.from_bytes(os.urandom(3), "big"), os.SEEK_SET)
        return _locked(descriptor, 1)

    def _locked(descriptor: int, size: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, size)
        except PermissionError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        is_shared = os.lseek(descriptor, 0, os.SEEK_CUR) > 0
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1 if is_shared else _ALL)
else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        return _locked(descriptor, fcntl.LOCK_EX)

    def _lock_shared(descriptor: int) -> bool:
        return _locked(descriptor, fcntl.LOCK_SH)

    def _locked(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        # Closing would not do where a forked child has the descriptor too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class Claim:
    """A lock that is held until `release`, the end of a `with` block, or the end of the process."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Lets go; once is enough, more does no harm."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            try:
                _unlock(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> "Claim":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold(path: Path) -> Claim | None:
    """Locks a file, making it where it is missing; None while anybody, this process too, holds it.

    Its folder must exist. Raises OSError, also for a symbolic link, which could lead out of the folder.
    """
    return _claim(path, _lock)


def share(path: Path) -> Claim | None:
    """The same together with all who share it; None while somebody holds it alone."""
    return _claim(path, _lock_shared)


def _claim(path: Path, lock: Callable[[int], bool]) -> Claim | None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            locked = lock(descriptor)
            named = locked and _is_named(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if named:
            return Claim(descriptor)
        os.close(descriptor)
        if not locked:
            return None
        # The file was removed between opening and locking it: what is locked is nobody's any more.


def _is_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


class Claims:
    """One builder for an action key at a time, on this machine. The folder is made with the first claim."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def try_claim(self, key: str) -> Claim | None:
        """Claims an action key; None while somebody has it. Raises ValueError for what is not a key."""
        if not is_digest(key):
            raise ValueError(f"`{key}` is not an action key")
        self._folder.mkdir(parents=True, exist_ok=True)
        return hold(self._folder / key)
