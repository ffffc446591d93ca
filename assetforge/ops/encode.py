"""From pictures to the bytes of a file: deterministic, and with no metadata but what is given; unaware of paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from assetforge.ops.bands import bands
from assetforge.ops.color import WHITE, flattened
from assetforge.ops.encoding import QUALITY, WITH_EFFORT, Encoding
from assetforge.ops.fitting import fitted
from assetforge.ops.gif import gif
from assetforge.ops.icons import WRITERS
from assetforge.ops.indexed import find_colors, indexed
from assetforge.ops.pillow import Image, PngImagePlugin
from assetforge.ops.provenance import NOTHING, Metadata
from assetforge.ops.spec import OpFailed
from assetforge.ops.writing import bare, written

# The least room that Pillow gives an encoder, in bytes.
ROOM = 65_536

# libwebp, libjpeg and GIF have no larger sides.
LONGEST: Mapping[str, int] = {"jpeg": 65_500, "webp": 16_383, "gif": 65_535}
# What a JPEG's segment holds beside its own head (ITU-T T.81, B.1.1.4; XMP Specification Part 3, 1.1.3).
LONGEST_EXIF, LONGEST_XMP = 65_533, 65_504

# Beyond it a PNG's colours are numbered only where time may be taken: each pixel takes a step of Python.
NUMBERED_PIXELS = 1 << 20
# From this effort on, time may be taken.
PATIENT = 7
LEAST_GREYS = 16

# What makes a file smaller where no quality does.
SMALLER: Mapping[str, str] = {
    "png": "give it a smaller `width`, fewer colours (`quantize`), or the format webp or avif",
    "webp": "give it a smaller `width`, or leave `lossless` out",
    "gif": "give it a smaller `width`, fewer colours (`quantize`), or the format webp or avif",
    "ico": "give it fewer `sizes`",
    "icns": "give it fewer `sizes`",
}


def encode(image: Image.Image, encoding: Encoding, metadata: Metadata = NOTHING) -> bytes:
    """The picture as a file. Raises OpFailed where the format can't hold it, or its `max_bytes` are too few."""
    longest = LONGEST.get(encoding.format)
    if longest is not None and max(image.size) > longest:
        size = f"{image.width}x{image.height}"
        raise OpFailed(f"a picture of {size} can't be written as {encoding.format}: no side may be over {longest:,}")
    try:
        return _limited(bare(image), encoding, metadata)
    except (OSError, ValueError) as error:
        raise OpFailed(f"the picture can't be written as {encoding.format}: {error}") from None


def plain_png(image: Image.Image) -> bytes:
    """A PNG with a channel for each colour, as services want pictures and masks. Raises OpFailed."""
    try:
        return written(bare(image), "PNG", compress_level=4)
    except (OSError, ValueError) as error:
        raise OpFailed(f"the picture can't be written as png: {error}") from None


def _limited(image: Image.Image, encoding: Encoding, metadata: Metadata) -> bytes:
    """The file in at most `max_bytes`."""
    write = ENCODERS[encoding.format]
    limit = encoding.max_bytes
    if limit is None:
        return write(image, encoding, metadata)
    if encoding.format in QUALITY and not encoding.lossless:
        quality = encoding.quality or QUALITY[encoding.format]
        return fitted(
            lambda asked: write(image, encoding.model_copy(update={"quality": asked}), metadata), quality, limit
        )
    data = write(image, encoding, metadata)
    if len(data) > limit and encoding.effort is None and encoding.format in WITH_EFFORT:
        data = write(image, encoding.model_copy(update={"effort": 9}), metadata)
    if len(data) > limit:
        form = "without loss" if encoding.format in WITH_EFFORT else f"as {encoding.format}"
        told = f"it can't be written in {limit:,} bytes: {form} it has {len(data):,}"
        raise OpFailed(told, hint=SMALLER[encoding.format])
    return data


def _png(image: Image.Image, encoding: Encoding, metadata: Metadata) -> bytes:
    # Level 4 is the first at which flat drawings get about as small as they will; with 6 photos take twice
    # the time.
    options: dict[str, Any] = {"compress_level": 4 if encoding.effort is None else max(1, encoding.effort)}
    if metadata.exif:
        options["exif"] = metadata.exif
    if metadata.xmp:
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    is_patient = encoding.effort is not None and encoding.effort >= PATIENT
    colors = find_colors(image) if is_patient or image.width * image.height <= NUMBERED_PIXELS else None
    if _is_grey(image) and not (colors and len(colors) <= LEAST_GREYS):
        return written(image.convert("L" if image.mode == "RGB" else "LA"), "PNG", **options)
    if colors is None:
        return written(image, "PNG", **options)
    few = indexed(image, colors)
    return written(few.image, "PNG", **options, **({"transparency": few.alphas} if few.alphas else {}))


def _is_grey(image: Image.Image) -> bool:
    """Whether red, green and blue are the same everywhere; most pictures show in one line that they are not."""
    middle = image.height // 2
    boxes = chain([(0, middle, image.width, middle + 1)], bands(image))
    return all(_has_one_channel(image.crop(box)) for box in boxes)


def _has_one_channel(image: Image.Image) -> bool:
    red, green, blue = (image.getchannel(name).tobytes() for name in "RGB")
    return red == green == blue


def _jpeg(image: Image.Image, encoding: Encoding, metadata: Metadata) -> bytes:
    quality = encoding.quality or QUALITY["jpeg"]
    opaque = flattened(image, WHITE)
    options: dict[str, Any] = {"quality": quality, "subsampling": "4:2:0" if quality < 90 else "4:4:4"}
    # What is longer has no place in a JPEG's segment.
    if 0 < len(metadata.exif) <= LONGEST_EXIF:
        options["exif"] = metadata.exif
    if 0 < len(metadata.xmp) <= LONGEST_XMP:
        options["xmp"] = metadata.xmp
    if quality > 85:
        # libjpeg gives a progressive file away in one piece, into room that Pillow guesses from the pixels
        # alone. Noise at a high quality needs more: then it is the sequential file, which tells beforehand.
        plain = written(opaque, "JPEG", **options)
        room = max(opaque.width * opaque.height * (2 if quality >= 95 else 1), ROOM)
        if len(plain) > 0.9 * room:
            return plain
    return written(opaque, "JPEG", progressive=True, optimize=True, **options)


def _webp(image: Image.Image, encoding: Encoding, metadata: Metadata) -> bytes:
    options: dict[str, Any] = {"method": 4 if encoding.effort is None else min(encoding.effort, 6)}
    options |= _told(metadata)
    if encoding.lossless:
        # `exact` keeps the colour of transparent pixels: without loss means just that.
        return written(image, "WEBP", lossless=True, exact=True, quality=75, **options)
    return written(image, "WEBP", quality=encoding.quality or QUALITY["webp"], **options)


def _avif(image: Image.Image, encoding: Encoding, metadata: Metadata) -> bytes:
    speed = 8 if encoding.effort is None else 10 - encoding.effort
    quality = encoding.quality or QUALITY["avif"]
    # One thread: how many there are changes the bytes.
    return written(image, "AVIF", quality=quality, speed=speed, max_threads=1, **_told(metadata))


def _told(metadata: Metadata) -> dict[str, bytes]:
    return {name: data for name, data in (("exif", metadata.exif), ("xmp", metadata.xmp)) if data}


def _gif(image: Image.Image, _: Encoding, metadata: Metadata) -> bytes:
    return gif(image, metadata.xmp)


def _icon(image: Image.Image, encoding: Encoding, _: Metadata) -> bytes:
    return WRITERS[encoding.format](image, encoding.icon_sizes)


ENCODERS: Mapping[str, Callable[[Image.Image, Encoding, Metadata], bytes]] = {
    "png": _png,
    "jpeg": _jpeg,
    "webp": _webp,
    "avif": _avif,
    "gif": _gif,
    "ico": _icon,
    "icns": _icon,
}
