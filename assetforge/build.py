"""A build from beginning to end, as one function that reads like its list of stages."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path

from assetforge.closing import Ended, keep_bought, leave_behind, make_report
from assetforge.emit.writing import Emission
from assetforge.errors import ManifestError
from assetforge.events import Listener, Planned, Warned
from assetforge.gate import (
    Options,
    ask_consent,
    broken,
    has_lost_records,
    limit,
    limit_name,
    obstacles,
    open_providers,
    refuse,
    refuse_to_buy_blindly,
)
from assetforge.graph.requests import provider_tables
from assetforge.graph.select import select
from assetforge.model import Fresh, Graph, Paid, Report, Source
from assetforge.ops.memo import Memo
from assetforge.outputs.place import Guard, Places
from assetforge.paths import fold
from assetforge.plan.forecast import Forecast, Outlook, foresee
from assetforge.plan.price import Prices
from assetforge.plan.walk import OnMiss
from assetforge.providers.access import find_access
from assetforge.providers.spec import Provider
from assetforge.recover import finish_dead_builds
from assetforge.run.budget import Budget
from assetforge.run.counter import Counter
from assetforge.run.execute import Workshop
from assetforge.run.idle import idle_steps
from assetforge.run.renditions import Easel
from assetforge.run.schedule import Schedule
from assetforge.store.notes import Notes, has_others
from assetforge.words import some
from assetforge.workspace import Workspace
from assetforge.world import World


class Stop:
    """A wish to stop: nothing new is started, what is paid for is kept. A second wish ends the build at once."""

    def __init__(self) -> None:
        self.asked = False
        self.workshop: Workshop | None = None

    def ask(self) -> None:
        self.asked = True
        if self.workshop is not None:
            self.workshop.stop()

    def attend(self, workshop: Workshop) -> None:
        """From now on this is what a wish stops; one that was heard before stops it before it begins."""
        self.workshop = workshop
        if self.asked:
            workshop.stop()


async def build(space: Workspace, graph: Graph, options: Options, listen: Listener, stop: Stop) -> Report:
    """Makes the selected instances current. Raises AssetforgeError where nothing could be started; failures of
    single assets are in the report."""
    began = time.monotonic()
    is_blind = has_lost_records(space)
    unopened: dict[str, str] = {}
    await finish_dead_builds(space, listen, unopened)
    world = space.world(trusting=not options.verify, reencode=options.reencode, retry_refused=options.retry_refused)
    places = places_of(space, graph, options.guard)
    forecast = forecast_of(graph, world, places, options, space.prices)
    refuse(space, forecast, options)
    if is_blind and forecast.purchases:
        refuse_to_buy_blindly(space)
    given = (space.manifest, space.settings, options)
    budget = Budget(limit(*given), limit_name(*given))
    providers = open_providers(space, forecast)
    try:
        ask_consent(space, forecast, options, budget)
        listen(_planned(forecast, budget.limit))
        stage = Stage(
            space, forecast, options, providers=providers, budget=budget, places=places, unopened=unopened,
            listen=listen,
        )  # fmt: skip
        schedule, workshop, fault = await _run(stage, stop)
    finally:
        for provider in providers.values():
            await provider.close()
    ended = Ended(graph, forecast, schedule, workshop, world, budget, places)
    remarks = (*world.remarks, *keep_bought(space, ended), *idle_steps(forecast, workshop.easel.memo))
    for remark in dict.fromkeys(remarks):
        listen(Warned(remark))
    emission = Emission()
    try:
        emission = leave_behind(space, ended, options)
    except OSError as error:
        fault = fault or error
    for left in emission.waiting:
        listen(Warned(left))
    if fault is not None:
        # There will be no report to say what became of single assets, and some of them may be paid for.
        for problem in schedule.failures.values():
            listen(Warned(problem))
        raise fault
    return replace(make_report(ended, emission, space.rest), seconds=time.monotonic() - began, interrupted=stop.asked)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a build runs with, when all that could be refused was not."""

    space: Workspace
    forecast: Forecast
    options: Options
    _: KW_ONLY
    providers: dict[str, Provider]
    budget: Budget
    places: Places
    unopened: dict[str, str]
    listen: Listener

    def counter(self, notes: Callable[[], Notes], own: Callable[[], str]) -> Counter:
        """Who may be asked, and for what. `own` is the name of this build's notes, "" while there are none."""
        space, forecast = self.space, self.forecast
        tables, _ = provider_tables(space.manifest)
        limit_of_month = space.settings.max_usd_per_month
        steps = ((item.key, forecast.walk.graph.steps[item.step]) for item in forecast.purchases if item.key)
        return Counter(
            providers=self.providers,
            tables=tables,
            origins={
                name: find_access(name, tables[name], space.settings, space.environ).origin for name in self.providers
            },
            prices=forecast.prices,
            asked={key: step.settings.provider for key, step in steps if isinstance(step, Paid)},
            shelf=space.shelf,
            notes=notes,
            inflight=space.inflight,
            has_others=lambda: has_others(space.inflight, own()),
            recover=lambda: finish_dead_builds(space, self.listen, self.unopened),
            claims=space.claims,
            refusals=space.refusals,
            rates=space.rates,
            budget=self.budget,
            month=None if limit_of_month is None else space.month(limit_of_month),
            project=space.project_id,
            title=space.title,
            drafts=space.drafts,
        )


def forecast_of(graph: Graph, world: World, places: Places, options: Options, prices: Prices) -> Forecast:
    """What a build with these options would do. Assets that are known to fail are told of and left out: nothing is
    bought for them. Raises ManifestError for a source file that is not a picture."""
    selected = select(graph, options.select)
    forecast = foreseen(graph, world, options, selected, prices)
    blocked = (*broken(forecast), *obstacles(forecast, places))
    if not blocked:
        return forecast
    stopped = {failure.instance: failure.problem.message for failure in reversed(blocked)}
    rest = foreseen(graph, world, options, [name for name in selected if name not in stopped], prices)
    outlooks = {
        name: Outlook(name, "wrong", (stopped[name],), ()) if name in stopped else rest.outlooks[name]
        for name in selected
    }
    return replace(rest, outlooks=outlooks, blocked=blocked)


def foreseen(graph: Graph, world: World, options: Options, selected: Sequence[str], prices: Prices) -> Forecast:
    """What would be done for some instances, whoever owns the files in their way. Raises ManifestError for a source
    file that is not a picture."""
    on_miss: OnMiss = "fail" if options.locked else options.on_miss
    forecast = foresee(graph, world, on_miss, selected, prices)
    while options.rebuy_lost and (forecast.lost or forecast.again):
        lost = (forecast.walk.paid[place].action for place in (*forecast.lost, *forecast.again))
        world.forgotten |= {action.key for action in lost if action is not None}
        forecast = foresee(graph, world, on_miss, selected, prices)
    if forecast.problems and any(isinstance(graph.steps[name], Source) for name in forecast.walk.refused):
        raise ManifestError(forecast.problems)
    return forecast


def places_of(space: Workspace, graph: Graph, guard: Guard) -> Places:
    """The output paths of a project, and who owns what is there."""

    def keep(digest: str, path: str) -> bool:
        with suppress(OSError):
            real = Path(space.root.readable(path, text=False))
            return space.shelf.blobs.put_file(real, durable=True) == digest
        return False

    return Places(
        space.root, space.state, space.lock.digests(), space.shelf.blobs.has, keep, guard, _read(space, graph)
    )


def _read(space: Workspace, graph: Graph) -> frozenset[str]:
    """The real paths of everything that is read: what is written and what is read never overlap."""
    sources = [step.path for step in graph.steps.values() if isinstance(step, Source)]
    paths = (*space.manifest.reading.digests, *sources, space.lock_path)
    folders: dict[str, str] = {}
    return frozenset(fold(space.root.followed(path, folders)) for path in paths)


async def _run(stage: Stage, stop: Stop) -> tuple[Schedule, Workshop, Exception | None]:
    """Runs the schedule to its end. A fault of ours is handed on beside what was done, which is locked first."""
    space, options = stage.space, stage.options
    jobs = options.jobs or os.cpu_count() or 1
    schedule = Schedule(stage.forecast, "stop" if options.fail_fast else "go on")
    notes: list[Notes] = []

    def open_notes() -> Notes:
        if not notes:
            notes.append(Notes.open(space.inflight))
        return notes[0]

    with ThreadPoolExecutor(jobs, thread_name_prefix="assetforge") as pool:
        easel = Easel(pool, space.content, space.shelf.blobs, Memo(), stage.places)
        workshop = Workshop(
            stage.counter(open_notes, lambda: notes[0].name if notes else ""),
            easel,
            schedule,
            jobs=jobs,
            listen=stage.listen,
        )
        stop.attend(workshop)
        try:
            await schedule.run(workshop)
        except Exception as error:
            return schedule, workshop, error
        finally:
            for opened in notes:
                opened.close()
    open_steps = [] if stop.asked or schedule.stopped else schedule.unfinished()
    fault = RuntimeError(f"these steps came to no end: {some(open_steps)}") if open_steps else None
    return schedule, workshop, fault


def _planned(forecast: Forecast, limit: float | None) -> Planned:
    sure = sum(item.sure for item in forecast.purchases)
    files = sum(not isinstance(state.decision, Fresh) for state in forecast.walk.files.values())
    return Planned(sure, len(forecast.purchases) - sure, files, limit)
