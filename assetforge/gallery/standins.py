"""What stands in for pictures that nobody has: the draft of each, where one was drawn, else what the lock has of the
request before, and what the steps after it make of that. Unaware of cards.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from assetforge.model import Drafted, Graph, Link, Paid, Picture, Record, Stale
from assetforge.plan.forecast import wanted_steps
from assetforge.plan.walk import Walk
from assetforge.workspace import Workspace
from assetforge.world import World


class StandIn(NamedTuple):
    """A picture in place of another; `is_earlier` where the lock's picture of another request went into it."""

    picture: Picture
    is_earlier: bool


class StandIns:
    """The chains of some instances, walked as if what is missing were there."""

    def __init__(self, space: Workspace, graph: Graph, world: World, names: Sequence[str]) -> None:
        self._space = space
        steps, candidates = wanted_steps(graph, names, "draft")
        self._walk = Walk(graph, world, "draft", candidates)
        self._earlier: set[Link] = set()
        self._known: set[Link] = set()
        for step in (graph.steps[name] for name in steps):
            self._walk.visit(step)
            links = [Link(step.id, number) for number in sorted(candidates.get(step.id, ()))] or [Link(step.id)]
            self._known.update(links)
            if any(link in self._earlier for link in step.inputs):
                self._earlier.update(links)
            if isinstance(step, Paid):
                self._fill(step, links)

    def find(self, link: Link) -> StandIn | None:
        """What stands in for the picture of a link, None where nothing does."""
        found = self._walk.picture(link) if link in self._known else None
        return StandIn(found, link in self._earlier) if isinstance(found, Picture) else None

    def draft(self, step: Paid, number: int) -> Record | None:
        """The draft that was drawn for a candidate, None where there is none."""
        state = self._walk.paid.get((step.id, number))
        return state.decision.record if state is not None and isinstance(state.decision, Drafted) else None

    def _fill(self, step: Paid, links: Sequence[Link]) -> None:
        """Takes the lock's candidates for those that are not drawn."""
        for link in links:
            state = self._walk.paid[link]
            before = self._space.lock.candidate(step.instance, step.name, link.candidate)
            # What comes after a step that can't be asked for can't be told: it may undo what is sent.
            if state.call and before is not None and not isinstance(self._walk.picture(link), Picture):
                # What is learned of a draft would be one.
                self._walk.paid[link] = replace(state, decision=Stale(()))
                self._walk.learn(step.id, link.candidate, before)
                self._earlier.add(link)
