"""Removing what was built, and the lock's lines of assets that are gone; the decision is `outputs/prune`'s."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assetforge.check import check
from assetforge.gate import Options
from assetforge.model import Graph
from assetforge.outputs.lock import read_lock, write_lock
from assetforge.outputs.prune import Pruning, find_prunable, paths_of, prune, without_orphans
from assetforge.outputs.state import held
from assetforge.prospect import foreseen, places_of
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed and left, and the instances and emits whose lines the lock had for nothing."""

    files: Pruning
    forgotten: tuple[str, ...]


def find_cleanable(space: Workspace, kept: Sequence[Graph]) -> Pruning:
    """What `clean` would remove: all that was built, but the outputs and emits of the graphs in `kept`."""
    return find_prunable(space.root, space.state, space.lock, paths_of(kept))


def clean(space: Workspace, graph: Graph, paths: Collection[str]) -> Cleaned:
    """Removes files, and then lines of the lock that nothing needs: while manifest and lock disagree they all stay,
    since an asset under a new name takes its pictures from its old line. Raises AssetforgeError, OSError."""
    forecast = foreseen(graph, space.world(), Options(locked=True), tuple(graph.instances), space.prices)
    agree = not check(space, forecast, files=False).disagreements
    files = prune(space.root, space.state, space.lock, paths, places_of(space, graph, "ask").keep)
    space.state.save()
    if not agree:
        return Cleaned(files, ())
    with held(space.state.folder):
        before = read_lock(space.lock_path).lines
        after = without_orphans(before, {*graph.instances, *graph.emits}, space.root)
        write_lock(space.lock_path, after)
    return Cleaned(files, tuple(sorted(before.keys() - after.keys())))
