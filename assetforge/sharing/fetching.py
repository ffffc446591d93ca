"""What the remote has of what a build needs, fetched before anything is bought; and what it should have, sent."""

import asyncio
from collections.abc import Callable
from functools import partial

from assetforge.adopting import keep_taken
from assetforge.events import Carrying, Listener, Warned
from assetforge.gate import Options
from assetforge.model import Fresh
from assetforge.plan.forecast import Forecast
from assetforge.plan.walk import Walk
from assetforge.run.tiers import Tiers
from assetforge.sharing.opening import Shared
from assetforge.sharing.search import Search, before_buying_again
from assetforge.workspace import Workspace
from assetforge.world import World


async def foresee_with(
    shared: Shared,
    space: Workspace,
    world: World,
    options: Options,
    *,
    listen: Listener,
    foresee: Callable[[Options], Forecast],
) -> Forecast:
    """What a build foresees when everything that the remote has, and it needs, is in this machine's store."""
    tiers = shared.tiers
    if tiers is None:
        return foresee(options)
    remote = tiers.remote.place.url
    search, sought = Search(world, options.locked), before_buying_again(options)
    forecast = foresee(sought)
    while (wanted := search.next(forecast)) is not None:
        listen(Carrying(remote, len(wanted.keys) + len(wanted.sizes), "from"))
        found = await tiers.aside(partial(tiers.fetch, wanted.keys))
        there = await tiers.aside(partial(tiers.fetch_blobs, wanted.sizes))
        for key, record in found.items():
            world.remote[key] = keep_taken(record, space.shelf.records, space.shelf.blobs)
        forecast = foresee(sought) if found or there else forecast
    _tell(tiers, listen)
    return foresee(options) if options.rebuy_lost else forecast


def share_found(space: Workspace, walk: Walk, shared: Shared) -> None:
    """Shares what was bought before, and that the lock of this project begins to pin: nobody else may have it. Of
    what somebody made by hand the picture alone is shared: only this project's lock has a record of it."""
    tiers = shared.tiers
    if tiers is None:
        return
    for state in walk.paid.values():
        decision = state.decision
        if not isinstance(decision, Fresh) or state.action is None:
            continue
        if decision.record.by:
            tiers.offer(decision.record.media.digest)
        elif decision.origin == "store" and not space.lock.paid("", "", state.action.key):
            tiers.offer_record(decision.record)


async def finish_sharing(shared: Shared, listen: Listener) -> None:
    """Returns when everything that was made is there, or can't be, which is told."""
    tiers = shared.tiers
    if tiers is None:
        return
    if tiers.waiting:
        listen(Carrying(tiers.remote.place.url, tiers.waiting, "to"))
    await asyncio.to_thread(tiers.finish)
    _tell(tiers, listen)


def _tell(tiers: Tiers, listen: Listener) -> None:
    for remark in tiers.take_remarks():
        listen(Warned(remark))
