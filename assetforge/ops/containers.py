"""How much a picture's file holds, and in how many parts: told by its outer structure, before anything in it is
unpacked; unaware of what the parts mean.

Nobody's picture has hundreds of thousands of parts or tens of megabytes beside its pixels; who sends one wants a
decoder to work for minutes. What isn't well formed is passed over here: the decoder says it better.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from typing import BinaryIO

from assetforge.model import Size
from assetforge.ops.spec import MAX_PIXELS, OpFailed

MEGABYTE = 1 << 20
# A hundred megapixels of RGBA that nothing could compress, and some more.
MAX_BYTES = 512 * MEGABYTE
# Only PNG and WebP can say more, and decoders take rows of millions of pixels badly.
MAX_SIDE = 100_000
# EXIF, XMP, profiles, thumbnails, content credentials: all that stands beside the pixels.
MAX_BESIDE = 32 * MEGABYTE
# Chunks, blocks, segments, frames. A PNG of 512 MB in the usual pieces of 8 KB has 65,536.
MAX_PARTS = 300_000
# Each pass of a progressive JPEG goes over all pixels, however few bytes it has; encoders write about ten.
MAX_SCANS = 100

PNG_PIXELS = frozenset({b"IDAT", b"fdAT"})
WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
_PIECE = 1 << 14
# A marker, but the restarts within a scan (ITU-T T.81, B.1.1.2).
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
JPEG_SCAN, JPEG_END = 0xDA, 0xD9


def check_container(kind: str, file: BinaryIO, name: str) -> None:
    """Raises OpFailed, with the name, for a file that would cost more to read than a picture may."""
    size = file.seek(0, 2)
    if size > MAX_BYTES:
        raise OpFailed(f"`{name}` has {_megabytes(size)}, more than the {MAX_BYTES // MEGABYTE} that are read")
    beside = 0
    for parts, length in enumerate(WALKS[kind](file, size), 1):
        beside += length
        if beside > MAX_BESIDE:
            raise OpFailed(f"`{name}` has more than {_megabytes(MAX_BESIDE)} beside its pixels")
        if parts > MAX_PARTS:
            raise OpFailed(f"`{name}` has more than {MAX_PARTS:,} parts")
    if kind == "jpeg" and _scans(file) > MAX_SCANS:
        raise OpFailed(f"`{name}` is drawn in more than {MAX_SCANS} passes")
    file.seek(0)


def check_size(size: Size, name: str) -> None:
    """Raises OpFailed, with the name, for a picture that is larger than is read."""
    pixels = size.width * size.height
    if pixels > MAX_PIXELS:
        told = f"{pixels / 1_000_000:,.0f} megapixels"
        raise OpFailed(f"`{name}` has {told}, more than the {MAX_PIXELS // 1_000_000} that are read")
    if max(size) > MAX_SIDE:
        raise OpFailed(f"`{name}` is {size}, and no side may be over {MAX_SIDE:,}")


def webp_size(head: bytes) -> Size:
    """The size that a WebP says that its canvas has, nothing where it doesn't say (RFC 9649, 2.5 to 2.7). Its decoder
    takes the memory for it before anybody can ask."""
    kind, data = head[12:16], head[20:30]
    if kind == b"VP8X" and len(data) == 10:
        return Size(1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little"))
    if kind == b"VP8L" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and len(data) == 10:
        across, down = struct.unpack("<HH", data[6:])
        return Size(across & 0x3FFF, down & 0x3FFF)
    return Size(0, 0)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.0f} MB"


# --- walks: for each part how many of its bytes are no pixels -------------------------------------------------


def _png(file: BinaryIO, size: int) -> Iterator[int]:
    """The chunks (PNG, 5.3)."""
    at = 8
    while at + 8 <= size:
        file.seek(at)
        length, name = struct.unpack(">L4s", file.read(8))
        if name == b"IEND":
            return
        yield 0 if name in PNG_PIXELS else min(length, size)
        at += 12 + length


def _riff(file: BinaryIO, size: int) -> Iterator[int]:
    """The chunks of a WebP (RFC 9649, 2.3)."""
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sL", file.read(8))
        yield 0 if name in WEBP_PIXELS else min(length, size)
        at += 8 + length + length % 2


def _boxes(file: BinaryIO, size: int) -> Iterator[int]:
    """The outer boxes of an AVIF (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, name = struct.unpack(">L4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        length = max(length, 8) if length else size - at
        yield 0 if name == b"mdat" else min(length, size)
        at += length


def _blocks(file: BinaryIO, _: int) -> Iterator[int]:
    """What stands in a GIF before its first picture (GIF89a, 15 to 26); no more is read of it."""
    file.seek(10)
    flags = (file.read(1) or b"\0")[0]
    file.seek(13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
    data = file.read(MAX_BESIDE + 1)
    at = 0
    while at < len(data) and data[at] not in b",;":
        if data[at] != 0x21:
            yield 1
            at += 1
            continue
        at += 2
        while at < len(data) and data[at]:
            yield data[at] + 1
            at += data[at] + 1
        yield 3
        at += 1


def _segments(file: BinaryIO, size: int) -> Iterator[int]:
    """The segments of a JPEG before its first scan, and what stands between them."""
    at = 2
    while at < size:
        code, end = _next_marker(file, at)
        # A decoder takes each byte that belongs to no segment by itself.
        yield from repeat(1, end - at - 2)
        if code in (0, JPEG_SCAN, JPEG_END):
            return
        following = end + _segment_length(file, code, end)
        yield following - end
        at = following


def _one(_: BinaryIO, size: int) -> Iterator[int]:
    """An icon: all of it is read at once."""
    yield size


WALKS: Mapping[str, Callable[[BinaryIO, int], Iterator[int]]] = {
    "png": _png,
    "jpeg": _segments,
    "webp": _riff,
    "avif": _boxes,
    "gif": _blocks,
    "ico": _one,
    "icns": _one,
}


def _scans(file: BinaryIO) -> int:
    """How many scans a JPEG has; not counted on where there are too many."""
    found, at = 0, 2
    while found <= MAX_SCANS:
        code, end = _next_marker(file, at)
        if code in (0, JPEG_END):
            break
        found += code == JPEG_SCAN
        at = end + _segment_length(file, code, end)
    return found


def _next_marker(file: BinaryIO, at: int) -> tuple[int, int]:
    """The next marker's code, 0 where there is none, and where it ends."""
    file.seek(at)
    while len(piece := file.read(_PIECE)) > 1:
        found = JPEG_MARKER.search(piece)
        if found:
            return piece[found.end() - 1], at + found.end()
        # A marker may begin with the piece's last byte.
        at += len(piece) - (piece[-1] == 0xFF)
        file.seek(at)
    return 0, at + len(piece)


def _segment_length(file: BinaryIO, code: int, at: int) -> int:
    """How long a segment is behind its marker. Codes below 0xC0 have none: decoders go on right behind them."""
    if code < 0xC0 or code == 0xD8:
        return 0
    file.seek(at)
    return max(2, int.from_bytes(file.read(2), "big"))
