"""Still pictures as GIF: 256 colours, each pixel seen or not; unaware of what is asked of the file."""

from __future__ import annotations

from math import isqrt

from assetforge.ops.decode import GIF_XMP
from assetforge.ops.indexed import MOST, find_colors, indexed
from assetforge.ops.pillow import Image, ImageChops, ImageStat
from assetforge.ops.writing import written

# From here on a pixel is seen: what lies between has no place in a GIF.
SEEN = 128
# So many pixels tell which colours are best.
SAMPLED = 1 << 18
# What follows a packet, so that who reads it as blocks of data finds their end (XMP Specification Part 3, 1.1.2).
XMP_TRAILER = bytes((1, *range(255, -1, -1), 0))
HEADER = 13


def gif(image: Image.Image, xmp: bytes) -> bytes:
    """A GIF of a picture in RGB or RGBA: without loss where it has 256 colours or fewer, else dithered."""
    plain = image.convert("RGB")
    hidden = image.getchannel("A").point(lambda alpha: 0 if alpha >= SEEN else 255) if image.mode == "RGBA" else None
    if hidden is None or hidden.getbbox() is None:
        drawn, options = _of_few(plain) or _dithered(plain, MOST), {}
    else:
        drawn, unseen = _with_hole(plain, hidden)
        options = {"transparency": unseen}
    data = written(drawn, "GIF", interlace=0, optimize=False, **options)
    return _with_xmp(data, xmp) if xmp else data


def _with_hole(plain: Image.Image, hidden: Image.Image) -> tuple[Image.Image, int]:
    """The picture in mode P, and the number of its pixels that are not seen."""
    seen = plain.convert("RGBA")
    seen.paste((0, 0, 0, 0), (0, 0), hidden)
    drawn = _of_few(seen)
    if drawn is not None:
        return drawn, 0
    # What is not seen takes no colour from what is: it gets the mean of those that are.
    visible = ImageChops.invert(hidden)
    mean = tuple(round(part) for part in ImageStat.Stat(plain, visible).mean)
    plain.paste(mean, (0, 0), hidden)
    drawn = _dithered(plain, MOST - 1)
    drawn.paste(MOST - 1, (0, 0), hidden)
    return drawn, MOST - 1


def _of_few(image: Image.Image) -> Image.Image | None:
    """A picture of few colours in mode P, those that are not seen first; None for one of many."""
    colors = find_colors(image)
    return None if colors is None else indexed(image, colors).image


def _dithered(plain: Image.Image, most: int) -> Image.Image:
    """The picture in its best colours, which are those of a part of its pixels where it has very many."""
    apart = max(1, isqrt(plain.width * plain.height // SAMPLED))
    size = max(1, plain.width // apart), max(1, plain.height // apart)
    sample = plain if apart == 1 else plain.resize(size, Image.Resampling.NEAREST)
    best = sample.quantize(most, Image.Quantize.MEDIANCUT)
    return plain.quantize(palette=best, dither=Image.Dither.FLOYDSTEINBERG)


def _with_xmp(data: bytes, xmp: bytes) -> bytes:
    """The same file with an application extension behind its palette."""
    colors = 3 * 2 ** ((data[10] & 7) + 1) if data[10] & 128 else 0
    head, rest = data[: HEADER + colors], data[HEADER + colors :]
    return b"GIF89a" + head[6:] + GIF_XMP + xmp + XMP_TRAILER + rest
