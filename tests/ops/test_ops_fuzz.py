"""Laws of reading files that nobody meant to write: each is a picture or is refused by its name, and nothing else.

Seeds come from encoders; what hypothesis does to them is what happens to files: bits flip, ends and middles are lost,
pieces are written twice, swapped, or come from another file.
"""

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from assetforge.ops.decode import measure, open_picture, read_header
from assetforge.ops.icons import ICNS_TYPES, icns, ico
from assetforge.ops.spec import OpFailed
from tests.crafted_pictures import adam7, chunk, jpeg, passes, png, png_of, saved, segment, webp
from tests.ops.ops_pictures import drawn

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
OTHER = PROFILE.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")
EXIF = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
SMALL, MOVING = drawn(23, 17), [drawn(23, 17, "RGBA", seed) for seed in range(3)]

SEEDS: dict[str, tuple[bytes, ...]] = {
    "png": (
        saved(SMALL, "PNG", icc_profile=OTHER, exif=EXIF, dpi=(72, 72)),
        saved(drawn(23, 17, "LA"), "PNG", icc_profile=OTHER),
        saved(SMALL.quantize(9), "PNG", transparency=bytes((0, 128, 255))),
        saved(MOVING[0], "PNG", save_all=True, append_images=MOVING[1:]),
        png((9, 5), chunk(b"tRNS", b"\0\1\0\2\0\3"), kind=(16, 2)),
        png((9, 5), chunk(b"tRNS", b"\0\1"), kind=(16, 0)),
        png((9, 5), chunk(b"zTXt", b"a\0\0" + zlib.compress(b"words")), chunk(b"iTXt", b"b\0\1\0\0\0" + XMP)),
        png_of((9, 5, 1, 0, 0), [chunk(b"IDAT", zlib.compress(bytes(15)))]),
        adam7(SMALL),
    ),
    "jpeg": (
        saved(SMALL, "JPEG", icc_profile=OTHER, exif=EXIF, comment=b"words"),
        saved(SMALL, "JPEG", progressive=True, xmp=XMP),
        saved(drawn(23, 17, "L"), "JPEG", restart_marker_blocks=1),
        saved(drawn(23, 17, "RGBA").convert("CMYK"), "JPEG", icc_profile=OTHER),
        jpeg(64, 64, segment(0xED, b"Photoshop 3.0\0" + b"8BIM\3\xed\0\0\0\0\0\x10" + bytes(16))),
        passes(40, 3),
    ),
    "webp": (
        saved(SMALL, "WEBP", quality=50, icc_profile=OTHER, exif=EXIF, xmp=XMP),
        saved(MOVING[0], "WEBP", quality=50),
        saved(MOVING[0], "WEBP", lossless=True),
        saved(MOVING[0], "WEBP", save_all=True, append_images=MOVING[1:]),
        webp(16, 16, frames=3),
    ),
    "avif": (
        saved(SMALL, "AVIF", speed=10, icc_profile=OTHER, exif=EXIF, xmp=XMP),
        saved(MOVING[0], "AVIF", speed=10),
        saved(MOVING[0], "AVIF", speed=10, save_all=True, append_images=MOVING[1:]),
    ),
    "gif": (
        saved(SMALL.quantize(9), "GIF", transparency=3, comment=b"words"),
        saved(SMALL.quantize(9), "GIF", interlace=1),
        saved(MOVING[0], "GIF", save_all=True, append_images=MOVING[1:], disposal=2, loop=0),
    ),
    "ico": (ico(drawn(300, 280, "RGBA"), (16, 24, 256)), ico(drawn(40, 40), (16, 32))),
    "icns": (icns(drawn(70, 70, "RGBA"), tuple(ICNS_TYPES)), icns(drawn(40, 40), (16, 32))),
}


# --- parts --------------------------------------------------------------------------------------------------


def png_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """A PNG's beginning and its chunks."""
    parts, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">L", data, at)
        parts.append(data[at : at + 12 + length])
        at += 12 + length
    return data[:8], parts


def jpeg_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """A JPEG's beginning and its segments; a scan is one with all that follows it."""
    parts, at = [], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        parts.append(data[at:end])
        at = end
    return data[:2], [*parts, data[at:]]


def riff_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """A WebP's beginning and its chunks."""
    parts, at = [], 12
    while at < len(data):
        (length,) = struct.unpack_from("<L", data, at + 4)
        end = at + 8 + length + length % 2
        parts.append(data[at:end])
        at = end
    return data[:12], parts


def box_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """An AVIF's outer boxes."""
    parts, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">L", data, at)
        parts.append(data[at : at + length])
        at += length
    return b"", parts


PARTS: dict[str, Callable[[bytes], tuple[bytes, list[bytes]]]] = {
    "png": png_parts,
    "jpeg": jpeg_parts,
    "webp": riff_parts,
    "avif": box_parts,
}


# --- what happens to files ------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> bytes:
    """A seed to which a few things have happened."""
    data = bytearray(draw(st.sampled_from(SEEDS[kind])))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["bit", "byte", "number", "end", "middle", "twice", "noise"])):
            case "bit" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "byte" if data:
                data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
            case "number":
                data[at : at + 4] = draw(st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"]))
            case "end":
                del data[at:]
            case "middle":
                del data[at : at + draw(st.integers(1, 64))]
            case "twice":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case _:
                data[at:at] = draw(st.binary(max_size=16))
    return bytes(data)


@st.composite
def reordered(draw: st.DrawFn, kind: str) -> bytes:
    """Parts of two seeds in any order, some of them changed inside, each with the length and checksum it needs."""
    first, second = (draw(st.sampled_from(SEEDS[kind])) for _ in range(2))
    head, parts = PARTS[kind](first)
    others = PARTS[kind](second)[1]
    order = draw(st.lists(st.sampled_from([*parts, *others]), max_size=3))
    for part in order:
        parts.insert(draw(st.integers(0, len(parts))), part)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(parts) - 1))
        parts[at] = changed(kind, parts[at], draw(st.integers(0, 1 << 16)), draw(st.binary(min_size=1, max_size=4)))
    if draw(st.booleans()):
        del parts[draw(st.integers(0, len(parts) - 1))]
    body = b"".join(parts)
    # Where a WebP says that it ends earlier, the rest would not be looked at.
    return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body if kind == "webp" else head + body


def changed(kind: str, part: bytes, at: int, new: bytes) -> bytes:
    """A part with other content that is as long; a PNG's with the checksum of it."""
    if len(part) <= 12:
        return part
    at = 8 + at % (len(part) - 12)
    whole = (part[:at] + new + part[at + len(new) :])[: len(part)]
    return chunk(whole[4:8], whole[8:-4]) if kind == "png" else whole


def sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """The size of a picture by each way of reading it that doesn't refuse it."""
    readers: Sequence[Callable[[], tuple[int, int]]] = (
        lambda: read_header(BytesIO(data), "art/x")[1],
        lambda: measure(data, "art/x").size,
        lambda: open_picture(data, "art/x").size,
    )
    for reader in readers:
        try:
            yield reader()
        except OpFailed as refused:
            if "`art/x`" not in str(refused):
                raise


def check(data: bytes) -> None:
    """Nothing but OpFailed may come of a file, no warning either, and whoever reads it sees a picture of one size."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(set(sizes(data))) <= 1


@pytest.mark.parametrize("kind", SEEDS)
def test_seeds_are_pictures(kind: str) -> None:
    for data in SEEDS[kind]:
        assert len(list(sizes(data))) == 3


@pytest.mark.parametrize("kind", SEEDS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    check(data.draw(damaged(kind)))


@pytest.mark.parametrize("kind", PARTS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_file_of_other_parts_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    check(data.draw(reordered(kind)))


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif", "gif", "ico", "icns"])
@given(data=st.data())
def test_every_end_may_be_missing(kind: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[kind]))
    check(seed[: data.draw(st.integers(0, len(seed)))])
