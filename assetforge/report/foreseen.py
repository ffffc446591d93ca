"""What a build would do, gathered once: the forecast, and all around it that a user wants to know before.

Writes nothing, asks nobody; how it is shown is for `planned`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from assetforge.check import is_placeholder
from assetforge.emit.foresight import EmitOutlook, foresee_emits
from assetforge.errors import Problem
from assetforge.events import Listener
from assetforge.gate import Options, limit
from assetforge.graph.requests import provider_tables
from assetforge.model import Failure, Graph, Local, Paid, Rendition, Source
from assetforge.plan.forecast import Forecast
from assetforge.project import Project
from assetforge.prospect import forecast_of, places_of
from assetforge.providers.access import find_access
from assetforge.workspace import Workspace

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
    `lacking` is what a build would stop for, `emits` what would become of files made from the facts of outputs."""

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
    emits: tuple[EmitOutlook, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that would fail, whatever is done."""
        blocked = (failure.problem for failure in self.blocked)
        lost = (_lost_problem(self.graph, name) for name, _ in self.forecast.lost)
        emits = (emit.problem for emit in self.emits if emit.problem is not None)
        return tuple(dict.fromkeys((*self.forecast.problems, *blocked, *lost, *emits)))

    @property
    def is_current(self) -> bool:
        is_emitted = all(emit.verdict in ("current", "left") for emit in self.emits)
        return self.forecast.is_current and not self.blocked and is_emitted


def look_ahead(project: Project, options: Options, listen: Listener) -> Foreseen:
    """Foresees a build with these options. Raises AssetforgeError where it could not be started."""
    graph = project.graph(options.profile)
    with project.workspace(listen) as space:
        world = space.world(
            trusting=not options.verify, reencode=options.reencode, retry_refused=options.retry_refused
        )
        places = places_of(space, graph, options.guard)
        forecast = forecast_of(graph, world, places, options, space.prices)
        crowds = Counter(instance.asset for instance in graph.instances.values())
        return Foreseen(
            forecast=forecast,
            graph=graph,
            blocked=forecast.blocked,
            uploads=tuple(uploads(space, forecast)),
            orphans=tuple(sorted(space.lock.lines.keys() - graph.instances.keys() - graph.emits.keys())),
            left_behind=project.left_behind(space, options.profile),
            crowds=tuple((asset, number) for asset, number in crowds.items() if number > CROWD),
            unmade=frozenset(step.instance for step in _outputs(graph) if is_unmade(space, step)),
            placeholders=frozenset(step.instance for step in _outputs(graph) if is_placeholder(space, step.path)),
            limit=limit(space.manifest, space.settings, options),
            month_left=month_left(space),
            lacking=tuple(lacking(space, forecast)),
            emits=tuple(foresee_emits(space, forecast, places)),
        )


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


def _lost_problem(graph: Graph, name: str) -> Problem:
    told = f"the picture of `{name}` is pinned by the lock, and its bytes are nowhere"
    hint = "fetch them from a machine that has them, or build with --rebuy-lost"
    return Problem(told, graph.steps[name].where, hint)


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
