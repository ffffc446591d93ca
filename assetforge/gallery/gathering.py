"""All that a page tells of a project, gathered in one walk: cards, and a file for each picture that they name.

Reads manifest, lock, store and files; asks nobody, builds nothing, and writes nothing but small copies of pictures
into the user's store.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assetforge.events import Listener
from assetforge.gallery.cards import Card
from assetforge.gallery.opening import opened
from assetforge.gallery.previews import Darkroom
from assetforge.gallery.sketch import Sketcher
from assetforge.gallery.telling import Teller
from assetforge.gate import broken, obstacles
from assetforge.graph.select import dependents
from assetforge.model import Fresh, Graph
from assetforge.plan.forecast import Forecast, Outlook, foresee
from assetforge.plan.walk import Walk
from assetforge.project import Project
from assetforge.prospect import places_of
from assetforge.report.chain import Chains
from assetforge.workspace import Workspace
from assetforge.world import World


@dataclass(frozen=True, slots=True)
class Gathered:
    """Cards in manifest order, and by its name in `pictures/` a file with the bytes of each picture that they tell
    of. `title` is what people call the project."""

    cards: tuple[Card, ...]
    pictures: Mapping[str, Path]
    title: str = ""


def gather(project: Project, listen: Listener, names: Collection[str] | None = None) -> Gathered:
    """The cards of all instances, or of those with these names, of the manifest as it is without a profile. Raises
    ManifestError, and UsageError for a lock that can't be read."""
    project.graph()  # what is wrong with the manifest is told before a store is opened
    with opened(project, listen) as space:
        return gather_in(project, space, names)


def gather_in(project: Project, space: Workspace, names: Collection[str] | None = None) -> Gathered:
    """The same from an open workspace, whose lock and state are as they were when it was opened."""
    graph = project.graph()
    chosen = [name for name in graph.instances if names is None or name in names]
    world = space.world()
    forecast = _forecast(space, graph, world, chosen)
    room = Darkroom(space, project.settings.cache_dir)
    sketcher = Sketcher(space, forecast, _drafts(space, graph, world, forecast), room, Chains(forecast))
    sketches = [sketcher.sketch(name) for name in chosen]
    room.develop()
    teller = Teller(project, space, forecast, room)
    return Gathered(tuple(teller.card(sketch) for sketch in sketches), room.pictures, space.title)


def _forecast(space: Workspace, graph: Graph, world: World, chosen: Sequence[str]) -> Forecast:
    """What a build would do for some instances. What is known to fail buys nothing, and is told of all the same."""
    forecast = foresee(graph, world, "call", chosen, space.prices)
    if len(chosen) < len(graph.instances) and _misses_some(forecast):
        # Whether a picture is lost is told by who needs it.
        beside = dependents(graph, set(chosen))
        forecast = foresee(graph, world, "call", [name for name in graph.instances if name in {*chosen, *beside}],
                           space.prices)  # fmt: skip
    blocked = (*broken(forecast), *obstacles(forecast, places_of(space, graph, "ask")))
    stopped = {failure.instance: failure.problem.message for failure in reversed(blocked)}
    outlooks = {
        name: Outlook(name, "wrong", (stopped[name],), ()) if name in stopped else outlook
        for name, outlook in forecast.outlooks.items()
    }
    return replace(forecast, outlooks=outlooks, blocked=blocked)


def _misses_some(forecast: Forecast) -> bool:
    """Whether bytes are not here of a picture that is known."""
    known = (state.decision.record for state in forecast.walk.paid.values() if isinstance(state.decision, Fresh))
    return not all(forecast.walk.lookups.has_bytes(record.media.digest) for record in known)


def _drafts(space: Workspace, graph: Graph, world: World, forecast: Forecast) -> Walk | None:
    """A walk of what is not bought, as if drafts stood in for it; None where nothing is missing."""
    missing = [name for name, outlook in forecast.outlooks.items() if outlook.verdict in ("buy", "maybe")]
    return foresee(graph, world, "draft", missing, space.prices).walk if missing else None
