"""From a choice to the lock: the graph walked with chosen pictures in their places, and the lines that pin them.

A choice is a function from what is known at a paid step to the records of its candidates; unaware of why it was made.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assetforge.digest import digest_document
from assetforge.errors import AssetforgeError, Problem
from assetforge.graph.select import dependents
from assetforge.model import Action, Fresh, Graph, Ingredients, Instance, Paid, Record, Source, Unknown
from assetforge.outputs.lines import source_files, sources_of
from assetforge.outputs.lock import LockLine, read_lock, write_lock
from assetforge.outputs.replaced import keep_pictures, keep_replaced
from assetforge.outputs.state import held
from assetforge.plan.forecast import Forecast, sum_up, wanted_steps
from assetforge.plan.price import Prices
from assetforge.plan.walk import PaidState, Walk
from assetforge.words import some
from assetforge.workspace import Workspace
from assetforge.world import World

Choice = Callable[[Walk, Paid], Mapping[int, Record]]


@dataclass(frozen=True, slots=True)
class Pin:
    """A picture that the lock has for a candidate of a paid step from now on."""

    step: Paid
    number: int
    record: Record


@dataclass(frozen=True, slots=True)
class Chosen:
    """Everything that was chosen; by instance why another could not be; and the walk with all of it in place, of
    those instances and of what depends on them."""

    pins: tuple[Pin, ...]
    failed: Mapping[str, Problem]
    walk: Walk
    selected: tuple[str, ...]

    def forecast(self, prices: Prices) -> Forecast:
        """What a build would do after it."""
        return sum_up(self.walk, self.selected, prices)


def choose(graph: Graph, world: World, instances: Iterable[str], choice: Choice) -> Chosen:
    """Walks what some instances need, and asks for a choice at each paid step of their own. What is chosen for one
    step is what the next is made from. An instance with a step whose choice raises AssetforgeError has no pins."""
    wanted = frozenset(instances)
    touched = wanted | dependents(graph, set(wanted))
    selected = tuple(name for name in graph.instances if name in touched)
    steps, candidates = wanted_steps(graph, selected, "fail")
    walk = Walk(graph, world, "fail", candidates)
    pins: list[Pin] = []
    failed: dict[str, Problem] = {}
    world.look_ahead(step for name in steps if isinstance(step := graph.steps[name], Source))
    for name in steps:
        step = graph.steps[name]
        walk.visit(step)
        if not isinstance(step, Paid) or step.instance not in wanted or step.instance in failed:
            continue
        try:
            chosen = choice(walk, step)
        except AssetforgeError as error:
            failed[step.instance] = error.problems[0]
            continue
        pins += [Pin(step, number, record) for number, record in sorted(chosen.items())]
        for number in sorted(chosen.keys() & candidates.get(name, frozenset())):
            walk.learn(name, number, chosen[number])
    good = tuple(pin for pin in pins if pin.step.instance not in failed)
    return Chosen(good, failed, walk, selected)


# --- what is known at a step ------------------------------------------------------------------------------------


def action_of(walk: Walk, step: Paid) -> Action:
    """The action of the first candidate of a step that is needed. Raises AssetforgeError where it is not known."""
    state = next(iter(states_of(walk, step).values()))
    if state.action is not None:
        return state.action
    problem = walk.refused.get(step.id)
    if problem is not None:
        raise AssetforgeError(problem.message, hint=problem.hint, where=problem.where)
    waiting = state.decision.waiting_on if isinstance(state.decision, Unknown) else ()
    first = list(dict.fromkeys(name.rpartition(":")[0] for name in waiting))
    told = f"`{step.id}` is made from {some(waiting, 4)}, which has no picture for its present request"
    raise AssetforgeError(told, hint=f"build, accept or adopt {some(first, 4)} first", where=step.where)


def states_of(walk: Walk, step: Paid) -> dict[int, PaidState]:
    """What is known of the candidates of a step that are needed."""
    return {number: walk.paid[step.id, number] for number in sorted(walk.wanted[step.id])}


def missing(walk: Walk, step: Paid, known: Collection[int]) -> list[int]:
    """The candidates that are needed and not `known`, and that nothing else is known for."""
    states = states_of(walk, step)
    return [number for number in states if number not in known and not isinstance(states[number].decision, Fresh)]


def pinned_as(action: Action, number: int, record: Record) -> Record:
    """A picture's record under the key of a candidate: accepted for its request, where it was not bought for it."""
    key = candidate_key(action, number)
    return replace(record, key=key, by=record.by or ("" if record.key == key else "accepted"))


def candidate_key(action: Action, number: int) -> str:
    """The key of any candidate of an action's request."""
    request = request_of(action.ingredients)
    return digest_document("paid", (*request, ("candidate", number)))


def request_of(ingredients: Ingredients) -> Ingredients:
    """What the candidates of a request share."""
    return tuple((name, value) for name, value in ingredients if name != "candidate")


def refuse_other_shape(walk: Walk, step: Paid, record: Record, told: Ingredients) -> None:
    """A bought picture stands for another request only where that asks for the size and format that it was asked for
    in. `told` are the ingredients of its own request, as far as they are known. One made by hand has any. Raises
    AssetforgeError, with both values."""
    call = next(iter(states_of(walk, step).values())).call
    if record.by == "by hand" or call is None:
        return
    facts = dict(told)
    before = (str(facts.get("size", record.media.size)), str(facts.get("format", record.media.format)))
    now = (str(call.size), step.settings.format)
    for name, old, new in zip(("size", "format"), before, now, strict=True):
        if old != new:
            raise AssetforgeError(
                f"`{step.id}`: the picture was asked for with {name} {old}, and the request asks for {new}",
                hint="build to buy it, or `adopt` a file, which may have any size and format",
                where=step.where,
            )


# --- the lock ---------------------------------------------------------------------------------------------------


@contextmanager
def alone(space: Workspace) -> Iterator[Workspace]:
    """The workspace with the lock as it is now, while nobody else writes it. Raises AssetforgeError where another
    build holds on to it, OSError."""
    with held(space.state.folder):
        yield replace(space, lock=read_lock(space.lock_path, space.lock))


def pin(space: Workspace, walk: Walk, pins: Iterable[Pin], pixels: Mapping[str, str]) -> None:
    """Puts pins into their lines, and leaves the others as they are; called by who is `alone`. `pixels` are the pixel
    digests of source files that entered keys. Raises OSError."""
    before = space.lock.lines
    by_instance: dict[str, list[Pin]] = {}
    for one in pins:
        by_instance.setdefault(one.step.instance, []).append(one)
    lines = {name: _line(before.get(name, LockLine()), own) for name, own in by_instance.items()}
    if not lines:
        return
    lines = {name: _with_sources(line, walk, walk.graph.instances[name], pixels) for name, line in lines.items()}
    after = {**before, **lines}
    keep_replaced(space.state.folder, before, after)
    write_lock(space.lock_path, after)
    keep_pictures(space.state.folder, _made_by_hand(by_instance))


def _line(line: LockLine, pins: Iterable[Pin]) -> LockLine:
    steps = {name: dict(candidates) for name, candidates in line.steps.items()}
    for one in pins:
        steps.setdefault(one.step.name, {})[one.number] = one.record
    return replace(line, steps=steps)


def _with_sources(line: LockLine, walk: Walk, instance: Instance, pixels: Mapping[str, str]) -> LockLine:
    """A line with what it tells of source files, as a build writes it; what a build has still to make may be made of
    those that it told of before."""
    used = {digest: pixels[digest] for digest in sorted(sources_of(walk, instance)) if digest in pixels}
    files = source_files(walk, instance)
    if all(_is_known(walk, name) for name in instance.paid):
        return replace(line, pixels=used, sources=files)
    return replace(line, pixels={**line.pixels, **used}, sources={**line.sources, **files})


def _is_known(walk: Walk, step: str) -> bool:
    return all(isinstance(walk.paid[step, number].decision, Fresh) for number in walk.wanted[step])


def _made_by_hand(pins: Mapping[str, Iterable[Pin]]) -> dict[str, LockLine]:
    """Pictures that nothing else here tells of, should somebody put another lock in place of this one."""
    own = {name: [one for one in every if one.record.by == "by hand"] for name, every in pins.items()}
    return {name: _line(LockLine(), every) for name, every in own.items() if every}
