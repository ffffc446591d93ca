"""The resolved graph of the last clean build, kept beside its stamp: after a file changed, only the instances that
need it are looked at, and nothing is parsed, rendered or validated again.

It is the graph of the very files that the stamp has, or none: both carry one name, and what is not the input or the
output of a step (the manifest, templates, data, another version) makes the whole pipeline run. Instances are pickled
in groups, so that a few of ten thousand are read without the others; only what a graph consists of is ever unpickled.
A graph with emits is not kept: an emitted file tells of all instances.
"""

import marshal
import os
import pickle
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from assetforge import __version__, atomic
from assetforge.digest import digest_document
from assetforge.entry import Entry
from assetforge.manifest.load import Manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph, Instance, Paid, Rendition, Source, Step
from assetforge.noop import Facts, facts_of
from assetforge.outputs.stamp import find_stamp
from assetforge.paths import Root

FORMAT = 1
NAME = "graph"
# Of a part many groups are read: large ones are read for little, small ones repeat their classes' names.
GROUP = 64
# What a table of TOML may hold beside text and numbers.
DATES = frozenset({"date", "datetime", "time", "timedelta", "timezone"})
MODULES = frozenset({"assetforge.model", "assetforge.errors"})


@dataclass(frozen=True, slots=True)
class Rest:
    """What a stamp proves of the instances that a part of a graph leaves out: how many they are and how many
    candidates of which steps they have, the name of the whole graph ("" where nothing is left out), and the files
    that are what they were."""

    instances: int = 0
    paid: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    graph: str = ""
    entries: Mapping[str, Facts] = field(default_factory=dict)


WHOLE = Rest()


@dataclass(frozen=True, slots=True)
class Part:
    """The instances that changed files can matter to, with all they need; the manifest without its assets; and what
    is proven of the rest."""

    manifest: Manifest
    graph: Graph
    rest: Rest


def keep_graph(folder: Path, manifest: Manifest, graph: Graph, others: Mapping[str, Facts]) -> str:
    """Keeps a graph, under a name that stands for everything it was resolved from; gives the name, "" where it can't
    be kept. `others` are the folders and installed steps that matter to it. Raises OSError."""
    if graph.emits:
        return ""
    name = _name_of(manifest, others)
    if _read(folder, name) is not None:
        return name
    root = manifest.reading.root
    bare = manifest.table.model_copy(update={"asset": {}, "chain": {}, "data": {}})
    try:
        head = pickle.dumps((manifest.file, bare, manifest.reading.digests, graph.output_dir, graph.warnings), 5)
        groups = [pickle.dumps(group, 5) for group in _grouped(graph)]
    except (pickle.PicklingError, TypeError, AttributeError):  # a step of another package may hold anything
        return ""
    listed = {path: _listing(root, path, facts) for path, facts in manifest.reading.listed.items()}
    kept = _Kept(FORMAT, name, head, groups, len(graph.instances), listed, _paid(graph), *_uses(graph))
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write(str(folder / NAME), marshal.dumps(tuple(kept)), durable=False)
    return name


def find_part(folder: Path, root: Root) -> Part | None:
    """What has to be looked at because files changed since the last clean build; None where that is everything."""
    stamp = find_stamp(folder, root)
    kept = _read(folder, stamp.graph) if stamp is not None and stamp.graph else None
    if stamp is None or kept is None:
        return None
    changed = stamp.changed(root)
    same = _listed_alike(root, kept.listed, changed)
    changed -= same.keys()
    touched: set[int] = set()
    for path in changed:
        # What is wrong with a source that is not there is told by who resolves.
        is_source = path in kept.sources
        if not (is_source or path in kept.outputs) or (
            is_source and not os.path.isfile(os.path.join(root.path, path))
        ):
            return None
        touched |= {*kept.sources.get(path, ()), *kept.outputs.get(path, ())}
    wanted = _closure(_closure(touched, _turned(kept.needs)), kept.needs)
    try:
        file, table, digests, output_dir, warnings = _Reader(BytesIO(kept.head)).load()
        loaded = {number: _Reader(BytesIO(kept.groups[number])).load() for number in {one // GROUP for one in wanted}}
    except (pickle.UnpicklingError, ValueError, TypeError, AttributeError, EOFError, ImportError, IndexError):
        return None
    chosen = [loaded[one // GROUP][one % GROUP] for one in sorted(wanted)]
    steps = {place: step for _, own in chosen for place, step in own}
    instances = {instance.name: instance for instance, _ in chosen}
    reading = Reading(root)
    reading.digests.update(digests)
    return Part(
        Manifest(file, table, {}, {}, reading, {}, {}, ()),
        Graph(
            steps={steps[place].id: steps[place] for place in sorted(steps)},
            instances=instances,
            warnings=warnings,
            output_dir=output_dir,
        ),
        Rest(
            kept.size - len(chosen),
            {name: steps for name, steps in kept.paid.items() if name not in instances},
            stamp.graph,
            {path: facts for path, facts in stamp.entries.items() if path not in changed} | same,
        ),
    )


def _name_of(manifest: Manifest, others: Mapping[str, Facts]) -> str:
    read = sorted(manifest.reading.digests.items())
    beside = [[name, list(facts)] for name, facts in sorted(others.items())]
    return digest_document("graph", [("version", f"{FORMAT} {__version__}"), ("read", read), ("beside", beside)])


class _Kept(NamedTuple):
    """A graph's file. `head` is the manifest without its assets, `groups` are pickled instances with their steps,
    `listed` what the folders hold that globs were looked for in; the last ones tell of instances by their number, as
    `_uses` does."""

    format: int
    name: str
    head: bytes
    groups: list[bytes]
    size: int
    listed: dict[str, str]
    paid: dict[str, dict[str, int]]
    sources: dict[str, list[int]]
    outputs: dict[str, list[int]]
    needs: dict[int, list[int]]


class _Reader(pickle.Unpickler):
    """Reads what a graph consists of. A pickle may name anything to be called, so nothing else is given to it."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in DATES:
            return super().find_class(module, name)
        if module.startswith("assetforge."):
            found = super().find_class(module, name)
            if isinstance(found, type) and (module in MODULES or issubclass(found, Entry)):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a graph")


def _read(folder: Path, name: str) -> _Kept | None:
    try:
        kept = _Kept(*marshal.loads((folder / NAME).read_bytes()))  # noqa: S302 - our own file, in the user's folder
        return kept if (kept.format, kept.name) == (FORMAT, name) else None
    except (OSError, ValueError, TypeError, EOFError):
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


def _grouped(graph: Graph) -> Iterable[list[tuple[Instance, list[tuple[int, Step]]]]]:
    """Instances with their steps and source files, each with its place in the graph's order, in groups."""
    own: dict[str, list[tuple[int, Step]]] = {name: [] for name in graph.instances}
    places = {name: place for place, name in enumerate(graph.steps)}
    for place, step in enumerate(graph.steps.values()):
        if not isinstance(step, Source):
            own[step.instance].append((place, step))
            files = [graph.steps[link.step] for link in step.inputs]
            own[step.instance] += [(places[file.id], file) for file in files if isinstance(file, Source)]
    pairs = [(graph.instances[name], steps) for name, steps in own.items()]
    return (pairs[start : start + GROUP] for start in range(0, len(pairs), GROUP))


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
