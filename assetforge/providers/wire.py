"""Connections, and bodies that go from them to the disk; unaware of what is asked and of what a body holds.

A request opens a connection of its own: one that a server closed while it lay idle would look like a paid call
that was lost.
"""

import asyncio
from typing import BinaryIO

import httpx

from assetforge import atomic
from assetforge.providers.access import Access
from assetforge.providers.spec import ProviderTable
from assetforge.providers.veil import Veil

CONNECT_SECONDS = 10.0
# Compressed base64 saves a quarter, and costs the memory that a bomb asks for.
_HEADERS = {"User-Agent": "assetforge", "Accept-Encoding": "identity"}
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=0)


def proxied(seconds: float) -> httpx.AsyncClient:
    """A client that goes where the environment's proxies are for. Raises ValueError, ImportError for a proxy that
    can't be used."""
    return httpx.AsyncClient(timeout=_timeout(seconds), limits=_LIMITS, headers=_HEADERS)


def direct(seconds: float) -> httpx.AsyncClient:
    """A client that speaks to addresses as they are given; certificates as the environment has them."""
    verify = httpx.create_ssl_context()
    return httpx.AsyncClient(
        timeout=_timeout(seconds), limits=_LIMITS, headers=_HEADERS, trust_env=False, verify=verify
    )


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds), pool=None)


def headers_of(access: Access, table: ProviderTable) -> httpx.Headers:
    """The headers of a request: the table's, and ours over them, the key among these."""
    headers = httpx.Headers(table.headers)
    headers["Accept"] = "application/json"
    headers.update({"api-key": access.key} if table.auth == "api-key" else {"Authorization": f"Bearer {access.key}"})
    return headers


async def spool(response: httpx.Response, file: BinaryIO, *, limit: int, within: float, veil: Veil) -> bool:
    """Streams a body into a file, and flushes it to the disk; false where it ends early, is over `limit` bytes or
    takes more than `within` seconds. What the file had beyond it is gone. Raises OSError."""
    whole, size, rest = True, 0, b""
    try:
        async with asyncio.timeout(within):
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > limit:
                    whole = False
                    break
                clear, rest = veil.masked(rest, piece)
                file.write(clear)
    except (httpx.RequestError, TimeoutError):
        whole = False
    file.write(rest)
    await asyncio.to_thread(_end, file)
    return whole


def _end(file: BinaryIO) -> None:
    file.truncate()
    atomic.flush(file)
