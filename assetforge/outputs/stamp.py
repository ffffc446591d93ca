"""Writes what the last clean build saw, for `noop` to compare with the disk.

Only a full, clean, undrafted build writes one. Every entry was hashed and found to be what the build used; a file
that is as young as the stamp is left to be doubted.
"""

import marshal
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assetforge import __version__, atomic
from assetforge.noop import FORMAT, NAME, UNREADABLE, Facts, facts_of, read_stamp
from assetforge.outputs.state import TICK_NS, State
from assetforge.paths import Root


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the last clean build saw: each path with its times, size and inode. `graph` names the graph that is kept
    beside it, "" none; `born` is when it was written, in nanoseconds."""

    born: int
    graph: str
    entries: Mapping[str, Facts]

    def changed(self, root: Root) -> frozenset[str]:
        """The paths of what is not what it was, or as young as the stamp."""
        stat, base, born = os.stat, f"{root.path}/", self.born
        found = set()
        for name, facts in self.entries.items():
            try:
                now = facts_of(stat(base + name))
            except OSError:
                found.add(name)
                continue
            if now != facts or now[0] >= born or now[1] >= born:
                found.add(name)
        return frozenset(found)


def find_stamp(folder: Path, root: Root) -> Stamp | None:
    """The stamp of a project; None where there is none that can be read."""
    try:
        told = read_stamp(str(folder), root.path, __version__)
        if told is None:
            return None
        born, _, graph, names, *columns = told
        return Stamp(born, graph, dict(zip(names.split("\0"), zip(*columns, strict=True), strict=True)))
    except UNREADABLE:
        return None


@dataclass(frozen=True, slots=True)
class Seal:
    """What a stamp is to say: the words of a build with nothing to do, the name of the graph kept beside it, and
    what was not hashed: `listed` are folders and installed steps with what they were like, `proven` the files that an
    earlier stamp has and that are what they were."""

    words: str
    graph: str
    listed: Mapping[str, Facts]
    proven: Mapping[str, Facts]


def write_stamp(state: State, root: Root, files: Mapping[str, str], seal: Seal) -> bool:
    """Writes the stamp; False, and no stamp at all, where something is not what the build used. `files` maps paths to
    the digests that the build read or wrote."""
    path = str(state.folder / NAME)
    found = _facts(state, root, files)
    if found is None:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return False
    entries = {**seal.proven, **seal.listed, **found}
    names = sorted(entries)
    columns = [[entries[name][column] for name in names] for column in range(4)]
    state.folder.mkdir(parents=True, exist_ok=True)
    data = marshal.dumps((FORMAT, __version__, root.path, seal.words, seal.graph, "\0".join(names), *columns))
    atomic.write(path, data, durable=False)
    return True


def _facts(state: State, root: Root, files: Mapping[str, str]) -> dict[str, Facts] | None:
    """What files are like that have these digests; None where one has another."""
    stat, base = os.stat, f"{root.path}/"
    try:
        found = {name: facts_of(stat(base + name)) for name in files}
    except OSError:
        return None
    if not _rested(found.values()):
        return None
    for name, digest in files.items():
        if state.seen(name, digest) != found[name]:
            facts = state.facts(name, digest)
            if facts is None:
                return None
            found[name] = facts
    return found


def _rested(found: Iterable[Facts]) -> bool:
    """Waits until no file is as young as a clock's tick: what is written within one can change unseen."""
    youngest = max((max(facts[:2]) for facts in found), default=0)
    wait = (youngest + TICK_NS - time.time_ns()) / 1e9
    if 0 < wait <= TICK_NS / 1e9:
        time.sleep(wait + 0.001)
    return wait <= TICK_NS / 1e9
