"""Removing outputs: only files that the lock or the state names for that path, and whose bytes are unchanged.

What is removed can be made again for nothing: its bytes are kept in the store first. Unaware of the manifest.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from assetforge.model import Graph, Rendition
from assetforge.outputs.aside import owner_of
from assetforge.outputs.lock import Lock, LockLine
from assetforge.outputs.place import Keep
from assetforge.outputs.state import State
from assetforge.paths import PathError, Root


@dataclass(frozen=True, slots=True)
class Pruning:
    """What may be removed, and what is left alone although its path was named, with the reason. Paths."""

    ours: tuple[str, ...]
    left: Mapping[str, str]


def paths_of(graphs: Iterable[Graph]) -> set[str]:
    """Every path that these graphs write to."""
    found: set[str] = set()
    for graph in graphs:
        found |= {step.path for step in graph.steps.values() if isinstance(step, Rendition)}
        found |= {emit.path for emit in graph.emits.values()}
    return found


def find_prunable(root: Root, state: State, lock: Lock, wanted: Collection[str]) -> Pruning:
    """Every file we know to have written, but those at the paths of `wanted`."""
    ours, left = [], {}
    pinned = lock.digests()
    for path in sorted({*pinned, *state.written} - set(wanted)):
        known = {state.written[path].digest} if path in state.written else set()
        known |= {*pinned.get(path, ())}
        reason = _obstacle(root, state, path, known)
        if reason is None:
            ours.append(path)
        elif reason:
            left[path] = reason
    return Pruning(tuple(ours), left)


def _obstacle(root: Root, state: State, path: str, known: Collection[str]) -> str | None:
    """Why a file is not removed, "" where there is none, None where it may go. A lock may come from a stranger:
    its paths are checked like any other."""
    try:
        if root.clean(path) != path:
            return "its path is not one that is written here"
        if os.path.islink(root.writable(path)):
            return "it is a link"
        digest = state.digest(path)
    except (PathError, OSError) as error:
        return str(error)
    if not digest:
        return "it is not a regular file" if os.path.lexists(os.path.join(root.path, path)) else ""
    return None if digest in known else "it was changed since it was made"


def prune(root: Root, state: State, lock: Lock, paths: Collection[str], keep: Keep) -> Pruning:
    """Removes files, each looked at again and kept in the store just before. What is no longer ours is left."""
    gone, left = [], {}
    pinned = lock.digests()
    for path in paths:
        digest = state.digest(path, trusting=False)
        known = [state.written[path].digest] if path in state.written else []
        known += pinned.get(path, ())
        if digest not in known:
            left[path] = "it was changed just now"
        elif not keep(digest, path):
            left[path] = "its bytes can't be kept in the store"
        else:
            try:
                with root.open_parent(path) as folder:
                    os.unlink(os.path.basename(path), dir_fd=folder)
            except (PathError, OSError) as error:
                left[path] = str(error)
                continue
            gone.append(path)
            state.forget(path)
            state.written.pop(path, None)
    return Pruning(tuple(gone), left)


def without_orphans(lines: Mapping[str, LockLine], names: Collection[str], root: Root) -> dict[str, LockLine]:
    """The lock's lines of some instances and emits, what a merge set aside of them too, and of those vanished ones
    whose files are still there."""

    def has_files(line: LockLine) -> bool:
        return any(os.path.lexists(os.path.join(root.path, path)) for path in (*line.outputs, *line.emitted))

    return {name: line for name, line in lines.items() if owner_of(name)[0] in names or has_files(line)}
