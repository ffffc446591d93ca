"""A small server of one page for tests: it sends the events that a test wants, and keeps what is posted."""

import http.server
import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

from tests.browser.gallery_pages import Gallery

TYPES = {".png": "image/png", ".webp": "image/webp", ".html": "text/html; charset=utf-8"}
STOP: tuple[str, Mapping[str, Any]] = ("", {})


@dataclass
class LiveSite:
    """Serves a gallery on a free port with an open stream of events. `answer` is what each post is told, `stranger`
    says that the page is of another server."""

    gallery: Gallery
    answer: dict[str, Any] = field(default_factory=lambda: {"ok": True, "lines": [], "errors": []})
    status: int = 200
    stranger: bool = False
    posts: "queue.Queue[tuple[str, dict[str, str], Any]]" = field(default_factory=queue.Queue)
    events: "queue.Queue[tuple[str, Mapping[str, Any]]]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def send(self, name: str, **data: Any) -> None:
        """Tells the page of an event."""
        self.events.put((name, data))

    def posted(self) -> tuple[str, dict[str, str], Any]:
        """The next post: its path, its headers in lower case, and its JSON."""
        return self.posts.get(timeout=10)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.events.put(STOP)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | TYPES

    def __init__(self, site: LiveSite, *args: Any) -> None:
        self._site = site
        super().__init__(*args, directory=str(site.gallery.folder))

    def do_GET(self) -> None:
        if self.path != "/events":
            super().do_GET()
            return
        if self._site.stranger:
            self.send_error(403)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while (event := self._site.events.get()) != STOP:
            self.wfile.write(f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n".encode())
            self.wfile.flush()

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self._site.posts.put(
            (self.path, {key.lower(): value for key, value in self.headers.items()}, json.loads(data))
        )
        body = json.dumps(self._site.answer).encode()
        self.send_response(self._site.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self._site.gallery.rendered.policy)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *told: Any) -> None:
        """Says nothing: a test that fails tells what it asked for."""
