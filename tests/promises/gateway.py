"""A relay that holds answers back: what a server sent is on its way, for as long as a test wants."""

import socket
import sys
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from tests.images_server import ImagesServer


class Gateway:
    """A relay in front of a server. Connections that begin with `holding` never hear the answer past its first
    `let_through` bytes, until `holding` is taken away; those that begin with `cutting` are closed at once."""

    def __init__(self, server: ImagesServer, holding: bytes, let_through: int = 0) -> None:
        self.holding = holding
        self.cutting = b""
        self.let_through = let_through
        self.held = threading.Event()
        self._port = int(server.origin.rpartition(":")[2])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self._port))) as upstream:
            first = client.recv(1 << 16)
            if self.cutting and first.startswith(self.cutting):
                client.shutdown(socket.SHUT_RDWR)
                return
            upstream.sendall(first)
            threading.Thread(target=_pour, args=(client, upstream), daemon=True).start()
            is_held = bool(self.holding) and first.startswith(self.holding)
            left = self.let_through if is_held else sys.maxsize
            while left > 0 and (piece := upstream.recv(min(left, 1 << 16))):
                client.sendall(piece)
                left -= len(piece)
            if is_held:
                self.held.set()
                client.recv(1)  # until the client is gone
            client.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
