"""An Images API that does nothing but answer: every picture is the same noise with a number of its own.

It speaks just enough HTTP, and encodes a picture once, so that what is measured is the client.

    with Answering(size="1024x1024", latency=0.2) as server: ...
"""

import asyncio
import base64
import multiprocessing
import os
import struct
import zlib
from io import BytesIO
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from PIL import Image

HEAD = b'{"created": 1790000000, "data": [{"b64_json": "'
TAIL = b'"}], "usage": {"input_tokens": 10, "output_tokens": 1000, "input_tokens_details": {"text_tokens": 10}}}'


class Answering:
    """The server, in a process of its own. `latency` is in seconds."""

    def __init__(self, *, size: str, latency: float) -> None:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        work = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, size, latency), daemon=True)
        self._process, self._pipe = work, ours
        self.picture_bytes = 0
        self.url = ""

    def __enter__(self) -> Self:
        self._process.start()
        port, self.picture_bytes = self._pipe.recv()
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()


def _noise(size: str) -> bytes:
    """A PNG that nothing can compress, without its last chunk."""
    width, _, height = size.partition("x")
    wide, high = int(width), int(height)
    image = Image.frombytes("RGB", (wide, high), os.urandom(wide * high * 3))
    spooled = BytesIO()
    image.save(spooled, "PNG", compress_level=0)
    return spooled.getvalue()[:-12]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _serve(pipe: Connection, size: str, latency: float) -> None:
    noise = _noise(size)
    cut = len(noise) - len(noise) % 3
    start, rest = base64.b64encode(noise[:cut]), noise[cut:]
    served = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        await asyncio.sleep(latency)
        served += 1
        own = rest + _chunk(b"tEXt", b"n\0" + str(served).encode()) + _chunk(b"IEND", b"")
        body = (HEAD, start, base64.b64encode(own), TAIL)
        size = sum(map(len, body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size)
        for part in body:
            view = memoryview(part)
            for at in range(0, len(part), 1 << 18):
                writer.write(view[at : at + (1 << 18)])
                await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        pipe.send((server.sockets[0].getsockname()[1], len(noise)))
        await server.serve_forever()

    asyncio.run(run())
