"""Wishes that wait for a slot at their provider, until that is stopped; unaware of how one is asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from assetforge.providers.spec import Provider
from assetforge.run.asking import Wish
from assetforge.run.limits import Lane

POLL_SECONDS = 0.25


class Wishes:
    """`grant` gets a wish when its slot is free, `refuse` one whose provider is stopped, with the reason. `polls` is
    how many wait without a slot."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        grant: Callable[[Wish], Awaitable[None]],
        refuse: Callable[[Wish, str], None],
    ) -> None:
        self.polls = 0
        self.lanes = {name: Lane(provider.concurrency) for name, provider in providers.items()}
        self._grant = grant
        self._refuse = refuse
        self._waiting: dict[str, Wish] = {}
        self._stopped: dict[str, str] = {}

    def add(self, wish: Wish) -> None:
        """A wish, to be granted in its turn."""
        reason = self.why_stopped(wish)
        if reason is not None:
            self._refuse(wish, reason)
            return
        self._waiting[wish.name] = wish
        self.lane(wish).add(lambda: self._granted(wish))

    def add_later(self, wish: Wish) -> None:
        """Another build makes one of these now: look again in a moment, without holding a slot."""
        self.polls += 1

        def again() -> None:
            self.polls -= 1
            self.add(wish)

        asyncio.get_running_loop().call_later(POLL_SECONDS, again)

    def lane(self, wish: Wish) -> Lane:
        """The slots of a wish's provider."""
        return self.lanes[wish.provider.name]

    def why_stopped(self, wish: Wish) -> str | None:
        """Why its provider is asked for nothing more, None where it is not stopped."""
        return self._stopped.get(wish.provider.name)

    def close(self) -> None:
        """Grants nothing more, and refuses nothing: what waits is forgotten."""
        for lane in self.lanes.values():
            lane.close()

    def stop(self, provider: str | None, reason: str) -> None:
        """Grants nothing more of one provider, or of all: what waits for it is refused."""
        for name, lane in self.lanes.items():
            if provider in (None, name):
                self._stopped.setdefault(name, reason)
                lane.close()
        for wish in [each for each in self._waiting.values() if each.provider.name in self._stopped]:
            del self._waiting[wish.name]
            self.add(wish)

    async def _granted(self, wish: Wish) -> None:
        if self._waiting.pop(wish.name, None) is not None:
            await self._grant(wish)
