"""The whole comparison of a project's pictures between two states, as one function; unaware of how it is told."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from assetforge.compare.asked import Asked, Bills
from assetforge.compare.changes import compare_lines
from assetforge.compare.past import graph_at
from assetforge.compare.reasons import Explained, explain_changes
from assetforge.compare.sides import Side, find_points, read_sides
from assetforge.errors import ManifestError
from assetforge.git import Repository
from assetforge.model import Graph
from assetforge.paths import PathError, Root
from assetforge.project import Project
from assetforge.words import count, some
from assetforge.workspace import Workspace

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two states of a project, by name, and what else there is to say of them."""

    before: Side
    after: Side
    changes: tuple[Explained, ...]
    notes: tuple[str, ...] = ()


def compare(project: Project, space: Workspace, repository: Repository, revision: str) -> Comparison:
    """The pictures of a project that changed since a revision, or between two of them. Writes nothing. Raises
    UsageError for a revision that is not known here, for a lock that can't be read, and for a store that can't be;
    OSError."""
    points = find_points(repository, revision)
    before, after = read_sides(repository, points, project.file, space.lock)
    bills = Bills(space)
    asked = tuple(Asked(bills, _graph_of(project, repository, side)) for side in (before, after))
    explained = explain_changes(compare_lines(before.lines, after.lines), *asked)
    unread = [side for side, one in zip((before, after), asked, strict=True) if one.has_looked and one.graph is None]
    notes = [*_of_locks(before, after), *(_unread(side) for side in unread)]
    if not after.commit:
        notes += off_the_lock(space, after, explained)
    return Comparison(before, after, tuple(explained), tuple(notes))


class _graph_of:  # noqa: N801 - a function that is called later
    """The graph of a state's manifest, when it is asked for."""

    def __init__(self, project: Project, repository: Repository, side: Side) -> None:
        self._project, self._repository, self._side = project, repository, side

    def __call__(self) -> Graph | None:
        side = self._side
        if side.commit:
            made = (path for line in side.lines.values() for path in line.outputs)
            where = (self._repository, side.commit, side.prefix, side.manifest)
            return graph_at(*where, variables=self._project.variables, made=made)
        with suppress(ManifestError):
            return self._project.graph()
        return None


def _unread(side: Side) -> str:
    return f"the manifest of {_named(side)} can't be made out: what was asked for there is not known here"


def _named(side: Side) -> str:
    return f"`{side.name}`" if side.commit else side.name


def _of_locks(before: Side, after: Side) -> Iterator[str]:
    for side in (before, after):
        if not side.has_lock:
            yield f"{_named(side)} has no {os.path.basename(side.lock)}: of its pictures nothing is known"
    if before.has_lock and before.lock != after.lock:
        yield f"at `{before.name}` the lock was `{before.lock}`"


def off_the_lock(space: Workspace, side: Side, explained: Iterable[Explained]) -> Iterator[str]:
    """Files of the working tree that are not what the lock says: placeholders, and what somebody changed. Looked at
    are those that this machine has seen before, and those of assets that differ. Raises OSError."""
    digests: dict[str, set[str]] = {}
    for line in side.lines.values():
        for path, record in line.outputs.items():
            digests.setdefault(path, set()).add(record.media.digest)
    wanted = {path for one in explained for path in one.change.after.outputs} | set(space.state.written)
    drafts, others = [], []
    for path in sorted(wanted):
        present = _digest_of(space, path)
        if present in ("", *digests.get(path, ())):
            continue
        written = space.state.written.get(path)
        if written is not None and written.digest == present and written.draft:
            drafts.append(path)
        elif path in digests:
            others.append(path)
    if drafts:
        yield f"{count(len(drafts), 'draft')} in the working tree: {some(drafts, SHOWN)}"
    if others:
        yield f"not as the lock has {'it' if len(others) == 1 else 'them'}: {some(others, SHOWN)}"


def _digest_of(space: Workspace, path: str) -> str:
    """The digest of an output that is there, "" where none is, or where a path of the lock leads astray."""
    try:
        if Root.clean(path) == path and os.path.exists(space.root.readable(path, text=False)):
            return space.state.digest(path)
    except (PathError, OSError):
        pass
    return ""
