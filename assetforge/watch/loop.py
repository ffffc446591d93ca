"""Changes in, builds out: waits for a change of what the last round read, builds, and waits again."""

import asyncio
import gc
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from assetforge.errors import AssetforgeError, Problem, told_of_machine
from assetforge.events import Listener
from assetforge.model import Report
from assetforge.project import Project, Stop
from assetforge.watch.ending import Ending
from assetforge.watch.followed import Follow, start
from assetforge.watch.following import Following
from assetforge.watch.rounds import Rounds
from assetforge.workspace import lock_name

# A change soon after another one may be one of many: then it is waited until there was none for `QUIET` seconds, but
# not longer than `PATIENCE`.
SOON, QUIET, PATIENCE = 1.0, 0.15, 2.0
# An editor may remove a file before it writes it anew.
ABSENCE, LOOKS = 0.05, 4
# So many objects are left by a round of a few thousand instances.
MANY = 50_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a round ended: with a report, or with the problems for which nothing could be started. `overtaken` says
    that something changed while it ran, so that it was cut short and another one follows."""

    project: Project
    report: Report | None
    problems: tuple[Problem, ...] = ()
    overtaken: bool = False


class Audience(Protocol):
    """Who is told of rounds."""

    def begin(self, project: Project) -> Listener:
        """A round begins; gives who listens to what happens in it."""
        ...

    def end(self, outcome: Outcome) -> None:
        """That round is over."""


class Watch:
    """Builds whenever something changed that is followed, which `follow` says after each round. `ending` is the wish
    to end it."""

    def __init__(self, project: Project, rounds: Rounds, audience: Audience, ending: Ending, follow: Follow) -> None:
        self._follow = follow
        self._project = project
        self._rounds = rounds
        self._audience = audience
        self._ending = ending
        self._following = Following(project.root)
        self._followed = start(project)
        self._is_asked = False
        self._is_cut = False
        self._began = 0.0

    async def run(self) -> None:
        """Returns when somebody wants it to end. Raises UsageError where folders can't be watched, and what a bug
        of ours raises."""
        try:
            await self._following.follow(self._followed, 0)
            await self._following.changed()
            while not self._ending.asked:
                with _without_collector():
                    await self._round()
                await self._wait()
        finally:
            await self._following.close()

    def again(self) -> None:
        """Builds again though nothing changed: the consent to ask again for what may have been billed."""
        self._rounds.ask_again()
        self.wake()

    def hold_back(self, keys: Iterable[str]) -> None:
        """Calls for these failed beside the rounds: no round asks for them by itself."""
        self._rounds.hold_back(keys)

    def wake(self) -> None:
        """Builds again though nothing changed."""
        self._is_asked = True
        self._following.event.set()

    async def _wait(self) -> None:
        """Returns when there is a reason for another round, or to end."""
        while not self._ending.asked:
            await self._event()
            if self._ending.asked:
                return
            if not self._is_asked and time.monotonic() - self._began < SOON:
                await self._quiet()
            changed = await self._following.changed()
            changed |= await self._back(changed)
            if changed or self._is_asked or self._is_cut:
                self._is_asked = False
                return

    async def _event(self) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._following.event, self._ending.event)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()

    async def _quiet(self) -> None:
        """Returns when no change was told of for a while."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._ending.asked:
            self._following.event.clear()
            try:
                await asyncio.wait_for(self._following.event.wait(), QUIET)
            except TimeoutError:
                return

    async def _back(self, changed: Iterable[str]) -> frozenset[str]:
        """Waits a little for files that are gone to come back; gives what changed meanwhile."""
        found: frozenset[str] = frozenset()
        for _ in range(LOOKS):
            if not self._following.is_gone(changed):
                break
            await asyncio.sleep(ABSENCE)
            found |= await self._following.changed()
        return found

    async def _round(self) -> None:
        project, stop, since = self._project.again(), Stop(), time.time_ns()
        self._began = time.monotonic()
        self._ending.attend(stop)
        listen = self._audience.begin(project)
        building = asyncio.create_task(self._build(project, listen, stop))
        overtaking = asyncio.create_task(self._overtake(stop, lock_name(project.file)))
        try:
            report, problems = await building
        finally:
            overtaking.cancel()
            self._ending.leave(stop)
        # What it left undone is done by the next one, even if what changed is what it was again.
        self._is_cut = stop.asked and not self._ending.asked
        self._followed = self._follow(project, self._followed)
        if project.knows_lock():
            self._following.settle(lock_name(project.file))
        await self._following.follow(self._followed, since)
        # What was told of meanwhile is looked at in a moment.
        self._following.event.set()
        self._audience.end(Outcome(project, report, problems, self._is_cut))

    async def _build(
        self, project: Project, listen: Listener, stop: Stop
    ) -> tuple[Report | None, tuple[Problem, ...]]:
        try:
            return await self._rounds.build(project, listen, stop), ()
        except AssetforgeError as error:
            return None, error.problems
        except OSError as error:
            # What a machine refuses now it may do in a moment: no room, no permission, a file for a folder.
            return None, (Problem(told_of_machine(error)),)

    async def _overtake(self, stop: Stop, lock: str) -> None:
        """A change while a round runs: it starts nothing more, what is paid for is kept, and the next one begins. The
        lock is what the round itself writes."""
        while not self._following.differs(but=lock):
            self._following.event.clear()
            await self._following.event.wait()
        stop.ask()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Of ten thousand instances the collector of cycles would look at all again and again while they are made, for a
    third of the time. Afterwards nobody waits for it."""
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY:
            gc.collect()
        gc.enable()
