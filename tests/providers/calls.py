"""A provider with a note, a clock that does not wait, and a server to ask: what its tests share."""

import asyncio
import io
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assetforge.config import load_settings
from assetforge.digest import digest_bytes
from assetforge.model import Size
from assetforge.providers.access import find_access
from assetforge.providers.images_api import ImagesApi
from assetforge.providers.retry import Pace
from assetforge.providers.spec import CallFailed, Delivery, Order, ProviderTable, Retry, Upload
from tests.images_server import ImagesServer

SIZE = Size(1024, 1024)
KEY = "sk-test-2f6c1e7ad94b"


class FolderNote:
    """A note in a folder, its facts in a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.body = folder / "body"

    @property
    def facts(self) -> Mapping[str, Any]:
        path = self.folder / "facts.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def add(self, **facts: Any) -> None:
        (self.folder / "facts.json").write_text(json.dumps({**self.facts, **facts}))


class Waits:
    """A build that lets every request leave, and a clock that does not wait: what happened is in `told`, in order,
    the waits alone in `slept`, the retries in `retries`."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.retries: list[Retry] = []
        self.told: list[str] = []

    async def admit(self) -> None:
        self.told.append("admit")

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        await sleep(seconds)

    def arriving(self) -> AbstractContextManager[None]:
        return nullcontext()

    def again(self, retry: Retry) -> None:
        self.retries.append(retry)
        self.told.append("again")

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.told.append("sleep")

    @property
    def pace(self) -> Pace:
        return Pace(now=lambda: 0.0, sleep=self.sleep, chance=lambda: 0.0)


def order(**changed: Any) -> Order:
    plain: dict[str, Any] = {
        "operation": "generate",
        "model": "gpt-image-2",
        "prompt": "A lighthouse — at dawn\nand a boat",
        "size": SIZE,
        "quality": "low",
        "background": "auto",
        "format": "png",
    }
    return Order(**(plain | changed))


def upload(name: str, form: str = "png", *, alpha: int = 255, size: Size = SIZE) -> Upload:
    spooled = io.BytesIO()
    with Image.new("RGBA", size, (9, 99, 199, alpha)) as picture:
        (picture if form == "png" else picture.convert("RGB")).save(spooled, form)
    return Upload(name, form, spooled.getvalue())


@contextmanager
def serving(**options: Any) -> Iterator[ImagesServer]:
    with ImagesServer(**options) as server:
        yield server


def open_at(url: str, folder: Path, *, key: str = KEY, waits: Waits | None = None, **table: Any) -> ImagesApi:
    """The provider named `openai` of a user who trusts this URL."""
    environ = {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": url, "ASSETFORGE_CONFIG_DIR": str(folder)}
    settings = ProviderTable(kind="images-api", **table)
    access = find_access("openai", settings, load_settings(environ), environ)
    return ImagesApi("openai", settings, access, (waits or Waits()).pace)


Work = Callable[[ImagesApi, FolderNote], Awaitable[Any]]


def using_at(url: str, folder: Path, work: Work, *, waits: Waits | None = None, key: str = KEY, **table: Any) -> Any:
    """Runs something with an open provider."""

    async def run() -> Any:
        api = open_at(url, folder, key=key, waits=waits, **table)
        try:
            return await work(api, FolderNote(folder / "note"))
        finally:
            await api.close()

    return asyncio.run(run())


def using(server: ImagesServer, folder: Path, work: Work, **table: Any) -> tuple[Any, Waits]:
    """Runs something with a provider of this server; the waits there would have been come with it."""
    waits = Waits()
    return using_at(server.url, folder, work, waits=waits, key=server.key, **table), waits


def asking(asked: Order, waits: Waits | None = None) -> Work:
    """The work of submitting and collecting."""

    async def work(api: ImagesApi, note: FolderNote) -> Delivery:
        await api.submit(asked, note, waits or Waits())
        return await api.collect(note)

    return work


def ask(server: ImagesServer, folder: Path, asked: Order, **table: Any) -> Delivery:
    """Submits and collects."""
    delivery: Delivery = using(server, folder, asking(asked), **table)[0]
    return delivery


def fail(server: ImagesServer, folder: Path, asked: Order, **table: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        ask(server, folder, asked, **table)
    return caught.value


def ask_at(url: str, folder: Path, **table: Any) -> Delivery:
    """Submits and collects what a socket answers."""
    delivery: Delivery = using_at(url, folder, asking(order()), **table)
    return delivery


def fail_at(url: str, folder: Path, **table: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        ask_at(url, folder, **table)
    return caught.value


def digests(delivery: Delivery) -> tuple[str, ...]:
    return tuple(digest_bytes(path.read_bytes()) for path in delivery.images)


@contextmanager
def answering(*replies: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A socket that reads one request a connection and sends these bytes, the last ones again and again. Gives its
    base URL, and the requests as they came."""
    requests: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    requests.append(_read_request(connection))
                    connection.sendall(replies[min(len(requests), len(replies)) - 1])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", requests
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(1 << 16)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    while len(body) < int(length.partition(b":")[2]) and (more := connection.recv(1 << 16)):
        body += more
    return head + b"\r\n\r\n" + body


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer as it goes over the wire; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} said", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
