"""Putting bytes at an output path, and only where nothing of the user's is lost by it.

A file at an output path may be replaced exactly when its bytes are safe: the store has them, or the lock or the
state names them for that path. Anything else is the user's.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assetforge import atomic
from assetforge.errors import Problem, Where
from assetforge.outputs.state import State, Written
from assetforge.paths import PathError, Root, fold
from assetforge.words import some

Keep = Callable[[str, str], bool]
Guard = Literal["ask", "overwrite"]


@dataclass(frozen=True, slots=True)
class Places:
    """Decides who owns what is at a path, and writes. `pinned` are the lock's digests, by path. `keep(digest, path)`
    makes sure that the store has a file's bytes and says whether it does; `has_blob` only looks. `read` are the
    absolute paths, links resolved and folded, of all that is read: none of it is ever written."""

    root: Root
    state: State
    pinned: Mapping[str, Collection[str]]
    has_blob: Callable[[str], bool]
    keep: Keep
    guard: Guard
    read: frozenset[str] = frozenset()

    def real(self, path: str, folders: dict[str, str]) -> str:
        """The absolute path of an output, its folder's links resolved; `folders` remembers these while many paths are
        looked at. Raises PathError."""
        folder, _, name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = os.path.dirname(self.root.writable(path))
        return os.path.join(folders[folder], name)

    def obstacle(self, path: str, real: str, where: Where, wanted: str) -> Problem | None:
        """What keeps a path, which is `real` on the disk, from being written: the user's own file, or a file that is
        read. `wanted` is the digest that would be written, "" where that is not known yet."""
        if fold(real) in self.read:
            return Problem(f"`{path}` is a file that is read, by way of a link", where, "choose another path")
        if not os.path.lexists(real):
            return None
        if os.path.islink(real) or not os.path.isfile(real):
            if self.guard == "overwrite" and not os.path.isdir(real):
                return None
            return Problem(f"`{path}` is there and is not a regular file", where, "move it away")
        return users_problem([path], where) if self.is_users(path, real, wanted) else None

    def is_users(self, path: str, real: str, wanted: str) -> bool:
        """Whether a regular file is at a path that is the user's own, and not to be overwritten."""
        if self.guard == "overwrite" or fold(real) in self.read or not os.path.isfile(real) or os.path.islink(real):
            return False
        digest = self.state.digest(path)
        return digest != wanted and not self._is_ours(path, digest)

    def put(self, path: str, content: bytes | Path, *, written: Written, where: Where) -> Problem | bool:
        """Writes an output: bytes, or a copy of a file. True where the file changed, False where it already had these
        bytes. A file that was there is kept in the store first. Raises OSError."""
        try:
            real = self.root.writable(path)
            problem = self.obstacle(path, real, where, written.digest)
        except PathError as error:
            return Problem(error.message, where, error.hint)
        if problem is not None:
            return problem
        # A link is replaced, never what it leads to.
        is_link = os.path.islink(os.path.join(self.root.path, path))
        present = "" if is_link else self.state.digest(path, trusting=False)
        if present == written.digest:
            self.state.written[path] = written
            return False
        # What a pointer of Git LFS stands for is safe where it was pulled from.
        is_safe = not present or self.state.is_pointer(path) or self.keep(present, path)
        if not is_safe and self.guard != "overwrite":
            if self.state.digest(path, trusting=False) != present:
                # Another build of this folder may just have put there what we would: it is all looked at again.
                return self.put(path, content, written=written, where=where)
            return Problem(f"`{path}` changed while it was being replaced", where, "build again")
        try:
            with self.root.open_folder(path, real) as folder:
                if isinstance(content, Path):
                    atomic.copy_in(folder, os.path.basename(path), str(content))
                else:
                    atomic.write_in(folder, os.path.basename(path), content)
        except PathError as error:
            return Problem(error.message, where, error.hint)
        self.state.forget(path)
        self.state.written[path] = written
        return True

    def _is_ours(self, path: str, digest: str) -> bool:
        known = self.state.written.get(path)
        return (
            (known is not None and known.digest == digest)
            or self.has_blob(digest)
            or any(self.state.holds(path, pinned) for pinned in self.pinned.get(path, ()))
        )


def users_problem(paths: Sequence[str], where: Where) -> Problem:
    """What is said of files that are not ours to replace."""
    one = len(paths) == 1
    told = "is a file of yours: it was not made here, or was" if one else "are files of yours: not made here, or"
    hint = "move it away" if one else "move them away"
    return Problem(f"{some(paths, 4)} {told} changed since", where, f"{hint}, or build with --overwrite")
