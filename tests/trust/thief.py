"""Somebody on this machine who listens: every connection is counted, and whatever is sent is kept."""

import socket
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def redirect(location: str, status: int = 302) -> bytes:
    """An answer that leads elsewhere."""
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return head.encode()


class Thief:
    """Listens on an address of this machine, and gives every request the same answer."""

    def __init__(self, host: str = "127.0.0.1", answer: bytes = OK) -> None:
        self.host = host
        self.answer = answer
        self.requests: list[bytes] = []
        self._listening = socket.create_server((host, 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with closing(connection), suppress(OSError):
                    connection.settimeout(5)
                    self.requests.append(b"")
                    self.requests[-1] = connection.recv(1 << 16)
                    connection.sendall(self.answer)
