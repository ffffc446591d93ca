"""The whole comparison of a project's pictures between two states, as one function; unaware of how it is told."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from assetforge.compare.asked import Asked, Bills
from assetforge.compare.changes import compare_lines
from assetforge.compare.past import Past
from assetforge.compare.reasons import Explained, explain_changes
from assetforge.compare.sentences import Sentence, listed, say
from assetforge.compare.sides import Side, find_points, read_sides
from assetforge.errors import ManifestError
from assetforge.git import FETCH, Repository
from assetforge.model import Graph
from assetforge.paths import PathError, Root
from assetforge.project import Project
from assetforge.words import count
from assetforge.workspace import Workspace

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two states of a project, by name, and what else there is to say of them."""

    before: Side
    after: Side
    changes: tuple[Explained, ...]
    notes: tuple[Sentence, ...] = ()


def compare(project: Project, space: Workspace, repository: Repository, revision: str) -> Comparison:
    """The pictures of a project that changed since a revision, or between two of them. Writes nothing. Raises
    UsageError for a revision that is not known here, for a lock that can't be read, and for a store that can't be;
    OSError."""
    points = find_points(repository, revision)
    before, after = read_sides(repository, points, project.file, space.lock)
    bills = Bills(space)
    manifests = [_Manifest(project, repository, side) for side in (before, after)]
    asked = tuple(Asked(bills, one.graph) for one in manifests)
    explained = explain_changes(compare_lines(before.lines, after.lines), *asked)
    unread = [one for one, other in zip(manifests, asked, strict=True) if other.has_looked and other.graph is None]
    notes = [*_of_locks(before, after), *(one.unread() for one in unread)]
    if not after.commit:
        notes += off_the_lock(space, after, explained)
    return Comparison(before, after, tuple(explained), tuple(notes))


class _Manifest:
    """A state's manifest, which is read when its graph is asked for."""

    def __init__(self, project: Project, repository: Repository, side: Side) -> None:
        self._project, self._side = project, side
        self._past = Past(repository, side.commit, side.prefix, side.manifest)

    def graph(self) -> Graph | None:
        if self._side.commit:
            return self._past.graph(self._project.variables)
        with suppress(ManifestError):
            return self._project.graph()
        return None

    def unread(self) -> Sentence:
        """That nothing could be made of it."""
        told = say("the manifest of ") + _named(self._side) + " can't be made out: "
        if self._past.lacking:
            return told + say("git has no contents of ", self._past.lacking) + f"; {FETCH}"
        return told + "what was asked for there is not known here"


def _named(side: Side) -> Sentence:
    return say("", side.name) if side.commit else say(side.name)


def _of_locks(before: Side, after: Side) -> Iterator[Sentence]:
    for side in (before, after):
        if not side.has_lock:
            yield _named(side) + say(" has no ", os.path.basename(side.lock)) + ": of its pictures nothing is known"
    if before.has_lock and before.lock != after.lock:
        yield say("at ", before.name) + say(" the lock was ", before.lock)


def off_the_lock(space: Workspace, side: Side, explained: Iterable[Explained]) -> Iterator[Sentence]:
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
        yield say(f"{count(len(drafts), 'draft')} in the working tree: ") + listed(drafts, SHOWN)
    if others:
        yield say(f"not as the lock has {'it' if len(others) == 1 else 'them'}: ") + listed(others, SHOWN)


def _digest_of(space: Workspace, path: str) -> str:
    """The digest of an output that is there, "" where none is, or where a path of the lock leads astray."""
    try:
        if Root.clean(path) == path and os.path.exists(space.root.readable(path, text=False)):
            return space.state.digest(path)
    except (PathError, OSError):
        pass
    return ""
