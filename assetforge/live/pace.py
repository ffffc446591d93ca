"""Not more than a few a second, and never without the last: for what changes faster than anybody reads it."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Pace(Generic[T]):
    """Sends what is offered at most once in `seconds`; of what comes sooner the newest, when the time is up."""

    def __init__(self, seconds: float, send: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._send = send
        self._waiting: list[T] = []
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, item: T) -> None:
        """Sends it now or later, or never if a newer one comes before its time."""
        self._waiting = [item]
        if self._timer is None:
            self._due()

    def flush(self) -> None:
        """Sends what waits, since something comes that belongs after it."""
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            self._send(item)

    def _due(self) -> None:
        self._timer = None
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._due)
            self.flush()
