"""What is foreseen when it is known what the remote has; nothing is fetched, and nothing written."""

from collections.abc import Callable
from dataclasses import replace

from assetforge.events import Listener, Warned
from assetforge.gate import Options
from assetforge.plan.forecast import Forecast
from assetforge.run.tiers import Tiers
from assetforge.sharing.opening import open_shared, tell_of_remote
from assetforge.sharing.search import Search, before_buying_again
from assetforge.workspace import Workspace
from assetforge.world import World


def look_there(
    space: Workspace, world: World, options: Options, listen: Listener, foresee: Callable[[Options], Forecast]
) -> Forecast:
    """A forecast that knows what the remote has, where there is one that may be asked. Raises UsageError,
    ManifestError for what names none."""
    shared = open_shared(space, options.remote)
    if shared.tiers is None:
        forecast = foresee(options)
    else:
        forecast = _looked(shared.tiers, world, options, foresee)
        shared.tiers.finish()
        for remark in shared.tiers.take_remarks():
            listen(Warned(remark))
    tell_of_remote(shared, forecast, replace(options, yes=True), listen)
    return forecast


def _looked(tiers: Tiers, world: World, options: Options, foresee: Callable[[Options], Forecast]) -> Forecast:
    search, sought = Search(world, options.locked), before_buying_again(options)
    forecast = foresee(sought)
    while (wanted := search.next(forecast)) is not None:
        found = tiers.find(wanted.keys)
        there = tiers.find_blobs(wanted.sizes) | {record.media.digest for record in found.values()}
        world.remote |= found
        world.elsewhere |= there
        forecast = foresee(sought) if there else forecast
    return foresee(options) if options.rebuy_lost else forecast
