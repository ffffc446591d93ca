"""What this machine knows of a project, kept outside the repository: which files we wrote, and digests of files
that have not changed since they were hashed.

A digest is trusted while a file's times, size and inode are what they were when it was hashed, and only where the
file was older than that moment: one written in the same tick may change without a trace.
"""

import marshal
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from assetforge import atomic
from assetforge.digest import digest_bytes, digest_file
from assetforge.errors import AssetforgeError
from assetforge.noop import MANIFEST, UNREADABLE, Facts, facts_of, state_folder
from assetforge.paths import Root
from assetforge.store.claims import hold
from assetforge.store.documents import is_digest

VERSION = 2
NAME = "state"
TICK_NS = 20_000_000
POINTER_SIZE = 1024
POINTER_START = b"version https://git-lfs.github.com/spec/"
LOCK_PATIENCE_SECONDS = 60.0

Value = TypeVar("Value")


class Written(NamedTuple):
    """A file we wrote: its bytes, the action key they came from, and whether a draft went into them."""

    digest: str
    key: str
    draft: bool


# A digest, and the times, size and inode of the file that had it. It is written as it stands here.
Seen = tuple[str, Facts]


@dataclass(frozen=True, slots=True)
class Known:
    """What a state's file holds, by path."""

    written: Mapping[str, Written] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)


def project_folder(data: Path, root: str, manifest: str) -> Path:
    """The folder of what is known of one manifest's project, outside the repository. Raises OSError."""
    folder = state_folder(str(data), root)
    if manifest == MANIFEST:
        return Path(folder)
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", manifest.removesuffix(".toml"))[:32]
    return Path(f"{folder}-{plain}-{digest_bytes(os.fsencode(manifest))[:12]}")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else writes a project's lock or state while the block runs. Raises AssetforgeError where another build
    holds on to them, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while (claim := hold(folder / "lock")) is None:
        if time.monotonic() > deadline:
            raise AssetforgeError("another build holds the project's lock file", hint="wait for it, and try again")
        time.sleep(0.05)
    with claim:
        yield


class StateFile:
    """A state's file, read again only where it is another one than this process has read or written last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: Facts | None = None
        self._known = Known()

    def read(self) -> Known:
        """What it holds; nothing where it can't be read."""
        facts = self._look()
        if facts is None or facts != self._facts:
            self._known = _read(self.path)
            # What is as young as a clock's tick may be written again without a trace.
            is_old = facts is not None and max(facts[:2]) < time.time_ns() - TICK_NS
            self._facts = facts if is_old else None
        return self._known

    def write(self, root: str, known: Known) -> None:
        """Replaces it. Raises OSError."""
        written = [(name, tuple(entry)) for name, entry in sorted(known.written.items())]
        data = marshal.dumps((VERSION, root, written, sorted(known.seen.items())))
        atomic.write(str(self.path), data, durable=False)
        # Nobody writes it in place: another one has another inode.
        self._known, self._facts = known, self._look()

    def _look(self) -> Facts | None:
        try:
            return facts_of(os.stat(self.path))
        except OSError:
            return None


class State:
    """Read once, changed in memory, and merged at the end with what other builds have written meanwhile."""

    def __init__(self, folder: Path, root: Root, file: StateFile | None = None) -> None:
        self.folder = folder
        self._root = root
        self._file = file or StateFile(folder / NAME)
        self._before = self._file.read()
        self.written = dict(self._before.written)
        self._seen = dict(self._before.seen)

    def digest(self, path: str, *, trusting: bool = True) -> str:
        """The digest of a file below the root, "" where there is no regular file. A Git LFS pointer counts as the
        file it stands for. Raises OSError."""
        real = os.path.join(self._root.path, path)
        try:
            found = os.stat(real)
        except (FileNotFoundError, NotADirectoryError):
            self.forget(path)
            return ""
        if not stat.S_ISREG(found.st_mode):
            return ""
        facts = facts_of(found)
        known = self._seen.get(path)
        if trusting and known is not None and known[1] == facts:
            return known[0]
        now = time.time_ns()
        digest = pointed_at(real, found.st_size) or digest_file(real)
        self.forget(path)
        if max(facts[:2]) < now - TICK_NS:
            self._seen[path] = (digest, facts)
        return digest

    def holds(self, path: str, digest: str) -> bool:
        """Whether a text file has this digest, or had it before git gave it other line ends (`core.autocrlf`). Raises
        OSError."""
        present = self.digest(path)
        if present == digest or not present or not digest:
            return present == digest
        with open(os.path.join(self._root.path, path), "rb") as file:
            data = file.read()
        return b"\r\n" in data and digest_bytes(data.replace(b"\r\n", b"\n")) == digest

    def look_ahead(self, paths: Iterable[str]) -> None:
        """Hashes files that were never seen before in as many threads as there are cores. What goes wrong with one
        is told to who asks for it."""
        unseen = sorted(path for path in paths if path not in self._seen)
        if len(unseen) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(self._seek, unseen))

    def _seek(self, path: str) -> None:
        with suppress(OSError):
            self.digest(path)

    def facts(self, path: str, digest: str) -> Facts | None:
        """Times, size and inode of a file when it was seen to have a digest; None where it has another, or is too
        young to be sure of."""
        if self.digest(path) != digest or path not in self._seen:
            return None
        return self._seen[path][1]

    def seen(self, path: str, digest: str) -> Facts | None:
        """What a file was like when it was last seen to have a digest; nobody looks again."""
        known = self._seen.get(path)
        return known[1] if known is not None and known[0] == digest else None

    def is_pointer(self, path: str) -> bool:
        """Whether a file is a Git LFS pointer, whose content was not pulled. Of one that was hashed just now its size
        is known."""
        known = self._seen.get(path)
        if known is not None and known[1][2] > POINTER_SIZE:
            return False
        real = os.path.join(self._root.path, path)
        return os.path.isfile(real) and pointed_at(real, os.path.getsize(real)) is not None

    def forget(self, path: str) -> None:
        """A file changed: it is hashed again when next asked for."""
        self._seen.pop(path, None)

    def save(self) -> None:
        """Writes the state where it can be written; a state that is lost costs time, never pictures. Raises
        AssetforgeError as `held`, OSError."""
        with held(self.folder):
            now = self._file.read()
            if now is not self._before:
                self.written = _merged(now.written, self._before.written, self.written)
                self._seen = _merged(now.seen, self._before.seen, self._seen)
            self._before = Known(dict(self.written), dict(self._seen))
            self._file.write(self._root.path, self._before)


def written_in(folder: Path) -> Mapping[str, Written]:
    """The files that a state's folder says were written, by path; none where it can't be read."""
    return _read(folder / NAME).written


def _merged(now: Mapping[str, Value], before: Mapping[str, Value], mine: Mapping[str, Value]) -> dict[str, Value]:
    """What is there now, less what we forgot, and over it what we set. What another build has changed meanwhile is
    not forgotten: it may be of a newer file."""
    # Told by identity: what was set anew is ours, though it be equal to what it was.
    ours = {path: value for path, value in mine.items() if before.get(path) is not value}
    forgotten = {path for path, value in before.items() if path not in mine and now.get(path) == value}
    return {path: value for path, value in now.items() if path not in forgotten} | ours


def pointed_at(path: str, size: int) -> str | None:
    """The digest that a Git LFS pointer file stands for; None for any other file."""
    if size > POINTER_SIZE:
        return None
    with open(path, "rb") as file:
        data = file.read(POINTER_SIZE)
    if not data.startswith(POINTER_START):
        return None
    for line in data.decode("ascii", "replace").splitlines():
        if line.startswith("oid sha256:"):
            digest = line.removeprefix("oid sha256:").strip()
            return digest if is_digest(digest) else None
    return None


def _read(path: Path) -> Known:
    """A state of another version, or one that can't be read, is no state."""
    try:
        version, _, written, seen = marshal.loads(path.read_bytes())  # noqa: S302 - our own file, in the user's folder
        if version != VERSION:
            return Known()
        known = Known({name: Written(*entry) for name, entry in written}, dict(seen))
        return known if _is_sound(known) else Known()
    except UNREADABLE:
        return Known()


def _is_sound(known: Known) -> bool:
    """Whether everything is of the kind that it should be: what a state says of a file is believed."""
    digests, keys, drafts = zip(*known.written.values(), strict=True) if known.written else ((), (), ())
    hashed, facts = zip(*known.seen.values(), strict=True) if known.seen else ((), ())
    texts = chain(known.written, digests, keys, known.seen, hashed)
    return (
        set(map(type, texts)) <= {str}
        and set(map(type, drafts)) <= {bool}
        and set(map(len, facts)) <= {4}
        and set(map(type, chain.from_iterable(facts))) <= {int}
    )
