"""Events of the file system, as the library gives them: a hint that something happened in a folder, and no more."""

import asyncio
from collections.abc import Callable, Iterable

from watchfiles import awatch

# Milliseconds: events are gathered until it was quiet for a step, and at most for the whole.
STEP, AT_MOST = 25, 1_500

Report = Callable[[set[str]], None]


class Changes:
    """Watches some folders, each by itself without those in it, and reports paths in them. Another set of folders
    takes the place of the one before; nothing that happens in between is lost, for the new one begins first."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def follow(self, folders: Iterable[str]) -> None:
        """From now on these folders, which must exist. Raises OSError where one can't be watched."""
        before, ended = self._task, self._stop
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._watch(sorted(folders), self._stop))
        # The library begins to watch before it waits for the first time.
        await asyncio.sleep(0)
        await _finish(before, ended)
        if self._task.done():
            self._task.result()

    async def close(self) -> None:
        """Watches nothing any more."""
        await _finish(self._task, self._stop)
        self._task = None

    async def _watch(self, folders: list[str], stop: asyncio.Event) -> None:
        async for found in awatch(
            *folders, watch_filter=None, debounce=AT_MOST, step=STEP, stop_event=stop, recursive=False
        ):
            self._report({path for _, path in found})


async def _finish(task: "asyncio.Task[None] | None", stop: asyncio.Event) -> None:
    stop.set()
    if task is not None:
        await asyncio.wait([task])
