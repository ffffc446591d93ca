"""One builder for a key at a time: claims on keys, and what somebody else made of them meanwhile."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from assetforge.model import Action, Paid
from assetforge.run.counter import Counter
from assetforge.run.schedule import Schedule
from assetforge.store.claims import Claim
from assetforge.store.notes import noted_keys

Chunk = tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What is to be bought. `elsewhere`: another build has notes of some of it, so an answer may be on its way into
    the store, though nobody claims the keys: whoever finishes dead builds may only have come to others, and a build
    that could not store an answer keeps it until it ends. `stuck` says why an answer that is here can't be read."""

    actions: Chunk
    elsewhere: bool = False
    stuck: str = ""


class Claiming:
    """The claims of one build."""

    def __init__(self, counter: Counter, schedule: Schedule) -> None:
        self._counter = counter
        self._schedule = schedule
        self._under_way: set[str] = set()
        self._noted: dict[str, frozenset[str]] = {}
        self._recovering = asyncio.Lock()
        self._unanswered: dict[str, float | None] = {}
        self._stuck: dict[str, str] = {}

    def claim(self, actions: Chunk) -> list[Claim] | None:
        """All claims in key order, or none: two builds never wait for each other in a circle."""
        if any(action.key in self._under_way for action in actions):
            return None
        held: dict[str, Claim] = {}
        try:
            for key in sorted(action.key for action in actions):
                claim = self._counter.claims.try_claim(key)
                if claim is None:
                    break
                held[key] = claim
        finally:
            if len(held) < len(actions):
                for other in held.values():
                    other.release()
        if len(held) < len(actions):
            return None
        self._under_way |= {action.key for action in actions}
        return [held[action.key] for action in actions]

    def let_go(self, actions: Chunk, held: Iterable[Claim]) -> None:
        """Releases the claims on some actions."""
        for action, claim in zip(actions, held, strict=True):
            claim.release()
            self._under_way.discard(action.key)

    async def missing(self, step: Paid, actions: Chunk) -> Missing:
        """What is still to be bought when the claims are held: somebody may have bought it meanwhile, or have died
        while this build ran. A call of theirs that got no answer may have been billed: it counts against this
        build's budget."""
        # Looked for first: who is not there now can't have had these keys, which are claimed.
        is_alone = not self._counter.has_others()
        missing = self._adopt(step, actions)
        keys = {action.key for action in missing}
        if is_alone or not missing:
            return Missing(missing)
        async with self._recovering:
            left = await self._counter.recover()
            self._unanswered |= left.unanswered
            self._stuck |= left.stuck
        # Counted at once for all that this build would buy, not only when their turn comes.
        for key in [key for key in self._unanswered if key in self._counter.asked or key in keys]:
            self._counter.budget.book(self._unanswered.pop(key))
        # Looked at before the records: a record is there before its note is dropped.
        noted = noted_keys(self._counter.inflight, self._noted)
        missing = self._adopt(step, missing)
        stuck = next((self._stuck[action.key] for action in missing if action.key in self._stuck), "")
        return Missing(missing, any(action.key in noted for action in missing), stuck)

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
