"""The API on a port of this machine: in the foreground until a signal comes, or in a thread."""

import asyncio
import errno
import signal
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn

from assetforge.errors import UsageError
from assetforge.simulate.app import ImagesApi

HOST = "127.0.0.1"
WAITING = 2_048
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(port: int) -> socket.socket:
    """A socket on a port of this machine; 0 takes any that is free. Raises UsageError."""
    try:
        return socket.create_server((HOST, port), backlog=WAITING)
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        hint = "leave `--port` out for any that is free"
        raise UsageError(f"port {port} {'is in use' if used else 'may not be used'}", hint=hint) from None


class _Stoppable(uvicorn.Server):
    """uvicorn without its waits of a tenth of a second at either end, and without its words."""

    def __init__(self, api: ImagesApi, ready: Callable[[], None]) -> None:
        options: dict[str, Any] = {"log_config": None, "log_level": "critical", "access_log": False}
        options |= {"lifespan": "off", "ws": "none", "loop": "asyncio", "http": "h11", "interface": "asgi3"}
        options |= {"proxy_headers": False, "date_header": False, "server_header": False}
        super().__init__(uvicorn.Config(api, host=HOST, port=0, **options))
        self._ready = ready
        self._over = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._loop.add_signal_handler(number, self._over.set)
        self._ready()
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)

    def stop(self) -> None:
        """Ends it, from another thread."""
        self._loop.call_soon_threadsafe(self._over.set)


def serve(api: ImagesApi, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Answers in the foreground, after `ready` was told, until SIGINT or SIGTERM. Calls under way are dropped."""
    with bound:
        _Stoppable(api, ready).run(sockets=[bound])


class Threaded:
    """The API in a thread of its own, for as long as the block runs."""

    def __init__(self, api: ImagesApi) -> None:
        self._ready = threading.Event()
        self._bound = listen(0)
        self.port: int = self._bound.getsockname()[1]
        self._server = _Stoppable(api, self._ready.set)
        run = lambda: self._server.run(sockets=[self._bound])  # noqa: E731
        self._thread = threading.Thread(target=run, name="images-api", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the images API did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join(10)
        self._bound.close()
