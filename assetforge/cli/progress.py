"""What a build is doing, from its events: a display that redraws itself on a terminal, plain lines elsewhere."""

import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from assetforge.cli.console import Console, harmless
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
from assetforge.words import count, money, seconds

if TYPE_CHECKING:
    from rich.text import Text

MOST_CALLS = 10
SHORT = 100
# Fewer are there in a moment.
MANY = 20
REDRAWS_PER_SECOND = 8
SHOW_CURSOR = b"\r\n\x1b[?25h"


class Progress(AbstractContextManager["Progress"]):
    """Plain lines on standard error, one for each thing that ended. `shown` gives a path as the user writes it."""

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
        self.say(f"asking for {_named(event.step, event.candidates)} again in {wait}: {event.reason}{more}")

    def _tell(self, event: Event) -> None:
        match event:
            case Placed(_, path, how):
                self.say(f"{how} {self.shown(path)}")
            case Carrying(remote, pictures, way) if pictures >= MANY or self.console.verbose:
                what = "looking for" if way == "from" else "sending"
                self.say(f"{what} {count(pictures, 'picture')} {'in' if way == 'from' else 'to'} {remote}")
            case Awaited(step):
                self.say(f"{step} is being bought by another machine: waiting for it")
            case CallStarted(_, step, size, candidates) if self.console.verbose:
                self.say(f"asking for {_named(step, candidates)} at {size}")
            case CallRetried():
                self._retried(event)
            case CallFinished(_, step, candidates, cost, took) if cost != 0 or self.console.verbose:
                price = "cost unknown" if cost is None else money(cost)
                self.say(f"got {_named(step, candidates)} in {seconds(took)}, {price}")
            case CallFailed(_, step, candidates, problem):
                self.say(f"no picture for {_named(step, candidates)}: {_short(problem.message)}")
            case _:
                pass


def _named(step: str, candidates: tuple[int, ...]) -> str:
    return step if candidates == (1,) else f"{step}#{','.join(map(str, candidates))}"


def _short(message: str) -> str:
    """A message on one line of a terminal, without the name it begins with: all of it is said at the end."""
    told = re.sub(r"^`[^`]*`:? ?", "", message)
    return told if len(told) <= SHORT else f"{told[: SHORT - 1]}…"


@dataclass(slots=True)
class UnderWay:
    """A call that has not ended. `until` is when it is asked again, if it waits for that."""

    name: str
    began: float
    candidates: int
    note: str = ""
    until: float = 0.0


@dataclass(slots=True)
class Count:
    """How far a build is."""

    total: int = 0
    done: int = 0
    limit: float | None = None
    spent: float = 0.0
    unknown: int = 0
    calls: dict[str, UnderWay] = field(default_factory=dict)

    def hear(self, event: Event, now: float) -> None:
        """Counts an event in. A call's candidates count one by one, a file is one."""
        match event:
            case Planned(calls, may_call, renditions, limit):
                self.total, self.limit = calls + may_call + renditions, limit
            case CallStarted(call, step, size, candidates):
                self.calls[call] = UnderWay(f"{_named(step, candidates)} {size}", now, len(candidates))
            case CallRetried(call, _, _, reason, wait) if call in self.calls:
                self.calls[call].note, self.calls[call].until = reason, now + wait
            case CallFinished(call, _, _, cost, _):
                self._end(call)
                self.spent += cost or 0.0
                self.unknown += cost is None
            case CallFailed(call):
                self._end(call)
            case Placed():
                self.done += 1
            case _:
                pass

    def _end(self, call: str) -> None:
        ended = self.calls.pop(call, None)
        self.done += ended.candidates if ended else 1

    def lines(self, now: float) -> list[str]:
        """The display: the whole, then the calls under way with their age, the oldest first."""
        spent = money(self.spent) + (f" of {money(self.limit)}" if self.limit is not None else "")
        head = f"{self.done:,}/{max(self.total, self.done):,} done  {spent}"
        if self.unknown:
            head += f" and {self.unknown:,} of unknown cost"
        listed = sorted(self.calls.values(), key=lambda call: call.began)
        rows = [head]
        for call in listed[:MOST_CALLS]:
            wait = f"  again in {seconds(call.until - now)}: {call.note}" if call.until > now else ""
            rows.append(f"  {seconds(now - call.began):>12}  {call.name}{wait}")
        if len(listed) > MOST_CALLS:
            rows.append(f"  and {len(listed) - MOST_CALLS:,} more calls")
        return rows


class LiveProgress(Progress):
    """A few lines at the bottom of a terminal, redrawn as time goes by, and gone at the end."""

    def __init__(self, console: Console, shown: Callable[[str], str]) -> None:
        super().__init__(console, shown)
        self._count = Count()
        self._live: Any = None

    def hear(self, event: Event) -> None:
        self._count.hear(event, time.monotonic())
        if isinstance(event, Planned) and event.calls + event.may_call + event.renditions:
            self._begin()
        super().hear(event)

    def _tell(self, event: Event) -> None:
        if not isinstance(event, Placed) or self.console.verbose:
            super()._tell(event)

    def say(self, text: str) -> None:
        if self._live is None:
            super().say(text)
        else:
            self._live.console.print(_line(text))

    def leave(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def abandon(self, words: str) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                os.write(self.console.err.fileno(), SHOW_CURSOR)
        super().abandon(words)

    def __enter__(self) -> Self:
        return self

    def _begin(self) -> None:
        from rich.console import Console as RichConsole
        from rich.live import Live

        color = self.console.has_color(self.console.err)
        screen = RichConsole(file=self.console.err, force_terminal=True, no_color=not color, highlight=False)
        self._live = Live(
            get_renderable=self._draw, console=screen, transient=True, refresh_per_second=REDRAWS_PER_SECOND,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start()

    def _draw(self) -> "Text":
        # The thread that redraws reads while the build counts: a copy of the calls can't change under it.
        return _line("\n".join(self._count.lines(time.monotonic())))


def _line(text: str) -> "Text":
    """Text as it is: names hold no markup, and what is too long for the terminal is cut."""
    from rich.text import Text

    return Text(harmless(text), no_wrap=True, overflow="ellipsis")


def open_progress(console: Console, shown: Callable[[str], str]) -> Progress:
    """The display that suits where messages go."""
    return LiveProgress(console, shown) if console.is_live else Progress(console, shown)
