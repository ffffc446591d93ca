"""A real server of the page on a port of this machine, with a desk that notes what it is told, and a client."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from assetforge.gallery.cards import Card
from assetforge.live.answer import Answer, Teller
from assetforge.live.app import LiveApp, Served
from assetforge.live.board import Board, Live
from assetforge.live.door import Door
from assetforge.live.feed import Feed
from assetforge.live.serving import listen, serving
from assetforge.paths import Root
from assetforge.project import Project

T = TypeVar("T")
POLICY = "default-src 'none'; img-src 'self' data:; connect-src 'self'"
WRITES: Mapping[str, Mapping[str, Any]] = {
    "/do/pick": {"step": "hero:edit", "number": 2},
    "/do/reroll": {"step": "hero"},
    "/do/accept": {"name": "hero"},
    "/do/approve": {"name": "hero", "offers": [{"key": "ab" * 32, "price": 0.25}]},
    "/do/again": {},
}
READS = ("/", "/events", "/pictures/" + "0" * 64 + ".png")


@dataclass(frozen=True)
class Page:
    html: str
    policy: str


def render(page: Mapping[str, Any]) -> Page:
    """The data alone."""
    return Page(json.dumps(page), POLICY)


def card(name: str, word: str = "current", **more: Any) -> Card:
    return Card(name, name, "fresh", word, "assets.toml", 1, **more)


@dataclass
class NotingDesk:
    """Notes what it is asked. It answers when `open` is set, as `answer` says; or raises `error`."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: Answer(True, ("done",)))
    error: Exception | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def _note(self, *asked: Any) -> Answer:
        self.asked.append(asked)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return self.answer

    async def pick(self, step: str, number: int) -> Answer:
        return await self._note("pick", step, number)

    async def reroll(self, step: str) -> Answer:
        return await self._note("reroll", step)

    async def accept(self, name: str) -> Answer:
        return await self._note("accept", name)

    async def approve(self, name: str, prices: Mapping[str, float]) -> Answer:
        return await self._note("approve", name, dict(prices))

    async def again(self) -> Answer:
        return await self._note("again")


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes

    def one(self, name: str) -> str:
        (value,) = self.headers[name]
        return value

    def json(self) -> Any:
        return json.loads(self.body)


class Stream:
    """Events as they come."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.connection = connection
        self.response = response

    def __iter__(self) -> Iterator[tuple[str, Any, str | None]]:
        """Each event's name, data and identity; comments as events called `:`."""
        fields: dict[str, str] = {}
        for raw in self.response:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "" in fields or "event" in fields:
                yield fields.get("event", ":"), json.loads(fields.get("data", "null")), fields.get("id")
                fields = {}
            elif value:
                yield ":", value, None

    def until(self, wanted: str) -> Any:
        """The data of the next event of a name."""
        return next(data for name, data, _ in self if name == wanted)


class Running:
    """The server, in a thread with a loop of its own."""

    def __init__(self, root: Path, *, can_spend: bool = True, silence: float = 15.0, patience: float = 10.0) -> None:
        self.project: Project | None = None
        self._patience = patience
        self.desk = NotingDesk()
        self.desk.open.set()
        self.faults: list[Exception] = []
        self.render: Callable[[Mapping[str, Any]], Page] = render
        bound = listen(0)
        self.port: int = bound.getsockname()[1]
        self.door = Door(self.port)
        live = Live(can_spend, 2.0 if can_spend else None, 0.0, watching=True, buys=False)
        teller = Teller(Root(str(root)), lambda: self.project)
        self.board = Board("pictures", live, teller, Feed(silence))
        served = Served(self.board, self._render, self.faults.append, self.desk)
        self._app = LiveApp(served, self.door)
        self._bound = bound
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def _render(self, page: Mapping[str, Any]) -> Page:
        return self.render(page)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        async with serving(self._app, self._bound, self._patience):
            self._ready.set()
            await self._over.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        self.cookie = self.let_in().one("set-cookie").partition(";")[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, and waits until it has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def do(self, act: Callable[[], T]) -> T:
        """Something of the board, in the server's loop."""

        async def acting() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acting(), self._loop).result(10)

    # --- asking ---

    def let_in(self) -> Response:
        return self.raw("GET", self.door.url.removeprefix(self.door.origin), self.host)

    @property
    def host(self) -> dict[str, str]:
        return {"Host": f"127.0.0.1:{self.port}"}

    @property
    def guest(self) -> dict[str, str]:
        """The headers of a browser that was let in."""
        return self.host | {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}

    @property
    def writer(self) -> dict[str, str]:
        """The headers of the page's own writes."""
        own = {"Origin": self.door.origin, "X-Assetforge": "1", "Content-Type": "application/json"}
        return self.guest | own

    def raw(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """Exactly this request, but for its length."""
        with self._asked(method, path, headers, body) as (_, response):
            told: dict[str, tuple[str, ...]] = {}
            for name, value in response.getheaders():
                told[name.lower()] = (*told.get(name.lower(), ()), value)
            return Response(response.status, told, response.read())

    def get(self, path: str) -> Response:
        return self.raw("GET", path, self.guest)

    def post(self, path: str, body: Any) -> Response:
        return self.raw("POST", path, self.writer, json.dumps(body).encode())

    @contextmanager
    def listening(self, path: str = "/events", **headers: str) -> Iterator[Stream]:
        with self._asked("GET", path, self.guest | headers, b"") as (connection, response):
            assert response.status == 200
            yield Stream(connection, response)

    @contextmanager
    def _asked(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Iterator[tuple[http.client.HTTPConnection, http.client.HTTPResponse]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body or method == "POST":
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        try:
            yield connection, response
        finally:
            response.close()
            connection.close()
