"""What a build would do, gathered once: the forecast, and all around it that a user wants to know before.

As a JSON object and as rows of a table; both read the same decisions. Writes nothing, asks nobody.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assetforge.build import forecast_of, places_of
from assetforge.errors import Problem
from assetforge.events import Listener
from assetforge.gate import Options, obstacles
from assetforge.graph.requests import provider_tables
from assetforge.graph.select import select
from assetforge.model import Failure, Graph, Local, Paid, Rendition, Source
from assetforge.plan.forecast import Forecast, Outlook, Purchase
from assetforge.project import Project
from assetforge.providers.access import find_access
from assetforge.words import count, money, money_range, some
from assetforge.workspace import Workspace

CROWD = 1_000
REASONS = 2

# What a verdict is called where people read it.
WORDS: Mapping[str, str] = {
    "current": "current",
    "restore": "cached",
    "make": "make",
    "buy": "buy",
    "maybe": "may buy",
    "draft": "draft",
    "lost": "lost",
    "wrong": "fails",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the project that a call would send, as it is or as a part of a picture made from it."""

    path: str
    step: str
    origin: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast and its surroundings: outputs that are the user's own, files that would leave the machine, lines
    of the lock that the manifest no longer has, and assets with very many instances."""

    forecast: Forecast
    graph: Graph
    blocked: tuple[Failure, ...]
    uploads: tuple[Upload, ...]
    orphans: tuple[str, ...]
    crowds: tuple[tuple[str, int], ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that would fail, whatever is done."""
        return (*self.forecast.problems, *(failure.problem for failure in self.blocked))

    @property
    def is_current(self) -> bool:
        return self.forecast.is_current and not self.blocked


def look_ahead(project: Project, options: Options, listen: Listener) -> Foreseen:
    """Foresees a build with these options. Raises AssetforgeError where it could not be started."""
    graph = project.graph(options.profile)
    with project.workspace(listen) as space:
        world = space.world(trusting=not options.verify, reencode=options.reencode)
        forecast = forecast_of(graph, world, options, select(graph, options.select))
        blocked = tuple(obstacles(forecast, places_of(space, options.guard)))
        crowds = Counter(instance.asset for instance in graph.instances.values())
        return Foreseen(
            forecast=forecast,
            graph=graph,
            blocked=blocked,
            uploads=tuple(uploads(space, forecast)),
            orphans=tuple(name for name in sorted(space.lock.lines) if name not in graph.instances),
            crowds=tuple((asset, number) for asset, number in crowds.items() if number > CROWD),
        )


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
            found[current.path] = None
        elif isinstance(current, Local):
            waiting += [link.step for link in reversed(current.inputs)]
    return list(found)


# --- for people -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One instance in a table."""

    word: str
    instance: str
    why: str
    price: str


def rows(seen: Foreseen) -> Iterator[Row]:
    """Every selected instance, in manifest order."""
    blocked = {failure.instance for failure in seen.blocked}
    for name, outlook in seen.forecast.outlooks.items():
        word = "fails" if name in blocked else word_of(outlook)
        why = "an output is a file of yours" if name in blocked else told_shortly(outlook.reasons)
        yield Row(word, name, why, price_of(outlook.purchases))


def told_shortly(reasons: Sequence[str]) -> str:
    """The first reasons, and how many more there are."""
    more = f"; and {len(reasons) - REASONS:,} more" if len(reasons) > REASONS else ""
    return "; ".join(reasons[:REASONS]) + more


def word_of(outlook: Outlook) -> str:
    """What is said of an instance; one that only waits for others buys nothing itself."""
    return "may make" if outlook.verdict == "maybe" and not outlook.purchases else WORDS[outlook.verdict]


def files_of(seen: Foreseen, instance: str) -> list[str]:
    """An instance's output paths."""
    steps = (seen.graph.steps[name] for name in seen.graph.instances[instance].outputs)
    return [step.path for step in steps if isinstance(step, Rendition)]


def price_of(purchases: tuple[Purchase, ...]) -> str:
    """What an instance's own pictures cost at most."""
    if not purchases:
        return ""
    known = sum(item.price or 0.0 for item in purchases)
    unknown = sum(item.price is None for item in purchases)
    if unknown:
        return "price unknown" if unknown == len(purchases) else f"{money(known)} and more"
    return money(known) if all(item.sure for item in purchases) else f"up to {money(known)}"


def remarks(seen: Foreseen) -> Iterator[str]:
    """What concerns the build as a whole, a line each."""
    forecast = seen.forecast
    yield from _calls(forecast)
    if forecast.drafts:
        yield f"{count(len(forecast.drafts), 'picture')} not bought: placeholders stand in"
    if forecast.lost:
        places = [f"{step}#{number}" for step, number in forecast.lost]
        yield f"{count(len(places), 'picture')} lost: {some(places)}; build with --rebuy-lost to buy again"
    files: dict[str, dict[str, None]] = {}
    for upload in seen.uploads:
        files.setdefault(upload.origin, {})[upload.path] = None
    for origin, paths in files.items():
        yield f"sends to {origin}: {some(list(paths))}"
    for group in forecast.shared:
        yield f"one picture for {some(list(group))}"
    for asset, number in seen.crowds:
        yield f"`{asset}` has {count(number, 'instance')}"
    if seen.orphans:
        lines = count(len(seen.orphans), "line")
        yield f"the lock has {lines} of assets that are gone: {some(seen.orphans)}; see `assetforge clean --stale`"


def _calls(forecast: Forecast) -> Iterator[str]:
    sure = sum(item.sure for item in forecast.purchases)
    maybe = len(forecast.purchases) - sure
    if not forecast.purchases:
        return
    told = f"{count(sure, 'picture')} to buy"
    if maybe:
        told += f", and {maybe:,} that may have to be"
    total = (
        "price unknown" if forecast.unpriced == len(forecast.purchases) else money_range(forecast.low, forecast.high)
    )
    some_unknown = 0 < forecast.unpriced < len(forecast.purchases)
    yield f"{told}: {total}" + (f", and {count(forecast.unpriced, 'unknown price')}" if some_unknown else "")


# --- for programs -----------------------------------------------------------------------------------------------


def foreseen_object(seen: Foreseen) -> dict[str, Any]:
    """The plan as JSON. Paths are relative to the root, money is US dollars, null is an unknown price."""
    forecast = seen.forecast
    sure = sum(item.sure for item in forecast.purchases)
    return {
        "current": seen.is_current,
        "assets": [instance_object(seen, outlook) for outlook in forecast.outlooks.values()],
        "calls": {"sure": sure, "maybe": len(forecast.purchases) - sure},
        "cost": {"low": forecast.low, "high": forecast.high, "unpriced": forecast.unpriced},
        "drafts": [{"step": step, "candidate": number} for step, number in forecast.drafts],
        "lost": [{"step": step, "candidate": number} for step, number in forecast.lost],
        "shared": [list(group) for group in forecast.shared],
        "uploads": [{"path": one.path, "step": one.step, "origin": one.origin} for one in seen.uploads],
        "orphans": list(seen.orphans),
        "crowds": [{"asset": asset, "instances": number} for asset, number in seen.crowds],
        "blocked": [failure.instance for failure in seen.blocked],
    }


def instance_object(seen: Foreseen, outlook: Outlook) -> dict[str, Any]:
    """One instance of the plan as JSON."""
    instance = seen.graph.instances[outlook.instance]
    return {
        "instance": instance.name,
        "asset": instance.asset,
        "axes": dict(instance.cell),
        "tags": list(instance.tags),
        "outputs": files_of(seen, instance.name),
        "verdict": outlook.verdict,
        "reasons": list(outlook.reasons),
        "purchases": [_purchase_object(item) for item in outlook.purchases],
    }


def _purchase_object(item: Purchase) -> dict[str, Any]:
    return {
        "step": item.step,
        "candidate": item.candidate,
        "key": item.key or None,
        "size": str(item.size) if item.size else None,
        "price": item.price,
        "sure": item.sure,
    }
