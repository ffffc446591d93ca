"""One dataclass for each thing that happens in a build; progress displays and logs consume them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assetforge.errors import Problem
from assetforge.model import Size


@dataclass(frozen=True, slots=True)
class Planned:
    """The build knows what it will do: paid calls and renditions that will surely run, and those that may. `limit` is
    the most that may be spent in US dollars, None where nobody said."""

    calls: int
    may_call: int
    renditions: int
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A paid call left. `call` names it until it ends."""

    call: str
    step: str
    size: Size
    candidates: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CallRetried:
    """A call that surely was not billed is asked again after `seconds`."""

    call: str
    step: str
    candidates: tuple[int, ...]
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A paid call ended well; `cost` in US dollars, None where nobody knows it."""

    call: str
    step: str
    candidates: tuple[int, ...]
    cost: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A paid call ended badly. `keys` are those of what it asked for."""

    call: str
    step: str
    candidates: tuple[int, ...]
    problem: Problem
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An output file was written. `how` is `made`, `restored` (its bytes were known) or `drafted`."""

    instance: str
    path: str
    how: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A picture is being bought by another machine, and waited for."""

    step: str


@dataclass(frozen=True, slots=True)
class WaitEnded:
    """A picture that was waited for came, or is bought here after all."""

    step: str


@dataclass(frozen=True, slots=True)
class Carrying:
    """Pictures are sought in a remote, or sent there; this takes as long as the network does."""

    remote: str
    pictures: int
    way: Literal["from", "to"]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know that stops nothing."""

    problem: Problem


Event = (
    Planned | Awaited | WaitEnded | Carrying | CallStarted | CallRetried | CallFinished | CallFailed | Placed | Warned
)
Listener = Callable[[Event], None]
