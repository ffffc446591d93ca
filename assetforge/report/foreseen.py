"""What a build would do, gathered once: the forecast, and all around it that a user wants to know before.

Writes nothing, asks nobody; how it is shown is for `planned`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from assetforge.check import is_placeholder
from assetforge.emit.foresight import EmitOutlook, foresee_emits
from assetforge.errors import Problem
from assetforge.events import Listener
from assetforge.gate import Options, limit, require_sources
from assetforge.graph.requests import provider_tables
from assetforge.model import Failure, Graph, Local, Paid, Rendition, Source
from assetforge.outputs.aside import owner_of
from assetforge.outputs.place import Places
from assetforge.plan.forecast import Forecast
from assetforge.plan.lost import lost_problem
from assetforge.project import Project
from assetforge.prospect import forecast_of, places_of
from assetforge.providers.access import find_access
from assetforge.sharing.place import find_place, is_allowed, missing_keys
from assetforge.workspace import Workspace
from assetforge.world import World

CROWD = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the project that a call would send, as it is or as a part of a picture made from it."""

    path: str
    step: str
    origin: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast and its surroundings: instances that would fail from the start, files that would leave the machine,
    lines of the lock (`orphans`) and files that the manifest no longer has, and assets with very many instances.

    `unmade` are instances with an output that was never made, `placeholders` those with a draft in place of one.
    `limit` is what a build may spend, `month_left` what all builds may this month, in US dollars;
    `lacking` is what a build would stop for, `remote` the one that a build would ask, and `unlooked` counts the keys
    that were not looked up there, `emits` what would become of files made from the facts of outputs."""

    forecast: Forecast
    graph: Graph
    blocked: tuple[Failure, ...]
    uploads: tuple[Upload, ...]
    orphans: tuple[str, ...]
    left_behind: tuple[str, ...]
    crowds: tuple[tuple[str, int], ...]
    unmade: frozenset[str]
    placeholders: frozenset[str]
    limit: float | None
    month_left: float | None
    lacking: tuple[Problem, ...] = ()
    remote: str = ""
    unlooked: int = 0
    emits: tuple[EmitOutlook, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that would fail, whatever is done."""
        blocked = (failure.problem for failure in self.blocked)
        lost = (lost_problem(self.graph.steps[name], what) for (name, _), what in self.forecast.lost.items())
        emits = (emit.problem for emit in self.emits if emit.problem is not None)
        return tuple(dict.fromkeys((*self.forecast.problems, *blocked, *lost, *emits)))

    @property
    def is_current(self) -> bool:
        is_emitted = all(emit.verdict in ("current", "left") for emit in self.emits)
        return self.forecast.is_current and not self.blocked and is_emitted


def look_ahead(project: Project, options: Options, listen: Listener, *, asks_remote: bool = False) -> Foreseen:
    """Foresees a build with these options, and asks the remote only where that is wished for. Raises AssetforgeError
    where it could not be started."""
    graph = project.graph(options.profile)
    with project.workspace(listen) as space:
        world = space.world(
            trusting=not options.verify, reencode=options.reencode, retry_refused=options.retry_refused
        )
        places = places_of(space, graph, options.guard)
        foresee = partial(_forecast, space, graph, world, places)
        forecast = _with_remote(space, world, options, listen, foresee) if asks_remote else foresee(options)
        require_sources(forecast)
        place, _ = find_place(space.root, space.manifest, space.settings, options.remote)
        owners = {owner_of(name)[0] for name in space.lock.lines}
        crowds = Counter(instance.asset for instance in graph.instances.values())
        return Foreseen(
            forecast=forecast,
            graph=graph,
            blocked=forecast.blocked,
            uploads=tuple(uploads(space, forecast)),
            orphans=tuple(sorted(owners - graph.instances.keys() - graph.emits.keys())),
            left_behind=project.left_behind(space, options.profile),
            crowds=tuple((asset, number) for asset, number in crowds.items() if number > CROWD),
            unmade=frozenset(step.instance for step in _outputs(graph) if is_unmade(space, step)),
            placeholders=frozenset(step.instance for step in _outputs(graph) if is_placeholder(space, step.path)),
            limit=limit(space.manifest, space.settings, options),
            month_left=month_left(space),
            lacking=(*lacking(space, forecast), *_distrust(space, forecast, options)),
            remote=place.url if place is not None and not space.shelf.rehearsal else "",
            unlooked=0 if asks_remote or place is None else len(missing_keys(forecast)),
            emits=tuple(foresee_emits(space, forecast, places)),
        )


def _with_remote(
    space: Workspace, world: World, options: Options, listen: Listener, foresee: Callable[[Options], Forecast]
) -> Forecast:
    # What speaks to a remote is loaded only where it is spoken to.
    from assetforge.sharing.looking import look_there

    return look_there(space, world, options, listen, foresee)


def _forecast(space: Workspace, graph: Graph, world: World, places: Places, options: Options) -> Forecast:
    return forecast_of(graph, world, places, options, space.prices)


def _distrust(space: Workspace, forecast: Forecast, options: Options) -> Iterator[Problem]:
    """A remote that a build would ask before it buys, and may not."""
    place, named_by = find_place(space.root, space.manifest, space.settings, options.remote)
    if place is None or named_by is None or is_allowed(space.settings, place):
        return
    if missing_keys(forecast):
        told = f"a build would stop: the remote `{place.url}` is not trusted"
        yield Problem(told, named_by, f"run `assetforge trust {place.url}`")


def lacking(space: Workspace, forecast: Forecast) -> Iterator[Problem]:
    """What a build would stop for before its first call: a key, or trust; and prices that are not believed."""
    tables, _ = provider_tables(space.manifest)
    steps = (forecast.walk.graph.steps[item.step] for item in forecast.purchases)
    asked = dict.fromkeys(step.settings.provider for step in steps if isinstance(step, Paid))
    for name in asked:
        problem = find_access(name, tables[name], space.settings, space.environ).problem
        if problem is not None and tables[name].kind != "draft":
            yield Problem(f"a build would stop: {problem.message}", None, problem.hint)
    for name, model in forecast.prices.disbelieved():
        told = f"the price of `{model}` at `{name}` is below the list, and not believed for https://api.openai.com"
        where = space.manifest.where("provider", name, "price", model)
        yield Problem(told, where, "a manifest may be a stranger's; elsewhere its prices are believed")


def month_left(space: Workspace) -> float | None:
    """What may still be spent this month, in US dollars; None where the user set no limit for it."""
    most = space.settings.max_usd_per_month
    return None if most is None else max(0.0, most - space.month(most).booked().total)


def _outputs(graph: Graph) -> Iterator[Rendition]:
    return (step for step in graph.steps.values() if isinstance(step, Rendition))


def is_unmade(space: Workspace, step: Rendition) -> bool:
    """Whether nobody ever made an output, as far as lock and disk know."""
    return space.lock.output(step.instance, step.path) is None and not space.state.digest(step.path)


def uploads(space: Workspace, forecast: Forecast) -> Iterator[Upload]:
    """The project's own files in what would be asked for, and where they would go."""
    tables, _ = provider_tables(space.manifest)
    origins: dict[str, str] = {}
    for name in dict.fromkeys(purchase.step for purchase in forecast.purchases):
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Paid)
        if step.settings.kind == "draft":
            continue
        provider = step.settings.provider
        if provider not in origins:
            access = find_access(provider, tables[provider], space.settings, space.environ)
            origins[provider] = access.origin or access.base_url
        for path in _own_files(forecast.walk.graph, step):
            yield Upload(path, name, origins[provider])


def _own_files(graph: Graph, step: Paid) -> list[str]:
    found: dict[str, None] = {}
    waiting = [link.step for link in reversed(step.inputs)]
    while waiting:
        current = graph.steps[waiting.pop()]
        if isinstance(current, Source):
            if current.holds == "picture":  # of a font nothing is sent but the letters in a picture
                found[current.path] = None
        elif isinstance(current, Local):
            waiting += [link.step for link in reversed(current.inputs)]
    return list(found)
