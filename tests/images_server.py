"""A real Images API over a socket: strict about the contract, counting calls, and failing on request.

Every image it draws is another one, so that buying twice never goes unseen.

    with ImagesServer() as server:
        server.script(status=429, headers={"retry-after-ms": "1"})
        ...
        assert [call.status for call in server.calls] == [429, 200]
"""

import asyncio
import base64
import hashlib
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import uvicorn
from PIL import Image, ImageDraw
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.images_contract import Call, Document, Refused, check, check_key, read_request, usage

KEY = "sk-test-2f6c1e7ad94b"
KEY_ENV = "OPENAI_API_KEY"


@dataclass(frozen=True)
class Script:
    """What one call is answered with instead of, or besides, what is right; see `ImagesServer.script`."""

    match: str = ""
    status: int = 200
    code: str | None = None
    type: str | None = None
    message: str = "scripted"
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Literal["", "before", "after", "within"] = ""
    latency: float = 0.0
    size: str = ""
    format: str = ""
    images: int | None = None
    links: bool = False
    reshape: Callable[[Document], Document | bytes] | None = None


class ImagesServer:
    """The server, on a free port of this machine, in a thread of its own.

    `calls` logs every request in the order of arrival. `latency` (seconds) delays each answer. `together` is
    the most calls that were under way at once. `fetched` has the headers of each request for a picture.
    """

    def __init__(self, *, key: str = KEY, latency: float = 0.0) -> None:
        self.key = key
        self.latency = latency
        self.calls: list[Call] = []
        self.fetched: list[Mapping[str, str]] = []
        self.together = 0
        self._under_way = 0
        self._drawn = 0
        self._links: dict[str, tuple[bytes, str]] = {}
        self._scripts: list[Script] = []
        self._lock = threading.Lock()
        self._server = _Stoppable(self._answer)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    @property
    def environ(self) -> dict[str, str]:
        """What makes the provider named `openai` speak to this server, and to nothing else."""
        return {KEY_ENV: self.key, "OPENAI_BASE_URL": self.url}

    @property
    def paid(self) -> list[Call]:
        """The calls that drew pictures, delivered or not."""
        return [call for call in self.calls if call.images]

    def script(self, *, times: int = 1, **what: Any) -> None:
        """Queues what the next call gets, or the next whose prompt holds `match`; the fields are `Script`'s.

        A status other than 200 without a `body` gets the error envelope of `code`, `type` and `message`.
        `drop`: "before" the work is done, "after" it (paid, never heard of), "within" the body's second half.
        `size` and `format` draw something else than was asked, `images` another number; `links` answers with
        URLs; `reshape` gets the right answer and gives what is sent.
        """
        with self._lock:
            self._scripts += [Script(**what)] * times

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        endpoint = request.url.path.removeprefix("/v1/images/")
        if request.method == "GET" and request.url.path in self._links:
            self.fetched.append(dict(request.headers))
            data, kind = self._links[request.url.path]
            await Response(data, media_type=kind)(scope, receive, send)
        elif request.method != "POST" or (endpoint != "generations" and endpoint != "edits"):
            refusal = Refused(404, None, f"Invalid URL ({request.method} {request.url.path})")
            await _json(refusal.body, refusal.status)(scope, receive, send)
        else:
            call = Call("generations" if endpoint == "generations" else "edits", headers=dict(request.headers))
            call.began = time.monotonic()
            with self._lock:
                self.calls.append(call)
                self._under_way += 1
                self.together = max(self.together, self._under_way)
            try:
                await self._serve(call, request, send)
            finally:
                call.ended = time.monotonic()
                with self._lock:
                    self._under_way -= 1

    async def _serve(self, call: Call, request: Request, send: Send) -> None:
        try:
            await read_request(call, request)
        except Refused as refusal:
            call.error = refusal.code
            return await self._reply(call, _json(refusal.body, refusal.status), Script(), send)
        script = self._take_script(call)
        await asyncio.sleep(self.latency + script.latency)
        if script.drop == "before":
            return await drop(send)
        if script.status != 200 or script.body is not None:
            call.error = script.code or ""
            return await self._reply(call, scripted(script), script, send)
        try:
            check_key(request.headers.get("authorization", ""), self.key)
            check(call)
        except Refused as refusal:
            call.error = refusal.code
            return await self._reply(call, _json(refusal.body, refusal.status), Script(), send)
        response = await asyncio.to_thread(self._draw, call, script)
        if script.drop == "after":
            return await drop(send)
        return await self._reply(call, response, script, send)

    def _take_script(self, call: Call) -> Script:
        with self._lock:
            found = next((script for script in self._scripts if script.match in call.prompt), None)
            if found is None:
                return Script()
            del self._scripts[next(at for at, script in enumerate(self._scripts) if script is found)]
            return found

    async def _reply(self, call: Call, response: Response, script: Script, send: Send) -> None:
        call.status = response.status_code
        response.headers["x-request-id"] = f"req_{self.calls.index(call) + 1:06}"
        response.headers["openai-processing-ms"] = "12"
        if script.drop != "within":
            return await response({"type": "http"}, _nothing, send)
        head = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
        body = bytes(response.body)
        await send(head)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        return await drop(send, flushed=True)

    def _draw(self, call: Call, script: Script) -> Response:
        form, data = str(call.fields.get("output_format", "png")), []
        size = script.size or str(call.fields.get("size", "auto")).replace("auto", "1024x1024")
        for _ in range(int(call.fields.get("n", 1)) if script.images is None else script.images):
            with self._lock:
                self._drawn += 1
                serial = self._drawn
            picture = draw(serial, size, script.format or form, int(call.fields.get("output_compression", 100)))
            call.images += (hashlib.sha256(picture).hexdigest(),)
            data.append(self._item(serial, picture, script.format or form, links=script.links))
        body: Document = {"created": 1_790_000_000, "data": data, "background": "opaque"}
        body |= {"output_format": form, "quality": call.fields.get("quality", "high"), "size": size}
        body["usage"] = usage(call)
        shaped = script.reshape(body) if script.reshape else body
        reply = Response(shaped, media_type="application/json") if isinstance(shaped, bytes) else _json(shaped, 200)
        reply.headers.update(dict(script.headers))
        return reply

    def _item(self, serial: int, picture: bytes, form: str, *, links: bool) -> Document:
        if not links:
            return {"b64_json": base64.b64encode(picture).decode("ascii")}
        self._links[f"/files/{serial}"] = (picture, f"image/{form}")
        return {"url": f"/files/{serial}", "revised_prompt": None}


class _Stoppable(uvicorn.Server):
    """uvicorn in a thread, without its waits of a tenth of a second at either end."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Any]) -> None:
        options: Document = {"log_config": None, "log_level": "critical", "access_log": False}
        options |= {"lifespan": "off", "ws": "none", "loop": "asyncio", "http": "h11", "interface": "asgi3"}
        options |= {"proxy_headers": False, "date_header": False, "server_header": False}
        config = uvicorn.Config(app, host="127.0.0.1", port=0, **options)
        super().__init__(config)
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self.run, name="images-server", daemon=True)

    async def main_loop(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the images server did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


async def drop(send: Send, *, flushed: bool = False) -> None:
    """Closes the connection as a dying server would; what was `flushed` still arrives."""
    transport = send.__self__.transport  # type: ignore[attr-defined] # uvicorn's own request cycle
    transport.close() if flushed else transport.abort()
    await asyncio.sleep(0.01)


def _json(body: Document, status: int) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


def scripted(script: Script) -> Response:
    """A failure as it was asked for."""
    body = script.body
    if body is None:
        kind = script.type or ("server_error" if script.status >= 500 else "invalid_request_error")
        error = {"message": script.message, "type": kind, "param": None, "code": script.code}
        body = json.dumps({"error": error}).encode()
    return Response(body, script.status, dict(script.headers), script.content_type)


def draw(serial: int, size: str, form: str, quality: int) -> bytes:
    """A picture that no other serial number gives: a ground of its own colour, two shapes and the number."""
    width, _, height = size.partition("x")
    wide, high = int(width), int(height)
    colour = serial * 0x9E3779 % (1 << 24)  # odd, so that no two serials meet
    ground = (colour >> 16, colour >> 8 & 255, colour & 255)
    with Image.new("RGB", (wide, high), ground) as picture:
        pen = ImageDraw.Draw(picture)
        pen.ellipse((wide // 8, high // 8, wide // 2, high // 2), fill=(255 - ground[0], 40, ground[2]))
        pen.rectangle((wide // 2, high // 2, wide * 7 // 8, high * 7 // 8), fill=(ground[1], 255 - ground[0], 90))
        pen.text((wide // 2, high // 4), f"#{serial}", fill="white", font_size=max(12, high // 12))
        spooled = io.BytesIO()
        options: dict[str, Any] = {"compress_level": 1} if form == "png" else {"quality": max(1, quality)}
        picture.save(spooled, form, **options)
    return spooled.getvalue()
