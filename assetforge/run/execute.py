"""The work itself: calls to providers in lanes of their own, pictures in threads; the schedule hears of each end.

All calls stay on one coordinator, which owns the money and the records.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from assetforge.errors import Problem
from assetforge.events import CallFailed as CallFailedEvent
from assetforge.events import CallFinished, CallRetried, CallStarted, Listener, Placed, Warned
from assetforge.model import Action, Call, Paid, Picture, Record, Rendition
from assetforge.ops.spec import OpFailed
from assetforge.plan.price import estimate
from assetforge.providers.spec import CallFailed, Provider, ProviderTable, Retry, Retrying
from assetforge.run.budget import Budget
from assetforge.run.bytes import BytesGone
from assetforge.run.drafts import Drafts
from assetforge.run.limits import Lane
from assetforge.run.purchase import Bought, Shelf, fulfil, note_facts
from assetforge.run.renditions import Easel, Rendered
from assetforge.run.schedule import Schedule, wait_for
from assetforge.run.sending import make_order
from assetforge.store.claims import Claim, Claims
from assetforge.store.notes import Note, Notes, quarantine

POLL_SECONDS = 0.25

Chunk = tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """Who may be asked: providers by name with their tables, and where calls are noted and claimed. `asked` maps
    keys to the provider that was chosen for them: one key in two entries is one call. `recover`
    finishes what builds left that died meanwhile, and gives the keys of calls without an answer, with prices."""

    providers: Mapping[str, Provider]
    tables: Mapping[str, ProviderTable]
    asked: Mapping[str, str]
    shelf: Shelf
    notes: Callable[[], Notes]
    recover: Callable[[], Awaitable[Mapping[str, float | None]]]
    claims: Claims
    budget: Budget
    project: str
    drafts: Drafts


@dataclass(slots=True)
class Tally:
    """What was done, for the report."""

    calls: int = 0
    bought: dict[str, float | None] = field(default_factory=dict)
    rendered: dict[str, Record] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""


class Workshop:
    """Takes on work from the schedule and tells it how each piece ended."""

    def __init__(self, counter: Counter, easel: Easel, schedule: Schedule, *, jobs: int, listen: Listener) -> None:
        self.counter = counter
        self.easel = easel
        self.schedule = schedule
        self.listen = listen
        self.tally = Tally()
        self._local = Lane(jobs)
        self._lanes = {name: Lane(provider.concurrency) for name, provider in counter.providers.items()}
        self._under_way: dict[str, str] = {}
        self._failed: dict[str, CallFailed] = {}
        self._polls = 0
        self._recovering = asyncio.Lock()

    # --- taking on work ---

    def buy(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Paid candidates, as many a call as the provider takes."""
        most = self._provider(step, actions).max_n_per_request
        for start in range(0, len(actions), most):
            self._queue_call(step, call, actions[start : start + most])

    def draw(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Placeholders for candidates that are not bought."""
        for action in actions:
            self._local.add(lambda action=action: self._draw(step, call, action))  # type: ignore[misc]

    def make(self, step: Rendition, action: Action, picture: Picture) -> None:
        """An output from its picture."""
        self._local.add(lambda: self._make(step, action, picture))

    def restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> None:
        """An output whose bytes are known."""
        self._local.add(lambda: self._restore(step, action, record, picture))

    def stop(self) -> None:
        """Starts nothing more; what is under way is finished and kept."""
        for lane in (*self._lanes.values(), self._local):
            lane.close()

    async def rest(self) -> None:
        """Returns when nothing runs and nothing waits. Raises what went wrong in work that can't go wrong, when the
        paid calls that were under way are finished and kept."""
        broken: BaseException | None = None
        while True:
            lanes = (*self._lanes.values(), self._local) if broken is None else tuple(self._lanes.values())
            running = frozenset().union(*(lane.running for lane in lanes))
            try:
                if running:
                    await wait_for(running)
                elif self._polls and broken is None:
                    await asyncio.sleep(POLL_SECONDS / 5)
                else:
                    break
            except Exception as error:
                self.stop()
                broken = broken or error
        if broken is not None:
            raise broken

    # --- paid calls ---

    def _queue_call(self, step: Paid, call: Call, actions: Chunk) -> None:
        lane = self._lanes[self._provider(step, actions).name]
        lane.add(lambda: self._call(step, call, actions))

    def _provider(self, step: Paid, actions: Chunk) -> Provider:
        return self.counter.providers[self.counter.asked.get(actions[0].key, step.settings.provider)]

    def _queue_later(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Another build makes one of these now: look again in a moment, without holding a slot."""
        self._polls += 1

        def again() -> None:
            self._polls -= 1
            self._queue_call(step, call, actions)

        asyncio.get_running_loop().call_later(POLL_SECONDS, again)

    async def _call(self, step: Paid, call: Call, actions: Chunk) -> None:
        held = self._claim(actions)
        if held is None:
            self._queue_later(step, call, actions)
            return
        try:
            missing = await self._recover(step, self._adopt(step, actions))
            failed = next((self._failed[action.key] for action in missing if action.key in self._failed), None)
            if failed is not None:  # another step asked for the same picture: it is not asked for twice
                problem = _problem(step, failed, failed.hint)
                self.schedule.failed(step.id, problem, [action.candidate for action in missing])
            elif missing:
                await self._ask(step, call, missing)
        finally:
            for action, claim in zip(actions, held, strict=True):
                claim.release()
                self._under_way.pop(action.key, None)

    def _claim(self, actions: Chunk) -> list[Claim] | None:
        """All claims in key order, or none: two builds never wait for each other in a circle."""
        if any(action.key in self._under_way for action in actions):
            return None
        held: dict[str, Claim] = {}
        for key in sorted(action.key for action in actions):
            claim = self.counter.claims.try_claim(key)
            if claim is None:
                for other in held.values():
                    other.release()
                return None
            held[key] = claim
        self._under_way |= {action.key: action.step for action in actions}
        return [held[action.key] for action in actions]

    def _adopt(self, step: Paid, actions: Chunk) -> Chunk:
        """Looks again now that the claims are held: somebody may have bought it meanwhile."""
        shelf = self.counter.shelf
        found = {}
        for action in actions:
            record = shelf.records.get(action.key)
            if record is not None and shelf.blobs.has(record.media.digest):
                found[action.candidate] = record
        if found:
            self.schedule.bought(step.id, found)
        return tuple(action for action in actions if action.candidate not in found)

    async def _recover(self, step: Paid, actions: Chunk) -> Chunk:
        """What is still missing when nothing is left of a build that died while this one ran. A call of it that got
        no answer may have been billed: it counts against this build's budget."""
        if not actions:
            return ()
        async with self._recovering:
            unanswered = await self.counter.recover()
        for action in actions:
            if action.key in unanswered:
                self.counter.budget.book(unanswered[action.key])
        return self._adopt(step, actions)

    async def _ask(self, step: Paid, call: Call, actions: Chunk) -> None:
        """One call, from reservation to record."""
        provider = self._provider(step, actions)
        each = estimate(call)
        price = None if each is None else each * len(actions)
        note: Note | None = None
        name = f"{step.id}#{actions[0].candidate}"
        refusal = self.counter.budget.reserve(name, price)
        if refusal is not None:
            self.tally.stopped = "budget"
            self._fail(step, actions, f"`{step.id}` is not bought: {refusal}", "raise --max-cost or the budget")
            return
        try:
            numbers = tuple(action.candidate for action in actions)
            read = self.easel.bytes.read
            order = await asyncio.to_thread(make_order, call, numbers, read, self.easel.memo)
            table = self.counter.tables[provider.name].model_dump(exclude_defaults=True)
            facts = note_facts(provider, order, actions, table=table, project=self.counter.project,
                               instance=step.instance, price=each)  # fmt: skip
            notes = self.counter.notes()
            # What can be drawn again for nothing needs no durable note, and none of what follows from one.
            note = notes.begin_scratch(facts) if provider.kind == "draft" else notes.begin(facts)
            self.listen(CallStarted(note.call, step.id, call.size, numbers))
            began = time.monotonic()
            self.tally.calls += 1
            await provider.submit(order, note, self._retrying(note, step, actions, price))
            bought = await fulfil(provider, note, note.call, self.counter.shelf)
            self.listen(CallFinished(note.call, step.id, numbers, bought.cost, time.monotonic() - began))
        except (OpFailed, BytesGone) as error:
            self.counter.budget.release(name)
            self._fail(step, actions, f"`{step.id}`: {error}", None)
        except CallFailed as error:
            if error.category in ("refused", "maybe_billed"):
                self._failed |= {action.key: error for action in actions}
            self._call_failed(step, actions, error, note)
        else:
            note.drop()
            self.counter.budget.settle(name, bought.cost)
            self._settled(step, call, actions, bought)

    def _settled(self, step: Paid, call: Call, actions: Chunk, bought: Bought) -> None:
        for remark in bought.warnings:
            self.listen(Warned(Problem(f"`{step.id}`: {remark}", step.where)))
        for candidate in bought.records:
            self.tally.bought[f"{step.id}#{candidate}"] = bought.cost
        self._lanes[self._provider(step, actions).name].speed_up()
        self.schedule.bought(step.id, self._as_pinned(step, actions, bought.records))
        rest = tuple(action for action in actions if action.candidate not in bought.records)
        spoilt, missing = rest[: bought.unusable], rest[bought.unusable :]
        if spoilt:
            told = f"`{step.id}`: what came was paid for, and is no picture"
            self._fail(step, spoilt, told, "it is kept in the store's quarantine; the next build asks again")
        if missing:
            self._queue_call(step, call, missing)

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

    def _call_failed(self, step: Paid, actions: Chunk, error: CallFailed, note: Note | None) -> None:
        budget, name = self.counter.budget, f"{step.id}#{actions[0].candidate}"
        if error.category == "maybe_billed":
            budget.settle(name, None)
        else:
            budget.release(name)
        hint = error.hint
        if note is not None:
            if note.body.exists() or (note.folder / "body.part").exists():
                kept = quarantine(note, str(error))
                hint = hint or f"the answer is kept in {kept}"
            else:
                note.drop()
        problem = _problem(step, error, hint)
        numbers = tuple(action.candidate for action in actions)
        self.listen(CallFailedEvent(note.call if note else "", step.id, numbers, problem))
        self.schedule.failed(step.id, problem, numbers)
        if error.category in ("stop", "everything"):
            self._stop_calls(self._provider(step, actions).name if error.category == "stop" else None, str(error))

    def _stop_calls(self, provider: str | None, reason: str) -> None:
        """No more calls, to one provider or to all: what waited for them fails with the same reason."""
        for name, lane in self._lanes.items():
            if provider in (None, name):
                lane.close()
        running = set(self._under_way.values())
        for name in self.schedule.unfinished():
            step = self.schedule.walk.graph.steps[name]
            if isinstance(step, Paid) and provider in (None, step.settings.provider) and name not in running:
                told = f"`{name}` was not asked for: {reason}"
                self.schedule.failed(name, Problem(told, step.where))

    def _retrying(self, note: Note, step: Paid, actions: Chunk, price: float | None) -> Retrying:
        """What is done before a call is asked again. A doubtful try may have been billed: its price stays reserved
        beside that of the next one, which must be within the budget too."""
        lane, budget = self._lanes[self._provider(step, actions).name], self.counter.budget
        numbers = tuple(action.candidate for action in actions)

        def tell(retry: Retry) -> None:
            if retry.crowded:
                lane.slow_down()
            if retry.doubtful:
                refusal = budget.reserve(f"{note.call}/{note.facts.get('doubtful', 0)}", price)
                if refusal is not None:
                    raise CallFailed("maybe_billed", f"{retry.reason}; it is not asked again, since {refusal}")
            self.listen(CallRetried(note.call, step.id, numbers, retry.reason, retry.seconds))

        return tell

    # --- local work ---

    async def _draw(self, step: Paid, call: Call, action: Action) -> None:
        """A placeholder, drawn from the very order that would be sent."""
        drafts, easel = self.counter.drafts, self.easel

        def work() -> bytes:
            return drafts.draw(make_order(call, (action.candidate,), easel.bytes.read, easel.memo), action.candidate)

        try:
            data = await asyncio.get_running_loop().run_in_executor(easel.pool, work)
        except (OpFailed, BytesGone, CallFailed, OSError) as error:
            self._fail(step, (action,), f"`{step.id}`: {error}", None)
            return
        record = drafts.keep(call, action.candidate, data)
        self.schedule.bought(step.id, {action.candidate: record})

    async def _make(self, step: Rendition, action: Action, picture: Picture) -> None:
        self._finish(step, action, picture, await self.easel.make(step, picture), how="made")

    async def _restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> None:
        rendered = await self.easel.restore(step, record)
        if isinstance(rendered, Problem):
            rendered = await self.easel.make(step, picture)
        self._finish(step, action, picture, rendered, how="restored")

    def _finish(
        self, step: Rendition, action: Action, picture: Picture, rendered: Rendered | Problem, *, how: str
    ) -> None:
        placed = (
            rendered
            if isinstance(rendered, Problem)
            else self.easel.place(step, action, rendered, draft=picture.draft)
        )
        if isinstance(rendered, Problem) or isinstance(placed, Problem):
            assert isinstance(placed, Problem)
            self.schedule.failed(step.id, placed)
            return
        record = Record(action.key, rendered.media, kind="rendition", ingredients=action.ingredients)
        self.tally.rendered[step.id] = record
        self.counter.shelf.records.put(record, durable=False)
        if placed:
            self.tally.placed[step.path] = "drafted" if picture.draft else how
            self.listen(Placed(step.instance, step.path, self.tally.placed[step.path]))
        self.schedule.placed(step.id)

    def _fail(self, step: Paid, actions: Chunk, message: str, hint: str | None) -> None:
        candidates = [action.candidate for action in actions]
        self.schedule.failed(step.id, Problem(message, step.where, hint), candidates)


def _problem(step: Paid, error: CallFailed, hint: str | None) -> Problem:
    """What is said of a step whose call gave nothing."""
    told = f"`{step.id}`: {error}"
    if error.category == "maybe_billed":
        told += "; it may have been billed, and the next build asks again"
    return Problem(told, step.where, hint)
