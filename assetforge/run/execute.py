"""The work itself: paid calls beside pictures in threads; the schedule hears of each end."""

import asyncio

from assetforge.errors import Problem
from assetforge.events import Listener, Placed, Warned
from assetforge.model import Action, Call, Paid, Picture, Record, Rendition
from assetforge.ops.spec import OpFailed
from assetforge.providers.spec import CallFailed
from assetforge.run.bytes import BytesGone
from assetforge.run.calls import Calls
from assetforge.run.counter import Counter, Tally
from assetforge.run.limits import Lane
from assetforge.run.remembering import Remembering
from assetforge.run.renditions import Easel, Rendered
from assetforge.run.schedule import Schedule
from assetforge.run.sending import make_order
from assetforge.run.unmade import unmade
from assetforge.run.wishes import POLL_SECONDS

Chunk = tuple[Action, ...]


class Workshop:
    """Takes on work from the schedule and tells it how each piece ended."""

    def __init__(self, counter: Counter, easel: Easel, schedule: Schedule, *, jobs: int, listen: Listener) -> None:
        self.counter = counter
        self.easel = easel
        self.schedule = schedule
        self.listen = listen
        self.tally = Tally()
        # Twice as many as there are threads: none waits until the next piece is handed to it.
        self._local = Lane(2 * jobs)
        self._remembering = Remembering(counter.shelf.records)
        self._calls = Calls(counter, easel, schedule, self.tally, listen)

    def buy(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Paid candidates."""
        self._calls.buy(step, call, actions)

    def draw(self, step: Paid, call: Call, actions: Chunk) -> None:
        """Placeholders for candidates that are not bought."""
        for action in actions:
            self._local.add(lambda action=action: self._draw(step, call, action))  # type: ignore[misc]

    def make(self, step: Rendition, action: Action, picture: Picture) -> None:
        """An output from its picture."""
        self.easel.announce(step, picture)
        self._local.add(lambda: self._make(step, action, picture))

    def restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> None:
        """An output whose bytes are known."""
        self._local.add(lambda: self._restore(step, action, record, picture))

    def stop(self) -> None:
        """Starts nothing more; what is under way is finished and kept."""
        self._calls.stop()
        self._local.close()

    async def rest(self) -> None:
        """Returns when nothing runs and nothing waits. Raises what went wrong in work that can't go wrong, when the
        paid calls that were under way are finished and kept."""
        broken: BaseException | None = None
        while True:
            faults = [*self._calls.faults, *self._local.faults]
            if faults and broken is None:
                broken = faults[0]
                self.stop()
            running = self._calls.running | (self._local.running if broken is None else frozenset())
            if running:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            elif self._calls.polls and broken is None:
                await asyncio.sleep(POLL_SECONDS / 5)
            else:
                break
        self._calls.close()
        self._remembering.flush()
        if broken is not None:
            raise broken

    async def _draw(self, step: Paid, call: Call, action: Action) -> None:
        """A placeholder, drawn from the very order that would be sent."""
        drafts, easel = self.counter.drafts, self.easel

        def work() -> bytes:
            return drafts.draw(make_order(call, (action.candidate,), easel.bytes.read, easel.memo), action.candidate)

        try:
            data = await asyncio.get_running_loop().run_in_executor(easel.pool, work)
        except (OpFailed, BytesGone, CallFailed, OSError) as error:
            self.schedule.failed(step.id, unmade(step.id, step, error), [action.candidate])
            return
        record = drafts.keep(call, action.candidate, data)
        self.schedule.bought(step.id, {action.candidate: record})

    async def _make(self, step: Rendition, action: Action, picture: Picture) -> None:
        self._finish(step, action, picture, await self.easel.make(step, action, picture), how="made")

    async def _restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> None:
        rendered = await self.easel.restore(step, action, record, picture)
        self._finish(step, action, picture, rendered, how="restored")

    def _finish(
        self, step: Rendition, action: Action, picture: Picture, rendered: Rendered | Problem, *, how: str
    ) -> None:
        if isinstance(rendered, Problem):
            self.schedule.failed(step.id, rendered)
            return
        record = Record(
            action.key, rendered.media, kind="rendition", ingredients=action.ingredients, frames=rendered.frames
        )
        self.tally.rendered[step.id] = record
        # What only a lock says never becomes a record: it may be a stranger's.
        self._remembering.remember(record if rendered.is_made else None, picture)
        for remark in self.schedule.walk.files[step.id].remarks or rendered.remarks:
            self.listen(Warned(remark))
        if rendered.is_new:
            self.tally.placed[step.path] = "drafted" if picture.draft else how
            self.listen(Placed(step.instance, step.path, self.tally.placed[step.path]))
        self.schedule.placed(step.id)
