"""`watch --serve` as a process of its own, and a browser that was let in: what it shows, what is pressed there."""

import http.client
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.builder import Builder
from tests.live.running import Stream
from tests.promises.processes import wait_until
from tests.watch.watching import PATIENCE, Watching

_DATA = re.compile(r'<script[^>]*id="data"[^>]*>(.*?)</script>', re.DOTALL)
Card = Mapping[str, Any]


class Browser:
    """Who was let in by a URL with a token."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self.port = parts.port
        self.origin = f"http://127.0.0.1:{self.port}"
        with self._asking("GET", f"/?{parts.query}", {}) as response:
            self._cookie = str(response.getheader("set-cookie")).partition(";")[0]
        self._pool = ThreadPoolExecutor(8)

    # --- what is seen ---

    def page(self) -> Mapping[str, Any]:
        """The page's data."""
        with self._asking("GET", "/", {"Cookie": self._cookie}) as response:
            found = _DATA.search(response.read().decode())
        assert found is not None
        page: Mapping[str, Any] = json.loads(found[1])
        return page

    def card(self, name: str, wanted: Callable[[Card], bool] = bool) -> Card:
        """The card of an asset, as soon as it is as wanted."""
        found: list[Card] = []

        def look() -> bool:
            found[:] = [card for card in self.page()["cards"] if card["name"] == name and wanted(card)]
            return bool(found)

        wait_until(look)
        return found[0]

    def told(self) -> Mapping[str, Any]:
        """The last event of a round."""
        with self._asking("GET", "/events", {"Cookie": self._cookie}) as response:
            connection = http.client.HTTPConnection("127.0.0.1")
            return dict(Stream(connection, response).until("round"))

    # --- what is done ---

    def do(self, button: str, **body: Any) -> Mapping[str, Any]:
        """What a button answers."""
        own = {"Origin": self.origin, "X-Assetforge": "1", "Content-Type": "application/json", "Cookie": self._cookie}
        with self._asking("POST", f"/do/{button}", own, json.dumps(body).encode()) as response:
            answer: Mapping[str, Any] = json.loads(response.read())
        return answer

    def approve(self, card: Card, numbers: Iterable[int] = ()) -> Mapping[str, Any]:
        """Approves what a card offers, or these candidates of it."""
        wanted = [
            offer for offer in card["offers"] if offer["key"] and (not numbers or offer["candidate"] in numbers)
        ]
        offers = [{"key": offer["key"], "price": offer["price"]} for offer in wanted]
        return self.do("approve", name=card["name"], offers=offers)

    def approving(self, card: Card) -> "Future[Mapping[str, Any]]":
        """The same, while something else goes on."""
        return self._pool.submit(self.approve, card)

    def approve_and_leave(self, card: Card, seconds: float) -> None:
        """Approves what a card offers, and is gone before the answer."""
        offers = [{"key": offer["key"], "price": offer["price"]} for offer in card["offers"]]
        own = {"Origin": self.origin, "X-Assetforge": "1", "Content-Type": "application/json", "Cookie": self._cookie}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        with closing(connection):
            connection.request("POST", "/do/approve", json.dumps({"name": card["name"], "offers": offers}), own)
            try:
                connection.getresponse()
            except TimeoutError:
                return
        raise AssertionError("it was answered before anybody could leave")

    def close(self) -> None:
        self._pool.shutdown(wait=False)

    @contextmanager
    def _asking(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            try:
                yield response
            finally:
                response.close()


class Watched(Watching):
    """A watch with a page, and a browser that looks at it after the first round, whose cards are there."""

    def __init__(self, project: Builder, *arguments: str, **env: str) -> None:
        super().__init__(project, "--serve", *arguments, **env)
        self.until_said("token=")
        found = re.search(r"http://\S+", self.err)
        assert found is not None
        self.browser = Browser(found[0])

    def close(self) -> None:
        self.browser.close()
        super().close()


@contextmanager
def watched(project: Builder, *arguments: str, **env: str) -> Iterator[Watched]:
    """The same for as long as the block runs; it ends well by Ctrl-C."""
    watch = Watched(project, *arguments, **env)
    try:
        yield watch
        if watch.process.poll() is None:
            assert watch.end() == 130, watch.err
    finally:
        watch.close()
