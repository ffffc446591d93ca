"""The Images API over HTTP: an order becomes a request, its answer a file of the note, and that file pictures.

Unaware of the graph, of keys and budgets.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from assetforge import atomic
from assetforge.config import is_loopback, origin_of
from assetforge.errors import Problem, UsageError
from assetforge.providers.access import Access, endpoint
from assetforge.providers.delivery import SIMULATED, deliver
from assetforge.providers.links import Links
from assetforge.providers.receipt import REQUEST_IDS
from assetforge.providers.request import content_of
from assetforge.providers.retry import (
    Pace,
    Tries,
    Verdict,
    after_wait,
    asked_wait,
    classify,
    giving_up,
    next_wait,
    one_line,
)
from assetforge.providers.spec import UNWRITTEN, Asking, CallFailed, Delivery, Note, Order, ProviderTable, Retry
from assetforge.providers.veil import Veil
from assetforge.providers.wire import CONNECT_SECONDS, direct, headers_of, proxied, spool
from assetforge.words import seconds

MAX_BODY = 512 << 20
ROOM = "room"
PART = "body.part"
_SMALL = 64 << 10

_HERE_SECONDS = 0.5
_KEPT_HEADERS = (*REQUEST_IDS, "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms", SIMULATED)
_AGAIN = "build again to ask once more"


class ImagesApi:
    """A provider of the kind `images-api`, for one build."""

    kind = "images-api"

    def __init__(self, name: str, table: ProviderTable, access: Access, pace: Pace | None = None) -> None:
        self.name = name
        self.concurrency = table.concurrency
        self.max_n_per_request = table.max_n_per_request
        self._table = table
        self._access = access
        self._veil = Veil(access.key)
        self._pace = pace or Pace()
        self._client: httpx.AsyncClient | None = None
        self._links = Links(access.base_url, table.timeout_seconds, self._pace)
        self._urls, self._problem = self._find_urls()

    def _find_urls(self) -> tuple[Mapping[str, str], Problem | None]:
        """Where each operation is asked for, and what is missing. The client's own reading of a URL is checked, since
        it is what is connected to."""
        if self._access.problem:
            return {}, self._access.problem
        paths = {"generate": self._table.generations_path, "edit": self._table.edits_path}
        try:
            urls = {name: endpoint(self._access, path, self._table.query) for name, path in paths.items()}
            strays = [url for url in urls.values() if origin_of(str(httpx.URL(url))) != self._access.origin]
        except UsageError as error:
            return {}, error.problems[0]
        return urls, Problem(f"`{strays[0]}` leads away from `{self._access.origin}`") if strays else None

    def ready(self) -> Problem | None:
        """What a call would lack: trust in the origin that its URL has, or the key it is trusted with."""
        return self._problem

    async def submit(self, order: Order, note: Note, asking: Asking) -> None:
        """Asks, as often as is surely free, and leaves the answer's body in the note. Raises CallFailed.

        Facts put into the note: `status`, `headers`, `truncated` where the body ended early, and `doubtful`,
        how many earlier tries may have been billed though they failed.
        """
        if self._problem:
            raise CallFailed("stop", self._problem.message, self._problem.hint)
        content = content_of(order)
        tries = Tries()
        while True:
            verdict, asked = await self._ask(self._urls[order.operation], content, note, asking)
            if verdict is None:
                return
            wait = next_wait(tries, verdict, asked=asked, chance=self._pace.chance())
            if wait is None:
                raise giving_up(tries, verdict)
            tries = after_wait(tries, verdict, wait)
            if verdict.doubtful:
                note.add(doubtful=tries.doubtful)
            asking.again(Retry(verdict.message, wait, verdict.crowded, verdict.doubtful))
            await asking.wait(wait, self._pace.sleep)

    async def _ask(
        self, url: str, content: dict[str, Any], note: Note, asking: Asking
    ) -> tuple[Verdict | None, float | None]:
        """One try: None where the answer is in the note, else what failed, and the wait it asks for."""
        within = self._table.timeout_seconds
        try:
            client = self._open_client()
        except (ValueError, ImportError):
            return Verdict(
                "stop", "the environment's proxy can't be used", "check `HTTPS_PROXY` and `ALL_PROXY`"
            ), None
        request = client.build_request("POST", url, headers=headers_of(self._access, self._table), **content)
        await asking.admit()
        try:
            async with asyncio.timeout(within):
                response = await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            # A server on this machine is there at once, or not at all.
            return self._unreachable(error), _HERE_SECONDS if is_loopback(self._access.origin) else None
        except (httpx.TimeoutException, TimeoutError):
            return Verdict("maybe_billed", f"no answer within {seconds(within)}", _AGAIN), None
        except httpx.RequestError:
            return Verdict("maybe_billed", "the connection was lost before an answer came", _AGAIN), None
        try:
            asked = asked_wait(response.headers, self._pace.now())
            if response.is_success:
                with asking.arriving():
                    return await self._spool(response, note), asked
            if response.is_redirect:
                return self._redirected(response), None
            return await self._read_refusal(response), asked
        finally:
            await response.aclose()

    def _open_client(self) -> httpx.AsyncClient:
        """Proxies are the user's own setting; but plain http, which is this machine only, is spoken directly."""
        if self._client is None:
            make = direct if self._access.origin.startswith("http:") else proxied
            self._client = make(self._table.timeout_seconds)
        return self._client

    def _unreachable(self, error: httpx.RequestError) -> Verdict:
        """Nothing was sent. It passes, but where it doesn't, all other calls would only wait for the same."""
        origin = self._access.origin
        if "CERTIFICATE" in str(error):
            hint = "set SSL_CERT_FILE if your network has a certificate of its own"
            return Verdict("stop", f"the certificate of `{origin}` is not valid", hint)
        hint = "check that it is there, and `HTTPS_PROXY` where your network needs a proxy"
        if is_loopback(origin):
            hint = "start the server, or check `base_url`"
        elif isinstance(error, httpx.ProxyError):
            hint = "check `HTTPS_PROXY`, and what your proxy lets through"
        told = f"`{origin}` can't be reached: {self._veil.words(one_line(error)) or 'no answer'}"
        return Verdict("passing", told, hint, crowded=True, last="stop")

    def _redirected(self, response: httpx.Response) -> Verdict:
        """The key would go along, so the user has to say that it may. A path could have anything in it."""
        reason = str(response.status_code)
        try:
            target = origin_of(urljoin(str(response.request.url), response.headers.get("location", "")))
        except (UsageError, ValueError):
            return Verdict("stop", f"{reason}: the provider redirects", "check `base_url` and `model`", reason=reason)
        told = f"{reason}: the provider redirects to `{self._veil.words(target)}`"
        return Verdict("stop", told, "set `base_url` to where it leads", reason=reason)

    async def _read_refusal(self, response: httpx.Response) -> Verdict:
        raw = b""
        # What came of the body is enough: at worst the status alone tells the class.
        with contextlib.suppress(httpx.RequestError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > _SMALL:
                        break
        kind = str(response.headers.get("content-type", "")).partition(";")[0].strip()
        return classify(response.status_code, _read_json(raw), kind, veil=self._veil.words)

    async def _spool(self, response: httpx.Response, note: Note) -> Verdict | None:
        """The body to the disk, as far as it came; an error under a status of success is told as an error. Raises
        CallFailed where there is no room for it."""
        part = note.folder / PART
        try:
            with contextlib.suppress(FileNotFoundError):
                os.replace(note.folder / ROOM, part)
            # Each piece goes to the system at once: whoever kills this process leaves what came.
            with part.open("r+b" if part.exists() else "wb") as file:
                within = self._table.timeout_seconds
                whole = await spool(response, file, limit=MAX_BODY, within=within, veil=self._veil)
        except OSError as error:
            told = f"the answer could not be written: {error.strerror}"
            raise CallFailed("maybe_billed", told, "make room, and build again", reason=UNWRITTEN) from None
        verdict = self._find_hidden_error(part) if whole else None
        if verdict is not None:
            part.unlink()
            return verdict
        heard = response.headers
        kept = {name: self._veil.words(one_line(heard[name])) for name in _KEPT_HEADERS if name in heard}
        facts = {"status": response.status_code, "headers": kept, **({} if whole else {"truncated": True})}
        await asyncio.to_thread(_keep, note, part, facts)
        return None

    def _find_hidden_error(self, part: Path) -> Verdict | None:
        """An error under a status of success, where its code says that nothing was billed."""
        body = _read_json(part.read_bytes()) if part.stat().st_size <= _SMALL else None
        if not body or body.get("data") or _has_usage(body):
            return None
        verdict = classify(200, body, veil=self._veil.words)
        return None if verdict.category == "maybe_billed" else verdict

    async def collect(self, note: Note) -> Delivery:
        """The images of the note's answer, cut off or not, and what is wrong with the others. Raises CallFailed
        where it has none."""
        body = note.body if note.body.exists() else note.folder / PART
        if not body.exists():
            raise CallFailed("maybe_billed", "no answer was received", _AGAIN)
        return await deliver(note, body, self._links, self._veil)

    async def close(self) -> None:
        """Lets go of connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        await self._links.close()


def _has_usage(body: Mapping[str, Any]) -> bool:
    """Whether anything was made, as far as the answer knows; gateways invent zeros."""
    usage = body.get("usage")
    return isinstance(usage, dict) and any(isinstance(number, int) and number > 0 for number in usage.values())


def _read_json(raw: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _keep(note: Note, part: Path, facts: Mapping[str, Any]) -> None:
    """The answer's facts first, then its body: who finds the body finds all of it."""
    note.add(**facts)
    part.replace(note.body)
    atomic.flush_folder(str(note.body.parent))
