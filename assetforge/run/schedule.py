"""What runs when: obeys the plan's decisions, binds what becomes known, and keeps every step's state in one table.

Each step that costs money or writes a file is in one state; `_set` performs every change. Waiting: an ingredient
is not known. Queued: everything is known, it waits for its turn. Done, failed and skipped are ends; skipped needs
something that failed.
"""

import heapq
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Literal, Protocol

from assetforge.errors import Problem
from assetforge.model import (
    Action,
    Call,
    Drafted,
    Fresh,
    Link,
    Local,
    Lost,
    Origin,
    Paid,
    Picture,
    Record,
    Rendition,
    Source,
    Stale,
)
from assetforge.plan.forecast import Forecast, wanted_steps
from assetforge.plan.lost import can_be_bought_again, lost_problem
from assetforge.plan.price import Prices
from assetforge.plan.walk import FileState, Walk
from assetforge.words import money

OnFailure = Literal["go on", "stop"]


class State(Enum):
    """Where a step stands."""

    WAITING = "waiting"
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


ENDS = frozenset({State.DONE, State.FAILED, State.SKIPPED})
ALLOWED = {
    State.WAITING: frozenset({State.QUEUED, State.DONE, State.FAILED, State.SKIPPED}),
    State.QUEUED: frozenset({State.DONE, State.FAILED, State.SKIPPED}),
}


class Hands(Protocol):
    """Who does the work. Each method takes it on and returns at once; the schedule hears of the end."""

    def buy(self, step: Paid, call: Call, actions: tuple[Action, ...]) -> None: ...
    def draw(self, step: Paid, call: Call, actions: tuple[Action, ...]) -> None: ...
    def make(self, step: Rendition, action: Action, picture: Picture) -> None: ...
    def restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> None: ...
    def stop(self) -> None:
        """Starts nothing more; what is under way is finished and kept."""

    async def rest(self) -> None:
        """Returns when nothing runs and nothing waits."""


class Schedule:
    """One build's steps from decision to end."""

    def __init__(self, forecast: Forecast, failure: OnFailure) -> None:
        self.walk: Walk = forecast.walk
        self.prices = forecast.prices
        self.on_failure = failure
        self.states: dict[str, State] = {}
        self.failures: dict[str, Problem] = {}
        self.lost = dict(forecast.lost)
        self.again = dict(forecast.again)
        order, _ = wanted_steps(self.walk.graph, forecast.selected, self.walk.on_miss)
        self._order = {name: index for index, name in enumerate(order)}
        self._dependents = _dependents(self.walk, order)
        self._missing: dict[str, set[int]] = {}
        self._hands: Hands | None = None
        self.stopped = False

    async def run(self, hands: Hands) -> None:
        """Everything that can be done is done when this returns."""
        self._hands = hands
        for name in self._order:
            if isinstance(self.walk.graph.steps[name], Paid | Rendition):
                self.states[name] = State.WAITING
        for name in self._order:
            self._consider(name)
        await hands.rest()

    def bought(self, step: str, records: Mapping[int, Record], origin: Origin = "store") -> None:
        """Candidates of a paid step were made, or found; what they make known goes on."""
        for candidate, record in records.items():
            if self.again.pop((step, candidate), None) is None:
                self.walk.learn(step, candidate, record, origin)
            self._missing[step].discard(candidate)
        if not self._missing[step] and self.states[step] is State.QUEUED:
            self._set(step, State.DONE)
        self._go_on(step)

    def placed(self, step: str) -> None:
        """A rendition is at its path."""
        self._set(step, State.DONE)

    def failed(self, step: str, problem: Problem, candidates: Iterable[int] = ()) -> None:
        """A step can't be, or some candidates of it: what needs them is skipped, the rest goes on. Without
        `candidates`, all that are still to come."""
        gone = set(candidates) or self._missing.get(step) or self.walk.wanted.get(step, frozenset())
        self.failures.setdefault(step, problem)
        if self.states[step] not in ENDS:
            self._set(step, State.FAILED)
        self._skip_after(step, set(gone))
        if self.on_failure == "stop" and self._hands is not None:
            self.stopped = True
            self._hands.stop()

    def unfinished(self) -> list[str]:
        """Steps that came to no end: there are none but where somebody stopped the build."""
        return [name for name, state in self.states.items() if state not in ENDS]

    def _set(self, step: str, state: State) -> None:
        before = self.states[step]
        assert state in ALLOWED.get(before, frozenset()), f"{step}: {before} -> {state}"
        self.states[step] = state

    def _consider(self, name: str) -> None:
        """Starts what a step's decision asks for, if it is known and was not started."""
        step = self.walk.graph.steps[name]
        if isinstance(step, Local | Source) or self.states[name] is not State.WAITING or self.stopped:
            return
        if name in self.walk.refused:
            self.failed(name, self.walk.refused[name])
        elif isinstance(step, Paid):
            self._consider_paid(step)
        else:
            self._consider_file(step, self.walk.files[name])

    def _consider_paid(self, step: Paid) -> None:
        states = {number: self.walk.paid[step.id, number] for number in sorted(self.walk.wanted[step.id])}
        if any(state.action is None for state in states.values()):
            return
        lost = [number for number in states if (step.id, number) in self.lost]
        if lost:
            self.failed(step.id, _lost_problem(step, self.lost[step.id, lost[0]], states[lost[0]].call, self.prices))
            return
        again = [number for number in states if (step.id, number) in self.again]
        buying = [number for number, state in states.items() if isinstance(state.decision, Stale)] + again
        if buying and any(self._needs_bytes(link) for link in step.inputs):
            return
        drawing = [
            number
            for number, state in states.items()
            if isinstance(state.decision, Drafted) and state.decision.record is None
        ]
        self._missing[step.id] = {*buying, *drawing}
        self._set(step.id, State.QUEUED if self._missing[step.id] else State.DONE)
        hands, call = self._hands, next(iter(states.values())).call
        assert hands is not None
        assert call is not None
        actions = {number: state.action for number, state in states.items() if state.action is not None}
        if buying:
            hands.buy(step, call, tuple(actions[number] for number in sorted(buying)))
        if drawing:
            hands.draw(step, call, tuple(actions[number] for number in drawing))

    def _consider_file(self, step: Rendition, state: FileState) -> None:
        hands = self._hands
        if state.action is None or state.picture is None or hands is None:
            return
        if any(self._needs_bytes(link) for link in step.inputs) and isinstance(state.decision, Stale):
            return
        match state.decision:
            case Fresh(_, "file"):
                self._set(step.id, State.DONE)
            case Fresh(record, _):
                self._set(step.id, State.QUEUED)
                hands.restore(step, state.action, record, state.picture)
            case _:
                self._set(step.id, State.QUEUED)
                hands.make(step, state.action, state.picture)

    def _needs_bytes(self, link: Link) -> bool:
        """Whether a picture's bytes are still to come, though its key is known: it is drawn again."""
        if not self.again:
            return False
        waiting = [link]
        while waiting:
            current = waiting.pop()
            if current in self.lost or current in self.again:
                return True
            step = self.walk.graph.steps[current.step]
            if isinstance(step, Local):
                waiting += step.inputs
        return False

    def _go_on(self, start: str) -> None:
        """Visits what depends on a step, in order, as far as ingredients are known now."""
        heap = [(self._order[name], name) for name in self._dependents.get(start, ())]
        heapq.heapify(heap)
        seen: set[str] = set()
        while heap:
            _, name = heapq.heappop(heap)
            if name in seen or self.states.get(name, State.WAITING) is not State.WAITING:
                continue
            seen.add(name)
            step = self.walk.graph.steps[name]
            self.walk.visit(step)
            self._consider(name)
            if isinstance(step, Local) or self.states.get(name) is State.DONE:
                for dependent in self._dependents.get(name, ()):
                    heapq.heappush(heap, (self._order[dependent], dependent))

    def _skip_after(self, start: str, gone: set[int]) -> None:
        """Skips what needs these candidates of a step, and so on from there."""
        steps = self.walk.graph.steps
        stack = [
            name
            for name in self._dependents.get(start, ())
            if any(link.step == start and (not gone or link.candidate in gone) for link in steps[name].inputs)
        ]
        seen: set[str] = set()
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            if self._is_known(name):
                continue
            if self.states.get(name) is State.WAITING:
                self._set(name, State.SKIPPED)
            stack += self._dependents.get(name, ())

    def _is_known(self, name: str) -> bool:
        """Whether a step's result is here already, so that it needs nothing of what failed."""
        if name in self.walk.files:
            return isinstance(self.walk.files[name].decision, Fresh)
        if not isinstance(self.walk.graph.steps[name], Paid):
            return False
        places = [(name, candidate) for candidate in self.walk.wanted[name]]
        return all(
            place in self.walk.paid
            and place not in self.lost
            and place not in self.again
            and isinstance(self.walk.paid[place].decision, Fresh)
            for place in places
        )


def _lost_problem(step: Paid, lost: Lost, call: Call | None, prices: Prices) -> Problem:
    price = prices.estimate(call) if call and can_be_bought_again(lost) else None
    return lost_problem(step, lost, "" if price is None else f" (about {money(price)} each)")


def _dependents(walk: Walk, order: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in order:
        for needed in dict.fromkeys(link.step for link in walk.graph.steps[name].inputs):
            found.setdefault(needed, []).append(name)
    return found
