"""`accept`: the present pictures of assets stand for requests that changed; nothing is bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assetforge.errors import AssetforgeError, Problem
from assetforge.model import Fresh, Graph, Paid, Record
from assetforge.outputs.lock import Lock
from assetforge.pins.asked import Asked
from assetforge.pins.pinning import (
    Pin,
    action_of,
    alone,
    candidate_key,
    choose,
    missing,
    pin,
    pinned_as,
    refuse_other_shape,
    states_of,
)
from assetforge.plan.walk import Walk
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is pinned now; the instances that were as the lock has them already; and why others were not accepted."""

    pins: tuple[Pin, ...]
    current: tuple[str, ...]
    failed: tuple[Problem, ...]


def accept(space: Workspace, graph: Graph, steps: Sequence[Paid]) -> Accepted:
    """Pins the present pictures of these steps' instances to their present requests, in the lock and nowhere else.
    Raises AssetforgeError where another build holds on to the lock, OSError."""
    instances = tuple(dict.fromkeys(step.instance for step in steps))
    with alone(space) as now:
        world, choice = now.world(), Keeping(now.lock, Asked(now.shelf))
        chosen = choose(graph, world, instances, choice.choose)
        pin(now, chosen.walk, chosen.pins, world.pixels_used())
    kept = {one.step.instance for one in chosen.pins}
    current = tuple(name for name in instances if name not in kept and name not in chosen.failed)
    return Accepted(chosen.pins, current, tuple(chosen.failed.values()))


@dataclass(frozen=True, slots=True)
class Keeping:
    """The choice of what a lock has, whatever is asked for now."""

    lock: Lock
    asked: Asked

    def choose(self, walk: Walk, step: Paid) -> dict[int, Record]:
        """The candidates of a step that the lock has for another request, each for the present one; beside them those
        that are known for the present one, and that the line lacks. Raises AssetforgeError where nobody has one, or
        another size or format is asked for now."""
        own, action = self.own(step), action_of(walk, step)
        lacking = missing(walk, step, own)
        if lacking:
            hint = "run `assetforge build` first"
            raise AssetforgeError(_lacking(step, lacking), hint=hint, where=step.where)
        changed = {number: one for number, one in own.items() if one.key != candidate_key(action, number)}
        for one in changed.values():
            refuse_other_shape(walk, step, one, self.asked.of(one))
        pinned = {number: pinned_as(action, number, one) for number, one in changed.items()}
        return pinned | self._beside(walk, step, own)

    def _beside(self, walk: Walk, step: Paid, own: Mapping[int, Record]) -> dict[int, Record]:
        if step.instance not in self.lock.lines:
            return {}  # nothing of it was ever built
        known = {number: state.decision for number, state in states_of(walk, step).items() if number not in own}
        return {number: decision.record for number, decision in known.items() if isinstance(decision, Fresh)}

    def own(self, step: Paid) -> dict[int, Record]:
        """What the instance's own line has for a step, by candidate."""
        line = self.lock.lines.get(step.instance)
        return dict(line.steps.get(step.name, {})) if line else {}


def _lacking(step: Paid, numbers: Sequence[int]) -> str:
    if len(numbers) == step.n:
        return f"`{step.id}` has no picture yet that could be accepted"
    word = "candidate" if len(numbers) == 1 else "candidates"
    return f"`{step.id}` has no picture yet for {word} {', '.join(map(str, numbers))} of {step.n}"
