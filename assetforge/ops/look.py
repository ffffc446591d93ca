"""What a page can show before a picture is there: its dominant colour, and a tiny picture of it.

From the decoded pixels on all is integer arithmetic, and the tiny picture is a PNG that is not compressed: neither
depends on the version of a library. Unaware of files and stores.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence

from assetforge.model import Look, Size
from assetforge.ops.decode import open_picture
from assetforge.ops.pillow import Image

# A picture is looked at in so many pixels a side, for the sake of speed.
SIDE = 32
# So many pixels a side has a placeholder at most, and so many in all by its channels: about 300 characters.
TINY_SIDE = 8
TINY_PIXELS = {3: 40, 4: 30}
NOTHING_SEEN = "#ffffff"

# Red, green and blue, each times alpha, and alpha.
Seen = tuple[int, int, int, int]
# Pixels along a side, each with how much of it.
Span = list[tuple[int, int]]


def look(data: bytes, name: str) -> Look:
    """The look of an encoded picture: its dominant colour, by how much of it is seen, and a placeholder of at most
    8 pixels a side, transparent where the picture is. Raises OpFailed, with the name, for what is no picture."""
    return look_of(open_picture(data, name))


def look_of(image: Image.Image) -> Look:
    """The look of a decoded picture in RGB or RGBA."""
    small = _reduced(image)
    is_opaque = small.mode == "RGB"
    pixels = [(*pixel, 255) for pixel in _pixels(small)] if is_opaque else list(_pixels(small))
    weighted: list[Seen] = [(red * 255, green * 255, blue * 255, alpha) for red, green, blue, alpha in pixels]
    channels = 3 if is_opaque else 4
    tiny = _tiny_size(Size(*image.size), TINY_PIXELS[channels])
    lines = _lines(weighted, Size(*small.size), tiny)
    encoded = _png(tiny, [b"".join(bytes(pixel[:channels]) for pixel in line) for line in lines], channels)
    return Look(_dominant(weighted), "data:image/png;base64," + base64.b64encode(encoded).decode())


def _reduced(image: Image.Image) -> Image.Image:
    """At most 32 pixels a side, each the mean of those it stands for; what is not seen counts for nothing. Not
    transparent any more where nothing shines through."""
    if image.mode == "RGBA":
        image = image.convert("RGBa")
    factor = (-(-image.width // SIDE), -(-image.height // SIDE))
    small = image if factor == (1, 1) else image.reduce(factor)
    if small.mode == "RGBa" and small.getchannel("a").getextrema() == (255, 255):
        return small.convert("RGBA").convert("RGB")
    return small


def _pixels(image: Image.Image) -> Iterator[tuple[int, ...]]:
    """Every pixel's channels, row by row."""
    return zip(*(channel.tobytes() for channel in image.split()), strict=True)


def _dominant(pixels: Sequence[Seen]) -> str:
    """The mean of the heaviest group of like colours. Groups overlap: each is a cube of 32 steps a side, and they are
    16 apart, so that no colour is divided by standing on an edge."""
    cells: dict[Seen, list[int]] = {}
    for red, green, blue, alpha in pixels:
        if alpha:
            place = (red // alpha >> 4, green // alpha >> 4, blue // alpha >> 4, 0)
            total = cells.setdefault(place, [0, 0, 0, 0])
            total[0] += red
            total[1] += green
            total[2] += blue
            total[3] += alpha
    if not cells:
        return NOTHING_SEEN
    groups: dict[Seen, list[int]] = {}
    for (red, green, blue, _), total in cells.items():
        for corner in range(8):
            place = (red - (corner >> 2), green - (corner >> 1 & 1), blue - (corner & 1), 0)
            group = groups.setdefault(place, [0, 0, 0, 0])
            for part in range(4):
                group[part] += total[part]
    _, (red, green, blue, alpha) = min(groups.items(), key=lambda item: (-item[1][3], item[0]))
    return "#" + "".join(f"{_divided(part, alpha):02x}" for part in (red, green, blue))


def _divided(part: int, by: int) -> int:
    """Rounded, and a channel's at most: a premultiplied colour may be a little more than its alpha."""
    return min(255, (2 * part + by) // (2 * by)) if by else 0


# --- the tiny picture -----------------------------------------------------------------------------------------


def _lines(pixels: Sequence[Seen], size: Size, tiny: Size) -> list[list[tuple[int, int, int, int]]]:
    """A picture of some size in fewer pixels, or as many: colours and alpha, line by line."""
    columns, rows = _spans(size.width, tiny.width), _spans(size.height, tiny.height)
    return [[_mean(pixels, size, column, row) for column in columns] for row in rows]


def _tiny_size(size: Size, most: int) -> Size:
    """The largest of the picture's shape, at most 8 a side and `most` pixels."""
    long, short = max(size), min(size)
    for side in range(min(TINY_SIDE, long), 0, -1):
        other = max(1, (2 * side * short + long) // (2 * long))
        if side * other <= most:
            break
    return Size(side, other) if size.width >= size.height else Size(other, side)


def _spans(length: int, parts: int) -> list[Span]:
    """For each of some parts of a side the pixels it covers, each with how much of it, in `parts`ths of a pixel."""
    spans = []
    for part in range(parts):
        start, end = part * length, (part + 1) * length
        first, last = start // parts, -(-end // parts)
        covered = [(pixel, min(end, (pixel + 1) * parts) - max(start, pixel * parts)) for pixel in range(first, last)]
        spans.append(covered)
    return spans


def _mean(pixels: Sequence[Seen], size: Size, column: Span, row: Span) -> tuple[int, int, int, int]:
    """What all that one tiny pixel covers looks like together."""
    red = green = blue = alpha = area = 0
    for top, height in row:
        for left, width in column:
            weight = width * height
            seen = pixels[top * size.width + left]
            red += seen[0] * weight
            green += seen[1] * weight
            blue += seen[2] * weight
            alpha += seen[3] * weight
            area += weight
    return _divided(red, alpha), _divided(green, alpha), _divided(blue, alpha), _divided(alpha, area)


def _png(size: Size, lines: Sequence[bytes], channels: int) -> bytes:
    """An uncompressed PNG (PNG 3rd edition, section 5; RFC 1950; RFC 1951, 3.2.4)."""
    raw = b"".join(b"\0" + line for line in lines)
    stored = b"\x78\x01" + struct.pack("<BHH", 1, len(raw), len(raw) ^ 0xFFFF) + raw
    header = struct.pack(">IIBBBBB", size.width, size.height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", stored + struct.pack(">I", zlib.adler32(raw))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
