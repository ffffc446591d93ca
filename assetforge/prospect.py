"""What a build would do with a project, and whose files are in its way; asks nobody and makes nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assetforge.errors import ManifestError
from assetforge.gate import Options, broken, obstacles
from assetforge.graph.select import select
from assetforge.model import Graph, Source
from assetforge.outputs.place import Guard, Places
from assetforge.paths import fold
from assetforge.plan.forecast import Forecast, Outlook, foresee
from assetforge.plan.lost import can_be_bought_again
from assetforge.plan.price import Prices
from assetforge.plan.walk import OnMiss
from assetforge.workspace import Workspace
from assetforge.world import World


def forecast_of(graph: Graph, world: World, places: Places, options: Options, prices: Prices) -> Forecast:
    """What a build with these options would do. Assets that are known to fail are told of and left out: nothing is
    bought for them. Raises ManifestError for a source file that is not a picture."""
    selected = select(graph, options.select)
    forecast = foreseen(graph, world, options, selected, prices)
    blocked = (*broken(forecast), *obstacles(forecast, places))
    if not blocked:
        return forecast
    stopped = {failure.instance: failure.problem.message for failure in reversed(blocked)}
    rest = foreseen(graph, world, options, [name for name in selected if name not in stopped], prices)
    outlooks = {
        name: Outlook(name, "wrong", (stopped[name],), ()) if name in stopped else rest.outlooks[name]
        for name in selected
    }
    return replace(rest, outlooks=outlooks, blocked=blocked)


def foreseen(graph: Graph, world: World, options: Options, selected: Sequence[str], prices: Prices) -> Forecast:
    """What would be done for some instances, whoever owns the files in their way. Raises ManifestError for a source
    file that is not a picture."""
    on_miss: OnMiss = "fail" if options.locked else options.on_miss
    forecast = foresee(graph, world, on_miss, selected, prices)
    while options.rebuy_lost and (lost := _to_rebuy(forecast)):
        world.forgotten |= lost
        forecast = foresee(graph, world, on_miss, selected, prices)
    if forecast.problems and any(isinstance(graph.steps[name], Source) for name in forecast.walk.refused):
        raise ManifestError(forecast.problems)
    return forecast


def _to_rebuy(forecast: Forecast) -> set[str]:
    """The keys of what is bought, or drawn, again. What was only not pulled is not lost, and for what was made by
    hand there is nobody to ask."""
    lost = (*(place for place, what in forecast.lost.items() if can_be_bought_again(what)), *forecast.again)
    actions = (forecast.walk.paid[place].action for place in lost)
    return {action.key for action in actions if action is not None}


def places_of(space: Workspace, graph: Graph, guard: Guard) -> Places:
    """The output paths of a project, and who owns what is there."""

    def keep(digest: str, path: str) -> bool:
        with suppress(OSError):
            real = Path(space.root.readable(path, text=False))
            return space.shelf.blobs.put_file(real, durable=True) == digest
        return False

    return Places(
        space.root, space.state, space.lock.digests(), space.shelf.blobs.has, keep, guard, _read(space, graph)
    )


def _read(space: Workspace, graph: Graph) -> frozenset[str]:
    """The real paths of everything that is read: what is written and what is read never overlap."""
    sources = [step.path for step in graph.steps.values() if isinstance(step, Source)]
    paths = (*space.manifest.reading.digests, *sources, space.lock_path)
    folders: dict[str, str] = {}
    return frozenset(fold(space.root.followed(path, folders)) for path in paths)
