"""The wish to end a watch, for who listens to signals: the round under way is finished as a build is."""

import asyncio
from typing import Self

from assetforge.project import Stop


class Ending:
    """The first wish starts nothing new and ends the watch when what is under way is done."""

    def __init__(self) -> None:
        self.asked = False
        self.event = asyncio.Event()
        self._stops: list[Stop] = []
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def workshop(self) -> Self:
        """What a wish stops: there is something at any time, so that no signal interrupts in the middle."""
        return self

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._stops)

    def attend(self, stop: Stop) -> None:
        """A build begins, which a wish stops from now on."""
        self._stops.append(stop)
        self._idle.clear()
        if self.asked:
            stop.ask()

    def leave(self, stop: Stop) -> None:
        """That build is over."""
        self._stops.remove(stop)
        if not self._stops:
            self._idle.set()

    async def over(self) -> None:
        """Returns when nothing is under way."""
        await self._idle.wait()

    def ask(self) -> None:
        """Ends the watch."""
        self.asked = True
        self.event.set()
        for stop in self._stops:
            stop.ask()
