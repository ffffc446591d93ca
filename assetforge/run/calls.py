"""Paid calls: claimed, asked for in lanes of their own, stored, settled; the schedule hears of each end.

A request's slot is free once its answer is on the disk; storing goes on beside. All calls stay on one coordinator,
which owns the money and the records.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from assetforge.errors import AssetforgeError, Problem
from assetforge.events import CallFailed as CallFailedEvent
from assetforge.events import CallFinished, CallRetried, CallStarted, Listener, Warned
from assetforge.model import Action, Call, Paid, Record
from assetforge.ops.spec import OpFailed
from assetforge.providers.spec import KEPT, SIMULATED, UNWRITTEN, CallFailed
from assetforge.run.approval import ASK_FOR_IT, HELD_BACK, ONCE_MORE
from assetforge.run.asking import Asked, NoRoom, OverLimit, Wish, Withdrawn, begin
from assetforge.run.bytes import BytesGone
from assetforge.run.claiming import Claiming
from assetforge.run.counter import Counter, Tally
from assetforge.run.failures import Rows, problem_of, remember_refusal
from assetforge.run.limits import Lane
from assetforge.run.purchase import Bought, fulfil, share, tell_unanswered
from assetforge.run.renditions import Easel
from assetforge.run.schedule import Schedule
from assetforge.run.sending import make_order
from assetforge.run.storing import Storing
from assetforge.run.unmade import unmade
from assetforge.run.wishes import Wishes
from assetforge.store.claims import Claim
from assetforge.store.note import quarantine

Chunk = tuple[Action, ...]


class Calls:
    """Buys candidates of paid steps, and tells the schedule how each call ended."""

    def __init__(self, counter: Counter, easel: Easel, schedule: Schedule, tally: Tally, listen: Listener) -> None:
        self.counter = counter
        self.easel = easel
        self.schedule = schedule
        self.tally = tally
        self.listen = listen
        self._claiming = Claiming(counter, schedule, listen)
        self._wishes = Wishes(counter.providers, self._call, self._not_asked)
        self._storing = Storing(easel.pool)
        self._rows = Rows()
        self._failed: dict[str, CallFailed] = {}
        self._repeats: dict[str, int] = {}
        self._simulated: set[str] = set()

    def buy(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Paid candidates, as many a call as the provider takes; what may be asked for not beside what may not."""
        groups: dict[tuple[str, bool], list[Action]] = {}
        for action in actions:
            provider = self.counter.asked.get(action.key, step.settings.provider)
            groups.setdefault((provider, self.counter.approval.names(action.key)), []).append(action)
        for (name, _), group in groups.items():
            most = self.counter.providers[name].max_n_per_request
            for start in range(0, len(group), most):
                self._wishes.add(self._wish(step, call, tuple(group[start : start + most]), name))

    def stop(self) -> None:
        """Starts nothing more; what is under way is finished and kept."""
        self._wishes.close()

    def close(self) -> None:
        """Lets go of threads, when nothing runs any more."""
        self._storing.close()

    @property
    def polls(self) -> int:
        """How many calls wait for what another build makes."""
        return self._wishes.polls

    @property
    def running(self) -> frozenset["asyncio.Task[None]"]:
        return frozenset().union(*(lane.running for lane in self._all_lanes))

    @property
    def faults(self) -> list[BaseException]:
        """What calls raised that never should."""
        return [fault for lane in self._all_lanes for fault in lane.faults]

    @property
    def _all_lanes(self) -> tuple[Lane, ...]:
        return (self._storing.lane, *self._wishes.lanes.values())

    # --- one call, from its claims to its record ---

    def _wish(self, step: Paid, call: Call, actions: Chunk, name: str) -> Wish:
        """Candidates at the provider that was chosen for their keys, for its own price."""
        each = self.counter.prices.estimate(replace(call, settings=replace(call.settings, provider=name)))
        return Wish(step, call, actions, self.counter.providers[name], each)

    async def _call(self, wish: Wish) -> None:
        held = self._claiming.claim(wish.actions)
        if held is None:
            self._wishes.add_later(wish)
            return
        asked = None
        try:
            missing = await self._claiming.missing(wish.step, wish.actions, wish.each)
            rest = replace(wish, actions=missing.actions)
            failed = next((self._failed[action.key] for action in rest.actions if action.key in self._failed), None)
            if failed is not None:  # another step asked for the same picture: it is not asked for twice
                self.schedule.failed(wish.step.id, problem_of(wish.step, failed, failed.hint), rest.numbers)
            elif missing.stuck:
                self._fail(wish.step, rest.actions, f"`{wish.step.id}` is not bought: {missing.stuck}")
            elif missing.elsewhere:
                self._wishes.add_later(rest)
            elif rest.actions:
                asked = await self._ask(rest)
        finally:
            if asked is None:
                await self._claiming.let_go(wish.actions, held)
        if asked is not None:
            self._storing.lane.add(lambda: self._store(asked, wish.actions, held))

    async def _ask(self, wish: Wish) -> Asked | None:
        """The call itself: from its reservation until its answer is on the disk; None where there is none."""
        budget, step = self.counter.budget, wish.step
        refusal = self.counter.approval.refusal(wish.keys, wish.each)
        if refusal is not None:
            hint = ASK_FOR_IT if refusal == HELD_BACK else None
            self._fail(step, wish.actions, f"`{step.id}` is not bought: {refusal}", hint)
            return None
        refusal = budget.reserve(wish.name, wish.price)
        if refusal is not None:
            self._over_limit(wish, refusal, budget.hint(wish.price))
            return None
        asked: Asked | None = None
        try:
            read, lane = self.easel.bytes.read, self._wishes.lane(wish)
            order = await asyncio.to_thread(make_order, wish.call, wish.numbers, read, self.easel.memo)
            asked = await begin(self.counter, wish, order, lane, self.listen)
            self.listen(CallStarted(asked.note.call, step.id, wish.call.size, wish.numbers))
            self.tally.calls += 1
            await wish.provider.submit(order, asked.note, asked)
            lane.speed_up()
            self._rows.good(wish.provider.name)
            return asked
        except (OpFailed, BytesGone) as error:
            budget.release(wish.name)
            self.schedule.failed(step.id, unmade(step.id, step, error), wish.numbers)
        except OverLimit as error:
            budget.release(wish.name)
            self._over_limit(wish, str(error), "see `max_usd_per_month` in your settings file")
        except NoRoom as error:
            budget.release(wish.name)
            if asked is not None:
                await asyncio.to_thread(asked.note.drop)
            self._fail(
                step, wish.actions, f"`{step.id}` is not bought: {error}", "make room, or set ASSETFORGE_CACHE_DIR"
            )
        except Withdrawn:
            await self._withdraw(wish, asked)
        except CallFailed as error:
            await self._call_failed(wish, asked, error)
        return None

    async def _store(self, asked: Asked, actions: Chunk, held: list[Claim]) -> None:
        """What an answer brought, stored; the call's claims are held to the end."""
        counter, wish = self.counter, asked.wish
        await self._storing.give_way(counter.arrivals)
        try:
            decoding = self._storing.decoding(wish.call.size)
            bought = await fulfil(wish.provider, asked.note, counter.shelf, counter.prices, decoding=decoding)
            if counter.tiers is not None:  # before the note is dropped: who dies now shares it the next time
                bought = await share(bought, counter.tiers, counter.shelf)
            await asyncio.to_thread(asked.note.drop)
        except CallFailed as error:
            await self._call_failed(wish, asked, error)
        except (OSError, AssetforgeError) as error:
            self._not_stored(asked, error)
        else:
            took = monotonic() - asked.began
            self.listen(CallFinished(asked.note.call, wish.step.id, wish.numbers, bought.cost, took))
            counter.budget.settle(wish.name, bought.cost)
            self._settled(wish, bought)
        finally:
            await self._claiming.let_go(actions, held)

    def _settled(self, wish: Wish, bought: Bought) -> None:
        step = wish.step
        for remark in bought.warnings:
            self.listen(Warned(Problem(f"`{step.id}`: {remark}", step.where)))
        if bought.simulated and wish.provider.name not in self._simulated:
            self._simulated.add(wish.provider.name)
            told = f"`{wish.provider.name}` answers with simulated pictures"
            self.listen(Warned(Problem(told, None, "don't commit them, nor the lock that pins them")))
        self.tally.bought |= {f"{step.id}#{candidate}" for candidate in bought.records}
        self.schedule.bought(step.id, self._as_pinned(step, wish.actions, bought.records))
        rest = tuple(action for action in wish.actions if action.candidate not in bought.records)
        spoilt, missing = rest[: bought.unusable], rest[bought.unusable :]
        if spoilt:
            told = f"`{step.id}`: what came was paid for, and is no picture"
            self._fail(step, spoilt, told, "it is kept in the store's quarantine; the next build asks again")
        if missing:
            self._wishes.add(replace(wish, actions=missing))

    def _as_pinned(self, step: Paid, actions: Chunk, records: Mapping[int, Record]) -> dict[int, Record]:
        """The records that can be used: a draft that is drawn again stands in for the pinned one, and must have its
        pixels."""
        good = {}
        for action in actions:
            record = records.get(action.candidate)
            pinned = self.schedule.again.get((step.id, action.candidate))
            if record is None:
                continue
            if pinned is None or record.media.pixels == pinned.record.media.pixels:
                good[action.candidate] = record
            else:
                told = f"the draft of `{step.id}` is drawn differently here than the lock has it"
                hint = "install the versions it was made with, or build with --rebuy-lost to take the new drawing"
                self._fail(step, (action,), told, hint)
            if pinned is not None and action.candidate in good:
                self.easel.bytes.same_pixels(pinned.record.media.digest, record.media.digest)
        return good

    # --- calls that give nothing ---

    async def _call_failed(self, wish: Wish, asked: Asked | None, error: CallFailed) -> None:
        """A call ended without a picture: its price is given back or counted, its answer kept where there is one."""
        is_doubtful = error.category == "maybe_billed"
        if error.answer is not None:
            self.counter.budget.settle(wish.name, error.cost)
        elif is_doubtful:
            self.counter.budget.lose(wish.name)
        else:
            self.counter.budget.release(wish.name)
        hint = ONCE_MORE if is_doubtful and self.counter.approval.is_for_single_calls else error.hint
        # What found no room, or can't be fetched now, is left to the next build: it keeps pictures that came whole,
        # and writes down the rest.
        if asked is not None and error.reason not in KEPT:
            if is_doubtful and error.answer is None:
                await asyncio.to_thread(tell_unanswered, asked.note, self.counter.shelf.ledger, asked.note.call)
            if asked.note.is_answered and error.reason != SIMULATED:
                kept = await asyncio.to_thread(quarantine, asked.note, str(error))
                hint = hint or f"the answer is kept in {kept}"
            else:
                await asyncio.to_thread(asked.note.drop)
        if is_doubtful and error.reason not in KEPT and self._may_repeat(wish):
            told = f"{error}; it may have been billed"
            self.listen(CallRetried(asked.note.call if asked else "", wish.step.id, wish.numbers, told, 0.0))
            self._wishes.add(wish)
            return
        if error.category in ("refused", "maybe_billed"):
            self._failed |= {action.key: error for action in wish.actions}
        if error.moderation:
            remember_refusal(self.counter, wish, error)
        problem = problem_of(wish.step, error, hint)
        self.listen(CallFailedEvent(asked.note.call if asked else "", wish.step.id, wish.numbers, problem, wish.keys))
        self.schedule.failed(wish.step.id, problem, wish.numbers)
        self._consider_stopping(wish, error)

    def _may_repeat(self, wish: Wish) -> bool:
        """Whether the user wants a call made again that may have been billed."""
        is_single = self.counter.approval.is_for_single_calls
        most = 0 if is_single else self.counter.tables[wish.provider.name].retry_maybe_billed
        done = max(self._repeats.get(action.key, 0) for action in wish.actions)
        self._repeats |= {action.key: done + 1 for action in wish.actions}
        return done < most

    def _not_stored(self, asked: Asked, error: Exception) -> None:
        """The disk refuses what was paid for: its answer is safe in its note, for the next build; no more calls."""
        wish = asked.wish
        self.counter.budget.settle(wish.name, wish.price)
        words = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        told = f"the answer is paid for and kept, and could not be stored: {words}"
        problem = Problem(
            f"`{wish.step.id}`: {told}", wish.step.where, "make room, and build again: nothing is paid twice"
        )
        self.listen(CallFailedEvent(asked.note.call, wish.step.id, wish.numbers, problem))
        self.schedule.failed(wish.step.id, problem, wish.numbers)
        self._wishes.stop(None, "the store can't keep what comes")

    async def _withdraw(self, wish: Wish, asked: Asked | None) -> None:
        """The build starts nothing more, and this call had not left, or was surely not billed."""
        self.counter.budget.release(wish.name)
        reason = self._wishes.why_stopped(wish)
        told = f"`{wish.step.id}` was not asked for{' again' if asked else ''}" + (f": {reason}" if reason else "")
        if asked is not None:
            await asyncio.to_thread(asked.note.drop)
            problem = Problem(told, wish.step.where)
            self.listen(CallFailedEvent(asked.note.call, wish.step.id, wish.numbers, problem))
        if reason is not None:
            self._fail(wish.step, wish.actions, told)

    def _consider_stopping(self, wish: Wish, error: CallFailed) -> None:
        provider = wish.provider.name
        if error.category == "everything" or error.reason == UNWRITTEN:
            self._wishes.stop(None, str(error))
        elif error.category == "stop":
            self._wishes.stop(provider, str(error))
        elif self._rows.bad(provider, error):
            self._wishes.stop(provider, f"three calls in a row were refused alike: {error}")

    def _not_asked(self, wish: Wish, reason: str) -> None:
        self._fail(wish.step, wish.actions, f"`{wish.step.id}` was not asked for: {reason}")

    def _over_limit(self, wish: Wish, refusal: str, hint: str) -> None:
        self.tally.stopped = "budget"
        self._fail(wish.step, wish.actions, f"`{wish.step.id}` is not bought: {refusal}", hint)

    def _fail(self, step: Paid, actions: Chunk, message: str, hint: str | None = None) -> None:
        self.schedule.failed(step.id, Problem(message, step.where, hint), [action.candidate for action in actions])
