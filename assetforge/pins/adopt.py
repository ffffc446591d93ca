"""`adopt`: a file that somebody made by hand is the picture of a paid step, for its present request."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from assetforge.digest import digest_file
from assetforge.errors import AssetforgeError, Problem, UsageError
from assetforge.model import Graph, Media, Paid, Record
from assetforge.ops.decode import measure_file, read_header
from assetforge.ops.spec import OpFailed
from assetforge.outputs.state import pointed_at
from assetforge.pins.pinning import Pin, action_of, alone, candidate_key, choose, pin, pinned_as, states_of
from assetforge.plan.forecast import Forecast
from assetforge.plan.walk import Walk
from assetforge.run.shelf import now as time_now
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Adopted:
    """What is pinned now, None where the lock had that very picture; what to know of it; what a build would do."""

    pin: Pin | None
    remark: Problem | None
    forecast: Forecast


def adopt(space: Workspace, graph: Graph, step: Paid, path: str) -> Adopted:
    """Keeps a file in the store, and pins it as the picked candidate of a step. Raises UsageError for a file that is
    no picture, AssetforgeError where the step's request is not known yet, OSError."""
    media = _proven(path)
    with alone(space) as now:
        world, own = now.world(), now.lock.candidate(step.instance, step.name, step.pick)
        choice = Adopting(step, media, own)
        chosen = choose(graph, world, (step.instance,), choice.choose)
        for problem in chosen.failed.values():
            raise AssetforgeError(problem.message, hint=problem.hint, where=problem.where)
        if now.shelf.blobs.put_file(Path(path), durable=True) != media.digest:
            raise UsageError(f"`{path}` changed while it was read", hint="try again")
        pin(now, chosen.walk, chosen.pins, world.pixels_used())
    remark = _remark(chosen.walk, step, media, path) if chosen.pins else None
    return Adopted(next(iter(chosen.pins), None), remark, chosen.forecast(space.prices))


@dataclass(frozen=True, slots=True)
class Adopting:
    """The choice of one picture for the picked candidate of a step, which has `own` now."""

    step: Paid
    media: Media
    own: Record | None

    def choose(self, walk: Walk, step: Paid) -> dict[int, Record]:
        """The picture by hand; of the very bytes that are there already, what is known of them. Raises
        AssetforgeError where the request is not known."""
        if step.id != self.step.id:
            return {}
        action = action_of(walk, step)
        key = candidate_key(action, step.pick)
        if self.own is not None and self.own.media.digest == self.media.digest:
            return {} if self.own.key == key else {step.pick: pinned_as(action, step.pick, self.own)}
        return {step.pick: Record(key, self.media, made=time_now()[:10], by="by hand")}


def _proven(path: str) -> Media:
    """A picture file, decoded to its end. Raises UsageError."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"`{path}` is not a file")
        if pointed_at(path, found.st_size) is not None:
            raise UsageError(f"`{path}` is a pointer of Git LFS, and was not pulled", hint="run `git lfs pull`")
        with open(path, "rb") as file:
            read_header(file, path)  # before a large file that is no picture is read to its end
        return measure_file(Path(path), path, digest_file(path))
    except OpFailed as error:
        raise UsageError(str(error), hint=error.hint) from None
    except FileNotFoundError:
        raise UsageError(f"there is no file `{path}`") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"`{path}` can't be read: {told.lower()}") from None


def _remark(walk: Walk, step: Paid, media: Media, path: str) -> Problem | None:
    """That a picture has another size than it should have."""
    call = states_of(walk, step)[step.pick].call
    wanted = [size for size in (step.size, call.size if call else None) if size is not None]
    if media.size in wanted or not wanted:
        return None
    return Problem(f"`{path}` is {media.size}, and the request asks for {wanted[-1]}: it is fitted here")
