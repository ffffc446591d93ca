"""A watch put together: rounds, who is told of them, the page and its buttons, signals, and the Enter key."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetforge.cli.afterwards import Afterwards, without_keys
from assetforge.cli.interrupts import Interrupts
from assetforge.cli.watching import Terminal
from assetforge.errors import AssetforgeError
from assetforge.events import Event, Listener
from assetforge.gate import Options
from assetforge.graph.requests import provider_tables
from assetforge.project import Project
from assetforge.watch.ending import Ending
from assetforge.watch.followed import Follow
from assetforge.watch.loop import Outcome, Watch
from assetforge.watch.purse import Purse
from assetforge.watch.rounds import Rounds

if TYPE_CHECKING:
    import socket

    from assetforge.live.desk import Purchase
    from assetforge.live.showing import Showing

OPENAI_KEY = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class Session:
    """What was asked for. `options` are those of builds, `rounds` how they go, `purse` what may be spent, None for
    nothing; `page` is the socket of the page, None for none; `words` are a command to run after builds, none for
    none."""

    project: Project
    options: Options
    rounds: Rounds
    follow: Follow
    purse: Purse | None = None
    page: "socket.socket | None" = None
    words: tuple[str, ...] = ()


async def run_session(session: Session, terminal: Terminal) -> None:
    """Watches until somebody ends it. Raises AssetforgeError."""
    ending = Ending()
    audience = _Audience(terminal)
    terminal.is_busy = lambda: ending.is_busy
    watch = Watch(session.project, session.rounds, audience, ending, session.follow)
    async with AsyncExitStack() as stack:
        if session.words:
            audience.afterwards = Afterwards(session.words, session.project.root.path, terminal.tell)
            stack.push_async_callback(audience.afterwards.close)
            terminal.last_wish = audience.afterwards.kill
        if session.page is not None:
            served = _page(session, audience, watch, ending, session.page)
            audience.showing = await stack.enter_async_context(served)
        interrupts = stack.enter_context(Interrupts(ending, terminal))
        stack.enter_context(interrupts.waking(asyncio.get_running_loop()))

        def again() -> None:
            watch.again()
            audience.asked_again()

        stack.enter_context(_enter_key(again))
        try:
            await watch.run()
        finally:
            # Whatever ended it: what is bought beside the rounds is finished and kept.
            ending.ask()
            await ending.over()


class _Audience:
    """The terminal, the page, and the command to run afterwards; of rounds, and of what is bought beside them."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._environ: Mapping[str, str] = {}
        self._has_written = False
        self.showing: Showing | None = None
        self.afterwards: Afterwards | None = None

    def begin(self, project: Project) -> Listener:
        """A round begins."""
        listeners = [self.terminal.begin(project)]
        if self.showing is not None:
            listeners.append(self.showing.begin(project))

        def hear(event: Event) -> None:
            for listen in listeners:
                listen(event)

        return hear

    def end(self, outcome: Outcome) -> None:
        """That round is over."""
        self._has_written = self.terminal.end(outcome) or self._has_written
        if self.showing is not None:
            self.showing.end(outcome)
        if outcome.project.resolved is not None:
            self._environ = without_keys(outcome.project.environ, _key_names(outcome.project))
        if self.afterwards is not None and self._has_written and not outcome.overtaken:
            self._has_written = False
            self.afterwards.run(self._environ)

    def beside(self) -> AbstractContextManager[Listener]:
        """Gives who listens to a build beside the rounds."""
        return self._both()

    def bought(self, purchase: "Purchase") -> None:
        """That build is over. The round that follows runs the command."""
        self._has_written = self._has_written or bool(purchase.placed)
        self.terminal.tell_purchase(purchase)
        if self.showing is not None:
            self.showing.note(purchase.missing)

    def asked_again(self) -> None:
        """Somebody wants to have what failed."""
        if self.showing is not None:
            self.showing.forget()

    @contextmanager
    def _both(self) -> Iterator[Listener]:
        assert self.showing is not None
        with self.showing.beside() as showing:

            def hear(event: Event) -> None:
                showing(event)
                self.terminal.hear_beside(event)

            yield hear


@asynccontextmanager
async def _page(
    session: Session, audience: _Audience, watch: Watch, ending: Ending, bound: "socket.socket"
) -> AsyncIterator["Showing"]:
    """The page, served for as long as the block runs; its URL is told."""
    from assetforge.gallery.page import render
    from assetforge.live.answer import Teller
    from assetforge.live.app import LiveApp, Served
    from assetforge.live.board import Board, Live
    from assetforge.live.desk import Desk
    from assetforge.live.door import Door
    from assetforge.live.feed import Feed
    from assetforge.live.serving import serving
    from assetforge.live.showing import Showing

    purse, project, terminal = session.purse, session.project, audience.terminal
    live = Live(
        can_spend=purse is not None, limit=purse.limit if purse else None, spent=0.0,
        watching=session.rounds.builds, buys=session.rounds.buys,
    )  # fmt: skip
    teller = Teller(project.root, lambda: showing.project)
    board = Board(_title(project), live, teller, Feed())
    showing = Showing(board, purse, teller, terminal.fault)
    desk = Desk(project, session.options, purse, watch, ending, audience, teller)
    door = Door(bound.getsockname()[1])
    async with serving(LiveApp(Served(board, render, terminal.fault, desk), door), bound):
        terminal.tell_url(door.url)
        try:
            yield showing
        finally:
            await showing.close()


def _title(project: Project) -> str:
    """What people call the project, as far as that can be read."""
    with suppress(AssetforgeError):
        return project.manifest.table.project.name or os.path.basename(project.root.path)
    return os.path.basename(project.root.path)


def _key_names(project: Project) -> set[str]:
    """The variables that hold keys of providers."""
    names = {OPENAI_KEY, *(trust.key_env for trust in project.settings.trusted if trust.key_env)}
    tables, _ = provider_tables(project.manifest)
    return names | {table.api_key_env for table in tables.values() if table.api_key_env}


@contextmanager
def _enter_key(again: Callable[[], None]) -> Iterator[None]:
    """Enter builds again, where somebody sits at a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    loop = asyncio.get_running_loop()

    def read() -> None:
        if sys.stdin.readline():
            again()
        else:
            loop.remove_reader(sys.stdin)

    loop.add_reader(sys.stdin, read)
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin)
