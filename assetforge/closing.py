"""What a build leaves behind: the lock's lines, the state, the stamp, and the report of it all."""

from dataclasses import dataclass

from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.gate import Options
from assetforge.model import Drafted, Failure, Fresh, Graph, Rendition, Report, Source
from assetforge.outputs.lines import merged, new_lines
from assetforge.outputs.lock import lock_text, read_lock, write_lock
from assetforge.outputs.originals import keep_originals
from assetforge.outputs.stamp import write_stamp
from assetforge.outputs.state import held
from assetforge.plan.forecast import Forecast
from assetforge.run.budget import Budget
from assetforge.run.execute import Workshop
from assetforge.run.schedule import Schedule, State
from assetforge.words import nothing_to_do
from assetforge.workspace import Workspace, lock_name
from assetforge.world import World


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything there is to tell of a build when its last step ended."""

    graph: Graph
    forecast: Forecast
    schedule: Schedule
    workshop: Workshop
    world: World
    budget: Budget

    @property
    def finished(self) -> list[str]:
        """The selected instances all of whose steps are done."""
        states, instances = self.schedule.states, self.graph.instances
        return [
            name
            for name in self.forecast.selected
            if all(states.get(step) is State.DONE for step in (*instances[name].paid, *instances[name].outputs))
        ]


def leave_behind(space: Workspace, ended: Ended, options: Options) -> None:
    """Lock, state and stamp, in this order."""
    is_real = not options.locked and options.profile is None and options.on_miss != "draft"
    pinned = _write_lock(space, ended) if is_real else space.state.digest(lock_name(space.manifest.file))
    if _is_clean(space, ended, options):
        _stamp(space, ended, pinned)
    for name, fact in ended.world.measured.items():
        space.shelf.records.remember(name, fact)
    space.state.save()


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


def _write_lock(space: Workspace, ended: Ended) -> str:
    """Reads the lock again under the project's own lock file, and replaces the lines of what is finished; gives
    the digest of the text. Raises AssetforgeError where another build holds on to it."""
    with held(space.state.folder):
        before = read_lock(space.lock_path).lines
        rendered = ended.workshop.tally.rendered
        new = new_lines(ended.schedule.walk, ended.finished, rendered, before, ended.world.pixels_used())
        lines = merged(before, new, ended.graph, space.root.path)
        write_lock(space.lock_path, lines)
        return digest_bytes(lock_text(lines).encode())


def _is_clean(space: Workspace, ended: Ended, options: Options) -> bool:
    """Whether everything was built, for real, and is current now, with nothing that should be said each time."""
    return (
        not options.select
        and options.on_miss != "draft"
        and not ended.graph.warnings
        and not options.profile
        and not space.variables
        and len(ended.finished) == len(ended.graph.instances)
        and not any(state.picture is not None and state.picture.draft for state in ended.forecast.walk.files.values())
    )


def _stamp(space: Workspace, ended: Ended, pinned: str) -> None:
    files = dict(space.manifest.reading.digests)
    files |= ended.world.sources()
    files[lock_name(space.manifest.file)] = pinned
    for name in ended.forecast.walk.files:
        step = ended.graph.steps[name]
        made = ended.workshop.tally.rendered.get(name)
        assert isinstance(step, Rendition)
        files[step.path] = made.media.digest if made else space.state.digest(step.path)
    words = nothing_to_do(len(ended.graph.instances))
    write_stamp(space.state, space.root, files, space.manifest.reading.listed, words=words)


def make_report(ended: Ended) -> Report:
    """What was made, reused, drafted, failed, spent and saved."""
    graph, schedule, forecast = ended.graph, ended.schedule, ended.forecast
    tally, finished = ended.workshop.tally, ended.finished
    instances = {name: step.instance for name, step in graph.steps.items() if not isinstance(step, Source)}
    failed = [*forecast.blocked, *(Failure(instances[name], problem) for name, problem in schedule.failures.items())]
    order = {name: index for index, name in enumerate(graph.instances)}
    reused: dict[str, int] = {}
    saved = 0.0
    for state in forecast.walk.paid.values():
        if isinstance(state.decision, Fresh) and state.action and state.action.key:
            place = f"{state.action.step}#{state.action.candidate}"
            if place not in tally.bought:
                reused[state.decision.origin] = reused.get(state.decision.origin, 0) + 1
                saved += state.decision.record.cost or 0.0
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
        reused=reused,  # type: ignore[arg-type]
        current=sum(name not in touched and name not in drafted for name in finished),
        drafted=tuple(sorted(drafted)),
        failed=tuple(sorted(failed, key=lambda failure: order[failure.instance])),
        skipped=tuple(sorted(skipped - {failure.instance for failure in failed})),
        warnings=graph.warnings,
        calls=tally.calls,
        bought=len(tally.bought),
        spent=ended.budget.spent,
        unknown_costs=ended.budget.unknown,
        doubtful=ended.budget.doubtful,
        unanswered=ended.budget.unanswered,
        saved=saved,
        stopped=tally.stopped,
    )
