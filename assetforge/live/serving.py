"""The server on a port of this machine, inside an event loop that others run in; unaware of what it answers.

It has no signal handlers and no log of its own, and ends with its block.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from assetforge.errors import UsageError
from assetforge.live.app import LiveApp

HOST = "127.0.0.1"
# The same at each start, so that a browser finds in its cache what it had.
PORT = 4343
WAITING = 128
# Seconds that answers under way get at the end.
GRACE = 0.3


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


class _Quiet(uvicorn.Server):
    """uvicorn without signal handlers, without its waits of a tenth of a second at either end, and without words."""

    def __init__(self, app: LiveApp) -> None:
        options: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False}
        options |= {"lifespan": "off", "ws": "none", "loop": "asyncio", "http": "h11", "interface": "asgi3"}
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
async def serving(app: LiveApp, bound: socket.socket) -> AsyncIterator[None]:
    """Answers on a socket for as long as the block runs, and closes it. At the end answers under way get `GRACE`
    seconds, then they are dropped."""
    with bound:
        server = _Quiet(app)
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
