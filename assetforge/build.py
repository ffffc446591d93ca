"""A build from beginning to end, as one function that reads like its list of stages."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial

from assetforge.closing import Ended, finished_of, keep_bought, leave_behind, make_report
from assetforge.emit.writing import Emission
from assetforge.errors import Problem
from assetforge.events import Listener, Planned, Warned
from assetforge.gate import (
    Options,
    ask_consent,
    has_lost_records,
    limit,
    limit_name,
    open_providers,
    refuse,
    refuse_to_buy_blindly,
)
from assetforge.graph.requests import provider_tables
from assetforge.model import Fresh, Graph, Paid, Record, Rendition, Report
from assetforge.ops.memo import Memo
from assetforge.outputs.place import Places
from assetforge.plan.forecast import Forecast
from assetforge.prospect import forecast_of, places_of
from assetforge.providers.access import find_access
from assetforge.providers.spec import Provider
from assetforge.recover import finish_dead_builds
from assetforge.run.budget import Budget
from assetforge.run.counter import Counter
from assetforge.run.execute import Workshop
from assetforge.run.idle import idle_steps
from assetforge.run.otherwise import Pinned, repacked
from assetforge.run.renditions import Easel
from assetforge.run.schedule import Schedule
from assetforge.run.stop import Stop
from assetforge.run.tiers import Tiers
from assetforge.sharing.fetching import finish_sharing, foresee_with, share_found
from assetforge.sharing.opening import Shared, leases_of, open_shared, tell_of_remote
from assetforge.store.leases import Leases
from assetforge.store.notes import Notes, has_others
from assetforge.words import some
from assetforge.workspace import Workspace
from assetforge.world import World

SILENT_SECONDS = 60.0


async def build(space: Workspace, graph: Graph, options: Options, listen: Listener, stop: Stop) -> Report:
    """Makes the selected instances current. Raises AssetforgeError where nothing could be started; failures of
    single assets are in the report."""
    began = time.monotonic()
    shared = _shared(space, options)
    try:
        report = await _build(space, graph, options, shared, listen=listen, stop=stop)
    except Exception:
        await _finish_sharing(space, shared, listen)
        raise
    # When lock and files are written: who ends it now loses nothing but the sharing.
    await _finish_sharing(space, shared, listen)
    return replace(report, seconds=time.monotonic() - began, interrupted=stop.asked)


def _shared(space: Workspace, options: Options) -> Shared:
    """The remote. One that did not answer a moment ago is left alone where nothing is bought: who draws drafts at
    each save is not to wait for it each time."""
    shared = open_shared(space, options.remote)
    url = "" if shared.tiers is None else shared.tiers.remote.place.url
    since = space.remembered.silent.get(url)
    if options.on_miss == "call" or since is None or time.monotonic() - since > SILENT_SECONDS:
        return shared
    told = f"the remote `{url}` did not answer, and is left alone for a minute"
    return Shared(remark=Problem(told, None))


async def _finish_sharing(space: Workspace, shared: Shared, listen: Listener) -> None:
    await finish_sharing(shared, listen)
    if shared.tiers is not None and shared.tiers.is_silent:
        space.remembered.silent[shared.tiers.remote.place.url] = time.monotonic()


async def _build(
    space: Workspace, graph: Graph, options: Options, shared: Shared, *, listen: Listener, stop: Stop
) -> Report:
    is_blind = has_lost_records(space)
    unopened: dict[str, str] = {}
    await finish_dead_builds(space, listen, unopened, shared.tiers)
    world = space.world(trusting=not options.verify, reencode=options.reencode, retry_refused=options.retry_refused)
    places = places_of(space, graph, options.guard)
    forecast = await foresee_with(
        shared, space, world, options, listen=listen, foresee=partial(_foresee, space, graph, world, places)
    )
    tell_of_remote(shared, forecast, options, listen)
    refuse(space, forecast, options)
    if is_blind and forecast.purchases:
        refuse_to_buy_blindly(space)
    given = (space.manifest, space.settings, options)
    budget = Budget(limit(*given), limit_name(*given))
    providers = open_providers(space, forecast)
    try:
        ask_consent(space, forecast, options, budget)
        listen(_planned(forecast, budget.limit))
        share_found(space, forecast.walk, shared)
        stage = Stage(
            space, forecast, options, providers=providers, budget=budget, places=places, unopened=unopened,
            tiers=shared.tiers, listen=listen,
        )  # fmt: skip
        schedule, workshop, fault = await _run(stage, stop)
        share_found(space, schedule.walk, shared)
    finally:
        for provider in providers.values():
            await provider.close()
    finished = finished_of(graph, forecast, schedule)
    ended = Ended(graph, forecast, schedule, workshop, world, budget, places, finished)
    remarks = (*world.remarks, *keep_bought(space, ended), *idle_steps(forecast, workshop.easel.memo))
    remarks += (*repacked(graph, workshop.tally.rendered, workshop.easel.pinned),)
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
    return make_report(ended, emission, space.rest)


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
    tiers: Tiers | None
    listen: Listener

    def counter(self, notes: Callable[[], Notes], own: Callable[[], str], leases: Leases | None) -> Counter:
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
            recover=lambda: finish_dead_builds(space, self.listen, self.unopened, self.tiers),
            claims=space.claims,
            refusals=space.refusals,
            rates=space.rates,
            budget=self.budget,
            approval=self.options.approval,
            month=None if limit_of_month is None else space.month(limit_of_month),
            project=space.project_id,
            title=space.title,
            drafts=space.drafts,
            tiers=self.tiers,
            leases=leases,
        )


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

    leases = leases_of(stage.tiers, space.data) if stage.tiers is not None and stage.forecast.purchases else None
    with ThreadPoolExecutor(jobs, thread_name_prefix="assetforge") as pool:
        easel = Easel(
            pool, space.content, space.shelf.blobs, Memo(), stage.places,
            stage.tiers.offer if stage.tiers is not None else _ignore,
            _pinned_in(space) if options.locked else _nothing_pinned,
        )  # fmt: skip
        workshop = Workshop(
            stage.counter(open_notes, lambda: notes[0].name if notes else "", leases),
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
            if leases is not None:
                await asyncio.to_thread(leases.close)
    open_steps = [] if stop.asked or schedule.stopped else schedule.unfinished()
    fault = RuntimeError(f"these steps came to no end: {some(open_steps)}") if open_steps else None
    return schedule, workshop, fault


def _pinned_in(space: Workspace) -> Pinned:
    """What the lock has for outputs."""
    return lambda step, key: space.lock.output(step.instance, step.path, key=key)


def _nothing_pinned(step: Rendition, key: str) -> Record | None:
    """Outputs may come out as they like."""


def _foresee(space: Workspace, graph: Graph, world: World, places: Places, options: Options) -> Forecast:
    return forecast_of(graph, world, places, options, space.prices)


def _ignore(digest: str) -> None:
    """Nobody to share with."""


def _planned(forecast: Forecast, limit: float | None) -> Planned:
    sure = sum(item.sure for item in forecast.purchases)
    files = sum(not isinstance(state.decision, Fresh) for state in forecast.walk.files.values())
    return Planned(sure, len(forecast.purchases) - sure, files, limit)
