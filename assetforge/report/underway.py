"""How far a build is, counted from its events; unaware of how it is shown, and of what time it is."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

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
    WaitEnded,
)
from assetforge.words import count, money, seconds

SHORT = 100

Ended = Placed | CallFinished | CallFailed


@dataclass(slots=True)
class OpenCall:
    """A call that has not ended. `began` and `until` are seconds of the listener's clock; `until` is when it is asked
    again, where it waits for that, for the reason in `note`."""

    name: str
    size: str
    candidates: int
    began: float
    note: str = ""
    until: float = 0.0


@dataclass(slots=True)
class Underway:
    """A build's state. A call's candidates count one by one, a file is one. `spent` and `limit` are US dollars,
    `unknown` counts calls of unknown cost, `awaited` are steps that another machine buys, `carrying` says what goes
    to a remote, `last` is what ended last."""

    began: float = 0.0
    total: int = 0
    done: int = 0
    failed: int = 0
    limit: float | None = None
    spent: float = 0.0
    unknown: int = 0
    calls: dict[str, OpenCall] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()
    carrying: str = ""
    last: Ended | None = None

    def hear(self, event: Event, now: float) -> None:
        """Counts an event in. `now` is in seconds of any clock that never goes back."""
        match event:
            case Planned(calls, may_call, renditions, limit):
                self.total, self.limit = calls + may_call + renditions, limit
            case CallStarted(call, step, size, candidates):
                self.calls[call] = OpenCall(named(step, candidates), str(size), len(candidates), now)
            case CallRetried(call, _, _, reason, wait) if call in self.calls:
                self.calls[call].note, self.calls[call].until = reason, now + wait
            case CallFinished(call, _, candidates, cost, _):
                self._end(call, event, len(candidates))
                self.spent += cost or 0.0
                self.unknown += cost is None
            case CallFailed(call, _, candidates):
                self._end(call, event, len(candidates))
                self.failed += len(candidates)
            case Placed():
                self.done, self.last = self.done + 1, event
            case Awaited(step):
                self.awaited = (*self.awaited, step)
            case WaitEnded(step):
                self.awaited = tuple(name for name in self.awaited if name != step)
            case Carrying(remote, pictures, "to"):
                self.carrying = f"{count(pictures, 'picture')} to {remote}"
            case _:
                pass

    def _end(self, call: str, event: Ended, candidates: int) -> None:
        self.calls.pop(call, None)
        self.done, self.last = self.done + candidates, event

    def oldest_first(self) -> list[OpenCall]:
        """The calls under way. Safe to ask for from another thread than the one that hears."""
        return sorted(self.calls.values(), key=lambda call: call.began)


def told_end(ended: Ended, shown: Callable[[str], str] = str) -> str:
    """What ended, as a short line. `shown` gives a path as the user writes it."""
    match ended:
        case Placed(_, path, how):
            return f"{how} {shown(path)}"
        case CallFinished(_, step, candidates, cost, took):
            price = "cost unknown" if cost is None else money(cost)
            return f"got {named(step, candidates)} in {seconds(took)}, {price}"
        case CallFailed(_, step, candidates, problem):
            return f"no picture for {named(step, candidates)}: {_short(problem.message)}"


def named(step: str, candidates: tuple[int, ...]) -> str:
    """What a call is for: `hero:generate`, `hero:generate#2,3`."""
    return step if candidates == (1,) else f"{step}#{','.join(map(str, candidates))}"


def _short(message: str) -> str:
    """A message on one line, without the name it begins with: all of it is said at the end."""
    told = re.sub(r"^`[^`]*`:? ?", "", message)
    return told if len(told) <= SHORT else f"{told[: SHORT - 1]}…"
