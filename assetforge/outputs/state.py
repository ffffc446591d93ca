"""What this machine knows of a project, kept outside the repository: which files we wrote, and digests of files
that have not changed since they were hashed.

A digest is trusted while a file's times, size and inode are what they were when it was hashed, and only where the
file was older than that moment: one written in the same tick may change without a trace.
"""

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assetforge import atomic
from assetforge.digest import digest_file
from assetforge.noop import facts_of, state_folder
from assetforge.paths import Root

VERSION = 1
TICK_NS = 20_000_000
POINTER_SIZE = 1024
POINTER_START = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Written:
    """A file we wrote: its bytes, the action key they came from, and whether a draft went into them."""

    digest: str
    key: str
    draft: bool


def project_folder(data: Path, root: str) -> Path:
    """The folder of a project's state, outside the repository. Raises OSError."""
    return Path(state_folder(str(data), root))


class State:
    """Read once, changed in memory, written at the end."""

    def __init__(self, folder: Path, root: Root) -> None:
        self.folder = folder
        self._root = root
        told = _read(folder / "state.json")
        self.written = {path: Written(*entry) for path, entry in told.get("written", {}).items()}
        self._seen: dict[str, tuple[int, int, int, int]] = {}
        self._digests: dict[str, str] = {}
        for path, (digest, mtime, ctime, size, inode) in told.get("seen", {}).items():
            self._seen[path], self._digests[path] = (mtime, ctime, size, inode), digest

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
        if trusting and self._seen.get(path) == facts:
            return self._digests[path]
        now = time.time_ns()
        digest = pointed_at(real, found.st_size) or digest_file(real)
        self.forget(path)
        if max(facts[:2]) < now - TICK_NS:
            self._seen[path], self._digests[path] = facts, digest
        return digest

    def facts(self, path: str, digest: str) -> tuple[int, int, int, int] | None:
        """Times, size and inode of a file when it was seen to have a digest; None where it has another, or is too
        young to be sure of."""
        if self.digest(path) != digest or path not in self._seen:
            return None
        return self._seen[path]

    def is_pointer(self, path: str) -> bool:
        """Whether a file is a Git LFS pointer, whose content was not pulled."""
        real = os.path.join(self._root.path, path)
        return os.path.isfile(real) and pointed_at(real, os.path.getsize(real)) is not None

    def forget(self, path: str) -> None:
        """A file changed: it is hashed again when next asked for."""
        self._seen.pop(path, None)
        self._digests.pop(path, None)

    def save(self) -> None:
        """Writes the state where it can be written; a state that is lost costs time, never pictures."""
        seen = {path: [self._digests[path], *facts] for path, facts in sorted(self._seen.items())}
        written = {path: [entry.digest, entry.key, entry.draft] for path, entry in sorted(self.written.items())}
        text = json.dumps({"version": VERSION, "root": self._root.path, "written": written, "seen": seen})
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic.write(str(self.folder / "state.json"), text.encode(), durable=False)


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
            return line.removeprefix("oid sha256:").strip()
    return None


def _read(path: Path) -> Mapping[str, Any]:
    """A state of another version, or one that can't be read, is no state."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) and told.get("version") == VERSION else {}
