"""All that a page tells of a project, gathered in one walk: cards, and a file for each picture that they name.

Reads manifest, lock, store and files; asks nobody, builds nothing, and writes nothing but small copies of pictures
into the user's store.
"""

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from assetforge.errors import Problem
from assetforge.events import Listener, Warned
from assetforge.gallery.cards import Card
from assetforge.gallery.doubts import doubts_in
from assetforge.gallery.opening import opened
from assetforge.gallery.previews import Darkroom, Tell, nobody
from assetforge.gallery.sketch import Sketcher
from assetforge.gallery.standins import StandIns
from assetforge.gallery.telling import Teller
from assetforge.gate import broken, obstacles
from assetforge.graph.select import dependents
from assetforge.model import Fresh, Graph
from assetforge.outputs.place import Places
from assetforge.plan.forecast import Forecast, Outlook, foresee
from assetforge.plan.lost import FETCH
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


def gather(
    project: Project, listen: Listener, names: Collection[str] | None = None, *, tell: Tell = nobody
) -> Gathered:
    """The cards of all instances, or of those with these names, of the manifest as it is without a profile. `tell`
    hears of pictures as they are made. Raises ManifestError, and UsageError for a lock that can't be read."""
    project.graph()  # what is wrong with the manifest is told before a store is opened
    with opened(project, listen) as space:
        graph = project.graph()
        chosen = [name for name in graph.instances if names is None or name in names]
        room = Darkroom(space, project.settings.cache_dir)
        with _without_collector():
            world, places = space.world(), places_of(space, graph, "ask")
            forecast = _forecast(space, graph, world, places, chosen)
            stand_ins = StandIns(space, graph, world, _unmade(forecast))
            sketcher = Sketcher(space, forecast, stand_ins, room, Chains(forecast))
            sketches = [sketcher.sketch(name) for name in chosen]
        room.develop(tell)
        for problem in _damages(room):
            listen(Warned(problem))
        teller = Teller(project, space, forecast, room, places, doubts_in(space.shelf.ledger, forecast, listen))
        with _without_collector():
            return Gathered(tuple(teller.card(sketch) for sketch in sketches), room.pictures, space.title)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Of ten thousand instances the collector of cycles would look at all again and again while they are made, for a
    third of the time. Whoever switched it off before switches it on."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _forecast(space: Workspace, graph: Graph, world: World, places: Places, chosen: Sequence[str]) -> Forecast:
    """What a build would do for some instances. What is known to fail buys nothing, and is told of all the same."""
    forecast = foresee(graph, world, "call", chosen, space.prices)
    if len(chosen) < len(graph.instances) and _misses_some(forecast):
        # Whether a picture is lost is told by who needs it.
        beside = dependents(graph, set(chosen))
        forecast = foresee(graph, world, "call", [name for name in graph.instances if name in {*chosen, *beside}],
                           space.prices)  # fmt: skip
    blocked = (*broken(forecast), *obstacles(forecast, places))
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


def _unmade(forecast: Forecast) -> list[str]:
    """The instances that some picture is missing of."""
    return [
        name for name, outlook in forecast.outlooks.items() if outlook.verdict not in ("current", "restore", "make")
    ]


def _damages(room: Darkroom) -> Iterator[Problem]:
    for digest, is_elsewhere in sorted(room.damaged.items()):
        told = f"a picture in the store is damaged: {digest[:12]}"
        hint = (
            "a file of the project has its bytes, and is shown" if is_elsewhere else "it was left as it is: " + FETCH
        )
        yield Problem(told, None, hint)
