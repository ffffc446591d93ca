"""Server-sent events to any number of listeners, none of whom can hold the others up; unaware of what they tell.

The format is that of the HTML standard, "Server-sent events". All of it happens in one event loop.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.types import Receive, Send

# Seconds of silence before a comment, so that both sides find out that the other is gone.
SILENCE = 15.0
# Seconds until a browser asks again.
RETRY = 1.0
# What may wait for a listener who doesn't read. One with more is sent away, and begins anew.
MOST_WAITING = 256
MOST_BYTES = 32 * 1024 * 1024
PING = b": ping\n\n"
HEADERS = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"))


def encoded(event: str, data: Mapping[str, Any], identity: str | None = None) -> bytes:
    """An event as it is sent. JSON in ASCII has no character that could end a line."""
    known = "" if identity is None else f"id: {identity}\n"
    return f"event: {event}\n{known}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")


class Listener:
    """What one listener has not been sent yet. `gone` is set when it waits for too much."""

    def __init__(self, opening: Iterable[bytes]) -> None:
        self.gone = asyncio.Event()
        self._bytes = 0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        for message in opening:
            self._put(message)

    def offer(self, message: bytes) -> None:
        """Adds a message, unless too much is waiting: then the listener is sent away."""
        too_many = self._queue.qsize() >= MOST_WAITING
        if too_many or (self._bytes and self._bytes + len(message) > MOST_BYTES):
            self.gone.set()
        else:
            self._put(message)

    def end(self) -> None:
        """Lets the stream end after what is waiting."""
        self._queue.put_nowait(None)

    async def next(self, silence: float) -> bytes | None:
        """What to send now: a ping after so many seconds of silence, None at the end."""
        try:
            async with asyncio.timeout(silence):
                message = await self._queue.get()
        except TimeoutError:
            return PING
        self._bytes -= len(message or b"")
        return message

    def _put(self, message: bytes) -> None:
        self._bytes += len(message)
        self._queue.put_nowait(message)


class Feed:
    """Who listens. `silence` is in seconds."""

    def __init__(self, silence: float = SILENCE) -> None:
        self.silence = silence
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def publish(self, message: bytes) -> None:
        """Sends a message to everybody who listens now."""
        for listener in self._listeners:
            listener.offer(message)

    @contextmanager
    def listening(self, opening: Iterable[bytes]) -> Iterator[Listener]:
        """A new listener, who is sent `opening` first and misses nothing after it."""
        listener = Listener((f"retry: {RETRY * 1000:.0f}\n\n".encode("ascii"), *opening))
        self._listeners.add(listener)
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Ends all streams, those that begin later too."""
        self._closed = True
        for listener in self._listeners:
            listener.end()


async def stream(listener: Listener, silence: float, receive: Receive, send: Send) -> None:
    """Answers a request with what the listener is sent, until either side has enough."""
    await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
    ends = {
        asyncio.create_task(_send_all(listener, silence, send)),
        asyncio.create_task(_wait_until_left(receive)),
        asyncio.create_task(listener.gone.wait()),
    }
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
    for task in done:
        task.result()


async def _send_all(listener: Listener, silence: float, send: Send) -> None:
    while (message := await listener.next(silence)) is not None:
        await send({"type": "http.response.body", "body": message, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
