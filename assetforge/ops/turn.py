"""Pictures turned and mirrored: `rotate` and `flip`; unaware of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, radians, sin
from typing import Annotated, Literal

from assetforge.model import Size
from assetforge.ops.bands import bands
from assetforge.ops.frames import checked
from assetforge.ops.pillow import Image
from assetforge.ops.spec import Field, Number, Op, Params

# How many quarters clockwise are which of Pillow's turns, which go the other way.
QUARTERS = {1: "ROTATE_270", 2: "ROTATE_180", 3: "ROTATE_90"}
# Bicubic looks two pixels far: with so many transparent ones round the picture its edges come out smooth.
EDGE = 2


class Rotate(Params):
    """`rotate`: clockwise, on a canvas as large as the turned picture; what is added is transparent."""

    degrees: Annotated[Number, Field(ge=-360, le=360)]


class Flip(Params):
    """`flip`: `horizontal` changes left and right, `vertical` above and below."""

    direction: Literal["horizontal", "vertical"] = "horizontal"


def quarters(degrees: float) -> int | None:
    """How many quarter turns clockwise, 0 to 3; None for any other angle."""
    return int(degrees // 90) % 4 if degrees % 90 == 0 else None


def turn_of(degrees: float) -> tuple[float, float]:
    """Cosine and sine. Rounded, because the last digit is each machine's own."""
    return round(cos(radians(degrees)), 12), round(sin(radians(degrees)), 12)


def turned_size(params: Rotate, size: Size) -> Size:
    """The smallest canvas that holds the turned picture. Raises OpFailed where it would be too large."""
    quarter = quarters(params.degrees)
    if quarter is not None:
        return size if quarter % 2 == 0 else Size(size.height, size.width)
    across, down = map(abs, turn_of(params.degrees))
    return checked(
        Size(
            ceil(round(size.width * across + size.height * down, 6)),
            ceil(round(size.width * down + size.height * across, 6)),
        )
    )


def rotate(params: Rotate, images: Sequence[Image.Image]) -> Image.Image:
    """Quarter turns move pixels; other angles mix them, and their result always has an alpha channel."""
    image = images[0]
    quarter = quarters(params.degrees)
    if quarter is not None:
        return image.transpose(Image.Transpose[QUARTERS[quarter]]) if quarter else image
    result = Image.new("RGBA", turned_size(params, Size(*image.size)))
    # Mixed with its alpha: a transparent pixel's colour, which nobody sees, must not show at the edges.
    source = Image.new("RGBa", (image.width + 2 * EDGE, image.height + 2 * EDGE))
    for box in bands(image):
        source.paste(image.crop(box).convert("RGBA").convert("RGBa"), (EDGE, EDGE + box[1]))
    across, down = turn_of(params.degrees)
    for left, top, right, bottom in bands(result):
        # Where the upper left corner of the strip is in the source, seen from the middle of both.
        x, y = left - result.width / 2, top - result.height / 2
        start_x, start_y = across * x + down * y + source.width / 2, across * y - down * x + source.height / 2
        turned = source.transform(
            (right - left, bottom - top),
            Image.Transform.AFFINE,
            (across, down, start_x, -down, across, start_y),
            Image.Resampling.BICUBIC,
        )
        result.paste(turned.convert("RGBA"), (left, top))
    return result


def flip(params: Flip, images: Sequence[Image.Image]) -> Image.Image:
    """The picture as in a mirror."""
    horizontal = params.direction == "horizontal"
    way = Image.Transpose.FLIP_LEFT_RIGHT if horizontal else Image.Transpose.FLIP_TOP_BOTTOM
    return images[0].transpose(way)


OPS = (
    Op("rotate", 1, Rotate, rotate, lambda params, sizes: turned_size(params, sizes[0])),
    Op("flip", 1, Flip, flip, lambda _, sizes: sizes[0]),
)
