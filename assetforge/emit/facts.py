"""What is known of outputs, as emits are told it: each gathered once, from whoever knows its record.

Unaware of templates, and of what is built.
"""

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assetforge.graph.sheets import frame_sources
from assetforge.model import Graph, Instance, Look, Record, Rendition
from assetforge.outputs.lines import output_record
from assetforge.outputs.lock import LockLine
from assetforge.plan.walk import Walk
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Made:
    """An output as it is known, and whether a draft went into it."""

    record: Record
    draft: bool = False


Find = Callable[[Rendition], Made | None]
LookUp = Callable[[Record], Look | None]


class Facts:
    """The facts of outputs, by instance. `find` gives what is known of an output, None where it is not there to be
    told of; `look_up` a record's look."""

    def __init__(self, graph: Graph, find: Find, look_up: LookUp) -> None:
        self.drafts: set[str] = set()
        self._graph = graph
        self._find = find
        self._look_up = look_up
        self._known: dict[str, list[dict[str, Any]] | None] = {}

    def of(self, instance: str) -> list[dict[str, Any]] | None:
        """Every output of an instance, None while something of them is not known."""
        if instance not in self._known:
            self._known[instance] = self._gathered(self._graph.instances[instance])
        return self._known[instance]

    def _gathered(self, instance: Instance) -> list[dict[str, Any]] | None:
        told = []
        for step in outputs_of(self._graph, instance):
            made = self._find(step)
            look = self._look_up(made.record) if made else None
            frames = self._frames(step, made.record) if made else None
            if made is None or look is None or frames is None:
                return None
            if made.draft:
                self.drafts.add(instance.name)
            told.append(self._told(instance, step, made, look) | {"frames": frames, "family": step.family})
        return told

    def _told(self, instance: Instance, step: Rendition, made: Made, look: Look) -> dict[str, Any]:
        """See manifest: Emits."""
        media = made.record.media
        return {
            "path": _below(self._graph.output_dir, step.path),
            "file": step.path,
            "asset": instance.asset,
            "instance": instance.name,
            "axes": dict(instance.axes),
            "width": media.width,
            "height": media.height,
            "format": media.format,
            "bytes": media.bytes,
            "sha256": media.digest,
            "alt": instance.alt or "",
            "tags": list(instance.tags),
            "meta": dict(instance.meta),
            "draft": made.draft,
            "color": look.color,
            "placeholder": look.placeholder,
        }

    def _frames(self, step: Rendition, record: Record) -> list[dict[str, Any]] | None:
        """The pictures of a sheet, each with its place; None where the record is of a sheet of other pictures."""
        if not record.frames:
            return []
        sources = frame_sources(self._graph, step)
        if not record.frames:
            return []  # no sheet, or something after it cut or moved its pictures
        if len(sources) != len(record.frames):
            return None
        return [
            {"instance": source.instance, "axes": dict(source.axes), "x": x, "y": y, "width": width, "height": height}
            for source, (x, y, width, height) in zip(sources, record.frames, strict=True)
        ]


def outputs_of(graph: Graph, instance: Instance) -> list[Rendition]:
    """The outputs of an instance."""
    return [step for name in instance.outputs if isinstance(step := graph.steps[name], Rendition)]


def known_of(graph: Graph, instances: Iterable[str], find: Find) -> Iterator[tuple[Rendition, Record]]:
    """The outputs of some instances of which anything is known."""
    for name in instances:
        for step in outputs_of(graph, graph.instances[name]):
            made = find(step)
            if made is not None:
                yield step, made.record


def _below(folder: str, path: str) -> str:
    """A path as it is written from a folder of the root."""
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else posixpath.relpath(path, folder)


def pinned_look(record: Record) -> Look | None:
    """What the lock has, for who believes nothing else."""
    return record.look


def pinned(lines: Mapping[str, LockLine]) -> Find:
    """What the lock has."""

    def find(step: Rendition) -> Made | None:
        line = lines.get(step.instance)
        record = line.outputs.get(step.path) if line else None
        return Made(record) if record else None

    return find


def standing(space: Workspace, lines: Mapping[str, LockLine]) -> Find:
    """What stands without being built: a placeholder that is there, else what the lock has."""
    state, records, locked = space.state, space.shelf.records, pinned(lines)

    def find(step: Rendition) -> Made | None:
        written = state.written.get(step.path)
        if written is not None and written.draft and state.digest(step.path) == written.digest:
            record = records.get(written.key)
            return Made(record, draft=True) if record and record.media.digest == written.digest else None
        return locked(step)

    return find


@dataclass(frozen=True, slots=True)
class Built:
    """What a build knows: `selected` are the instances that it is of, `done` those of them that may be told of;
    `rendered` the records of outputs made in it, by step, `before` the lock's lines, `others` who knows the rest."""

    walk: Walk
    selected: Collection[str]
    done: Collection[str]
    rendered: Mapping[str, Record]
    before: Mapping[str, LockLine]
    others: Find

    def find(self, step: Rendition) -> Made | None:
        """What is known of an output."""
        if step.instance not in self.selected:
            return self.others(step)
        state = self.walk.files.get(step.id)
        if step.instance not in self.done or state is None or state.picture is None:
            return None
        line = self.before.get(step.instance, LockLine())
        record = output_record(state, self.rendered.get(step.id), line.outputs.get(step.path))
        return Made(record, state.picture.draft) if record else None
