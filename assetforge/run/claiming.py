"""One builder for a key at a time: claims on keys here, leases on them among machines that share a remote, and what
somebody else made of them meanwhile.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from assetforge.adopting import keep_taken
from assetforge.errors import Problem
from assetforge.events import Awaited, Listener, WaitEnded, Warned
from assetforge.model import Action, Paid
from assetforge.run.counter import Counter
from assetforge.run.schedule import Schedule
from assetforge.store.claims import Claim
from assetforge.store.leases import LOOK_SECONDS, Lease
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
    """The claims and leases of one build."""

    def __init__(self, counter: Counter, schedule: Schedule, listen: Listener) -> None:
        self._counter = counter
        self._listen = listen
        self._leased: dict[str, Lease] = {}
        self._looked: dict[str, float] = {}
        self._awaited: dict[str, set[str]] = {}
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

    async def let_go(self, actions: Chunk, held: Iterable[Claim]) -> None:
        """Releases the leases and claims on some actions."""
        leased = [self._leased.pop(action.key) for action in actions if action.key in self._leased]
        tiers, leases = self._counter.tiers, self._counter.leases
        if leased and tiers is not None and leases is not None:
            with tiers.trying("lease") as may:
                if may:
                    await tiers.aside(lambda: leases.release(leased))
        for action, claim in zip(actions, held, strict=True):
            claim.release()
            self._under_way.discard(action.key)

    async def missing(self, step: Paid, actions: Chunk, price: float | None) -> Missing:
        """What is still to be bought when the claims are held: somebody may have bought it meanwhile, here or where
        the remote is shared, or have died while this build ran. A call of theirs that got no answer may have been
        billed: it counts against this build's budget. `price` is what each would cost, in US dollars."""
        found = await self._missing(step, actions, price)
        still = {action.key for action in found.actions} if found.elsewhere else frozenset[str]()
        self._wait_no_more(step, {action.key for action in actions} - still)
        return found

    def _wait(self, step: Paid, actions: Chunk) -> None:
        if step.id not in self._awaited:
            self._listen(Awaited(step.id))
        self._awaited.setdefault(step.id, set()).update(action.key for action in actions)

    def _wait_no_more(self, step: Paid, keys: Set[str]) -> None:
        if step.id not in self._awaited:
            return
        self._awaited[step.id] -= keys
        if not self._awaited[step.id]:
            del self._awaited[step.id]
            self._listen(WaitEnded(step.id))

    async def _missing(self, step: Paid, actions: Chunk, price: float | None) -> Missing:
        here = await self._missing_here(step, actions)
        if not here.actions or here.elsewhere or here.stuck or self._counter.tiers is None:
            return here
        if step.settings.kind == "draft":
            return here
        if await self._lease(step, here.actions, price):
            return Missing(await self._fetch(step, here.actions))
        self._wait(step, here.actions)
        # Whoever has the lease may have died, and been too late to say that it is done.
        rest = await self._fetch(step, here.actions) if self._is_time(here.actions) else here.actions
        return Missing(rest, elsewhere=bool(rest))

    def _is_time(self, actions: Chunk) -> bool:
        """Whether to look again for what somebody else makes."""
        now = time.monotonic()
        if any(now - self._looked.get(action.key, now - LOOK_SECONDS) < LOOK_SECONDS for action in actions):
            return False
        self._looked |= {action.key: now for action in actions}
        return True

    async def _lease(self, step: Paid, actions: Chunk, price: float | None) -> bool:
        """Whether nobody else works on these: leases are held then, where there are any to be had."""
        tiers, leases = self._counter.tiers, self._counter.leases
        if tiers is None or leases is None:
            return True
        with tiers.trying("lease") as may:
            if may:
                held = await tiers.aside(lambda: leases.hold([action.key for action in actions], price))
                if held is None:
                    return False
                self._leased |= {lease.key: lease for lease in held.leases}
                self._take_over(step, held.taken_over)
        return True

    def _take_over(self, step: Paid, dead: Mapping[str, float | None]) -> None:
        """What machines that died may have been billed for counts here: nobody else does it."""
        for price in dead.values():
            self._counter.budget.book(price)
        if dead:
            told = (
                f"a machine that was buying `{step.id}` gave no sign of life any more: its call may have been billed"
            )
            self._listen(Warned(Problem(told, step.where, "this build asks again")))

    async def _fetch(self, step: Paid, actions: Chunk) -> Chunk:
        """What the remote does not have either."""
        counter = self._counter
        if counter.tiers is None:
            return actions
        tiers = counter.tiers
        there = await tiers.aside(lambda: tiers.fetch([action.key for action in actions]))
        found = {
            action.candidate: keep_taken(there[action.key], counter.shelf.records, counter.shelf.blobs)
            for action in actions
            if action.key in there
        }
        if found:
            self._schedule.bought(step.id, found, "remote")
        return tuple(action for action in actions if action.candidate not in found)

    async def _missing_here(self, step: Paid, actions: Chunk) -> Missing:
        """What this machine's store does not have."""
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
