"""What a build is doing, from its events: a display that redraws itself on a terminal, plain lines elsewhere."""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType

from assetforge.cli.console import Console
from assetforge.cli.display import Room, Row, rows
from assetforge.cli.screen import Screen
from assetforge.errors import Problem
from assetforge.events import (
    Awaited,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    Carrying,
    Event,
    Placed,
    Planned,
    Warned,
)
from assetforge.report.underway import Underway, named, told_end
from assetforge.words import count, seconds

# Fewer are there in a moment.
MANY = 20


class Progress(AbstractContextManager["Progress"]):
    """Plain lines on standard error, one for each thing that ended. `shown` gives a path as the user writes it. Each
    build has one of its own."""

    def __init__(self, console: Console, shown: Callable[[str], str]) -> None:
        self.console = console
        self.shown = shown
        self.warnings: list[Problem] = []
        self.early: list[Problem] = []
        self.placed: list[Placed] = []
        self._is_planned = False
        self._reasons: set[str] = set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Leaves the terminal as it was."""

    def abandon(self, words: str) -> None:
        """The same in the middle of anything, with last words, a moment before the process ends: takes no lock."""
        if not self.console.quiet:
            with suppress(OSError, ValueError):
                os.write(self.console.err.fileno(), f"{words}\n".encode())

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.tell(text)

    def hear(self, event: Event) -> None:
        """The build's listener. Warnings are gathered, to be shown with their places; so are files, to be counted."""
        match event:
            case Warned(problem):
                self._warn(problem)
            case Planned():
                self._is_planned = True
            case Placed():
                self.placed.append(event)
        self._tell(event)

    def _warn(self, problem: Problem) -> None:
        """What is to be known before anything is spent is said at once; all else at the end, with its place."""
        if self._is_planned or self.console.as_json:
            self.warnings.append(problem)
        else:
            self.early.append(problem)
            self.say(f"warning: {problem.message}" + (f" ({problem.hint})" if problem.hint else ""))

    def _retried(self, event: CallRetried) -> None:
        """A reason that many calls meet is said once, unless everything is to be said."""
        if event.reason in self._reasons and not self.console.verbose:
            return
        self._reasons.add(event.reason)
        more = "" if self.console.verbose else " (said once)"
        wait = seconds(event.seconds)
        self.say(f"asking for {named(event.step, event.candidates)} again in {wait}: {event.reason}{more}")

    def _tell(self, event: Event) -> None:
        match event:
            case Carrying(remote, pictures, way) if pictures >= MANY or self.console.verbose:
                what = "looking for" if way == "from" else "sending"
                self.say(f"{what} {count(pictures, 'picture')} {'in' if way == 'from' else 'to'} {remote}")
            case Awaited(step):
                self.say(f"{step} is being bought by another machine: waiting for it")
            case CallStarted(_, step, size, candidates) if self.console.verbose:
                self.say(f"asking for {named(step, candidates)} at {size}")
            case CallRetried():
                self._retried(event)
            case CallFinished(cost=cost) if cost != 0 or self.console.verbose:
                self.say(told_end(event))
            case Placed() | CallFailed():
                self.say(told_end(event, self.shown))
            case _:
                pass


class LiveProgress(Progress):
    """A few rows at the bottom of a terminal, drawn again as time goes by, and gone at the end. They come with the
    plan of what there is to do: before it somebody may be asked something."""

    def __init__(self, console: Console, shown: Callable[[str], str]) -> None:
        super().__init__(console, shown)
        self._build = Underway(began=time.monotonic())
        self._screen: Screen | None = None

    def hear(self, event: Event) -> None:
        self._build.hear(event, time.monotonic())
        if isinstance(event, Planned) and self._build.total and self._screen is None:
            self._screen = Screen(self.console, self._draw)
        super().hear(event)

    def _tell(self, event: Event) -> None:
        # Files are summed up at the end, also where there was too little to do for a display.
        is_told = not (isinstance(event, Placed) or (self._screen is not None and _is_shown(event)))
        if self.console.verbose or is_told:
            super()._tell(event)

    def say(self, text: str) -> None:
        if self._screen is None:
            super().say(text)
        else:
            self._screen.say(text)

    def leave(self) -> None:
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def abandon(self, words: str) -> None:
        if self._screen is not None:
            self._screen.let_go()
        super().abandon(words)

    def _draw(self, room: Room) -> list[Row]:
        return rows(self._build, time.monotonic(), room, self.shown)


def _is_shown(event: Event) -> bool:
    """Whether the display tells of an event as long as it matters."""
    match event:
        case Placed() | Awaited() | Carrying(way="to"):
            return True
        case CallRetried(seconds=wait):
            return wait > 0
        case _:
            return False


def open_progress(console: Console, shown: Callable[[str], str]) -> Progress:
    """The display that suits where messages go, for one build."""
    return LiveProgress(console, shown) if console.is_live else Progress(console, shown)
