"""Colours changed pixel by pixel: `grayscale`, `tint` and `adjust`; transparency stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import floor
from typing import Annotated

from assetforge.ops.bands import recolored
from assetforge.ops.color import rgba
from assetforge.ops.pillow import Image, ImageChops
from assetforge.ops.spec import Field, Fraction, Number, Op, OpaqueColor, Params

Mix = Callable[["Image.Image", "Image.Image"], "Image.Image"]
Factor = Annotated[Number, Field(ge=0, le=10)]


class Grayscale(Params):
    """`grayscale`: luma as in Rec. ITU-R BT.601, of which Pillow's `L` is made."""


class Tint(Params):
    """`tint`: the colours of a picture printed in one ink; how light each pixel is stays."""

    color: OpaqueColor
    amount: Fraction = 1.0


class Adjust(Params):
    """`adjust`: factors, 1 leaves as it is. First brightness, then contrast (round the middle grey), then saturation;
    as CSS's filters of these names do."""

    brightness: Factor = 1.0
    contrast: Factor = 1.0
    saturation: Factor = 1.0


def grayscale(_: Grayscale, images: Sequence[Image.Image]) -> Image.Image:
    """The picture in greys; still RGB or RGBA."""
    return recolored(images[0], grey)


def grey(colors: Image.Image) -> Image.Image:
    """The greys of a picture in RGB, in RGB."""
    return colors.convert("L").convert("RGB")


# --- tint ---------------------------------------------------------------------------------------------------


def tint(params: Tint, images: Sequence[Image.Image]) -> Image.Image:
    """Black stays black, white stays white, and a grey as light as the colour becomes the colour."""
    share = floor(params.amount * 255 + 0.5)
    return recolored(images[0], partial(tinted, ramps(params.color), share)) if share else images[0]


def tinted(table: list[int], share: int, colors: Image.Image) -> Image.Image:
    """A picture in RGB mixed with its own tinted form, of which `share` 255ths are taken."""
    ink = grey(colors).point(table)
    return Image.composite(ink, colors, Image.new("L", colors.size, share))


def ramps(color: str) -> list[int]:
    """What each level of grey becomes, in red, green and blue: from black through the colour to white, in two
    straight lines that meet at the colour's own luma, so that the luma of what comes out is that of the grey."""
    parts = rgba(color)[:3]
    middle = (parts[0] * 19595 + parts[1] * 38470 + parts[2] * 7471 + 0x8000) >> 16
    table = []
    for part in parts:
        table += [(2 * part * level + middle) // (2 * middle) for level in range(middle)]
        rest = max(255 - middle, 1)
        table += [part + (2 * (255 - part) * up + rest) // (2 * rest) for up in range(256 - middle)]
    return table


# --- adjust -------------------------------------------------------------------------------------------------


def adjust(params: Adjust, images: Sequence[Image.Image]) -> Image.Image:
    """The picture with other brightness, contrast and saturation."""
    if params == Adjust():
        return images[0]
    levels = [within(((level * params.brightness) - 127.5) * params.contrast + 127.5) for level in range(256)]
    excess = [within(abs(params.saturation - 1) * level) for level in range(256)]
    ways = (ImageChops.add, ImageChops.subtract)
    ways = ways if params.saturation > 1 else ways[::-1]
    return recolored(images[0], partial(adjusted, levels, excess, ways))


def within(level: float) -> int:
    """The nearest of the levels 0 to 255."""
    return floor(min(max(level, 0), 255) + 0.5)


def adjusted(levels: list[int], excess: list[int], ways: tuple[Mix, Mix], colors: Image.Image) -> Image.Image:
    """A picture in RGB with other levels, moved by an `excess` of its distance from grey: first what is above it
    in one way, then what is below in the other."""
    colors = colors.point(levels * 3)
    if not any(excess):
        return colors
    middle = grey(colors)
    above = ImageChops.subtract(colors, middle).point(excess * 3)
    below = ImageChops.subtract(middle, colors).point(excess * 3)
    return ways[1](ways[0](colors, above), below)


OPS = (
    Op("grayscale", 1, Grayscale, grayscale, lambda _, sizes: sizes[0]),
    Op("tint", 1, Tint, tint, lambda _, sizes: sizes[0]),
    Op("adjust", 1, Adjust, adjust, lambda _, sizes: sizes[0]),
)
