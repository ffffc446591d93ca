"""What this machine knows of a project, kept outside the repository: which files we wrote, and digests of files
that have not changed since they were hashed.

A digest is trusted while a file's times, size and inode are what they were when it was hashed, and only where the
file was older than that moment: one written in the same tick may change without a trace.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assetforge import atomic
from assetforge.digest import digest_bytes, digest_file
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
    """The folder of a project's state: named after the root's device and inode, so that a copy of the repository
    is another project and a renamed one the same."""
    found = os.stat(root)
    return data / "projects" / digest_bytes(f"{found.st_dev}:{found.st_ino}".encode())[:32]


class State:
    """Read once, changed in memory, written at the end."""

    def __init__(self, folder: Path, root: Root) -> None:
        self.folder = folder
        self._root = root
        told = _read(folder / "state.json")
        self.written = {path: Written(*entry) for path, entry in told.get("written", {}).items()}
        self._seen: dict[str, tuple[int, ...]] = {}
        self._digests: dict[str, str] = {}
        for path, (digest, *facts) in told.get("seen", {}).items():
            self._seen[path], self._digests[path] = tuple(facts), digest

    def digest(self, path: str, *, trusting: bool = True) -> str:
        """The digest of a file below the root, "" where there is no regular file. A Git LFS pointer counts as the
        file it stands for. Raises OSError."""
        real = os.path.join(self._root.path, path)
        try:
            found = os.lstat(real)
        except (FileNotFoundError, NotADirectoryError):
            self.forget(path)
            return ""
        if not os.path.isfile(real) or os.path.islink(real):
            return ""
        facts = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
        if trusting and self._seen.get(path) == facts:
            return self._digests[path]
        now = time.time_ns()
        digest = pointed_at(real, found.st_size) or digest_file(real)
        self.forget(path)
        if max(facts[:2]) < now - TICK_NS:
            self._seen[path], self._digests[path] = facts, digest
        return digest

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
