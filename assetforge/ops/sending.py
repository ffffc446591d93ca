"""A picture's way to a provider and back: fitted, extended, cut back; unaware of who the provider is.

A manifest can't name these steps. An edit keeps its input's size: what isn't a legal size is scaled and
padded before it is sent, and the answer is cut and scaled back by the same amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assetforge.model import Size
from assetforge.ops.frames import Frame, framed, inside
from assetforge.ops.geometry import rendered, resample
from assetforge.ops.pillow import Image
from assetforge.ops.spec import Filter, Op, Params, Position, Side


class FitTo(Params):
    """`_fit`: a provider's answer at exactly the size that is wanted, scaled up where it is smaller."""

    width: Side
    height: Side
    fit: Literal["cover", "contain", "fill"] = "cover"
    position: Position = "center"


class Extend(Params):
    """`_extend`: the picture in the middle of a size to request. A mask is better scaled with `nearest`."""

    width: Side
    height: Side
    filter: Filter = "lanczos"


class CutBack(Params):
    """`_cut_back`: undoes an `_extend` to this size. Inputs: the answer, the picture that was extended."""

    width: Side
    height: Side


def fit_frame(params: FitTo, size: Size) -> Frame:
    """The frame of a `_fit`."""
    return framed(size, Size(params.width, params.height), fit=params.fit, position=params.position)


def inner_part(size: Size, target: Size) -> tuple[int, int, Size]:
    """Where a picture stands in the size it is extended to, left and top, and how large it is there."""
    part = inside(size, target)
    return (target.width - part.width) // 2, (target.height - part.height) // 2, part


def fit(params: FitTo, images: Sequence[Image.Image]) -> Image.Image:
    """The answer at the size that is wanted."""
    return rendered(images[0], fit_frame(params, Size(*images[0].size)))


def extend(params: Extend, images: Sequence[Image.Image]) -> Image.Image:
    """Scales the picture into the size, and repeats its edge pixels to fill the rest."""
    image, target = images[0], Size(params.width, params.height)
    left, top, part = inner_part(Size(*image.size), target)
    right, bottom = left + part.width, top + part.height
    canvas = Image.new(image.mode, target)
    canvas.paste(resample(image, part, (0, 0, *image.size), params.filter), (left, top))
    # Edge, and the bands that repeat it: first beside the picture, then whole rows above and below.
    for edge, band in (
        ((left, top, left + 1, bottom), (0, top, left, bottom)),
        ((right - 1, top, right, bottom), (right, top, target.width, bottom)),
        ((0, top, target.width, top + 1), (0, 0, target.width, top)),
        ((0, bottom - 1, target.width, bottom), (0, bottom, target.width, target.height)),
    ):
        size = band[2] - band[0], band[3] - band[1]
        if all(size):
            canvas.paste(canvas.crop(edge).resize(size, Image.Resampling.NEAREST), band[:2])
    return canvas


def cut_back(params: CutBack, images: Sequence[Image.Image]) -> Image.Image:
    """The part of the answer that shows the original, at the original's size."""
    answer, size = images[0], Size(*images[1].size)
    target = Size(params.width, params.height)
    left, top, part = inner_part(size, target)
    # An answer of another size is not scaled twice: the box is, which comes to the same.
    across, down = answer.width / target.width, answer.height / target.height
    width, height = max(part.width * across, 1.0), max(part.height * down, 1.0)
    x, y = min(left * across, answer.width - width), min(top * down, answer.height - height)
    return resample(answer, size, (x, y, x + width, y + height))


OPS = (
    Op("_fit", 1, FitTo, fit, lambda params, sizes: fit_frame(params, sizes[0]).canvas),
    Op("_extend", 1, Extend, extend, lambda params, _: Size(params.width, params.height)),
    Op("_cut_back", 1, CutBack, cut_back, lambda _, sizes: sizes[1]),
)
