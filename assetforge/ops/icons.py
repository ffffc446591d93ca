"""Icon files, which hold one picture in several sizes: Windows' ICO and Apple's ICNS; unaware of where they go.

ICO as Microsoft describes it (https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)): 32-bit bitmaps,
and PNG at 256 pixels only, as Windows' own icons are: there are readers that know no PNG in the small ones. ICNS as
Apple's `iconutil` writes it since macOS 10.7, but for the smallest, which are in the older form that every reader
knows (https://en.wikipedia.org/wiki/Apple_Icon_Image_format).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import BinaryIO

from assetforge.model import Size
from assetforge.ops.frames import inside, place, whole
from assetforge.ops.geometry import resample
from assetforge.ops.pillow import Image, PngImagePlugin
from assetforge.ops.spec import OpFailed
from assetforge.ops.writing import written

ICO_MAGIC = b"\0\0\1\0"
ICNS_MAGIC = b"icns"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"

ICO_LARGEST = 256
# The types of each size in pixels: RGB and its mask in the older form, then PNG, of which some are for screens of
# double density.
ICNS_TYPES: Mapping[int, tuple[bytes, ...]] = {
    16: (b"is32", b"s8mk"),
    32: (b"il32", b"l8mk", b"ic11"),
    64: (b"ic12",),
    128: (b"ic07",),
    256: (b"ic08", b"ic13"),
    512: (b"ic09", b"ic14"),
    1024: (b"ic10",),
}
SIZES: Mapping[str, tuple[int, ...]] = {"ico": (16, 32, 48), "icns": tuple(ICNS_TYPES)}

ENTRY = struct.Struct("<BBBBHHII")
BITMAP = struct.Struct("<IiiHHIIiiII")
BLOCK = struct.Struct(">4sI")


def fitting(sizes: Sequence[int], size: Size) -> tuple[int, ...]:
    """The sizes of an icon that a picture fills without being scaled up. Raises OpFailed where it fills none."""
    found = tuple(side for side in sizes if side <= max(size))
    if not found:
        raise OpFailed(f"the picture is {size}, smaller than every size of the icon: nothing is scaled up")
    return found


def squares(image: Image.Image, sizes: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    """The picture in RGBA at each size it fills, each scaled from the whole of it, in the middle of a transparent
    square. Raises OpFailed where it fills none."""
    size = Size(*image.size)
    for side in fitting(sizes, size):
        square = Size(side, side)
        inner = inside(size, square)
        scaled = resample(image, inner, whole(size)).convert("RGBA")
        canvas = Image.new("RGBA", square)
        # Where nothing is seen there is no colour either: a reader that knows no alpha would show it.
        canvas.paste(
            scaled, place(inner, square, "center"), scaled.getchannel("A").point(lambda alpha: alpha and 255)
        )
        yield side, canvas


# --- ico ------------------------------------------------------------------------------------------------------


def ico(image: Image.Image, sizes: Sequence[int]) -> bytes:
    """A Windows icon. Raises OpFailed where the picture is smaller than every size."""
    pictures = [
        (side, written(square, "PNG", compress_level=9) if side == ICO_LARGEST else _bitmap(square))
        for side, square in squares(image, sizes)
    ]
    head, body = ICO_MAGIC + struct.pack("<H", len(pictures)), b""
    start = len(head) + ENTRY.size * len(pictures)
    for side, data in pictures:
        head += ENTRY.pack(side % ICO_LARGEST, side % ICO_LARGEST, 0, 0, 1, 32, len(data), start + len(body))
        body += data
    return head + body


def _bitmap(square: Image.Image) -> bytes:
    """A bitmap with alpha, and the mask that readers of old look at: set where nothing is seen."""
    side = square.width
    mask = Image.new("1", (-(-side // 32) * 32, side))
    mask.paste(square.getchannel("A").point(lambda alpha: 0 if alpha else 255).convert("1"), (0, 0))
    pixels = square.tobytes("raw", "BGRA", 0, -1) + mask.tobytes("raw", "1", 0, -1)
    return BITMAP.pack(BITMAP.size, side, 2 * side, 1, 32, 0, len(pixels), 0, 0, 0, 0) + pixels


def open_ico(file: BinaryIO, _name: str) -> Image.Image:
    """The largest picture of an icon, not decoded yet. Raises OSError for one that is neither PNG nor 32 bits."""
    data = file.read()
    count = int.from_bytes(data[4:6], "little")
    entries = [ENTRY.unpack_from(data, 6 + ENTRY.size * number) for number in range(count)]
    if not entries:
        raise OSError("the icon is empty")
    width, height, _, _, _, _, length, start = max(
        entries, key=lambda entry: ((entry[0] or ICO_LARGEST) * (entry[1] or ICO_LARGEST), entry[5])
    )
    picture = data[start : start + length]
    if picture.startswith(PNG_MAGIC):
        return _png(picture)
    size = Size(width or ICO_LARGEST, height or ICO_LARGEST)
    header, across, down, _, bits, packing = BITMAP.unpack_from(picture)[:6]
    area = 4 * size.width * size.height
    if (header, across, down, bits, packing) != (BITMAP.size, size.width, 2 * size.height, 32, 0):
        raise OSError("the icon's largest picture is neither PNG nor of 32 bits")
    if len(picture) < BITMAP.size + area:
        raise OSError("image file is truncated")
    return Image.frombytes("RGBA", size, picture[BITMAP.size : BITMAP.size + area], "raw", "BGRA", 0, -1)


# --- icns -----------------------------------------------------------------------------------------------------


def icns(image: Image.Image, sizes: Sequence[int]) -> bytes:
    """An icon of macOS. Raises OpFailed where the picture is smaller than every size."""
    blocks: list[tuple[bytes, bytes]] = []
    for side, square in squares(image, sizes):
        types = ICNS_TYPES[side]
        if types[0][1:] in (b"s32", b"l32"):
            bands = [band.tobytes() for band in square.split()]
            blocks += [(types[0], _packed(bands[:3])), (types[1], bands[3])]
            types = types[2:]
        data = written(square, "PNG", compress_level=9) if types else b""
        blocks += [(name, data) for name in types]
    body = b"".join(BLOCK.pack(name, BLOCK.size + len(data)) + data for name, data in blocks)
    return BLOCK.pack(ICNS_MAGIC, BLOCK.size + len(body)) + body


def _packed(bands: Sequence[bytes]) -> bytes:
    """Channel by channel: a byte up to 127 and one more bytes than it says, or one from 128 on and a byte that is
    repeated 125 times less than it says."""
    packed = b"".join(b"".join(_runs(band, 3)) for band in bands)
    # As long as it would be unpacked, readers take it for that: then nothing is said to be repeated.
    plain = sum(map(len, bands))
    return packed if len(packed) != plain else b"".join(b"".join(_runs(band, len(band) + 1)) for band in bands)


def _runs(band: bytes, least: int) -> Iterator[bytes]:
    """A channel in pieces; bytes that follow each other at least `least` times are one."""
    literal = at = 0
    while at < len(band):
        end = at + 1
        while end < len(band) and end - at < 130 and band[end] == band[at]:
            end += 1
        if end - at >= least:
            yield from _literals(band[literal:at])
            yield bytes((end - at + 125, band[at]))
            literal = end
        at = end
    yield from _literals(band[literal:])


def _literals(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 128):
        piece = data[start : start + 128]
        yield bytes((len(piece) - 1,)) + piece


def _unpacked(data: bytes, length: int) -> bytes:
    found = bytearray()
    at = 0
    while len(found) < length:
        head = data[at]
        found += data[at + 1 : at + 2 + head] if head < 128 else data[at + 1 : at + 2] * (head - 125)
        at += 2 + head if head < 128 else 2
    return bytes(found[:length])


def open_icns(file: BinaryIO, _name: str) -> Image.Image:
    """The largest picture of an icon, not decoded yet. Raises OSError for one in a form that is not written here."""
    data = file.read()
    blocks = dict(_blocks(data))
    for side in sorted(ICNS_TYPES, reverse=True):
        for name in ICNS_TYPES[side]:
            if blocks.get(name, b"").startswith(PNG_MAGIC):
                return _png(blocks[name])
        color, mask = (*ICNS_TYPES[side], b"", b"")[:2]
        if color in blocks and mask in blocks:
            return _old(blocks[color], blocks[mask], side)
    raise OSError("the icon's pictures are neither PNG nor of 32 bits")


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = BLOCK.size
    while at < len(data):
        name, length = BLOCK.unpack_from(data, at)
        if length < BLOCK.size or at + length > len(data):
            raise OSError("image file is truncated")
        yield name, data[at + BLOCK.size : at + length]
        at += length


def _old(color: bytes, mask: bytes, side: int) -> Image.Image:
    area = side * side
    bands = _unpacked(color, 3 * area)
    parts = (bands[:area], bands[area : 2 * area], bands[2 * area :], mask)
    return Image.merge("RGBA", [Image.frombytes("L", (side, side), part) for part in parts])


def _png(data: bytes) -> Image.Image:
    if PNG_END not in data[-64:]:
        raise OSError("image file is truncated")
    return PngImagePlugin.PngImageFile(BytesIO(data), "")


WRITERS: Mapping[str, Callable[[Image.Image, Sequence[int]], bytes]] = {"ico": ico, "icns": icns}
