"""The resolved graph of the last clean build, kept beside its stamp: after a file changed, only the instances that
need it are looked at, and nothing is parsed, rendered or validated again.

It is the graph of the very files that the stamp has, or none: both carry one name, and what is not the input or the
output of a step (the manifest, templates, data, another version) makes the whole pipeline run. Instances are kept in
groups, so that a few of ten thousand are read without the others, and as plain values, so that nothing that is read
can call anything. Not kept is what depends on more than files: a graph with emits, which tell of all instances; one
with models that are shut down some day, which is warned of; and one whose lock has lines that it does not know.
"""

import marshal
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from assetforge import __version__, atomic
from assetforge.digest import digest_document
from assetforge.manifest.load import Manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph, Instance, Paid, Rendition, Source, Step
from assetforge.noop import UNREADABLE, Facts, facts_of
from assetforge.outputs.plain import NotPlainError, Reader, Writer
from assetforge.outputs.stamp import Stamp, find_stamp
from assetforge.paths import PathError, Root
from assetforge.providers.models import rules_of

FORMAT = 1
NAME = "graph"
# Of a part many groups are read: large ones are read for little, small ones repeat what they share.
GROUP = 64


@dataclass(frozen=True, slots=True)
class Rest:
    """What a stamp proves of the instances that a part of a graph leaves out: how many they are and how many
    candidates of which steps they have, the name of the whole graph, and the files that are what they were."""

    instances: int
    paid: Mapping[str, Mapping[str, int]]
    graph: str
    entries: Mapping[str, Facts]

    def has_still(self, root: Root, path: str) -> bool:
        """Whether a file is what was proven of it, now that it was read."""
        return _has_still(root, path, self.entries)


@dataclass(frozen=True, slots=True)
class Part:
    """The instances that changed files can matter to, with all they need; the manifest without its assets; and what
    is proven of the rest."""

    manifest: Manifest
    graph: Graph
    rest: Rest


def keep_graph(
    folder: Path, manifest: Manifest, graph: Graph, others: Mapping[str, Facts], *, locked: Collection[str]
) -> str:
    """Keeps a graph, under a name that stands for everything it was resolved from; gives the name, "" where it can't
    be kept. `others` are the folders and installed steps that matter to it, `locked` the lines of the lock. Raises
    OSError."""
    if graph.emits or not graph.instances.keys() >= set(locked) or any(map(_has_an_end, graph.steps.values())):
        return ""
    name = _name_of(manifest, graph, others)
    if _read(folder, name) is not None:
        return name
    root, writer = manifest.reading.root, Writer()
    bare = manifest.table.model_copy(update={"asset": {}, "chain": {}, "data": {}})
    try:
        head = writer.plain((manifest.file, bare, manifest.reading.digests, graph.output_dir, graph.warnings))
        groups = [marshal.dumps(writer.plain(group)) for group in _grouped(graph)]
    except NotPlainError:  # a step of another package may hold anything
        return ""
    listed = {path: _listing(root, path, facts) for path, facts in manifest.reading.listed.items()}
    kept = _Kept(FORMAT, name, head, groups, len(graph.instances), listed, _paid(graph), *_uses(graph))
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write(str(folder / NAME), marshal.dumps(tuple(kept)), durable=False)
    return name


def find_part(folder: Path, root: Root, manifest: str) -> Part | None:
    """What has to be looked at because files changed since the last clean build; None where that is everything, as
    where the `manifest` itself changed."""
    stamp = find_stamp(folder, root)
    if stamp is None or not stamp.graph or not _has_still(root, manifest, stamp.entries):
        return None
    kept = _read(folder, stamp.graph)
    if kept is None:
        return None
    changed = stamp.changed(root)
    try:
        same = _listed_alike(root, kept.listed, changed)
        changed -= same.keys()
        if not all(_is_plain_change(root, kept, path) for path in changed):
            return None
        touched = {
            number for path in changed for uses in (kept.sources, kept.outputs) for number in uses.get(path, ())
        }
        wanted = _closure(_closure(touched, _turned(kept.needs)), kept.needs)
        proven = {path: facts for path, facts in stamp.entries.items() if path not in changed} | same
        return _part(kept, root, sorted(wanted), stamp, proven)
    except UNREADABLE:
        return None


def _has_still(root: Root, path: str, entries: Mapping[str, Facts]) -> bool:
    try:
        return path not in entries or facts_of(os.stat(os.path.join(root.path, path))) == entries[path]
    except OSError:
        return False


def _part(kept: "_Kept", root: Root, wanted: Iterable[int], stamp: Stamp, proven: Mapping[str, Facts]) -> Part:
    reader = Reader()
    file, table, digests, output_dir, warnings = reader.value(kept.head)
    groups: dict[int, list[tuple[Instance, list[tuple[int, Step]]]]] = {}
    steps: dict[int, Step] = {}
    instances: dict[str, Instance] = {}
    for number in wanted:
        group, place = divmod(number, GROUP)
        if group not in groups:
            groups[group] = reader.value(marshal.loads(kept.groups[group]))  # noqa: S302 - plain values
        instance, own = groups[group][place]
        instances[instance.name] = instance
        steps.update(own)
    reading = Reading(root)
    reading.digests.update(digests)
    return Part(
        Manifest(file, table, {}, {}, reading, {}, {}, ()),
        Graph({steps[at].id: steps[at] for at in sorted(steps)}, instances, warnings, output_dir=output_dir),
        Rest(
            kept.size - len(instances),
            {name: counts for name, counts in kept.paid.items() if name not in instances},
            stamp.graph,
            proven,
        ),
    )


def _is_plain_change(root: Root, kept: "_Kept", path: str) -> bool:
    """Whether a changed path is a source that may still be read, or an output whose folder is where it is written.
    What is wrong with others is told by who looks at everything."""
    try:
        if path in kept.sources:
            return bool(root.readable(path, text=False))
        folder = os.path.dirname(path)
        is_straight = not folder or root.followed(folder, {}) == os.path.join(root.real, folder)
        return path in kept.outputs and is_straight
    except PathError:
        return False


def _has_an_end(step: Step) -> bool:
    """Whether a step asks for a model that is shut down some day."""
    rules = rules_of(step.settings.kind, step.settings.model) if isinstance(step, Paid) else None
    return rules is not None and rules.shutdown is not None


def _name_of(manifest: Manifest, graph: Graph, others: Mapping[str, Facts]) -> str:
    read = sorted(manifest.reading.digests.items())
    beside = [[name, list(facts)] for name, facts in sorted(others.items())]
    told = [problem.message for problem in graph.warnings]
    version = f"{FORMAT} {__version__}"
    return digest_document("graph", [("version", version), ("read", read), ("beside", beside), ("warnings", told)])


class _Kept(NamedTuple):
    """A graph's file. `head` is the manifest without its assets, `groups` are marshalled instances with their steps,
    `listed` what the folders hold that globs were looked for in; the last ones tell of instances by their number, as
    `_uses` does."""

    format: int
    name: str
    head: Any
    groups: list[bytes]
    size: int
    listed: dict[str, str]
    paid: dict[str, dict[str, int]]
    sources: dict[str, list[int]]
    outputs: dict[str, list[int]]
    needs: dict[int, list[int]]


def _read(folder: Path, name: str) -> _Kept | None:
    try:
        kept = _Kept(*marshal.loads((folder / NAME).read_bytes()))  # noqa: S302 - plain values
        tables = (kept.listed, kept.paid, kept.sources, kept.outputs, kept.needs)
        is_kept = (kept.format, kept.name) == (FORMAT, name) and all(type(table) is dict for table in tables)
        return kept if is_kept else None
    except UNREADABLE:
        return None


def _listed_alike(root: Root, listed: Mapping[str, str], changed: Iterable[str]) -> dict[str, Facts]:
    """Of changed paths the folders that hold what they held, with what they are like now: a file in them was replaced
    by one of its name, as many editors do."""
    found = {}
    for path in changed:
        with suppress(OSError):
            facts = facts_of(os.stat(os.path.join(root.path, path)))
            if listed.get(path) and _listing(root, path, facts) == listed[path]:
                found[path] = facts
    return found


def _listing(root: Root, path: str, facts: Facts) -> str:
    """What a folder holds, by name and kind; "" where it is not what it was any more."""
    real = os.path.join(root.path, path)
    try:
        with os.scandir(real) as entries:
            held = sorted([entry.name, entry.is_symlink(), entry.is_dir(follow_symlinks=False)] for entry in entries)
        return digest_document("folder", [("entries", held)]) if facts_of(os.stat(real)) == facts else ""
    except (OSError, ValueError):
        return ""


def _grouped(graph: Graph) -> Iterator[list[tuple[Instance, list[tuple[int, Step]]]]]:
    """Instances with their steps and source files, each with its place in the graph's order, in groups."""
    own: dict[str, list[tuple[int, Step]]] = {name: [] for name in graph.instances}
    places = {name: place for place, name in enumerate(graph.steps)}
    for place, step in enumerate(graph.steps.values()):
        if not isinstance(step, Source):
            own[step.instance].append((place, step))
            files = [graph.steps[link.step] for link in step.inputs]
            own[step.instance] += [(places[file.id], file) for file in files if isinstance(file, Source)]
    pairs = [(graph.instances[name], steps) for name, steps in own.items()]
    yield from (pairs[start : start + GROUP] for start in range(0, len(pairs), GROUP))


def _uses(graph: Graph) -> tuple[dict[str, list[int]], dict[str, list[int]], dict[int, list[int]]]:
    """Instances by their number: those that use a source file, those that write an output, both by path, and those
    that an instance needs pictures of."""
    numbers = {name: number for number, name in enumerate(graph.instances)}
    sources: dict[str, dict[int, None]] = {}
    outputs: dict[str, list[int]] = {}
    needs: dict[int, dict[int, None]] = {}
    for step in graph.steps.values():
        if isinstance(step, Source):
            continue
        number = numbers[step.instance]
        if isinstance(step, Rendition):
            outputs.setdefault(step.path, []).append(number)
        for link in step.inputs:
            other = graph.steps[link.step]
            if isinstance(other, Source):
                sources.setdefault(other.path, {})[number] = None
            elif other.instance != step.instance:
                needs.setdefault(number, {})[numbers[other.instance]] = None
    return (
        {path: list(users) for path, users in sources.items()},
        outputs,
        {number: list(others) for number, others in needs.items()},
    )


def _paid(graph: Graph) -> dict[str, dict[str, int]]:
    """By instance how many candidates each of its paid steps has."""
    found: dict[str, dict[str, int]] = {}
    for step in graph.steps.values():
        if isinstance(step, Paid):
            found.setdefault(step.instance, {})[step.name] = step.n
    return found


def _turned(needs: Mapping[int, list[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, others in needs.items():
        for other in others:
            found.setdefault(other, []).append(number)
    return found


def _closure(numbers: Iterable[int], leads: Mapping[int, list[int]]) -> set[int]:
    """All that is reached from some numbers, and they themselves."""
    found: set[int] = set()
    waiting = list(numbers)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += leads.get(number, ())
    return found
