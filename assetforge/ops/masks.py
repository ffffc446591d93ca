"""Masks: drawn shapes and pictures as one kind of picture, opaque where it is kept; unaware of who reads it.

Transparent is what may be edited, as the Images API has it: alpha 0 is edited, 255 kept, and what is between
is no precise rule there (here it is a share).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from assetforge.model import Shape, Size
from assetforge.ops.frames import pixel_box
from assetforge.ops.pillow import Image, ImageDraw
from assetforge.ops.spec import MAX_SIDE, Op, OpFailed, Params

FAR = 4 * MAX_SIDE


class DrawMask(Params):
    """`_draw_mask`: a mask of the picture's size."""

    shapes: tuple[Shape, ...]


class AsMask(Params):
    """`_as_mask`."""


def draw_mask(shapes: Sequence[Shape], size: Size) -> Image.Image:
    """A mask in RGBA whose transparent part is the union of the shapes, without soft edges.

    Raises OpFailed where the shapes touch no pixel of the picture.
    """
    alpha = Image.new("L", size, 255)
    pen = ImageDraw.Draw(alpha)
    for shape in shapes:
        # Pillow's time grows with a shape's own size, however little of it is in the picture.
        if not all(abs(coordinate) <= FAR for coordinate in shape.points):
            raise OpFailed(f"a mask's {shape.kind} has a coordinate beyond {FAR:,} pixels")
        _draw(pen, shape, size)
    return _useful(alpha)


@lru_cache(maxsize=256)
def drawn_mask_flaw(shapes: tuple[Shape, ...], size: Size) -> str | None:
    """What is wrong with drawn shapes on a picture of a size, None where they are a mask."""
    try:
        draw_mask(shapes, size)
    except OpFailed as error:
        return str(error)
    return None


def mask_flaw(image: Image.Image) -> str | None:
    """What is wrong with a picture as a mask, None where it is one."""
    try:
        as_mask(image)
    except OpFailed as error:
        return str(error)
    return None


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, size: Size) -> None:
    if shape.kind == "polygon":
        across, down = size if max(map(abs, shape.points)) <= 1 else (1, 1)
        corners = zip(shape.points[::2], shape.points[1::2], strict=True)
        pen.polygon([(x * across, y * down) for x, y in corners], fill=0)
        return
    x, y, width, height = shape.points
    left, top, right, bottom = pixel_box((x, y, width, height), size)
    if left < right and top < bottom:
        draw = pen.rectangle if shape.kind == "rect" else pen.ellipse
        draw((left, top, right - 1, bottom - 1), fill=0)


def as_mask(image: Image.Image) -> Image.Image:
    """A picture as a mask in RGBA: its own alpha where it has one, else how light it is (white is kept).

    Raises OpFailed where no pixel would be edited.
    """
    if image.mode == "RGBA":
        return _useful(image.getchannel("A"))
    return _useful(image.convert("RGB").convert("L"))


def _useful(alpha: Image.Image) -> Image.Image:
    darkest, _ = alpha.getextrema()
    if darkest == 255:
        raise OpFailed("the mask keeps everything: nothing in it is transparent, or black")
    if darkest != 0:
        raise OpFailed("the mask lets nothing be edited: no part of it is fully transparent, or black")
    mask = Image.new("RGBA", alpha.size)
    mask.putalpha(alpha)
    return mask


OPS = (
    Op(
        "_draw_mask",
        1,
        DrawMask,
        lambda params, images: draw_mask(params.shapes, Size(*images[0].size)),
        lambda _, sizes: sizes[0],
    ),
    Op("_as_mask", 1, AsMask, lambda _, images: as_mask(images[0]), lambda _, sizes: sizes[0]),
)
