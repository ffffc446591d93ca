"""What a picture's corners tell of its background, and `trim`, which cuts that off; unaware of what is in front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from assetforge.model import Size
from assetforge.ops.bands import bands
from assetforge.ops.frames import checked
from assetforge.ops.pillow import Image
from assetforge.ops.spec import MAX_SIDE, Field, Op, OpFailed, Params, Whole

# Red, green, blue and alpha, premultiplied, so that all that is transparent is one colour.
Shade = tuple[int, ...]
Box = tuple[int, int, int, int]

Tolerance = Annotated[Whole, Field(ge=0, le=254)]


class Trim(Params):
    """`trim`. `tolerance` is the largest difference of a channel, 0 to 255, that is still background; `margin` is
    in pixels, and always as wide: where the picture ends, its background goes on."""

    tolerance: Tolerance = 8
    margin: Annotated[Whole, Field(ge=0, le=MAX_SIDE)] = 0


def background(image: Image.Image, side: int = 1) -> Shade:
    """The corner that the others are most like, the upper left one where none is; of squares of `side` pixels, in
    which noise is evened out by the median."""
    right, below = max(image.width - side, 0), max(image.height - side, 0)
    corners = [median(image.crop((x, y, x + side, y + side))) for y in (0, below) for x in (0, right)]
    return min(corners, key=lambda corner: sum(distance(corner, other) for other in corners))


def distance(one: Shade, other: Shade) -> int:
    """The largest difference of a channel."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def median(image: Image.Image) -> Shade:
    """The middle value of each channel, premultiplied."""
    half = (image.width * image.height + 1) // 2
    found = []
    for counts in channels(image.convert("RGBA").convert("RGBa").histogram()):
        level, seen = 0, counts[0]
        while seen < half:
            level += 1
            seen += counts[level]
        found.append(level)
    return tuple(found)


def channels(histogram: list[int]) -> list[list[int]]:
    """A histogram's levels, for each channel."""
    return [histogram[start : start + 256] for start in range(0, len(histogram), 256)]


def content_box(image: Image.Image, ground: Shade, tolerance: int) -> Box | None:
    """The smallest box that holds all that is not background, None where there is nothing else."""
    far = [255 * (abs(level - middle) > tolerance) for middle in ground for level in range(256)]
    found: list[Box] = []
    for left, top, right, bottom in bands(image):
        band = image.crop((left, top, right, bottom)).convert("RGBA").convert("RGBa")
        box = band.point(far).getbbox(alpha_only=False)
        if box is not None:
            found.append((box[0], top + box[1], box[2], top + box[3]))
    if not found:
        return None
    return min(box[0] for box in found), found[0][1], max(box[2] for box in found), found[-1][3]


def trim(params: Trim, images: Sequence[Image.Image]) -> Image.Image:
    """The picture without what is only background at its edges. Raises OpFailed where nothing else is there."""
    image = images[0]
    ground = background(image)
    box = content_box(image, ground, params.tolerance)
    if box is None:
        raise OpFailed(
            f"the picture is all background: nothing differs from its corners by more than {params.tolerance}",
            hint="lower `tolerance`, or leave the step out",
        )
    left, top = box[0] - params.margin, box[1] - params.margin
    size = checked(Size(box[2] + params.margin - left, box[3] + params.margin - top))
    if (left, top) == (0, 0) and size == image.size:
        return image
    if left >= 0 and top >= 0 and left + size.width <= image.width and top + size.height <= image.height:
        return image.crop((left, top, left + size.width, top + size.height))
    canvas = Image.new("RGBa", (1, 1), ground).convert("RGBA").convert(image.mode).resize(size)
    canvas.paste(image, (-left, -top))
    return canvas


OPS = (Op("trim", 1, Trim, trim, lambda *_: None),)
