"""Content-addressed files: bytes under their SHA-256, whole or not there; unaware of what they show.

A blob is `<folder>/<aa>/<digest>`, read-only, where `aa` are the digest's first two digits. Only names that
are digests are blobs: what a killed process leaves behind has another name.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from assetforge import atomic
from assetforge.digest import digest_bytes, digest_file
from assetforge.store.documents import is_digest
from assetforge.store.folders import make_folder

_PIECE = 1 << 20


class Blobs:
    """The blobs of one folder, which is made when the first one is put.

    `dropped` is told the digest of a blob that turned out to be damaged, and is gone now.
    """

    def __init__(self, folder: Path, dropped: Callable[[str], None]) -> None:
        self._folder = folder
        self._dropped = dropped

    def path(self, digest: str) -> Path:
        """Where a blob is, or would be. Raises ValueError for what is not 64 hexadecimal digits."""
        return Path(self._place(digest))

    def has(self, digest: str) -> bool:
        """Whether a file that is not empty has this digest's name; its bytes are looked at only by `read`."""
        try:
            return os.stat(self._place(digest)).st_size > 0
        except FileNotFoundError:
            return False

    def read(self, digest: str) -> bytes | None:
        """A blob's bytes, proven by their digest; None where it is missing, or damaged and so dropped."""
        place = self._place(digest)
        try:
            with open(place, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        if digest_bytes(data) == digest:
            return data
        self._drop(digest, place)
        return None

    def verified(self, digest: str) -> Path | None:
        """The file of a blob whose bytes are proven by their digest; None as `read`."""
        place = self._place(digest)
        try:
            if digest_file(place) == digest:
                return Path(place)
        except FileNotFoundError:
            return None
        self._drop(digest, place)
        return None

    def put(self, data: bytes, *, durable: bool) -> str:
        """Keeps bytes and returns their digest; `durable` ones survive a loss of power. Raises OSError."""
        digest = digest_bytes(data)
        if not self._kept(digest, durable=durable):
            with self._writing(digest, durable=durable) as file:
                file.write(data)
        return digest

    def put_file(self, path: Path, *, durable: bool) -> str:
        """Like `put` for a copy of a file, read in pieces. Raises OSError, also when it changes meanwhile."""
        digest = digest_file(str(path))
        if not self._kept(digest, durable=durable):
            with self._writing(digest, durable=durable) as file:
                if _copy(path, file) != digest:
                    raise OSError(f"`{path}` changed while it was read")
        return digest

    def take(self, path: Path, digest: str = "", *, durable: bool) -> str:
        """Like `put_file`, but the file itself becomes the blob, and is gone from where it was: it must be on the
        same file system, and nobody may write into it any more. `digest` is its own where that is known already.
        Raises OSError."""
        digest = digest or digest_file(str(path))
        if self._kept(digest, durable=durable):
            os.unlink(path)
            return digest
        place = self._place(digest)
        make_folder(self._folder)
        Path(place).parent.mkdir(exist_ok=True)
        os.chmod(path, 0o444)
        if durable:
            _flush_file(str(path))
        os.replace(path, place)
        if durable:
            atomic.flush_folder(os.path.dirname(place))
            atomic.flush_folder(str(self._folder))
        return digest

    def remove(self, digest: str) -> None:
        """Removes a blob, if it is there. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._place(digest))

    @contextmanager
    def spooling(self) -> Iterator[Path]:
        """A new file beside the blobs for bytes on their way in: `take` keeps it, else it is removed at the end.
        Raises OSError."""
        make_folder(self._folder)
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=self._folder)
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)

    def digests(self) -> Iterator[str]:
        """What there is by its name, in order; only `read` tells whether it is good. Links are no blobs."""
        for part in _names(self._folder):
            for name in _names(self._folder / part):
                path = self._folder / part / name
                if is_digest(name) and name.startswith(part) and path.is_file() and not path.is_symlink():
                    yield name

    def _place(self, digest: str) -> str:
        if not is_digest(digest):
            raise ValueError(f"`{digest}` is not a SHA-256 in hexadecimal")
        return f"{self._folder}/{digest[:2]}/{digest}"

    def _kept(self, digest: str, *, durable: bool) -> bool:
        """Whether the blob is here and good; one that was put without `durable` is made so first."""
        place = self._place(digest)
        try:
            if digest_file(place) != digest:
                return False
        except FileNotFoundError:
            return False
        if durable:
            with suppress(OSError):
                os.utime(place)  # it came again: it is not an old one that nobody asks for
            _flush_file(place)
            atomic.flush_folder(os.path.dirname(place))
            atomic.flush_folder(str(self._folder))
        return True

    @contextmanager
    def _writing(self, digest: str, *, durable: bool) -> Iterator[BinaryIO]:
        place = self._place(digest)
        if not os.path.isdir(os.path.dirname(place)):
            make_folder(self._folder)
            Path(place).parent.mkdir(exist_ok=True)
        with atomic.replacing(place, durable=durable, mode=0o444) as file:
            yield file
        if durable:
            # The blob's own folder may have been made a moment ago.
            atomic.flush_folder(str(self._folder))

    def _drop(self, digest: str, place: str) -> None:
        """Removes a bad blob, and says so."""
        # Moved aside and looked at again: another process may just have put a good one.
        aside = f"{os.path.dirname(place)}/.{digest}.bad"
        with suppress(FileNotFoundError):
            os.replace(place, aside)
            if digest_file(aside) == digest:
                os.replace(aside, place)
            else:
                os.unlink(aside)
        self._dropped(digest)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _copy(path: Path, file: BinaryIO) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _flush_file(path: str) -> None:
    if os.name == "nt":  # flushes only what is open for writing, which a read-only file cannot be
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
