"""One builder for a key at a time: claims on keys, and what somebody else made of them meanwhile."""

import asyncio
from collections.abc import Iterable

from assetforge.model import Action, Paid
from assetforge.run.counter import Counter
from assetforge.run.schedule import Schedule
from assetforge.store.claims import Claim

Chunk = tuple[Action, ...]


class Claiming:
    """The claims of one build."""

    def __init__(self, counter: Counter, schedule: Schedule) -> None:
        self._counter = counter
        self._schedule = schedule
        self._under_way: dict[str, str] = {}
        self._recovering = asyncio.Lock()

    def is_busy(self, step: str) -> bool:
        """Whether a call for a step is under way."""
        return step in self._under_way.values()

    def claim(self, actions: Chunk) -> list[Claim] | None:
        """All claims in key order, or none: two builds never wait for each other in a circle."""
        if any(action.key in self._under_way for action in actions):
            return None
        held: dict[str, Claim] = {}
        for key in sorted(action.key for action in actions):
            claim = self._counter.claims.try_claim(key)
            if claim is None:
                for other in held.values():
                    other.release()
                return None
            held[key] = claim
        self._under_way |= {action.key: action.step for action in actions}
        return [held[action.key] for action in actions]

    def let_go(self, actions: Chunk, held: Iterable[Claim]) -> None:
        """Releases the claims on some actions."""
        for action, claim in zip(actions, held, strict=True):
            claim.release()
            self._under_way.pop(action.key, None)

    async def missing(self, step: Paid, actions: Chunk) -> Chunk:
        """What is still to be bought when the claims are held: somebody may have bought it meanwhile, or have died
        while this build ran. A call of theirs that got no answer may have been billed: it counts against this
        build's budget."""
        missing = self._adopt(step, actions)
        if not missing:
            return ()
        async with self._recovering:
            unanswered = await self._counter.recover()
        for action in missing:
            if action.key in unanswered:
                self._counter.budget.book(unanswered[action.key])
        return self._adopt(step, missing)

    def _adopt(self, step: Paid, actions: Chunk) -> Chunk:
        shelf = self._counter.shelf
        found = {}
        for action in actions:
            record = shelf.records.get(action.key)
            if record is not None and shelf.blobs.has(record.media.digest):
                found[action.candidate] = record
        if found:
            self._schedule.bought(step.id, found)
        return tuple(action for action in actions if action.candidate not in found)
