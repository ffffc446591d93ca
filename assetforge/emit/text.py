"""The text of emits from the facts of outputs, and what some of them wait for. Writes nothing."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from assetforge.digest import digest_bytes
from assetforge.emit.facts import Facts
from assetforge.errors import ManifestError, Problem
from assetforge.model import Emit, Graph
from assetforge.words import waits_for
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Text:
    """What an emit's file should hold, and whether drafts are told of in it."""

    emit: Emit
    data: bytes
    digest: str
    draft: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """An emit that can't be written while something of these instances is not known."""

    emit: Emit
    on: tuple[str, ...]

    @property
    def told(self) -> str:
        return waits_for(self.on)


@dataclass(frozen=True, slots=True)
class Broken:
    """An emit whose template fails."""

    emit: Emit
    problem: Problem


Rendered = Text | Waiting | Broken


def emits_of(graph: Graph, built: Collection[str]) -> list[Emit]:
    """The emits that a build of some instances writes: those that tell of any of them."""
    if len(built) == len(graph.instances):
        return list(graph.emits.values())
    chosen = set(built)
    return [emit for emit in graph.emits.values() if not chosen.isdisjoint(emit.selected)]


def render(space: Workspace, emits: Iterable[Emit], facts: Facts) -> Iterator[Rendered]:
    """Emits, one after the other."""
    listed = list(emits)
    if not listed:
        return
    # It brings Jinja along, of which a build of what changed needs nothing else.
    from assetforge.graph.emits import Emitter

    emitter = Emitter(space.manifest, space.variables)
    for emit in listed:
        told = {name: facts.of(name) for name in emit.selected}
        waiting = tuple(name for name, outputs in told.items() if outputs is None)
        if waiting:
            yield Waiting(emit, waiting)
            continue
        try:
            text = emitter.render(emit, [output for outputs in told.values() for output in outputs or ()])
        except ManifestError as error:
            yield Broken(emit, error.problems[0])
            continue
        data = text.encode()
        yield Text(emit, data, digest_bytes(data), not facts.drafts.isdisjoint(told))
