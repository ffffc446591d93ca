"""The Images API over HTTP: an order becomes a request, its answer a file; the only module that speaks HTTP.

Unaware of the graph, of keys and budgets. A call opens a connection of its own: one that a server closed
while it lay idle would look like a paid call that was lost.
"""

import asyncio
import contextlib
import json
import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from assetforge import atomic
from assetforge.errors import AssetforgeError, Problem
from assetforge.providers import access as origins
from assetforge.providers.access import Access
from assetforge.providers.answer import Answer, read_answer
from assetforge.providers.request import request_of
from assetforge.providers.retry import (
    Pace,
    Tries,
    Verdict,
    after_wait,
    asked_wait,
    classify,
    giving_up,
    next_wait,
)
from assetforge.providers.spec import CallFailed, Delivery, Note, Order, ProviderTable, Retry, Retrying
from assetforge.words import byte_size, seconds

MAX_BODY = 512 << 20
MAX_PICTURE = 128 << 20
_SMALL = 64 << 10
_CONNECT_SECONDS = 10.0
_FETCH_TRIES = 3
_REDIRECTS = 3

_KEPT_HEADERS = (
    "x-request-id",
    "x-api-request-id",
    "x-litellm-call-id",
    "cf-ray",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
)
_AGAIN = "build again to ask once more"


class ImagesApi:
    """A provider of the kind `images-api`, for one build."""

    kind = "images-api"

    def __init__(self, name: str, table: ProviderTable, access: Access, pace: Pace | None = None) -> None:
        self.name = name
        self.concurrency = table.concurrency
        self.max_n_per_request = table.max_n_per_request
        self._seconds = table.timeout_seconds
        self._access = access
        self._pace = pace or Pace()
        self._clients: dict[str, httpx.AsyncClient] = {}

    def ready(self) -> Problem | None:
        """What a call would lack: trust in the origin, or the key it is trusted with."""
        return self._access.problem

    async def submit(self, order: Order, note: Note, retrying: Retrying) -> None:
        """Asks, as often as is surely free, and leaves the answer's body in the note. Raises CallFailed.

        Facts put into the note: `status`, `headers`, `truncated` where the body ended early, and `doubtful`,
        how many earlier tries may have been billed though they failed.
        """
        if self._access.problem:
            raise CallFailed("stop", self._access.problem.message, self._access.problem.hint)
        path, content = request_of(order)
        tries = Tries()
        while True:
            verdict, asked = await self._ask(path, content, note)
            if verdict is None:
                return
            wait = next_wait(tries, verdict, asked=asked, chance=self._pace.chance())
            if wait is None:
                raise giving_up(tries, verdict)
            tries = after_wait(tries, verdict, wait)
            if verdict.doubtful:
                note.add(doubtful=tries.doubtful)
            retrying(Retry(verdict.message, wait, verdict.crowded, verdict.doubtful))
            await self._pace.sleep(wait)

    async def _ask(self, path: str, content: dict[str, Any], note: Note) -> tuple[Verdict | None, float | None]:
        """One try: None where the answer is in the note, else what failed, and the wait it asks for."""
        headers = {"Authorization": f"Bearer {self._access.key}", "Accept": "application/json"}
        url = self._access.base_url + path
        try:
            client = self._client("call")
            request = client.build_request("POST", url, headers=headers, **content)
            async with asyncio.timeout(self._seconds):
                response = await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return self._unreachable(error), None
        except (httpx.TimeoutException, TimeoutError):
            return Verdict("maybe_billed", f"no answer within {seconds(self._seconds)}", _AGAIN), None
        except httpx.RequestError:
            return Verdict("maybe_billed", "the connection was lost before an answer came", _AGAIN), None
        try:
            asked = asked_wait(response.headers, self._pace.now())
            read = self._spool(response, note) if response.is_success else self._read_refusal(response)
            return await read, asked
        finally:
            await response.aclose()

    def _unreachable(self, error: httpx.RequestError) -> Verdict:
        if "CERTIFICATE" in str(error):
            hint = "set SSL_CERT_FILE if your network has a certificate of its own"
            return Verdict("stop", f"the certificate of `{self._access.origin}` is not valid", hint)
        return Verdict("passing", f"`{self._access.origin}` can't be reached: {self._veiled(str(error))}")

    async def _read_refusal(self, response: httpx.Response) -> Verdict:
        raw = b""
        # What came of the body is enough: at worst the status alone tells the class.
        with contextlib.suppress(httpx.RequestError, TimeoutError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > _SMALL:
                        break
        return classify(response.status_code, self._read_json(raw), _media_type(response))

    def _read_json(self, raw: bytes) -> Mapping[str, Any] | None:
        try:
            body = json.loads(self._veiled(raw.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None

    def _veiled(self, words: str) -> str:
        """A stranger's words without the key, which some servers repeat."""
        return words.replace(self._access.key, "[key]") if self._access.key else words

    async def _spool(self, response: httpx.Response, note: Note) -> Verdict | None:
        """The body to the disk, as far as it came; an error under a status of success is told as an error."""
        part = note.folder / "body.part"
        try:
            whole = await _write_body(response, part, limit=MAX_BODY, within=self._seconds)
        except OSError as error:
            told = f"the answer could not be written: {error.strerror}"
            return Verdict("maybe_billed", told, "make room, and build again")
        verdict = self._find_hidden_error(part) if whole else None
        if verdict is not None:
            part.unlink()
            return verdict
        kept = {name: self._veiled(response.headers[name]) for name in _KEPT_HEADERS if name in response.headers}
        note.add(status=response.status_code, headers=kept, **({} if whole else {"truncated": True}))
        part.replace(note.body)
        await asyncio.to_thread(atomic.flush_folder, str(note.body.parent))
        return None

    def _find_hidden_error(self, part: Path) -> Verdict | None:
        """An error under a status of success, where its code says that nothing was billed."""
        body = self._read_json(part.read_bytes()) if part.stat().st_size <= _SMALL else None
        if not body or not body.get("error") or body.get("data"):
            return None
        verdict = classify(200, body)
        return None if verdict.category == "maybe_billed" else verdict

    async def collect(self, note: Note) -> Delivery:
        """The images of the note's answer, cut off or not, and what is wrong with the others. Raises CallFailed
        where it has none."""
        body = note.body if note.body.exists() else note.folder / "body.part"
        if not body.exists():
            raise CallFailed("maybe_billed", "no answer was received", _AGAIN)
        answer = await asyncio.to_thread(read_answer, body, note.folder)
        images = dict(answer.images)
        faults = {place: f"`image-{place}` of the answer is not base64" for place in answer.broken}
        for place, url in answer.urls.items():
            if place not in images:
                try:
                    images[place] = await self._fetch(url, note.folder / f"image-{place}")
                except (OSError, AssetforgeError, httpx.HTTPError, httpx.InvalidURL) as error:
                    lost = self._veiled(str(error)) or type(error).__name__
                    faults[place] = f"`image-{place}`, which the answer links to, could not be fetched: {lost}"
        headers = note.facts.get("headers", {})
        request = next((str(headers[name]) for name in _KEPT_HEADERS[:4] if name in headers), "")
        told = tuple(faults[place] for place in sorted(faults) if place not in images)
        delivery = Delivery(tuple(images[place] for place in sorted(images)), answer.usage, request, told)
        if not images:
            raise _nothing(answer, delivery)
        return delivery

    async def _fetch(self, url: str, image: Path) -> Path:
        """A picture that the answer links to, without the key; free to ask again, since it is paid for."""
        for _ in range(_FETCH_TRIES - 1):
            try:
                return await self._fetch_once(url, image)
            except httpx.HTTPError:
                await self._pace.sleep(1 + self._pace.chance())
        return await self._fetch_once(url, image)

    async def _fetch_once(self, url: str, image: Path) -> Path:
        target = httpx.URL(urljoin(self._access.base_url + "/", url))
        for _ in range(_REDIRECTS):
            name, asked = await self._direct(target)
            async with self._client(name).stream("GET", **asked) as response:
                if response.has_redirect_location:
                    target = target.join(response.headers["location"])
                    continue
                response.raise_for_status()
                if not await _write_body(response, image, limit=MAX_PICTURE, within=self._seconds):
                    raise httpx.ReadError(f"a picture ended early, or is over {byte_size(MAX_PICTURE)}")
                return image
        raise httpx.TooManyRedirects("a picture's link leads on too often")

    async def _direct(self, target: httpx.URL) -> tuple[str, dict[str, Any]]:
        """A request to the very address that was checked; the environment's proxy checks for itself."""
        host, port = origins.host_and_port(str(target))
        proxies = urllib.request.getproxies()
        if (target.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(host):
            if not origins.is_fetchable(origins.address_in(host), ()):
                raise OSError(f"`{host}` is in a private network")
            return "fetch by proxy", {"url": target}
        own_host, own_port = origins.host_and_port(self._access.base_url)
        found = await asyncio.to_thread(origins.addresses_of, host, port)
        own = await asyncio.to_thread(origins.addresses_of, own_host, own_port)
        if not origins.is_fetchable(found, own):
            raise OSError(f"`{host}` is in a private network")
        return "fetch", {
            "url": target.copy_with(host=found[0]),
            "headers": {"Host": target.netloc.decode("ascii")},
            "extensions": {"sni_hostname": host},
        }

    def _client(self, use: str) -> httpx.AsyncClient:
        """A client for one use. Proxies are the user's own setting; but plain http, which is loopback only,
        and an address that was checked, are spoken to directly."""
        if use not in self._clients:
            direct = use == "fetch" or (use == "call" and self._access.origin.startswith("http:"))
            self._clients[use] = httpx.AsyncClient(
                timeout=httpx.Timeout(self._seconds, connect=_CONNECT_SECONDS, pool=None),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                headers={"User-Agent": "assetforge"},
                trust_env=not direct,
                follow_redirects=False,
            )
        return self._clients[use]

    async def close(self) -> None:
        """Lets go of connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


async def _write_body(response: httpx.Response, path: Path, *, limit: int, within: float) -> bool:
    """Streams a body to a file and flushes it; false where it ends early, is too long or takes too long.

    Raises OSError where it can't be written.
    """
    whole, size = True, 0
    with path.open("wb") as file:
        try:
            async with asyncio.timeout(within):
                async for piece in response.aiter_bytes():
                    size += len(piece)
                    if size > limit:
                        whole = False
                        break
                    file.write(piece)
        except (httpx.RequestError, TimeoutError):
            whole = False
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return whole


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip()


def _nothing(answer: Answer, delivery: Delivery) -> CallFailed:
    """Why an answer gave no image. All but a known error may have been billed, and what has usage, or an image that
    can't be read, was."""
    if answer.error is not None:
        verdict = classify(200, answer.error)
        return CallFailed(verdict.category, verdict.message, verdict.hint)
    if delivery.faults:
        told = "; ".join(delivery.faults)
    elif not answer.whole:
        told = "the answer is cut off, or is not JSON"
    else:
        told = "the answer holds no image"
    paid = delivery if delivery.faults or delivery.usage else None
    return CallFailed("maybe_billed", told, _AGAIN, answer=paid)
