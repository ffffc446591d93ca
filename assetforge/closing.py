"""What a build leaves behind: emits, the lock's lines, the state, the stamp, and the report of it all."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from assetforge.emit.facts import Built, Facts, Find, known_of, pinned, standing
from assetforge.emit.looks import Looks
from assetforge.emit.text import emits_of, render
from assetforge.emit.writing import Emission, Targets, with_looks, write_emits
from assetforge.errors import Problem
from assetforge.gate import Options
from assetforge.model import (
    Decision,
    Drafted,
    Failure,
    Fresh,
    Graph,
    Local,
    Origin,
    Record,
    Rendition,
    Report,
    Source,
)
from assetforge.ops.plugins import files_of
from assetforge.ops.table import BUILT_IN, OPS
from assetforge.outputs.kept import Rest, keep_graph
from assetforge.outputs.lines import merged, new_lines
from assetforge.outputs.lock import Lock, LockLine, lock_text, parse_lock, read_lock, write_lock
from assetforge.outputs.merge import merge_lines
from assetforge.outputs.names import keep_names
from assetforge.outputs.originals import keep_originals
from assetforge.outputs.place import Places
from assetforge.outputs.replaced import keep_replaced
from assetforge.outputs.stamp import Seal, write_stamp
from assetforge.outputs.state import held
from assetforge.plan.ancestry import names_in
from assetforge.plan.drafting import price_of_drafts
from assetforge.plan.forecast import Forecast
from assetforge.run.budget import Budget
from assetforge.run.execute import Workshop
from assetforge.run.schedule import Schedule, State
from assetforge.words import nothing_to_do
from assetforge.workspace import Workspace, lock_name
from assetforge.world import World


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything there is to tell of a build when its last step ended. `finished` are the selected instances all of
    whose steps are done."""

    graph: Graph
    forecast: Forecast
    schedule: Schedule
    workshop: Workshop
    world: World
    budget: Budget
    places: Places
    finished: tuple[str, ...]


def finished_of(graph: Graph, forecast: Forecast, schedule: Schedule) -> tuple[str, ...]:
    """The selected instances all of whose steps are done."""
    states, instances = schedule.states, graph.instances
    return tuple(
        name
        for name in forecast.selected
        if all(states.get(step) is State.DONE for step in (*instances[name].paid, *instances[name].outputs))
    )


def leave_behind(space: Workspace, ended: Ended, options: Options) -> Emission:
    """Emits, lock, state and stamp, in this order; tells what became of emits. Raises AssetforgeError where another
    build holds on to the lock, OSError."""
    is_real = not options.locked and options.profile is None and options.on_miss != "draft"
    lock, emission, looks = space.state.digest(lock_name(space.manifest.file)), Emission(), Looks(space)
    is_known = True
    emits = emits_of(ended.graph, ended.forecast.outlooks)
    told = {name for emit in emits for name in emit.selected}
    looks.measure(known_of(ended.graph, told, _known(space, ended, space.lock.lines, options)), options.jobs)
    if is_real or emits:
        with held(space.state.folder):
            now = read_lock(space.lock_path, space.lock)
            before, is_known = now.lines, now is space.lock
            facts = Facts(ended.graph, _known(space, ended, before, options), looks.look_up)
            texts, targets = render(space, emits, facts), Targets(ended.graph, ended.places)
            emission = write_emits(texts, targets, space.shelf.blobs)
            if is_real:
                lock = _write_lock(space, ended, before, emission, looks)
    # All was proven with the lock as it was: where somebody wrote it meanwhile, the next build looks again.
    if emission.is_whole and _is_clean(space, ended, options) and is_known:
        _stamp(space, ended, lock, emission)
    space.shelf.records.remember_all({**ended.world.measured, **looks.facts})
    space.state.save()
    _keep_names(space, ended)
    return emission


def _is_there(decision: Decision) -> bool:
    return isinstance(decision, Fresh) and decision.origin == "file"


def _keep_names(space: Workspace, ended: Ended) -> None:
    """What the outputs that are there now were made of, by name; of one that was current too, for its source may have
    a new name. Where it can't be written a plan says less, and nothing else is lost by it."""
    walk, rendered = ended.schedule.walk, ended.workshop.tally.rendered
    made = {}
    for name, state in walk.files.items():
        step = ended.graph.steps[name]
        assert isinstance(step, Rendition)
        if state.picture is not None and (name in rendered or _is_there(state.decision)):
            made[step.path] = state.picture.made, names_in(state.picture)
    with suppress(OSError):
        keep_names(space.state.folder, made, {*space.state.written, *space.lock.digests()})


def _known(space: Workspace, ended: Ended, before: Mapping[str, LockLine], options: Options) -> Find:
    """What there is to tell of outputs when the lock had these lines: with `--locked` what these say, unless it is of
    an asset that failed."""
    selected, done = ended.forecast.outlooks, frozenset(ended.finished)
    if options.locked:
        locked = pinned(before)
        return lambda step: None if step.instance in selected and step.instance not in done else locked(step)
    rendered = ended.workshop.tally.rendered
    return Built(ended.schedule.walk, selected, done, rendered, before, standing(space, before)).find


def keep_bought(space: Workspace, ended: Ended) -> list[Problem]:
    """Puts bought pictures into the folder that `[cache] originals` names; drafts are drawn again for nothing."""
    folder = space.manifest.table.cache.originals
    if folder is None:
        return []
    decisions = [state.decision for state in ended.schedule.walk.paid.values()]
    known = (decision.record for decision in decisions if isinstance(decision, Fresh))
    bought = {record.media.digest: record.media for record in known if record.kind != "draft"}
    where = space.manifest.where("cache", "originals")
    return keep_originals(space.root, folder, bought.values(), space.shelf.blobs.read, where)


def _write_lock(
    space: Workspace, ended: Ended, before: Mapping[str, LockLine], emission: Emission, looks: Looks
) -> str:
    """Replaces the lines of what is finished, and of emits that were written; gives the digest of the text. `before`
    are the lines as they are now. Called while nobody else writes the lock."""
    rendered, began = ended.workshop.tally.rendered, space.lock.lines
    new = new_lines(ended.schedule.walk, ended.finished, rendered, began, ended.world.pixels_used())
    new.update(emission.lines)
    whole = {**began, **new} if space.rest else merged(began, new, ended.graph, space.root.path)
    lines = with_looks(whole, ended.graph, looks)
    if before is not began:
        # Somebody wrote it meanwhile, by a merge, another build or a pin: what they changed stays as they have it.
        lines = dict(merge_lines(began, before, parse_lock(lock_text(lines))).lines)
    keep_replaced(space.state.folder, before, lines)
    digest = write_lock(space.lock_path, lines, space.remembered.rows.text)
    space.remembered.lock = digest if before is began else ""
    return digest


def _is_clean(space: Workspace, ended: Ended, options: Options) -> bool:
    """Whether everything was built, for real, and is current now. No stamp would notice that what a template may do
    without, and was not there, has appeared."""
    return (
        not options.select
        and not space.manifest.reading.missing
        and options.on_miss != "draft"
        and not options.profile
        and not space.variables
        and len(ended.finished) == len(ended.graph.instances)
        and not any(state.picture is not None and state.picture.draft for state in ended.forecast.walk.files.values())
    )


def _stamp(space: Workspace, ended: Ended, lock: str, emission: Emission) -> None:
    files = {**ended.world.sources(), **emission.files, lock_name(space.manifest.file): lock}
    for name in ended.forecast.walk.files:
        step = ended.graph.steps[name]
        made = ended.workshop.tally.rendered.get(name)
        assert isinstance(step, Rendition)
        files[step.path] = made.media.digest if made else space.state.digest(step.path)
    left_out = space.rest.instances if space.rest else 0
    words = nothing_to_do(len(ended.graph.instances) + left_out, len(ended.graph.warnings))
    if space.rest:
        write_stamp(space.state, space.root, files, Seal(words, space.rest.graph, {}, space.rest.entries))
        return
    listed = {**space.manifest.reading.listed, **_brought(ended.graph, space.root.path)}
    name = keep_graph(space.state.folder, space.manifest, ended.graph, listed, locked=space.lock.lines)
    write_stamp(space.state, space.root, {**space.manifest.reading.digests, **files}, Seal(words, name, listed, {}))


def _brought(graph: Graph, root: str) -> dict[str, tuple[int, int, int, int]]:
    """The files of installed steps: another version of one may make other pictures."""
    ops = {step.op for step in graph.steps.values() if isinstance(step, Local) and not step.op.startswith("_")}
    found = files_of([OPS[op] for op in sorted(ops - BUILT_IN.keys())])
    return {os.path.relpath(file, root): facts for file, facts in found.items()}


def _pinned_elsewhere(lock: Lock, rest: Rest | None) -> Iterator[Record]:
    """The pictures of the instances that were not looked at."""
    for name, steps in rest.paid.items() if rest else ():
        for step, n in steps.items():
            found = (lock.candidate(name, step, number) for number in range(1, n + 1))
            yield from filter(None, found)


def _reused(ended: Ended) -> Iterator[tuple[Origin, Record]]:
    """The pictures that were there, and who knew them; of what the lock pins and is nowhere nobody has anything."""
    for place, state in ended.forecast.walk.paid.items():
        decision, action = state.decision, state.action
        if not isinstance(decision, Fresh) or action is None or not action.key or place in ended.schedule.lost:
            continue
        if f"{action.step}#{action.candidate}" not in ended.workshop.tally.bought:
            yield decision.origin, decision.record


def make_report(ended: Ended, emission: Emission, rest: Rest | None) -> Report:
    """What was made, emitted, reused, drafted, failed, spent and saved."""
    graph, schedule, forecast = ended.graph, ended.schedule, ended.forecast
    tally, finished = ended.workshop.tally, ended.finished
    instances = {name: step.instance for name, step in graph.steps.items() if not isinstance(step, Source)}
    # Threads end in any order: problems of one asset are told in that of its steps.
    problems = ((name, schedule.failures[name]) for name in graph.steps if name in schedule.failures)
    failed = [*forecast.blocked, *(Failure(instances[name], problem) for name, problem in problems)]
    order = {name: index for index, name in enumerate(graph.instances)}
    reused = [*_reused(ended), *(("lock", record) for record in _pinned_elsewhere(ended.world.lock, rest))]
    touched = {graph.steps[name].instance for name in tally.rendered if isinstance(graph.steps[name], Rendition)}  # type: ignore[union-attr]
    drafted = {
        instances[name] for (name, _), state in forecast.walk.paid.items() if isinstance(state.decision, Drafted)
    }
    drafted |= {
        step.instance
        for name, state in forecast.walk.files.items()
        if state.picture is not None and state.picture.draft and isinstance(step := graph.steps[name], Rendition)
    }
    skipped = {instances[name] for name, state in schedule.states.items() if state is State.SKIPPED}
    return Report(
        made=tuple(name for name in finished if name in touched and name not in drafted),
        placed=tuple(tally.placed),
        emitted=emission.written,
        reused=Counter(origin for origin, _ in reused),
        current=sum(name not in touched and name not in drafted for name in finished)
        + (rest.instances if rest else 0),
        drafted=tuple(sorted(drafted)),
        failed=(*sorted(failed, key=lambda failure: order[failure.instance]), *emission.failures),
        skipped=tuple(sorted(skipped - {failure.instance for failure in failed})),
        warnings=graph.warnings,
        calls=tally.calls,
        bought=len(tally.bought),
        spent=ended.budget.spent,
        unknown_costs=ended.budget.unknown,
        doubtful=ended.budget.doubtful,
        unanswered=ended.budget.unanswered,
        saved=sum((record.cost or 0.0 for _, record in reused), 0.0),
        stopped=tally.stopped,
        draft_price=price_of_drafts(forecast.walk, forecast.prices),
    )
