"""What is put round a picture: `round`, `border` and `shadow`; unaware of what the picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isqrt
from typing import Annotated

from assetforge.model import Size
from assetforge.ops.bands import bands
from assetforge.ops.color import rgba
from assetforge.ops.frames import checked
from assetforge.ops.pillow import Image, ImageChops, ImageFilter
from assetforge.ops.spec import MAX_SIDE, Color, Field, Number, Op, Params, Whole

# A round corner is measured in 256ths of a pixel, on so many lines in each row of pixels.
UNIT, LINES = 256, 16
FULL = UNIT * LINES

Shift = Annotated[Whole, Field(ge=-MAX_SIDE, le=MAX_SIDE)]


class Round(Params):
    """`round`. `radius` is in pixels; more than half of the shorter side is half of it."""

    radius: Annotated[Number, Field(ge=0, le=MAX_SIDE)]


class Border(Params):
    """`border`: a frame round the canvas, which grows by `width` pixels on each side."""

    width: Annotated[Whole, Field(ge=0, le=MAX_SIDE)]
    color: Color = "#000000ff"


class Shadow(Params):
    """`shadow`: `blur` as in CSS's box-shadow, twice the standard deviation; the canvas grows with it."""

    blur: Annotated[Number, Field(ge=0, le=1000)] = 8.0
    offset: tuple[Shift, Shift] = (0, 4)
    color: Color = "#00000080"


# --- round --------------------------------------------------------------------------------------------------


def rounded(params: Round, images: Sequence[Image.Image]) -> Image.Image:
    """The picture with its corners cut off in quarter circles."""
    image = images[0]
    radius = floor(min(params.radius, image.width / 2, image.height / 2) * UNIT + 0.5)
    if not radius:
        return image
    cut = corner(radius)
    result = image.convert("RGBA")
    alpha = result.getchannel("A")
    right, below = image.width - cut.width, image.height - cut.height
    kept = Image.new("L", image.size, 255)
    for at, piece in (
        ((0, 0), cut),
        ((right, 0), cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        ((0, below), cut.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
        ((right, below), cut.transpose(Image.Transpose.ROTATE_180)),
    ):
        # Taken away, not multiplied: in a picture of odd size two corners share the pixels of its middle.
        own = kept.crop((*at, at[0] + cut.width, at[1] + cut.height))
        kept.paste(ImageChops.subtract(own, piece), at)
    result.putalpha(ImageChops.multiply(alpha, kept))
    return result


def corner(radius: int) -> Image.Image:
    """How much of each pixel in the upper left corner lies outside of the circle; `radius` in 256ths of a pixel.

    Counted in whole numbers and by rows: drawing it larger and shrinking it would take the square of the radius
    in memory, and depend on how a library draws circles.
    """
    side = -(-radius // UNIT)
    pixels = bytearray()
    for row in range(side):
        # Where the circle begins on each line of this row; less and less far to the right.
        heights = [max(0, radius - row * UNIT - (2 * line + 1) * UNIT // (2 * LINES)) for line in range(LINES)]
        edges = [radius - isqrt(radius * radius - height * height) for height in heights]
        first, last = edges[-1] // UNIT, edges[0] // UNIT
        fringe = [sum(min(max(edge - x * UNIT, 0), UNIT) for edge in edges) for x in range(first, last + 1)]
        pixels += b"\xff" * first
        pixels += bytes((part * 255 + FULL // 2) // FULL for part in fringe)
        pixels += bytes(side - last - 1)
    return Image.frombytes("L", (side, side), bytes(pixels))


# --- border -------------------------------------------------------------------------------------------------


def border_size(params: Border, size: Size) -> Size:
    """The framed picture's size. Raises OpFailed where it would be too large."""
    return checked(Size(size.width + 2 * params.width, size.height + 2 * params.width))


def border(params: Border, images: Sequence[Image.Image]) -> Image.Image:
    """The picture as it is, transparent parts included, in its frame."""
    image = images[0]
    if not params.width:
        return image
    plain = image.mode == "RGB" and params.color.endswith("ff")
    color = rgba(params.color)
    size = border_size(params, Size(*image.size))
    result = Image.new("RGB", size, color[:3]) if plain else Image.new("RGBA", size, color)
    result.paste(image, (params.width, params.width))
    return result


# --- shadow -------------------------------------------------------------------------------------------------


def shadow_sizes(params: Shadow, size: Size) -> tuple[Size, tuple[int, int]]:
    """The canvas that holds the picture and its shadow, and where the picture stands on it. Raises OpFailed."""
    if params.color.endswith("00"):
        return size, (0, 0)
    # Three times the standard deviation: beyond it not one level of 255 is left.
    reach = ceil(1.5 * params.blur)
    (left, right), (top, bottom) = ((max(0, reach - shift), max(0, reach + shift)) for shift in params.offset)
    return checked(Size(left + size.width + right, top + size.height + bottom)), (left, top)


def shadow(params: Shadow, images: Sequence[Image.Image]) -> Image.Image:
    """The picture on what it throws: its own form, moved, blurred and coloured."""
    image = images[0]
    size, (left, top) = shadow_sizes(params, Size(*image.size))
    red, green, blue, strength = rgba(params.color)
    if not strength or (image.mode == "RGB" and size == image.size):
        return image
    form = Image.new("L", size)
    shape = image.getchannel("A") if image.mode == "RGBA" else Image.new("L", image.size, 255)
    form.paste(shape, (left + params.offset[0], top + params.offset[1]))
    del shape
    form = form.filter(ImageFilter.GaussianBlur(params.blur / 2)) if params.blur else form
    form = form.point([(strength * part + 127) // 255 for part in range(256)])
    result = Image.new("RGBA", size, (red, green, blue, 0))
    result.putalpha(form)
    for box in bands(image):
        at = left, top + box[1]
        result.alpha_composite(image.crop(box).convert("RGBA"), at)
    return result


OPS = (
    Op("round", 1, Round, rounded, lambda _, sizes: sizes[0]),
    Op("border", 1, Border, border, lambda params, sizes: border_size(params, sizes[0])),
    Op("shadow", 1, Shadow, shadow, lambda params, sizes: shadow_sizes(params, sizes[0])[0]),
)
