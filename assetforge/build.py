"""A build from beginning to end, as one function that reads like its list of stages."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assetforge.errors import AssetforgeError, BudgetError, ManifestError, NotCurrent, UsageError
from assetforge.events import Listener, Planned
from assetforge.graph.requests import provider_tables
from assetforge.graph.select import select
from assetforge.model import Failure, Fresh, Graph, Paid, Rendition, Report, Source
from assetforge.ops.memo import Memo
from assetforge.outputs.lines import merged, new_lines
from assetforge.outputs.lock import read_lock, write_lock
from assetforge.outputs.place import Guard, Places
from assetforge.plan.forecast import Forecast, foresee
from assetforge.plan.walk import OnMiss
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import Provider
from assetforge.recover import finish_dead_builds
from assetforge.run.budget import Budget
from assetforge.run.execute import Counter, Workshop
from assetforge.run.renditions import Easel
from assetforge.run.schedule import Rules, Schedule, State
from assetforge.store.claims import hold
from assetforge.store.notes import Notes
from assetforge.words import count, money, money_range
from assetforge.workspace import Workspace
from assetforge.world import World

DEFAULT_CONFIRM_USD = 1.00
LOCK_PATIENCE_SECONDS = 60.0

Consent = Callable[[Forecast, str], bool]


@dataclass(frozen=True, slots=True)
class Options:
    """What a build is asked for. `consent` is who to ask before spending more than is spent unasked; None where
    there is nobody. Money in US dollars."""

    select: tuple[str, ...] = ()
    on_miss: OnMiss = "call"
    locked: bool = False
    max_cost: float | None = None
    yes: bool = False
    guard: Guard = "ask"
    reencode: bool = False
    rebuy_lost: bool = False
    fail_fast: bool = False
    verify: bool = False
    profile: str | None = None
    jobs: int | None = None
    consent: Consent | None = None


class Stop:
    """A wish to stop: nothing new is started, what is paid for is kept. A second wish ends the build at once."""

    def __init__(self) -> None:
        self.asked = False
        self.workshop: Workshop | None = None

    def ask(self) -> None:
        self.asked = True
        if self.workshop is not None:
            self.workshop.stop()


async def build(space: Workspace, graph: Graph, options: Options, listen: Listener, stop: Stop) -> Report:
    """Makes the selected instances current. Raises AssetforgeError where nothing could be started; failures of
    single assets are in the report."""
    began = time.monotonic()
    selected = select(graph, options.select)
    await finish_dead_builds(space, listen)
    world = space.world(trusting=not options.verify, reencode=options.reencode)
    places = _places(space, options.guard)
    forecast = _foresee(graph, world, options, selected)
    blocked = _obstacles(forecast, places)
    if blocked:
        rest = tuple(name for name in selected if name not in {failure.instance for failure in blocked})
        forecast = _foresee(graph, world, options, rest)
    _refuse(space, forecast, options)
    budget = Budget(_limit(space, options))
    providers = _open_providers(space, forecast, options)
    try:
        _ask_consent(space, forecast, options, budget)
        schedule, workshop = await _run(
            space,
            forecast,
            options,
            providers=providers,
            budget=budget,
            places=places,
            listen=listen,
            stop=stop,
        )
    finally:
        for provider in providers.values():
            await provider.close()
    finished = _finished(schedule, forecast)
    if _writes_lock(options):
        _write_lock(space, graph, schedule, finished, workshop=workshop, world=world)
    space.state.save()
    report = _report(schedule, workshop, forecast, blocked, budget=budget, graph=graph, finished=finished)
    return replace(report, seconds=time.monotonic() - began, interrupted=stop.asked)


def _foresee(graph: Graph, world: World, options: Options, selected: Sequence[str]) -> Forecast:
    on_miss: OnMiss = "fail" if options.locked else options.on_miss
    forecast = foresee(graph, world, on_miss, selected)
    if forecast.problems and any(isinstance(graph.steps[name], Source) for name in forecast.walk.refused):
        raise ManifestError(forecast.problems)
    return forecast


def _places(space: Workspace, guard: Guard) -> Places:
    def keep(digest: str, path: str) -> bool:
        real = space.root.readable(path, text=False)
        with suppress(OSError):
            return space.shelf.blobs.put_file(Path(real), durable=True) == digest
        return False

    return Places(space.root, space.state, space.lock.paths(), space.shelf.blobs.has, keep, guard)


def _obstacles(forecast: Forecast, places: Places) -> list[Failure]:
    """Every output that could not be placed, before anything is paid for."""
    found = []
    for name, state in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        if isinstance(state.decision, Fresh) and state.decision.origin == "file":
            continue
        wanted = state.decision.record.media.digest if isinstance(state.decision, Fresh) else ""
        problem = places.obstacle(step.path, step.where, wanted)
        if problem is not None:
            found.append(Failure(step.instance, problem))
    return found


def _refuse(space: Workspace, forecast: Forecast, options: Options) -> None:
    """What may not be done in this build, said before anything is done."""
    if options.locked and options.profile:
        raise UsageError("--locked and --profile exclude each other: a profile has no lock")
    if options.locked:
        missing = unlocked(space, forecast)
        if missing:
            raise NotCurrent(_list("the manifest asks for what the lock does not have", missing))
    if options.on_miss == "fail" and forecast.purchases:
        named = [
            f"{item.step} ({'price unknown' if item.price is None else money(item.price)})"
            for item in forecast.purchases
        ]
        total = money_range(forecast.low, forecast.high)
        raise NotCurrent(_list(f"{count(len(named), 'picture')} would have to be bought, for {total}", named))


def unlocked(space: Workspace, forecast: Forecast) -> list[str]:
    """Steps and outputs that the lock does not have under their present keys."""
    found = []
    for (name, candidate), state in forecast.walk.paid.items():
        if not (isinstance(state.decision, Fresh) and state.decision.origin == "lock"):
            found.append(f"{name}#{candidate}")
    for name, file in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        pinned = space.lock.output(step.instance, step.path)
        if pinned is None or file.action is None or pinned.key != file.action.key:
            found.append(step.path)
    return found


def _list(told: str, names: Sequence[str]) -> str:
    return told + ":\n" + "\n".join(f"  {name}" for name in names)


# --- money ---


def _limit(space: Workspace, options: Options) -> float | None:
    """The lowest of every limit there is."""
    limits = (options.max_cost, space.manifest.table.budget.max_usd_per_build, space.settings.max_usd)
    return min((limit for limit in limits if limit is not None), default=None)


def _ask_consent(space: Workspace, forecast: Forecast, options: Options, budget: Budget) -> None:
    """More than a little is spent only when somebody said so. Raises BudgetError."""
    if not forecast.purchases or options.yes:
        return
    confirm = _confirm_limit(space)
    if forecast.unpriced == 0 and (forecast.high <= confirm or options.max_cost is not None):
        return
    total = money_range(forecast.low, forecast.high)
    told = f"{count(len(forecast.purchases), 'picture')} would be bought, for {total} at most"
    if forecast.unpriced:
        told += f", and {count(forecast.unpriced, 'price')} of them is not known"
        if budget.limit is not None:
            raise BudgetError(told, hint="a budget needs known prices: leave the budget out, and pass --yes")
    if options.consent is None:
        raise BudgetError(told, hint="pass --yes, or --max-cost with the most it may cost")
    if not options.consent(forecast, told):
        raise BudgetError("nothing was bought", hint=None)


def _confirm_limit(space: Workspace) -> float:
    given = [space.settings.confirm_usd, space.manifest.table.budget.confirm_usd]
    return min((limit for limit in given if limit is not None), default=DEFAULT_CONFIRM_USD)


def _open_providers(space: Workspace, forecast: Forecast, options: Options) -> dict[str, Provider]:
    """The providers that would be asked, each with all it needs. Raises UsageError where a key or trust is
    missing, before anything is started."""
    tables, _ = provider_tables(space.manifest)
    names = []
    for item in forecast.purchases:
        step = forecast.walk.graph.steps[item.step]
        assert isinstance(step, Paid)
        names.append(step.settings.provider)
    for place in (*forecast.again, *(forecast.lost if options.rebuy_lost else ())):
        step = forecast.walk.graph.steps[place[0]]
        assert isinstance(step, Paid)
        names.append(step.settings.provider)
    opened = {name: open_provider(name, tables[name], space.settings, space.environ) for name in dict.fromkeys(names)}
    problems = [problem for problem in (provider.ready() for provider in opened.values()) if problem is not None]
    if problems:
        error = UsageError(problems[0].message)
        error.problems = tuple(problems)
        raise error
    return opened


# --- running ---


async def _run(
    space: Workspace,
    forecast: Forecast,
    options: Options,
    *,
    providers: dict[str, Provider],
    budget: Budget,
    places: Places,
    listen: Listener,
    stop: Stop,
) -> tuple[Schedule, Workshop]:
    jobs = options.jobs or os.cpu_count() or 1
    schedule = Schedule(forecast, Rules(options.rebuy_lost, options.fail_fast))
    listen(_planned(forecast))
    notes: list[Notes] = []

    def open_notes() -> Notes:
        if not notes:
            notes.append(Notes.open(space.inflight))
        return notes[0]

    with ThreadPoolExecutor(jobs, thread_name_prefix="assetforge") as pool:
        easel = Easel(pool, space.bytes, space.shelf.blobs, Memo(), places)
        tables, _ = provider_tables(space.manifest)
        counter = Counter(
            providers=providers, tables=tables, shelf=space.shelf, notes=open_notes, claims=space.claims,
            budget=budget, project=space.project_id, drafts=space.drafts,
        )  # fmt: skip
        workshop = Workshop(counter, easel, schedule, jobs=jobs, listen=listen)
        stop.workshop = workshop
        try:
            await schedule.run(workshop)
        finally:
            for opened in notes:
                opened.close()
    return schedule, workshop


def _planned(forecast: Forecast) -> Planned:
    sure = sum(item.sure for item in forecast.purchases)
    files = sum(not isinstance(state.decision, Fresh) for state in forecast.walk.files.values())
    return Planned(sure, len(forecast.purchases) - sure, files)


def _finished(schedule: Schedule, forecast: Forecast) -> list[str]:
    """The instances all of whose steps are done."""
    graph = schedule.walk.graph
    return [
        name
        for name in forecast.selected
        if all(
            schedule.states.get(step) is State.DONE
            for step in (*graph.instances[name].paid, *graph.instances[name].outputs)
        )
    ]


def _writes_lock(options: Options) -> bool:
    return not options.locked and options.profile is None


def _write_lock(
    space: Workspace,
    graph: Graph,
    schedule: Schedule,
    finished: Sequence[str],
    *,
    workshop: Workshop,
    world: World,
) -> None:
    """Reads the lock again under the project's own lock file, and replaces the lines of what is finished."""
    space.state.folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while (claim := hold(space.state.folder / "lock")) is None:
        if time.monotonic() > deadline:
            raise AssetforgeError("another build holds the project's lock file", hint="wait for it, and build again")
        time.sleep(0.05)
    with claim:
        before = read_lock(space.lock_path).lines
        new = new_lines(schedule.walk, finished, workshop.tally.rendered, before, world.pixels_used())
        write_lock(space.lock_path, merged(before, new, graph, space.root.path))


def _report(
    schedule: Schedule,
    workshop: Workshop,
    forecast: Forecast,
    blocked: Sequence[Failure],
    *,
    budget: Budget,
    graph: Graph,
    finished: Sequence[str],
) -> Report:
    tally = workshop.tally
    instances = {name: step.instance for name, step in graph.steps.items() if not isinstance(step, Source)}
    failed = [*blocked, *(Failure(instances[name], problem) for name, problem in schedule.failures.items())]
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
        step.instance
        for name, state in forecast.walk.files.items()
        if state.picture is not None and state.picture.draft and isinstance(step := graph.steps[name], Rendition)
    }
    skipped = {instances[name] for name, state in schedule.states.items() if state is State.SKIPPED}
    return Report(
        made=tuple(name for name in finished if name in touched and name not in drafted),
        placed=tuple(tally.placed),
        reused=reused,  # type: ignore[arg-type]
        current=sum(name not in touched for name in finished),
        drafted=tuple(sorted(drafted)),
        failed=tuple(failed),
        skipped=tuple(sorted(skipped - {failure.instance for failure in failed})),
        warnings=graph.warnings,
        calls=tally.calls,
        spent=budget.spent,
        unknown_costs=budget.unknown,
        saved=saved,
        stopped=tally.stopped,
    )
