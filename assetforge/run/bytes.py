"""The bytes of a digest, wherever this machine has them: the store, the project's own files, its originals."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock as Mutex

from assetforge.digest import digest_bytes
from assetforge.model import Media
from assetforge.noop import Facts, facts_of
from assetforge.outputs.state import POINTER_START, pointed_at
from assetforge.paths import PathError, Root
from assetforge.store.blobs import Blobs


class BytesGone(Exception):  # noqa: N818 - told to the user as the failure of an asset
    """Nobody here has these bytes."""


class Bytes:
    """Reads bytes by digest; safe to share between threads. `files` maps digests to paths below the root that are
    said to hold them: each is believed only when its bytes say so, and is then copied into the store. `seen` tells
    what a file was like when it was seen to have a digest, None where nobody can be sure."""

    def __init__(
        self,
        blobs: Blobs,
        root: Root,
        files: Mapping[str, tuple[str, ...]],
        originals: str | None,
        *,
        seen: Callable[[str, str], Facts | None],
    ) -> None:
        self._blobs = blobs
        self._root = root
        self._seen = seen
        self._files = dict(files)
        self._originals = originals
        self._kept: dict[str, list[str]] | None = None
        self._same: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._mutex = Mutex()

    def found(self, digest: str, path: str) -> None:
        """A file of the project has these bytes: a source, which is read where it is, and not copied."""
        with self._mutex:
            self._sources[digest] = path
            self._files[digest] = tuple(dict.fromkeys((path, *self._files.get(digest, ()))))

    def has(self, digest: str) -> bool:
        """Whether `read` would find them; files are opened only where the store has nothing."""
        digest = self._same.get(digest, digest)
        return self._blobs.has(digest) or self._from_project(digest) is not None

    def pointer(self, digest: str) -> str:
        """The path of a Git LFS pointer to these bytes, "" where no file of the project is one."""
        return next((path for path in self._paths(digest) if self._points(path, digest)), "")

    def read(self, media: Media) -> bytes:
        """The bytes of a picture. Raises BytesGone."""
        digest = self._same.get(media.digest, media.digest)
        data = self._from_source(digest) or self._blobs.read(digest)
        if data is None:
            data = self._from_project(digest)
            if data is not None:
                self._blobs.put(data, durable=True)
        if data is None:
            raise BytesGone(f"the bytes of a picture ({media.digest[:12]}) are nowhere to be found")
        return data

    def file(self, media: Media) -> Path:
        """A file of the store with the bytes of a picture, proven. Raises BytesGone."""
        digest = self._same.get(media.digest, media.digest)
        found = self._blobs.verified(digest)
        if found is None:
            self._blobs.put(self.read(media), durable=True)
            found = self._blobs.path(digest)
        return found

    def said_to_hold(self, digest: str) -> tuple[str, ...]:
        """The files below the root that are said to have some bytes; nobody looked into them."""
        return tuple(self._paths(digest))

    def same_pixels(self, pinned: str, drawn: str) -> None:
        """A picture drawn again stands in for pinned bytes that are gone: it has their pixels."""
        with self._mutex:
            self._same[pinned] = drawn

    def _from_source(self, digest: str) -> bytes | None:
        """The bytes of a source, which was hashed just now: not again while it is what it was then, before the
        reading and after it."""
        path = self._sources.get(digest)
        if path is None:
            return None
        facts = self._seen(path, digest)
        data = self._unchanged(path, facts) if facts is not None else None
        return self._at(path, digest) if data is None else data

    def _unchanged(self, path: str, facts: Facts) -> bytes | None:
        """The bytes of a file while it is the one with these facts: then no link leads anywhere else. A Git LFS
        pointer has not the bytes that it goes by."""
        try:
            with open(os.path.join(self._root.path, path), "rb") as file:
                if facts_of(os.fstat(file.fileno())) != facts:
                    return None
                data = file.read()
                is_same = facts_of(os.fstat(file.fileno())) == facts and not data.startswith(POINTER_START)
                return data if is_same else None
        except OSError:
            return None

    def _from_project(self, digest: str) -> bytes | None:
        return next((data for path in self._paths(digest) if (data := self._at(path, digest)) is not None), None)

    def _at(self, path: str, digest: str) -> bytes | None:
        """The bytes of a file below the root, where it has these."""
        try:
            with open(self._root.readable(path, text=False), "rb") as file:
                data = file.read()
        except (PathError, OSError):
            return None
        return data if digest_bytes(data) == digest else None

    def _points(self, path: str, digest: str) -> bool:
        """Whether a file below the root is a Git LFS pointer to these bytes."""
        try:
            real = self._root.readable(path, text=False)
            return pointed_at(real, os.path.getsize(real)) == digest
        except (PathError, OSError):
            return False

    def _paths(self, digest: str) -> list[str]:
        with self._mutex:
            if self._kept is None:
                self._kept = self._list_originals()
            return [*self._files.get(digest, ()), *self._kept.get(digest, ())]

    def _list_originals(self) -> dict[str, list[str]]:
        """The files in the folder of originals, by the digest that each is named after. Listed once: what this build
        puts there is in the store."""
        found: dict[str, list[str]] = {}
        if self._originals is not None:
            with suppress(PathError, OSError):
                folder = self._root.clean(self._originals)
                for name in sorted(os.listdir(os.path.join(self._root.path, folder))):
                    found.setdefault(name.partition(".")[0], []).append(f"{folder}/{name}")
        return found
