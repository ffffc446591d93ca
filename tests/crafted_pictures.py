"""Picture files made by hand, sound and hostile ones: what encoders would never write, and what they rarely do."""

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from PIL import Image


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """A file by Pillow itself."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png(
    size: tuple[int, int], *extra: bytes, kind: tuple[int, int] = (8, 2), rows: bytes = b"", after: bytes = b""
) -> bytes:
    """A PNG of any size, bits and colour type, with the rows given (each with its filter byte), black ones else, and
    more chunks before and after its pixels."""
    bits, color = kind
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    rows = rows or bytes(1 + (size[0] * bits * channels + 7) // 8) * size[1]
    return png_of((*size, bits, color, 0), [*extra, chunk(b"IDAT", zlib.compress(rows)), after])


def png_of(head: tuple[int, int, int, int, int], parts: Iterable[bytes]) -> bytes:
    """A PNG of these chunks; its head says width, height, bits, colour type and whether it is interlaced."""
    width, height, bits, color, interlaced = head
    start = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, color, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + start + b"".join(parts) + chunk(b"IEND", b"")


def adam7(image: Image.Image) -> bytes:
    """An interlaced PNG of an RGB picture (PNG, 8.2)."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    pixels, rows = image.load(), b""
    assert pixels is not None
    for left, top, across, down in passes:
        for y in range(top, image.height, down):
            row = b"".join(bytes(pixels[x, y]) for x in range(left, image.width, across))  # type: ignore[arg-type]
            rows += b"\0" + row if row else b""
    return png_of((*image.size, 8, 2, 1), [chunk(b"IDAT", zlib.compress(rows))])


def segment(code: int, data: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, code)) + struct.pack(">H", len(data) + 2) + data


def jpeg(width: int = 8, height: int = 8, extra: bytes = b"") -> bytes:
    """A JPEG that says any size, with more segments at its beginning."""
    data = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data[:2]) + extra + bytes(data[2:])


def passes(side: int, scans: int) -> bytes:
    """A grey progressive JPEG whose every scan after the first goes over all pixels, and says that nothing is to be
    done in runs of 32,767 blocks, two bytes each."""
    table = b"\x01" + bytes(15)
    head = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    head += segment(0xC4, b"\0" + table + b"\0") + segment(0xC4, b"\x10" + table + b"\xe0")
    blocks = (-(-side // 8)) ** 2
    bits = ("0" + "1" * 14) * -(-blocks // 32_767)
    bits += "1" * (-len(bits) % 8)
    nothing = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(-(-blocks // 8))
    return b"\xff\xd8" + head + first + (segment(0xDA, b"\1\1\0\1\x3f\0") + nothing) * scans + b"\xff\xd9"


def gif(screen: int, frame: int) -> bytes:
    """A GIF whose frame may be larger than its screen."""
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    one = b"," + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x02\x44\x01\x00"
    return head + one + b";"


def moving(frames: int, extra: bytes = b"") -> bytes:
    """A sound GIF of so many frames, each like the first, and more blocks before it."""
    data = saved(Image.new("L", (8, 8)), "GIF")
    at = data.index(b",\0\0\0\0\x08\0\x08\0")
    return data[:at] + extra + data[at:-1] * frames + b";"


def riff(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A WebP of these chunks (RFC 9649, 2.3)."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<L", len(data)) + data + b"\0" * (len(data) % 2) for name, data in parts
    )
    return b"RIFF" + struct.pack("<L", len(body)) + body


def webp(width: int, height: int, frames: int = 1, extra: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """A WebP that moves, with a canvas of any size around small frames, and more chunks (RFC 9649, 2.7)."""
    still = saved(Image.new("RGB", (8, 8)), "WEBP", lossless=True)[12:]
    small = struct.pack("<L", 7)[:3] * 2 + struct.pack("<L", 1)[:3] + b"\0"
    canvas = struct.pack("<L", 2) + struct.pack("<L", width - 1)[:3] + struct.pack("<L", height - 1)[:3]
    head = [(b"VP8X", canvas), (b"ANIM", struct.pack("<LH", 0, 0))]
    return riff([*head, *[(b"ANMF", bytes(6) + small + still)] * frames, *extra])
