"""`restore`: an earlier picture of a step stands for its present request, for nothing.

Steps before it keep their present pictures; of steps after it those come back that were made of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assetforge.errors import AssetforgeError, UsageError
from assetforge.model import Action, Fresh, Graph, Media, Paid, Record
from assetforge.ops.decode import measure_file
from assetforge.ops.spec import OpFailed
from assetforge.pins.accept import Keeping
from assetforge.pins.asked import Asked
from assetforge.pins.history import Past, history, short_keys
from assetforge.pins.pinning import (
    Pin,
    action_of,
    alone,
    choose,
    pin,
    pinned_as,
    refuse_other_shape,
    states_of,
)
from assetforge.plan.difference import plain
from assetforge.plan.forecast import Forecast
from assetforge.plan.lost import FETCH
from assetforge.plan.walk import Walk
from assetforge.run.bytes import Bytes, BytesGone
from assetforge.words import count, some
from assetforge.workspace import Workspace

LEAST = 4
_KEY = re.compile(r"[0-9a-f]{4,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Restored:
    """The picture that was meant; what is pinned now, nothing where the lock has it; and what a build would do."""

    past: Past
    pins: tuple[Pin, ...]
    forecast: Forecast


def restore(space: Workspace, graph: Graph, steps: Sequence[Paid], key: str) -> Restored:
    """Pins a picture that one of these steps of one instance had, by the beginning of its key. Raises UsageError for
    a key that is unknown or stands for several, AssetforgeError for a picture that can't be, OSError."""
    with alone(space) as now:
        instance = graph.instances[steps[0].instance]
        every = [step for name in instance.paid if isinstance(step := graph.steps[name], Paid)]
        pasts = history(now, every)
        wanted = {step.id for step in steps}
        past = find([one for one in pasts if one.step.id in wanted], key)
        keeping = Keeping(now.lock, Asked(now.shelf))
        choice = Restoring(_whole(past, now.content), tuple(pasts), keeping, now.content)
        world = now.world()
        chosen = choose(graph, world, (instance.name,), choice.choose)
        for problem in chosen.failed.values():
            raise AssetforgeError(problem.message, hint=problem.hint, where=problem.where)
        pin(now, chosen.walk, chosen.pins, world.pixels_used())
    return Restored(past, chosen.pins, chosen.forecast(space.prices))


def find(pasts: Sequence[Past], key: str) -> Past:
    """The picture that the beginning of a key, or of a digest, stands for; of several under one key the newest that
    is here. Raises UsageError."""
    wanted = key.lower()
    if not _KEY.fullmatch(wanted):
        raise UsageError(f"`{key}` is not a key", hint=f"give at least {LEAST} of its digits (0-9, a-f)")
    found = [one for one in pasts if one.key.startswith(wanted)]
    found = found or [one for one in pasts if one.digest.startswith(wanted)]
    short = short_keys(pasts)
    if not found:
        every = list(dict.fromkeys(short[one.key] for one in pasts))
        hint = f"keys: {some(every)}" if every else "there is no picture yet: run `assetforge build`"
        raise UsageError(f"there is no picture with a key that begins with `{key}`", hint=hint)
    keys = list(dict.fromkeys(short[one.key] for one in found))
    if len(keys) > 1:
        raise UsageError(f"`{key}` stands for {count(len(keys), 'picture')}", hint=f"name one of {some(keys)}")
    return next((one for one in found if one.is_here), found[0])


@dataclass(slots=True)
class Restoring:
    """The choice of an earlier picture for one step, and of what goes with it for the others of the chain."""

    past: Past
    pasts: Sequence[Past]
    keeping: Keeping
    content: Bytes
    is_placed: bool = False

    def choose(self, walk: Walk, step: Paid) -> Mapping[int, Record]:
        """Raises AssetforgeError where a request is not known, or is of another size or format."""
        if step.id == self.past.step.id:
            self.is_placed = True
            return self._restored(walk, step, action_of(walk, step))
        if self.is_placed:
            return self._made_of_it(walk, step)
        return {} if _is_known(walk, step) else self.keeping.choose(walk, step)

    def _restored(self, walk: Walk, step: Paid, action: Action) -> dict[int, Record]:
        """All candidates of the picture's request; it takes the place of the picked one. What it leaves open the
        present pictures fill, as far as they may."""
        refuse_other_shape(walk, step, self.past.record, self.past.record.ingredients)
        request = [
            one for one in self.pasts if one.step.id == step.id and one.request and one.request == self.past.request
        ]
        places = {one.candidate: one for one in reversed(request) if one.candidate and one.is_here}
        if self.past.candidate != step.pick:
            picked = places.pop(step.pick, None)
            places.pop(self.past.candidate, None)
            places |= {self.past.candidate: picked} if picked and self.past.candidate else {}
        places[step.pick] = self.past
        found = {number: _whole(one, self.content).record for number, one in places.items()}
        found |= self._left_open(walk, step, found)
        now = self.keeping.own(step)
        pinned = {number: pinned_as(action, number, record) for number, record in found.items()}
        return {number: record for number, record in pinned.items() if not _is_same(now.get(number), record)}

    def _left_open(self, walk: Walk, step: Paid, taken: Mapping[int, Record]) -> dict[int, Record]:
        """Present pictures for the candidates that would have to be bought."""
        own, found = self.keeping.own(step), {}
        for number, state in states_of(walk, step).items():
            if number in taken or number not in own or isinstance(state.decision, Fresh):
                continue
            if _may_stand(walk, step, own[number], self.keeping.asked):
                found[number] = own[number]
        return found

    def _made_of_it(self, walk: Walk, step: Paid) -> dict[int, Record]:
        """The newest pictures that a step made of what it is made of now. Where there are none they are to be bought,
        which the forecast tells."""
        if _is_known(walk, step) or next(iter(states_of(walk, step).values())).action is None:
            return {}
        action = action_of(walk, step)
        made = [one for one in self.pasts if one.step.id == step.id and one.is_here and _is_of(one.record, action)]
        newest = next((one for one in made if _may_stand(walk, step, one.record, self.keeping.asked)), None)
        if newest is None:
            return {}
        places = {one.candidate: one for one in reversed(made) if one.request == newest.request}
        lacking = [number for number, state in states_of(walk, step).items() if not isinstance(state.decision, Fresh)]
        return {
            number: pinned_as(action, number, _whole(places[number], self.content).record)
            for number in lacking
            if number in places
        }


def _is_known(walk: Walk, step: Paid) -> bool:
    """Whether nothing of a step would have to be bought."""
    return all(isinstance(state.decision, Fresh) for state in states_of(walk, step).values())


def _is_same(now: Record | None, record: Record) -> bool:
    return now is not None and (now.key, now.media.digest) == (record.key, record.media.digest)


def _is_of(record: Record, action: Action) -> bool:
    """Whether a picture was made from the very pictures that an action is."""
    told, wanted = dict(record.ingredients), dict(action.ingredients)
    return all(name in told and plain(told[name]) == plain(wanted.get(name)) for name in ("inputs", "mask"))


def _may_stand(walk: Walk, step: Paid, record: Record, asked: Asked) -> bool:
    try:
        refuse_other_shape(walk, step, record, record.ingredients or asked.of(record))
    except AssetforgeError:
        return False
    return True


def _whole(past: Past, content: Bytes) -> Past:
    """A picture with all that a lock tells of it. Raises AssetforgeError where its bytes are nowhere."""
    media = past.record.media
    if not past.is_here:
        raise AssetforgeError(f"the bytes of `{past.key[:8]}` are nowhere", hint=FETCH)
    if media.pixels and media.width:
        return past
    try:
        measured: Media = measure_file(content.file(media), media.digest, media.digest)
    except (BytesGone, OpFailed) as error:
        raise AssetforgeError(str(error)) from None
    return replace(past, record=replace(past.record, media=measured))
