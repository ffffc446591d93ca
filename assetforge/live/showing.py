"""The board kept up to date: what rounds and purchases tell, and after each of them the cards anew."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from assetforge.errors import AssetforgeError, Problem
from assetforge.events import Event, Listener, Placed, Warned
from assetforge.gallery.cards import Card
from assetforge.gallery.gathering import Gathered, gather
from assetforge.live.answer import Teller
from assetforge.live.board import Board, CallUnderWay, Progress, Round
from assetforge.live.cards import told_card
from assetforge.model import Failure
from assetforge.project import Project
from assetforge.report.built import failures_of, lines
from assetforge.report.underway import Underway, told_end
from assetforge.watch.loop import Outcome
from assetforge.watch.purse import Purse
from assetforge.words import some

TICK_SECONDS = 1.0


class Showing:
    """Tells a board of rounds. `fault` is told of what goes wrong while cards are gathered, and nobody expected."""

    def __init__(self, board: Board, purse: Purse | None, teller: Teller, fault: Callable[[Exception], None]) -> None:
        self._board = board
        self._purse = purse
        self._teller = teller
        self._fault = fault
        self._running: dict[int, Underway] = {}
        self._numbers = 0
        self._round = 0
        self._placed: list[Placed] = []
        self._warned: list[Problem] = []
        # The round that goes on, as long as its cards were not gathered.
        self._building: Project | None = None
        self._ended = Round("done", 0.0, None)
        self._resolved: Project | None = None
        self._read: Project | None = None
        self._cards: dict[str, Card] = {}
        self._pictures: Mapping[str, Path] = {}
        self._failures: tuple[Failure, ...] = ()
        self._missing: Mapping[str, Problem] = {}
        self._wanted: tuple[Project, frozenset[str] | None] | None = None
        self._gathering: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None

    @property
    def project(self) -> Project | None:
        """The project as it was read last."""
        return self._read

    # --- what happens ---

    def begin(self, project: Project) -> Listener:
        """A round begins."""
        self._round, self._placed, self._warned, self._building = self._begin(), [], [], project
        listen = self._hearing(self._round)

        def hear(event: Event) -> None:
            if isinstance(event, Placed):
                self._placed.append(event)
            elif isinstance(event, Warned):
                self._warned.append(event.problem)
            listen(event)

        return hear

    def end(self, outcome: Outcome) -> None:
        """The round that began last is over."""
        self._read, self._building = outcome.project, None
        self._running.pop(self._round, None)
        report = outcome.report
        if not outcome.overtaken:
            self._ended = self._told(outcome)
            self._failures = report.failed if report is not None else ()
        self._show_round()
        if outcome.project.resolved is not None:
            self._resolved = outcome.project
            self.refresh(None)
        elif self._resolved is not None:
            self.refresh({one.instance for one in self._placed})

    @contextmanager
    def beside(self) -> Iterator[Listener]:
        """Gives who listens to a build beside the rounds."""
        number = self._begin()
        try:
            yield self._hearing(number)
        finally:
            self._running.pop(number, None)
            self._show_round()

    def note(self, missing: Mapping[str, Problem]) -> None:
        """Pictures that were asked for and are not there, by their keys: their cards tell why until the next try."""
        self._missing = {**self._missing, **missing}

    def forget(self) -> None:
        """Somebody wants to have what failed: no card tells of that any more."""
        self._missing = {}
        if self._cards:
            self._show_cards_anew()

    def refresh(self, names: Collection[str] | None) -> None:
        """Gathers the cards of these instances anew, None for all; what is wanted meanwhile comes after that."""
        if self._resolved is None:
            return
        before = self._wanted[1] if self._wanted is not None else frozenset()
        self._wanted = (self._resolved, None if names is None or before is None else before | frozenset(names))
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())

    async def close(self) -> None:
        """Gathers nothing any more."""
        tasks = [task for task in (self._gathering, self._ticking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- rounds ---

    def _begin(self) -> int:
        self._numbers += 1
        self._running[self._numbers] = Underway(time.monotonic())
        self._show_round()
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())
        return self._numbers

    def _hearing(self, number: int) -> Listener:
        def hear(event: Event) -> None:
            if number in self._running:
                self._running[number].hear(event, time.monotonic())
                self._show_progress()

        return hear

    def _told(self, outcome: Outcome) -> Round:
        report, problems = outcome.report, list(outcome.problems)
        told: tuple[str, ...] = ()
        if report is not None and self._board.live.watching:
            problems += [failure.problem for failure in failures_of(report)]
            told = tuple(lines(report, self._placed))[:1]
        state: Literal["broken", "done"] = "broken" if report is None else "done"
        # Not all that a round warns of is in its report: what it found of builds that died is said while it runs.
        warnings = dict.fromkeys((*(report.warnings if report is not None else ()), *self._warned))
        tell = self._teller.problems
        return Round(state, 0.0, None, told, tell(problems), tell(warnings))

    def _show_round(self) -> None:
        purse = self._purse
        spent, limit = (purse.spent, purse.limit) if purse is not None else (0.0, None)
        told = replace(self._ended, state="building", lines=()) if self._running else self._ended
        self._board.round(replace(told, spent=spent, limit=limit))
        if self._running:
            self._show_progress()

    def _show_progress(self) -> None:
        now, every = time.monotonic(), list(self._running.values())
        calls = [call for one in every for call in one.oldest_first()]
        ended = [one.last for one in every if one.last is not None]
        awaited = [step for one in every for step in one.awaited]
        self._board.progress(
            Progress(
                sum(one.done for one in every),
                sum(max(one.total, one.done) for one in every),
                tuple(CallUnderWay(call.name, round(now - call.began, 1), call.note) for call in calls),
                f"another machine buys {some(awaited, 4)}" if awaited else told_end(ended[-1]) if ended else "",
            )
        )

    async def _tick(self) -> None:
        while self._running:
            await asyncio.sleep(TICK_SECONDS)
            if any(one.calls for one in self._running.values()):
                self._show_progress()
            self._show_early()

    # --- cards ---

    def _show_early(self) -> None:
        """Cards before a round's end, once, for who waits: for the first one, and for what is bought."""
        project = self._building
        if project is None or project.resolved is None:
            return
        if not self._cards or any(one.calls for one in self._running.values()):
            self._building, self._resolved = None, project
            self.refresh(None)

    async def _gather(self) -> None:
        while self._wanted is not None:
            project, names = self._wanted
            self._wanted = None
            try:
                found = await asyncio.to_thread(gather, project, _ignore, names)
            except (AssetforgeError, OSError):
                continue  # the round tells of it
            except Exception as error:
                self._fault(error)
                continue
            self._show_cards(found, names)

    def _show_cards(self, found: Gathered, names: frozenset[str] | None) -> None:
        new = {card.name: card for card in found.cards}
        whole = new if names is None else {name: new.get(name, card) for name, card in self._cards.items()}
        pictures = found.pictures if names is None else {**self._pictures, **found.pictures}
        self._cards, self._pictures = whole, pictures
        self._show_cards_anew()

    def _show_cards_anew(self) -> None:
        self._board.set_cards([self._told_card(card) for card in self._cards.values()], self._pictures)

    def _told_card(self, card: Card) -> Card:
        """A card with what is known of it beside the store: that the last round could not make it, or that the last
        call for it failed."""
        problem = next((failure.problem for failure in self._failures if failure.instance == card.name), None)
        if problem is not None:
            card = replace(card, state="failed", word="failed", reasons=(problem.message,), hint=problem.hint)
        vain = next((self._missing[offer.key] for offer in card.offers if offer.key in self._missing), None)
        if vain is not None:
            card = replace(card, reasons=(vain.message, *card.reasons), hint=vain.hint)
        return told_card(card, self._teller.line)


def _ignore(event: Event) -> None:
    """What is wrong with the store is told by who builds."""
