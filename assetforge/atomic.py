"""Temporary file, fsync, replace: the only way a file appears; unaware of what is written.

A reader sees the old file or the new one, never a part. `durable` writes survive a loss of power: the file's
bytes and the folder's entry are flushed before the call returns.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

PIECE = 1 << 18
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# As of every file that a program makes: what the umask takes away is taken away.
ANYBODY = 0o666
# What a file system says that can't copy files itself, or not from another one.
UNSUPPORTED = frozenset({errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF})


@contextmanager
def replacing(path: str, *, durable: bool, mode: int | None = None) -> Iterator[BinaryIO]:
    """A file to write to that takes `path`'s place when the block ends well, and vanishes when it does not. Without
    a `mode` the user's umask says who may read and write it."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder or ".", _temporary(name))
    descriptor = os.open(temporary, NEW, ANYBODY if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if durable:
                flush(file)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if durable:
        flush_folder(folder or ".")


def write(path: str, data: bytes, *, durable: bool, mode: int | None = None) -> None:
    """Makes `path` hold exactly `data`; `mode` as for `replacing`. Raises OSError."""
    with replacing(path, durable=durable, mode=mode) as file:
        file.write(data)


def write_in(folder: int, name: str, data: bytes) -> None:
    """Like `write`, relative to an open folder, so that nobody can swap the folder for a link meanwhile."""
    with _appearing_in(folder, name) as file:
        file.write(data)


def copy_in(folder: int, name: str, source: str) -> None:
    """The same with the bytes of a file, which go through no memory of ours where the system can copy."""
    with open(source, "rb") as original, _appearing_in(folder, name) as file:
        if not _copied_by_system(original, file):
            shutil.copyfileobj(original, file, PIECE)


def _copied_by_system(original: BinaryIO, file: BinaryIO) -> bool:
    """Whether the system could copy the whole file; where it can't, nothing was written."""
    copy = getattr(os, "copy_file_range", None)
    left = os.fstat(original.fileno()).st_size
    if copy is None:
        return False
    try:
        while left > 0 and (done := copy(original.fileno(), file.fileno(), left)):
            left -= done
    except OSError as error:
        if error.errno not in UNSUPPORTED or os.fstat(file.fileno()).st_size:
            raise
        return False
    return left == 0


def _temporary(name: str) -> str:
    return f".{name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.tmp"


@contextmanager
def _appearing_in(folder: int, name: str) -> Iterator[BinaryIO]:
    """A file to write to that is in a folder under its name when the block ends well."""
    temporary = _temporary(name)
    descriptor = os.open(temporary, NEW, ANYBODY, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise


def append(path: str, line: bytes) -> None:
    """Adds one line to a file that only grows, and flushes it to the disk. Lines of two processes never mix, and one
    that was torn, by a full disk or a kill, spoils no other. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # Somebody else's line may be torn after we looked and before we wrote: then ours was lost in it.
        while not _append(descriptor, line.rstrip(b"\n") + b"\n", path):
            pass
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append(descriptor: int, line: bytes, path: str) -> bool:
    """Writes a line at the end, in one piece; whether it stands on a line of its own there."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    piece = line if _begins_line(descriptor, end) else b"\n" + line
    if os.write(descriptor, piece) != len(piece):  # a disk that is full takes a part
        raise OSError(errno.ENOSPC, "no room for a whole line", path)
    start = os.lseek(descriptor, 0, os.SEEK_CUR) - len(piece)
    return piece is not line or _begins_line(descriptor, start)


def _begins_line(descriptor: int, offset: int) -> bool:
    """Whether what stands at a place of a file is the beginning of a line."""
    if offset == 0:
        return True
    os.lseek(descriptor, offset - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def flush(file: BinaryIO) -> None:
    """Everything written so far is on the disk when this returns."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(path: str) -> None:
    """A folder's entries are on the disk when this returns; where a system can't do that, nothing happens."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
