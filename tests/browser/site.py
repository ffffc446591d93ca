"""A folder as a web site on this machine, and what a browser is asked about the pages that it opens there."""

import functools
import http.server
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from selenium.webdriver import Chrome

# Nothing but pictures and style sheets of the site itself, and pictures in data URLs.
STRICT = "default-src 'none'; img-src 'self' data:; style-src 'self'"
TYPES = {".avif": "image/avif", ".webp": "image/webp", ".css": "text/css", ".html": "text/html; charset=utf-8"}

# The last argument is what the driver waits for.
ANSWER = """
    const done = arguments[arguments.length - 1];
    (async () => { %s })().then(value => done({ value }), error => done({ error: String(error) }));
"""


@dataclass
class Site:
    """Serves a folder on a free port; each page forbids what `policy`, a Content-Security-Policy, does not allow."""

    folder: Path
    policy: str = STRICT
    # Pictures are answered when this is set: a test may look at a page before.
    pictures: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.pictures.set()
        handler = functools.partial(_Handler, self)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pictures.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | TYPES

    def __init__(self, site: Site, *args: Any) -> None:
        self._site = site
        super().__init__(*args, directory=str(site.folder))

    def do_GET(self) -> None:
        if not self.path.endswith((".html", ".css")):
            self._site.pictures.wait(30)
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self._site.policy)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *told: Any) -> None:
        """Says nothing: a test that fails tells what it asked for."""


@dataclass(frozen=True)
class Window:
    """A browser's window, and what it has seen."""

    driver: Chrome

    def open(self, url: str, *, width: int = 1280, height: int = 800) -> None:
        """Shows a page in a window of that size, of which a CSS pixel is one of the screen. Comes back when the page
        is read, which may be before its pictures are."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(url)

    def ask(self, script: str) -> Any:
        """What the body of an asynchronous function in JavaScript returns."""
        told = self.driver.execute_async_script(ANSWER % script)
        assert "error" not in told, told["error"]
        return told.get("value")

    def see_everything(self) -> None:
        """Scrolls to each picture, and waits until it is there."""
        self.ask("""
            for (const image of document.images) {
                image.scrollIntoView();
                await image.decode();
            }
        """)

    def console(self) -> list[str]:
        """What the console was told since the last question: refusals, failures, errors."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The URLs that were asked for since the last question, but for those that hold their data."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = (event["params"] for event in events if event["method"] == "Network.requestWillBeSent")
        return [told["request"]["url"] for told in sent if not told["request"]["url"].startswith("data:")]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries
