"""What the server answers: the page, its pictures, its events, and what its buttons do; unaware of sockets.

Who may ask is the door's matter, what is shown the board's, what a button does the desk's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assetforge.errors import AssetforgeError, told_of_machine
from assetforge.live import bodies, pictures
from assetforge.live.answer import Answer, refused
from assetforge.live.board import Board
from assetforge.live.door import UNKNOWN, Door, Refusal, Welcome, knock_of
from assetforge.live.feed import stream

MOST_BODY = 64 * 1024
BROKEN = "something went wrong in assetforge itself: the terminal tells of it"
# Of every answer, unless it says something else.
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_PLAIN = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'


class Rendered(Protocol):
    """A page, and the Content-Security-Policy that it needs."""

    @property
    def html(self) -> str: ...
    @property
    def policy(self) -> str: ...


class Desk(Protocol):
    """What buttons do. Each answers when it is done. AssetforgeError is told on the page; all else is a fault."""

    async def pick(self, step: str, number: int) -> Answer: ...
    async def reroll(self, step: str) -> Answer: ...
    async def accept(self, name: str) -> Answer: ...
    async def approve(self, name: str, prices: Mapping[str, float]) -> Answer: ...
    async def again(self) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Served:
    """What a server is made of. `render` makes a page of its data, in a thread. `fault` is told of errors that nobody
    expected."""

    board: Board
    render: Callable[[Mapping[str, Any]], Rendered]
    fault: Callable[[Exception], None]
    desk: Desk


class LiveApp:
    """The ASGI application."""

    def __init__(self, served: Served, door: Door) -> None:
        self._served = served
        self._door = door
        self._inside = Router(self._routes(), redirect_slashes=False)

    def end(self) -> None:
        """Ends all streams of events."""
        self._served.board.feed.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = _Sending(send)
        verdict = self._door.judge(knock_of(scope["method"], scope["path"], scope["query_string"], scope["headers"]))
        if isinstance(verdict, Refusal):
            await _refusal(verdict, scope)(scope, receive, sending)
        elif isinstance(verdict, Welcome):
            await _welcome(verdict)(scope, receive, sending)
        else:
            await self._answer(scope, receive, sending)

    async def _answer(self, scope: Scope, receive: Receive, sending: "_Sending") -> None:
        try:
            await self._inside(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:
            self._served.fault(error)
            if not sending.began:
                answer = JSONResponse(asdict(refused(BROKEN)), 500) if _is_write(scope) else _plain(BROKEN, 500)
                await answer(scope, receive, sending)

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Route("/", self._page, methods=["GET"]),
            Route("/pictures/{name}", self._picture, methods=["GET"]),
            Route("/events", _Streaming(self._served.board)),
        ]
        return routes + self._writes()

    # --- reading ---

    async def _page(self, _: Request) -> Response:
        page = await asyncio.to_thread(self._served.render, self._served.board.page())
        response = HTMLResponse(page.html, headers={"Content-Security-Policy": page.policy})
        # A second policy holds beside the first; in the page's own `<meta>` this directive would count for nothing.
        response.headers.append("Content-Security-Policy", "frame-ancestors 'none'")
        return response

    async def _picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self._served.board.picture(name)
        data = None if path is None else await asyncio.to_thread(pictures.read, path, name)
        if data is None:
            return _plain("there is no such picture", 404)
        return Response(data, headers=pictures.headers(name))

    # --- writing ---

    def _writes(self) -> list[BaseRoute]:
        desk = self._served.desk
        writes = [
            self._write("pick", bodies.pick, desk.pick),
            self._write("reroll", bodies.reroll, desk.reroll),
            self._write("accept", bodies.accept, desk.accept),
            self._write("again", bodies.again, desk.again),
        ]
        if self._served.board.live.can_spend:
            writes.append(self._write("approve", bodies.approve, desk.approve))
        return writes

    def _write(
        self,
        name: str,
        read: Callable[[Mapping[str, Any]], tuple[Any, ...]],
        act: Callable[..., Awaitable[Answer]],
    ) -> BaseRoute:
        async def endpoint(request: Request) -> Response:
            teller = self._served.board.teller
            try:
                answer = await act(*read(bodies.parsed(await _body(request))))
            except bodies.Malformed as error:
                return JSONResponse(asdict(refused(error.reason)), error.status)
            except AssetforgeError as error:
                answer = Answer(False, errors=teller.problems(error.problems))
            except OSError as error:
                answer = refused(teller.line(told_of_machine(error)))
            lines = [teller.line(line) for line in answer.lines]
            return JSONResponse({"ok": answer.ok, "lines": lines, "errors": answer.errors})

        return Route(f"/do/{name}", endpoint, methods=["POST"])


class _Streaming:
    """The events. A class, since starlette gives it the connection itself."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method != "GET":
            await _plain("there is nothing here", 404)(scope, receive, send)
            return
        seen = request.headers.get("last-event-id") or request.query_params.get("since", "")
        feed = self._board.feed
        with feed.listening(self._board.opening(seen)) as listener:
            await stream(listener, feed.silence, receive, send)


class _Sending:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = True
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            rest = ((name.encode("ascii"), value.encode("ascii")) for name, value in HEADERS.items())
            message = {**message, "headers": given + [pair for pair in rest if pair[0] not in names]}
        await self._send(message)


async def _body(request: Request) -> bytes:
    """The body of a write. Raises Malformed."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise bodies.Malformed("the body's type is not `application/json`")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BODY:
            raise bodies.Malformed(f"the body has more than {MOST_BODY:,} bytes", 413)
    return bytes(data)


def _refusal(refusal: Refusal, scope: Scope) -> ASGIApp:
    if _is_write(scope):
        return JSONResponse(asdict(refused(refusal.reason)), refusal.status)
    if refusal is UNKNOWN and scope["path"] == "/":
        return HTMLResponse(f"{_PLAIN}<title>assetforge</title><p>{refusal.reason}</p></html>", refusal.status)
    return _plain(refusal.reason, refusal.status)


def _welcome(welcome: Welcome) -> ASGIApp:
    if not welcome.anew:
        response: Response = RedirectResponse("/", 303)
    else:
        refresh = '<meta http-equiv="refresh" content="0; url=/">'
        link = '<p><a href="/">open the page</a></p>'
        response = HTMLResponse(f"{_PLAIN}{refresh}<title>assetforge</title>{link}</html>")
    response.headers["Set-Cookie"] = welcome.cookie
    return response


def _plain(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status)


def _is_write(scope: Scope) -> bool:
    return bool(scope["method"] == "POST")
