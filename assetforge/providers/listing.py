"""The models that a provider lists, asked for once and for free; unaware of what they are wanted for."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import httpx

from assetforge.config import is_loopback
from assetforge.errors import UsageError
from assetforge.providers.access import Access, endpoint
from assetforge.providers.retry import one_line
from assetforge.providers.spec import ProviderTable
from assetforge.providers.veil import Veil
from assetforge.providers.wire import direct, headers_of, proxied

PATH = "/models"
SECONDS = 10.0
MAX_BODY = 1 << 20
_NO_LIST = (404, 405, 501)
_ELSEWHERE = "check `base_url`, which may lack a /v1, and `query`"


class ListingFailed(Exception):  # noqa: N818 - told as a finding
    """No list, and why. `harmless`: the provider has none, which says nothing of its key."""

    def __init__(self, message: str, hint: str | None = None, *, harmless: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.harmless = harmless


async def ask_models(access: Access, table: ProviderTable) -> Mapping[str, str | None]:
    """The models by name, with the ISO date on which each is shut down, None where that is not said.

    One GET to the trusted origin, with the key; redirects are not followed. Raises ListingFailed.
    """
    if access.problem is not None:
        raise ListingFailed(access.problem.message, access.problem.hint)
    veil = Veil(access.key)
    try:
        url = endpoint(access, PATH, table.query)
        make = direct if access.origin.startswith("http:") else proxied
        async with asyncio.timeout(SECONDS):
            body = await _get(url, headers_of(access, table), make=make)
    except UsageError as error:
        raise ListingFailed(error.problems[0].message, error.problems[0].hint) from None
    except TimeoutError:
        raise ListingFailed(f"`{access.origin}` gave no answer within {SECONDS:g} s") from None
    except (httpx.HTTPError, ValueError, ImportError) as error:
        told = veil.words(one_line(error)) or "no answer"
        hint = "is the server running?" if is_loopback(access.origin) else "check `HTTPS_PROXY`"
        raise ListingFailed(f"`{access.origin}` can't be reached: {told}", hint) from None
    return _read(body)


async def _get(url: str, headers: httpx.Headers, *, make: Callable[[float], httpx.AsyncClient]) -> bytes:
    """The body of a success. Raises ListingFailed, TimeoutError, httpx.HTTPError, ValueError and ImportError."""
    body = b""
    async with make(SECONDS) as client, client.stream("GET", url, headers=headers) as response:
        status = response.status_code
        if response.is_redirect:
            raise ListingFailed(f"{status}: the provider redirects", "check `base_url`")
        if status in (401, 403):
            raise ListingFailed(f"{status}: the key is refused", "set the variable to a key that is good there")
        if status in _NO_LIST:
            raise ListingFailed(f"{status}: the provider lists no models", _ELSEWHERE, harmless=True)
        if not response.is_success:
            raise ListingFailed(f"{status}: the provider gave no list of models", "try again later")
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_BODY:
                raise ListingFailed("the list of models is over 1 MB", harmless=True)
    return body


def _read(body: bytes) -> Mapping[str, str | None]:
    try:
        listed = json.loads(body)["data"]
        return {str(one["id"]): _day(one.get("shutdown_date")) for one in listed}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ListingFailed("the answer is no list of models", harmless=True) from None


def _day(told: Any) -> str | None:
    """A date in ISO 8601, with or without a time, or in seconds; None for anything else."""
    try:
        if isinstance(told, str):
            return date.fromisoformat(told[:10]).isoformat()
        return datetime.fromtimestamp(told, UTC).date().isoformat()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
