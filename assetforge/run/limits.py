"""How much runs at once: a lane starts what waits in it as its slots come free; unaware of what runs."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Work = Callable[[], Awaitable[None]]

GIVEN_WAY_SECONDS = 1.0
_LOOK_SECONDS = 0.02


class Arrivals:
    """Answers that come in now. What can wait gives way to them, for a moment: a slow one must not hold up others."""

    def __init__(self) -> None:
        self._now = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Held while an answer comes in."""
        self._now += 1
        try:
            yield
        finally:
            self._now -= 1

    async def give_way(self) -> None:
        """Returns when nothing comes in, or after a second."""
        waited = 0.0
        while self._now and waited < GIVEN_WAY_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS


class Lane:
    """At most `limit` pieces of work at once, in the order given. No task exists before its slot is free. `faults`
    are what pieces raised that never should."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._ceiling = limit
        self._good = 0
        self._halved = 0.0
        self._waiting: deque[Work] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self.faults: list[BaseException] = []
        self.closed = False

    def add(self, work: Work) -> None:
        """Work to be started when a slot is free; forgotten where the lane is closed."""
        self._waiting.append(work)
        self._start()

    def close(self) -> None:
        """Starts nothing more; what runs goes on."""
        self.closed = True
        self._waiting.clear()

    def slow_down(self, *, since: float) -> None:
        """Half as much at once, after somebody said that it was too much. `since` is when the piece began, by the
        monotonic clock: those that began before the last halving say nothing new."""
        if since < self._halved:
            return
        self.limit, self._good, self._halved = max(1, self.limit // 2), 0, time.monotonic()

    def speed_up(self) -> None:
        """A piece ended well. When as many did as run at once, one more may, up to where the lane began."""
        self._good += 1
        if self.limit < self._ceiling and self._good >= self.limit:
            self.limit, self._good = self.limit + 1, 0
            self._start()

    @property
    def waiting(self) -> int:
        """Pieces that have no slot yet."""
        return len(self._waiting)

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        return frozenset(self._running)

    def _start(self) -> None:
        while self._waiting and len(self._running) < self.limit and not self.closed:
            task = asyncio.ensure_future(_run(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            self.faults.append(fault)
        self._start()


async def _run(work: Work) -> None:
    await work()
