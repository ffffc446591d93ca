"""Fetches the pictures that an answer links to, without the key; free to ask again, since they are paid for.

Unaware of calls and answers. A link is a stranger's word: it may lead over http(s) only, and into no private
network but the provider's own.
"""

import asyncio
import ipaddress
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from assetforge.errors import UsageError
from assetforge.providers import access as origins
from assetforge.providers.retry import Pace, one_line
from assetforge.providers.veil import Veil
from assetforge.providers.wire import direct, proxied, spool
from assetforge.words import byte_size

MAX_PICTURE = 128 << 20
# As often, and as long, as for a call that was surely not billed: the picture is paid for.
_TRIES = 6
# What is not there, or not here, is looked for less often.
_FEW = 3
_LONGEST = 60.0
_REDIRECTS = 3
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_WORDS = 200
_NO_KEY = Veil("")


class LinkFailed(Exception):  # noqa: N818 - told as a fault of an answer
    """A picture that can't be fetched, with the reason. What is `passing` may be fetched later."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


class Links:
    """The links of one provider's answers, for one build. `seconds` is the most that one picture may take."""

    def __init__(self, base_url: str, seconds: float, pace: Pace) -> None:
        self._base_url = base_url
        self._seconds = seconds
        self._pace = pace
        self._clients: dict[Callable[[float], httpx.AsyncClient], httpx.AsyncClient] = {}

    async def fetch(self, url: str, image: Path) -> None:
        """Writes a picture to `image`, which appears whole or not at all. Raises LinkFailed."""
        told, most, passing = "", _TRIES, False
        for attempt in range(_TRIES):
            if attempt >= most:
                break
            if attempt:
                await self._pace.sleep(min(_LONGEST, 2.0**attempt) * (1 - self._pace.chance() / 2))
            try:
                return await self._fetch_once(url, image, attempt)
            except UsageError as error:
                raise LinkFailed(_cut(str(error))) from None
            except (ValueError, httpx.InvalidURL):
                raise LinkFailed(f"`{_cut(url)}` is not a URL") from None
            except httpx.HTTPStatusError as error:
                told = f"status {error.response.status_code}"
                passing = error.response.status_code in _PASSING
                most = _TRIES if passing else _FEW
            except (httpx.HTTPError, OSError, ImportError) as error:
                told, passing = _cut(str(error)) or type(error).__name__, True
                most = _FEW if self._leads_here(url) else _TRIES
        raise LinkFailed(told, passing=passing)

    def _leads_here(self, url: str) -> bool:
        """Whether a link leads to this machine, where nothing has to be waited for."""
        host = httpx.URL(urljoin(self._base_url + "/", url)).host
        return any(ipaddress.ip_address(address).is_loopback for address in origins.address_in(host))

    async def _fetch_once(self, url: str, image: Path, attempt: int) -> None:
        target = httpx.URL(urljoin(self._base_url + "/", url))
        for _ in range(_REDIRECTS):
            make, asked = await self._way(target, attempt)
            async with self._client(make).stream("GET", **asked) as response:
                if response.has_redirect_location:
                    target = target.join(response.headers["location"])
                    continue
                response.raise_for_status()
                await self._keep(response, image)
                return
        raise LinkFailed("it leads on too often")

    async def _keep(self, response: httpx.Response, image: Path) -> None:
        part = image.with_name(image.name + ".part")
        with part.open("wb") as file:
            whole = await spool(response, file, limit=MAX_PICTURE, within=self._seconds, veil=_NO_KEY)
        if not whole:
            part.unlink()
            raise httpx.ReadError(f"it ended early, or is over {byte_size(MAX_PICTURE)}")
        part.replace(image)

    async def _way(
        self, target: httpx.URL, attempt: int
    ) -> tuple[Callable[[float], httpx.AsyncClient], dict[str, Any]]:
        """A request to the very address that was checked; the environment's proxy checks for itself."""
        host, port = origins.host_and_port(str(target))
        proxies = urllib.request.getproxies()
        if (target.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(host):
            if not origins.is_fetchable(origins.address_in(host), ()):
                raise LinkFailed(f"`{host}` is in a private network")
            return proxied, {"url": target}
        own_host, own_port = origins.host_and_port(self._base_url)
        found = await asyncio.to_thread(origins.addresses_of, host, port)
        own = await asyncio.to_thread(origins.addresses_of, own_host, own_port)
        if not origins.is_fetchable(found, own):
            raise LinkFailed(f"`{host}` is in a private network")
        return direct, {
            "url": target.copy_with(host=found[attempt % len(found)]),
            "headers": {"Host": target.netloc.decode("ascii")},
            "extensions": {"sni_hostname": host},
        }

    def _client(self, make: Callable[[float], httpx.AsyncClient]) -> httpx.AsyncClient:
        if make not in self._clients:
            self._clients[make] = make(self._seconds)
        return self._clients[make]

    async def close(self) -> None:
        """Lets go of connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


def _cut(words: str) -> str:
    return one_line(words)[:_MAX_WORDS]
