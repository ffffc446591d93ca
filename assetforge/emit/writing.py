"""Emits at the end of a build, put at their paths where nothing of the user's is lost by it, and what the lock has of
them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from assetforge.emit.looks import Looks
from assetforge.emit.text import Broken, Rendered, Text, Waiting
from assetforge.errors import Problem
from assetforge.model import Emit, Failure, Graph, Look, Record, Rendition
from assetforge.outputs.lock import LockLine
from assetforge.outputs.place import Places
from assetforge.outputs.state import Written
from assetforge.paths import PathError, fold
from assetforge.store.blobs import Blobs
from assetforge.words import some

# So many emits, or instances that they wait for, are named in a warning.
NAMED = 4


@dataclass(frozen=True, slots=True)
class Emission:
    """What became of emits. `written` are the paths of files that changed, `files` the digests of all that are as
    they should be, `lines` the lock's lines of those without drafts; `waiting` says which were left alone."""

    written: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, LockLine] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    waiting: tuple[Problem, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed and nothing waits."""
        return not self.failures and not self.waiting


class Targets:
    """Where emits go, and what else goes there. `graph` has all that is written."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self._graph = graph
        self._places = places
        self._folders: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    def obstacle(self, emit: Emit, wanted: str) -> Problem | None:
        """What keeps an emit's file from being written. `wanted` is its digest, "" where that is not known yet."""
        path, where = emit.path, emit.where
        try:
            real = self._places.real(path, self._folders)
            other = self._others().get(fold(real), path)
        except PathError as error:
            return Problem(error.message, where, error.hint)
        if other != path:
            return Problem(f"`{path}` and `{other}` are one place, by way of a link", where, "choose another path")
        return self._places.obstacle(path, real, where, wanted)

    def digest(self, emit: Emit) -> str:
        """What is there."""
        return self._places.state.digest(emit.path)

    def put(self, text: Text, blobs: Blobs) -> Problem | bool:
        """Writes an emit's file; True where it changed. One that only has other line ends stays."""
        path, where = text.emit.path, text.emit.where
        is_there = self._places.state.digest(path) == text.digest
        if not is_there and self._places.state.holds(path, text.digest):
            return False
        problem = None if is_there else self.obstacle(text.emit, text.digest)
        if problem is not None:
            return problem
        try:
            if not is_there:
                # A build that dies before lock and state are written leaves a file that is known to be ours.
                blobs.put(text.data, durable=False)
            return self._places.put(path, text.data, written=Written(text.digest, "", text.draft), where=where)
        except OSError as error:
            return Problem(f"`{path}` can't be written: {(error.strerror or str(error)).lower()}", where)

    def _others(self) -> dict[str, str]:
        """The first path of each place on the disk, outputs before emits."""
        if not self._taken:
            outputs = (step.path for step in self._graph.steps.values() if isinstance(step, Rendition))
            for path in (*outputs, *(emit.path for emit in self._graph.emits.values())):
                self._taken.setdefault(fold(self._places.real(path, self._folders)), path)
        return self._taken


def write_emits(texts: Iterable[Rendered], targets: Targets, blobs: Blobs) -> Emission:
    """Writes what can be written, into the store first. A file that is as it should be is not touched."""
    written, failures, waiting = [], [], []
    files: dict[str, str] = {}
    lines: dict[str, LockLine] = {}
    for one in texts:
        if isinstance(one, Waiting):
            waiting.append(one)
            continue
        placed = one.problem if isinstance(one, Broken) else targets.put(one, blobs)
        if isinstance(placed, Problem):
            failures.append(Failure(one.emit.name, placed))
            continue
        assert isinstance(one, Text)
        files[one.emit.path] = one.digest if placed else targets.digest(one.emit)
        written += [one.emit.path] if placed else []
        if not one.draft:
            lines[one.emit.name] = LockLine(emitted={one.emit.path: one.digest})
    return Emission(tuple(written), files, lines, tuple(failures), tuple(_left_alone(waiting)))


def _left_alone(waiting: Iterable[Waiting]) -> Iterator[Problem]:
    """One warning for all that wait for the same."""
    groups: dict[tuple[str, ...], list[Emit]] = {}
    for one in waiting:
        groups.setdefault(one.on, []).append(one.emit)
    for on, emits in groups.items():
        names = some([emit.name for emit in emits], NAMED)
        told = f"{names} is left as it is" if len(emits) == 1 else f"{names} are left as they are"
        yield Problem(f"{told}: {some(on, NAMED)} {'is' if len(on) == 1 else 'are'} not made", emits[0].where)


def with_looks(lines: Mapping[str, LockLine], graph: Graph, looks: Looks) -> dict[str, LockLine]:
    """The lock's lines, with the looks of outputs that emits tell of and of no others."""
    told = {name for emit in graph.emits.values() for name in emit.selected}

    def looked_at(name: str, line: LockLine) -> LockLine:
        outputs = {
            path: _with(record, looks.of(record) if name in told else None) for path, record in line.outputs.items()
        }
        return replace(line, outputs=outputs)

    return {name: looked_at(name, line) if name in graph.instances else line for name, line in lines.items()}


def _with(record: Record, look: Look | None) -> Record:
    return record if record.look == look else replace(record, look=look)
