"""The server on a port of this machine, inside an event loop that others run in; unaware of what it answers.

It has no signal handlers and no log of its own, and ends with its block. Who only connects and asks nothing, which
any user of this machine may, takes nothing away from those who ask.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from assetforge.errors import UsageError
from assetforge.live.app import LiveApp

HOST = "127.0.0.1"
# The same at each start, so that a browser finds in its cache what it had.
PORT = 4343
WAITING = 32
# Seconds that answers under way get at the end.
GRACE = 0.3
# Connections at once, and seconds until the headers of the first request have to be there.
MOST_CONNECTIONS = 64
FIRST_REQUEST = 10.0
# How asyncio tells that the machine has no room for a connection, and that it has another look after the end.
FULL = ("socket.accept() out of system resource", "_start_serving")


def listen(port: int | None = None) -> socket.socket:
    """A socket on a port of this machine, 0 for any that is free. Without a port it is `PORT`, or any where that is
    in use. Raises UsageError."""
    try:
        return socket.create_server((HOST, PORT if port is None else port), backlog=WAITING)
    except OSError as error:
        if port is None:
            return listen(0)
        used = error.errno == errno.EADDRINUSE
        hint = "leave `--port` out for any that is free"
        raise UsageError(f"port {port} {'is in use' if used else 'may not be used'}", hint=hint) from None


class _Connection(H11Protocol):
    """One connection. Where there are too many, one in which nothing goes on makes room. `patience` is how many
    seconds the first request's headers may take."""

    def __init__(self, *given: Any, patience: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience = patience

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._began = self.loop.time()
        self._looking = self.loop.call_later(self._patience, self._look)
        super().connection_made(transport)
        others = [one for one in self.connections if isinstance(one, _Connection) and not one.transport.is_closing()]
        if len(others) > MOST_CONNECTIONS:
            idle = [one for one in others if one._is_idle and one is not self]
            min(idle, key=lambda one: one._began, default=self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._looking.cancel()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        """Whether nothing that was asked for here is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _look(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None:
            self.transport.abort()


class _Quiet(uvicorn.Server):
    """uvicorn without signal handlers, without its waits of a tenth of a second at either end, and without words."""

    def __init__(self, app: LiveApp, patience: float) -> None:
        options: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False}
        options |= {
            "lifespan": "off",
            "ws": "none",
            "loop": "asyncio",
            "http": partial(_Connection, patience=patience),
            "backlog": WAITING,
            "interface": "asgi3",
        }
        options |= {"proxy_headers": False, "date_header": False, "server_header": False}
        super().__init__(uvicorn.Config(app, host=HOST, port=0, **options))
        self._app = app
        self.ready = asyncio.Event()
        self.over = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.ready.set()
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's
        for server in self.servers:
            server.close()
        self._app.end()
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=GRACE)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


@asynccontextmanager
async def serving(app: LiveApp, bound: socket.socket, patience: float = FIRST_REQUEST) -> AsyncIterator[None]:
    """Answers on a socket for as long as the block runs, and closes it. At the end answers under way get `GRACE`
    seconds, then they are dropped. Who asks for nothing within `patience` seconds is sent away."""
    with bound:
        server = _Quiet(app, patience)
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(partial(_unless_full, before))
        running = asyncio.create_task(server.serve(sockets=[bound]))
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
                raise RuntimeError("the server did not start")
            yield
        finally:
            ready.cancel()
            server.over.set()
            await running
            loop.set_exception_handler(before)


def _unless_full(
    before: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None,
    loop: asyncio.AbstractEventLoop,
    context: dict[str, Any],
) -> None:
    """Says nothing of connections that the machine has no room for: the loop takes them a moment later."""
    if not any(words in context["message"] for words in FULL):
        (before or asyncio.AbstractEventLoop.default_exception_handler)(loop, context)
