"""A real object store on this machine: moto's S3 server on a socket, with a proxy in front of it that can be slow,
refuse, answer with errors, or be gone, and remembers every request.
"""

import http.client
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

BUCKET = "assets"


@dataclass(frozen=True)
class Request:
    """What was asked on the wire."""

    method: str
    path: str
    headers: dict[str, str]
    status: int


@dataclass
class ObjectStore:
    """The store as a machine sees it. `answer` may give a status in place of what the store would say; `delay` is
    seconds before each answer, `strip` names headers, in lower case, that never reach the store."""

    upstream: int
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[str, str], int | None] = lambda method, path: None
    delay: float = 0.0
    strip: tuple[str, ...] = ()
    folder: str = field(default_factory=lambda: secrets.token_hex(4))
    _server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/{self.folder}"

    @property
    def environ(self) -> dict[str, str]:
        """What the user of this store has in the environment."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "a-user",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-s3",
            "AWS_REGION": "us-east-1",
        }

    def names(self, folder: str = "") -> set[str]:
        """What is stored."""
        import boto3

        client = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.upstream}", region_name="us-east-1",
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.folder}/{folder}")
        return {one["Key"].removeprefix(f"{self.folder}/") for page in pages for one in page.get("Contents", [])}

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A store with nothing in it; the bucket is one for all of a process, as moto keeps it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        made = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
        urllib.request.urlopen(made, timeout=10).close()
        with ObjectStore(port) as store:
            yield store
    finally:
        server.stop()


def _handler(store: ObjectStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called
            """Nobody reads it."""

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(store.delay)
            status = store.answer(self.command, self.path)
            headers: list[tuple[str, str]] = []
            data = b""
            if status is None:
                upstream = http.client.HTTPConnection("127.0.0.1", store.upstream, timeout=30)
                passed = {name: value for name, value in self.headers.items() if name.lower() not in store.strip}
                upstream.request(self.command, self.path, body, passed)
                found = upstream.getresponse()
                status, data = found.status, found.read()
                dropped = ("transfer-encoding", "content-length", "connection")
                headers = [(name, value) for name, value in found.getheaders() if name.lower() not in dropped]
                if self.command == "HEAD":
                    headers.append(("content-length", found.getheader("content-length", "0")))
                upstream.close()
            told = {name.lower(): value for name, value in self.headers.items()}
            store.requests.append(Request(self.command, self.path, told, status))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    for method in ("GET", "PUT", "HEAD", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass)
    return Handler
