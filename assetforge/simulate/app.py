"""The API itself: each request is read, judged, limited, made to fail or drawn, billed and answered.

Unaware of sockets and threads. What was asked and answered is in `calls`, and told as each call ends.
"""

import asyncio
import hashlib
import itertools
import json
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from assetforge.simulate import contract
from assetforge.simulate.answer import SIMULATED, Answer, Streamed, filled, hole, json_answer, text_of
from assetforge.simulate.billing import cost, usage
from assetforge.simulate.call import Call, Document, Refused, read_request
from assetforge.simulate.drawing import Drawing, Pieces, Wanted, rehearsed
from assetforge.simulate.faults import ANOTHER, NONE, Fault, Fetched
from assetforge.simulate.limits import Limits
from assetforge.simulate.log import told
from assetforge.simulate.models import MODELS, Model
from assetforge.simulate.places import Listing, Place, check_host, check_key, place_of
from assetforge.simulate.script import Script

KEY = "simulated"
CREATED = 1_790_000_000
# Links to pictures die: only the newest can be fetched.
MOST_LINKS = 256
FIRST_SERIALS = 1_000_000


def nobody(call: Call, row: Document) -> None:
    """Listens to no call."""


@dataclass
class Setup:
    """What a server is to be like. `latency` (seconds) delays each answer; `serial` counts from there, so that two
    servers draw different pictures; `mark` are headers of every answer; `tell` gets each call, and its
    row, before it is answered."""

    key: str = KEY
    latency: float = 0.0
    draw: Drawing = rehearsed
    limits: Limits = field(default_factory=Limits)
    script: Script = field(default_factory=Script)
    mark: Mapping[str, str] = field(default_factory=SIMULATED.copy)
    serial: int = field(default_factory=lambda: random.randrange(FIRST_SERIALS))  # noqa: S311
    tell: Callable[[Call, Document], None] = nobody


@dataclass
class Link:
    """A picture to be fetched, and how its requests are answered, the last way for good."""

    picture: Pieces
    kind: str
    ways: Sequence[Fetched]
    asked: int = 0

    def next(self) -> Fetched:
        """How the next request is answered."""
        self.asked += 1
        return self.ways[min(self.asked, len(self.ways)) - 1] if self.ways else "whole"


class ImagesApi:
    """The ASGI application.

    `calls` logs every request for pictures in the order of arrival, `rows` tells them in the order of their answers.
    `together` is the most that were under way at once. `fetched` has the headers of each request for a picture's URL.
    `total_cost` is in US dollars, of all but the `unpriced` calls, whose price nobody knows.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.calls: list[Call] = []
        self.fetched: list[Mapping[str, str]] = []
        self.together = 0
        self.rows: list[Document] = []
        self.total_cost = 0.0
        self.unpriced = 0
        self._under_way = 0
        self._serials = itertools.count(setup.serial + 1)
        self._links: OrderedDict[str, Link] = OrderedDict()
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            check_host(request.headers)
            if request.method == "GET" and request.url.path in self._links:
                await self._fetch(self._links[request.url.path], request, send)
            elif request.method == "GET" and request.url.path == "/calls":
                await reply(json_answer(200, self._told()), send, self.setup.mark)
            else:
                place = place_of(request.method, request.url.path, request.query_params)
                if isinstance(place, Place):
                    await self._count(place, request, send)
                else:
                    await reply(self._list(place, request.headers), send, self.setup.mark)
        except Refused as refusal:
            await reply(json_answer(refusal.status, refusal.body), send, self.setup.mark)

    # --- what is not paid for ---

    def _told(self) -> Document:
        return {"calls": self.rows, "under_way": self._under_way, "total_cost": round(self.total_cost, 6)}

    async def _fetch(self, link: Link, request: Request, send: Send) -> None:
        self.fetched.append(dict(request.headers))
        ended = link.next()
        if ended == "missing":
            raise Refused(404, None, "There is no such picture.")
        if ended == "expired":
            raise Refused(403, None, "The link has expired.")
        answer = Answer(200, b"".join(link.picture), content_type=link.kind)
        await reply(answer, send, self.setup.mark, half=ended == "cut")

    def _list(self, listing: Listing, headers: Mapping[str, str]) -> Answer:
        check_key(headers, self.setup.key, azure=listing.azure)
        if listing.model and listing.model not in MODELS:
            raise Refused(404, "model_not_found", f"The model '{listing.model}' does not exist.")
        if listing.model:
            return json_answer(200, MODELS[listing.model].document)
        return json_answer(200, {"object": "list", "data": [model.document for model in MODELS.values()]})

    # --- calls ---

    async def _count(self, place: Place, request: Request, send: Send) -> None:
        call = Call(place.endpoint, headers=dict(request.headers), began=time.monotonic())
        call.time = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self.calls.append(call)
            call.number = len(self.calls)
            self._under_way += 1
            self.together = max(self.together, self._under_way)
        try:
            await self._serve(call, place, request, send)
        finally:
            call.ended = time.monotonic()
            with self._lock:
                self._under_way -= 1
            # Of one that was cut off, by the server's end for one.
            self._tell(call)

    async def _serve(self, call: Call, place: Place, request: Request, send: Send) -> None:
        fault = NONE
        try:
            model = await self._admit(call, place, request)
            fault = self._take_fault(call)
            call.fault = fault.name
            await asyncio.sleep(self.setup.latency + fault.latency)
            answer = None
            if fault.drop != "before":
                answer = await asyncio.to_thread(self._work, call, model, fault)
        except Refused as refusal:
            call.error = refusal.code
            answer = json_answer(refusal.status, refusal.body, refusal.headers)
        if answer is None or fault.drop == "after":
            self._tell(call)
            return await drop(send)
        call.status = answer.status
        self._tell(call)
        own = {"x-request-id": f"req_{call.number:06}", "openai-processing-ms": "12"}
        whole = replace(answer, headers=own | dict(answer.headers))
        return await reply(whole, send, self.setup.mark, half=fault.drop == "within")

    def _tell(self, call: Call) -> None:
        """Whoever has the answer finds the call told of."""
        if call.told:
            return
        call.told = True
        call.let_go()
        self.total_cost += call.cost or 0.0
        self.unpriced += call.cost is None
        self.rows.append(told(call, self.total_cost, time.monotonic() - call.began))
        self.setup.tell(call, self.rows[-1])

    async def _admit(self, call: Call, place: Place, request: Request) -> Model:
        """The model of a request that breaks no rule and no limit. Raises Refused."""
        await read_request(call, request)
        if place.model:
            call.fields.setdefault("model", place.model)
        check_key(request.headers, self.setup.key, azure=place.azure)
        model = contract.check(call)
        exceeded = self.setup.limits.admit(call.n, time.monotonic())
        if exceeded is not None:
            refusal = Refused(429, "rate_limit_exceeded", exceeded.message)
            refusal.headers = exceeded.headers
            raise refusal
        return model

    def _take_fault(self, call: Call) -> Fault:
        with self._lock:
            return self.setup.script.take(call.prompt)

    def _work(self, call: Call, model: Model, fault: Fault) -> Answer:
        """The answer to a call, with what it costs. Raises Refused."""
        pictures: list[Pieces] = []
        if not fault.fails or fault.worked:
            pictures = self._draw(call, fault)
        call.cost = cost(call, model)
        if fault.fails:
            call.error = fault.code or ""
            return Answer(fault.status, fault.sent, content_type=fault.content_type, headers=fault.headers)
        form = picture_format(call, fault)
        linked = fault.links or (model.reseller and call.fields.get("response_format", "url") == "url")
        items: list[Document] = [{"b64_json": hole(at)} for at in range(len(pictures))]
        if linked:
            items = [self._linked(picture, form, fault) for picture in pictures]
        whole = document(call, model, items) | ({"size": fault.size} if fault.size else {})
        held = [] if linked else pictures
        return Answer(200, shaped(whole, held, fault), headers=fault.headers)

    def _draw(self, call: Call, fault: Fault) -> list[Pieces]:
        pictures = []
        wanted = call.n - fault.fewer if fault.images is None else fault.images
        size, form = fault.size or call.size, picture_format(call, fault)
        for candidate in range(1, wanted + 1):
            try:
                picture = self.setup.draw(Wanted(call, next(self._serials), candidate, size, form))
            except ValueError as error:
                raise Refused(400, "invalid_image_file", f"Invalid image file: {error}.", "image") from None
            digest = hashlib.sha256()
            for piece in picture:
                digest.update(piece)
            call.images += (digest.hexdigest(),)
            pictures.append(picture)
        return pictures

    def _linked(self, picture: Pieces, form: str, fault: Fault) -> Document:
        with self._lock:
            path = f"/files/{next(self._serials)}"
            self._links[path] = Link(picture, f"image/{form}", fault.fetched)
            while len(self._links) > MOST_LINKS:
                self._links.popitem(last=False)
        return {"url": path, "revised_prompt": None}


def picture_format(call: Call, fault: Fault) -> str:
    """What is drawn, whatever was asked."""
    if fault.format == ANOTHER:
        return "jpeg" if call.format == "png" else "png"
    return fault.format or call.format


def document(call: Call, model: Model, items: list[Document]) -> Document:
    """A right answer; the reseller promises pictures and no more."""
    if model.reseller:
        return {"created": CREATED, "data": items}
    background = "transparent" if call.fields.get("background") == "transparent" else "opaque"
    quality = model.quality(call.fields.get("quality"))
    told = {"created": CREATED, "data": items, "background": background, "output_format": call.format}
    return told | {"quality": quality, "size": call.size, "usage": usage(call, model)}


def shaped(whole: Document, pictures: list[Pieces], fault: Fault) -> bytes | Streamed:
    """A document as it is sent: made while it is, but where a fault has to see all of it."""
    if fault.reshape is None:
        return filled(whole, pictures)
    for item, picture in zip(whole["data"], pictures, strict=False):
        item["b64_json"] = text_of(picture)
    changed = fault.reshape(whole)
    return changed if isinstance(changed, bytes) else json.dumps(changed).encode()


async def reply(answer: Answer, send: Send, mark: Mapping[str, str], *, half: bool = False) -> None:
    """Sends an answer, or its first half before the connection is lost. `mark` are headers of every answer."""
    head = {"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers(mark)}
    await send(head)
    left = len(answer.body) // 2 if half else len(answer.body)
    for piece in answer.pieces():
        await send({"type": "http.response.body", "body": piece[:left], "more_body": True})
        left -= min(left, len(piece))
        if not left:
            break
    if half:
        return await drop(send, flushed=True)
    return await send({"type": "http.response.body", "body": b""})


async def drop(send: Send, *, flushed: bool = False) -> None:
    """Closes the connection as a dying server would; what was `flushed` still arrives."""
    transport = send.__self__.transport  # type: ignore[attr-defined] # uvicorn's own request cycle
    transport.close() if flushed else transport.abort()
    await asyncio.sleep(0.01)
