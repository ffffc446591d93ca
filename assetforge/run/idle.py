"""Steps that found nothing to do, or left nothing: what a build tells of them at its end, in the graph's order."""

from collections.abc import Iterator

from assetforge.errors import Problem
from assetforge.model import Link, Local, Picture
from assetforge.ops.memo import Memo
from assetforge.plan.forecast import Forecast, wanted_steps


def idle_steps(forecast: Forecast, memo: Memo) -> Iterator[Problem]:
    """One warning for each local step of this build that did nothing, or left nothing, though it was there to do
    something. Of a placeholder nothing is told."""
    walk = forecast.walk
    order, _ = wanted_steps(walk.graph, forecast.selected, walk.on_miss)
    for step in map(walk.graph.steps.__getitem__, order):
        picture = walk.picture(Link(step.id)) if isinstance(step, Local) else None
        # A step that vanished has the picture of another, which tells of itself.
        if not isinstance(step, Local) or not isinstance(picture, Picture) or picture.op != step.op or picture.draft:
            continue
        remark = memo.remark(picture.made)
        if remark is not None:
            yield Problem(f"`{step.instance}`: {remark[0]}", step.where, remark[1])
