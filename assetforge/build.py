"""A build from beginning to end, as one function that reads like its list of stages."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assetforge.closing import Ended, keep_bought, leave_behind, make_report
from assetforge.errors import ManifestError
from assetforge.events import Listener, Planned, Warned
from assetforge.gate import Options, ask_consent, broken, limit, obstacles, open_providers, refuse
from assetforge.graph.requests import provider_tables
from assetforge.graph.select import select
from assetforge.model import Fresh, Graph, Report, Source
from assetforge.ops.memo import Memo
from assetforge.outputs.place import Guard, Places
from assetforge.plan.forecast import Forecast, foresee
from assetforge.plan.walk import OnMiss
from assetforge.providers.spec import Provider
from assetforge.recover import finish_dead_builds
from assetforge.run.budget import Budget
from assetforge.run.execute import Counter, Workshop
from assetforge.run.renditions import Easel
from assetforge.run.schedule import Schedule
from assetforge.store.notes import Notes
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
    selected = select(graph, options.select)
    await finish_dead_builds(space, listen)
    world = space.world(trusting=not options.verify, reencode=options.reencode)
    places = places_of(space, options.guard)
    forecast = forecast_of(graph, world, options, selected)
    blocked = (*broken(forecast), *obstacles(forecast, places))
    if blocked:
        names = {failure.instance for failure in blocked}
        forecast = forecast_of(graph, world, options, [name for name in selected if name not in names])
    refuse(space, forecast, options)
    budget = Budget(limit(space.manifest, space.settings, options))
    providers = open_providers(space, forecast)
    try:
        ask_consent(space, forecast, options, budget)
        schedule, workshop = await _run(
            space, forecast, options, providers=providers, budget=budget, places=places, listen=listen, stop=stop
        )
    finally:
        for provider in providers.values():
            await provider.close()
    ended = Ended(graph, forecast, schedule, workshop, world, budget, blocked)
    for remark in dict.fromkeys((*world.remarks, *keep_bought(space, ended))):
        listen(Warned(remark))
    leave_behind(space, ended, options)
    return replace(make_report(ended), seconds=time.monotonic() - began, interrupted=stop.asked)


def forecast_of(graph: Graph, world: World, options: Options, selected: Sequence[str]) -> Forecast:
    """What a build with these options would do for some instances. Raises ManifestError for a source file that is
    not a picture."""
    on_miss: OnMiss = "fail" if options.locked else options.on_miss
    forecast = foresee(graph, world, on_miss, selected)
    while options.rebuy_lost and forecast.lost:
        lost = (forecast.walk.paid[place].action for place in forecast.lost)
        world.forgotten |= {action.key for action in lost if action is not None}
        forecast = foresee(graph, world, on_miss, selected)
    if forecast.problems and any(isinstance(graph.steps[name], Source) for name in forecast.walk.refused):
        raise ManifestError(forecast.problems)
    return forecast


def places_of(space: Workspace, guard: Guard) -> Places:
    """The output paths of a project, and who owns what is there."""

    def keep(digest: str, path: str) -> bool:
        with suppress(OSError):
            real = Path(space.root.readable(path, text=False))
            return space.shelf.blobs.put_file(real, durable=True) == digest
        return False

    return Places(space.root, space.state, space.lock.paths(), space.shelf.blobs.has, keep, guard)


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
    schedule = Schedule(forecast, "stop" if options.fail_fast else "go on")
    listen(_planned(forecast))
    notes: list[Notes] = []

    def open_notes() -> Notes:
        if not notes:
            notes.append(Notes.open(space.inflight))
        return notes[0]

    with ThreadPoolExecutor(jobs, thread_name_prefix="assetforge") as pool:
        easel = Easel(pool, space.content, space.shelf.blobs, Memo(), places)
        tables, _ = provider_tables(space.manifest)
        counter = Counter(
            providers=providers, tables=tables, shelf=space.shelf, notes=open_notes, claims=space.claims,
            recover=lambda: finish_dead_builds(space, listen),
            budget=budget, project=space.project_id, drafts=space.drafts,
        )  # fmt: skip
        workshop = Workshop(counter, easel, schedule, jobs=jobs, listen=listen)
        stop.attend(workshop)
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
