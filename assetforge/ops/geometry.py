"""Where pixels go: `resize`, `crop` and `pad`, and how a picture is put into a frame; unaware of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction as Ratio
from math import ceil, floor
from typing import Annotated

from assetforge.model import Size
from assetforge.ops.color import TRANSPARENT, rgba
from assetforge.ops.frames import (
    Box,
    Frame,
    checked,
    divided,
    framed,
    inside,
    on_canvas,
    pixel_box,
    place,
    reach,
    whole,
)
from assetforge.ops.pillow import Image
from assetforge.ops.spec import (
    AfterValidator,
    Color,
    Coordinate,
    Extent,
    Field,
    Filter,
    Fit,
    Flag,
    Op,
    OpFailed,
    Params,
    Position,
    Side,
    model_validator,
)

# Shrinking by whole factors first is three times as fast, and hardly to be seen. The other filters are asked for
# by name, and do exactly what their name says.
REDUCED = ("lanczos", "bicubic")


class Resize(Params):
    """`resize`. With one of the two sides the other follows the picture's shape."""

    width: Side | None = None
    height: Side | None = None
    fit: Fit = "cover"
    position: Position = "center"
    upscale: Flag = False
    filter: Filter = "lanczos"

    @model_validator(mode="after")
    def _has_a_side(self) -> Resize:
        if self.width is None and self.height is None:
            raise ValueError("needs `width`, `height` or both")
        return self


def _aspect(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,5})?:[0-9]{1,5}(\.[0-9]{1,5})?", text, re.ASCII):
        raise ValueError(f"`{text}` is not an aspect like 16:9")
    if not all(map(Ratio, text.split(":"))):
        raise ValueError(f"`{text}` is not an aspect: neither number may be 0")
    return text


Aspect = Annotated[str, Field(strict=True), AfterValidator(_aspect)]


class Crop(Params):
    """`crop`: a box (fractions where no coordinate is over 1, else pixels), or the largest part of a form."""

    x: Coordinate | None = None
    y: Coordinate | None = None
    width: Extent | None = None
    height: Extent | None = None
    aspect: Aspect | None = None
    position: Position = "center"

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Crop:
        given = [value is not None for value in (self.x, self.y, self.width, self.height)]
        if not (all(given) if self.aspect is None else not any(given)):
            raise ValueError("needs either `x`, `y`, `width` and `height`, or `aspect`")
        return self


class Pad(Params):
    """`pad`: a canvas round the picture."""

    width: Side
    height: Side
    position: Position = "center"
    color: Color = TRANSPARENT


def resize_frame(params: Resize, size: Size) -> Frame:
    """The frame of a `resize`. Raises OpFailed where the result would be too large."""
    if params.width is None or params.height is None:
        given, own = (params.width, size.width) if params.width else (params.height or 1, size.height)
        scaled = Size(divided(size.width * given, own), divided(size.height * given, own))
        scaled = scaled if params.upscale or given < own else size
        return Frame(whole(size), scaled, checked(scaled))
    target = Size(params.width, params.height)
    goal = target if params.upscale else reach(size, target, params.fit)
    if params.fit == "contain":
        inner = framed(size, goal, fit="inside", position=params.position)
        return on_canvas(inner, target, params.position)
    return framed(size, goal, fit=params.fit, position=params.position)


def crop_frame(params: Crop, size: Size) -> Frame:
    """The frame of a `crop`. Raises OpFailed where the box leaves the picture."""
    if params.aspect is not None:
        across, down = map(Ratio, params.aspect.split(":"))
        shape = Size(*(across / down).as_integer_ratio())
        part = inside(shape, size)
        return _cut(place(part, size, params.position), part)
    x, y = params.x or 0.0, params.y or 0.0
    width, height = params.width or 0.0, params.height or 0.0
    left, top, right, bottom = pixel_box((x, y, width, height), size)
    if right > size.width or bottom > size.height:
        raise OpFailed(
            f"the box {x:g}, {y:g}, {width:g}, {height:g} leaves the picture, which is {size}",
            hint=f"keep `x` and `width` together within {size.width:,}, and `y` and `height` within {size.height:,}",
        )
    left, top = min(left, size.width - 1), min(top, size.height - 1)
    return _cut((left, top), Size(max(right - left, 1), max(bottom - top, 1)))


def _cut(at: tuple[int, int], part: Size) -> Frame:
    return Frame((at[0], at[1], at[0] + part.width, at[1] + part.height), part, part)


def pad_frame(params: Pad, size: Size) -> Frame:
    """The frame of a `pad`. Raises OpFailed for a picture larger than the canvas."""
    canvas = Size(params.width, params.height)
    if size.width > canvas.width or size.height > canvas.height:
        told = f"the picture is {size}, which is larger than the canvas of {canvas}"
        raise OpFailed(told, hint="scale it down in a step `resize` before")
    return on_canvas(Frame(whole(size), size, size), canvas, params.position)


# --- sizes that no picture changes ------------------------------------------------------------------------------


def resized_to(params: Resize) -> Size | None:
    """The size of every picture after a `resize`, None where it is not one. Raises OpFailed as `resize_frame`."""
    if params.width is None or params.height is None:
        return None
    is_exact = params.fit == "contain" or (params.upscale and params.fit in ("cover", "fill"))
    return checked(Size(params.width, params.height)) if is_exact else None


def cropped_to(params: Crop) -> Size | None:
    """The size of what a `crop` cuts out of every picture that is large enough; None where it is a part of it."""
    box = (params.x or 0.0, params.y or 0.0, params.width or 0.0, params.height or 0.0)
    if params.aspect is not None or max(box) <= 1:
        return None
    left, top, right, bottom = pixel_box(box, Size(1, 1))
    return Size(max(right - left, 1), max(bottom - top, 1))


def padded_to(params: Pad) -> Size:
    """The size of a canvas. Raises OpFailed where it would be too large."""
    return checked(Size(params.width, params.height))


# --- pixels -------------------------------------------------------------------------------------------------


def resample(image: Image.Image, size: Size, box: Box, name: Filter = "lanczos") -> Image.Image:
    """The box of a picture at another size, as if cut out before; untouched pixels where cutting is all."""
    # In 256ths of a pixel, so that what a division leaves behind can't reach into one pixel more.
    left, top, right, bottom = (floor(edge * 256 + 0.5) / 256 for edge in box)
    part = (floor(left), floor(top), ceil(right), ceil(bottom))
    if part != (0, 0, *image.size):
        image = image.crop(part)
    if image.size == size and (right - left, bottom - top) == size:
        return image
    inner = (left - part[0], top - part[1], right - part[0], bottom - part[1])
    if image.mode != "RGBA" or name == "nearest":
        return _scaled(image, size, inner, name)
    # Mixed with its alpha: a transparent pixel's colour, which nobody sees, must not show at the edges.
    return _scaled(image.convert("RGBa"), size, inner, name).convert("RGBA")


def _scaled(image: Image.Image, size: Size, box: Box, name: Filter) -> Image.Image:
    """One axis after the other, in an order of our own: Pillow 13 doesn't always take them in the order that 11
    did, and each order rounds to other pixels."""
    if name in REDUCED:
        image, box = _reduced(image, size, box)
    left, top, right, bottom = box
    way = Image.Resampling[name.upper()]
    if size.width <= right - left:
        half = image.resize((size.width, image.height), way, (left, 0, right, image.height))
        return half.resize(size, way, (0, top, size.width, bottom))
    half = image.resize((image.width, size.height), way, (0, top, image.width, bottom))
    return half.resize(size, way, (left, 0, right, size.height))


def _reduced(image: Image.Image, size: Size, box: Box) -> tuple[Image.Image, Box]:
    """The picture made smaller by whole factors, to twice what is wanted or more, and the box in it."""
    left, top, right, bottom = box
    across = max(1, int((right - left) / size.width / 2))
    down = max(1, int((bottom - top) / size.height / 2))
    if (across, down) == (1, 1):
        return image, box
    return image.reduce((across, down)), (left / across, top / down, right / across, bottom / down)


def rendered(image: Image.Image, frame: Frame, *, name: Filter = "lanczos", color: str = TRANSPARENT) -> Image.Image:
    """The picture in its frame, on a canvas of `color`."""
    scaled = resample(image, frame.scaled, frame.box, name)
    if frame.scaled == frame.canvas:
        return scaled
    if color.endswith("ff") and scaled.mode == "RGB":
        canvas = Image.new("RGB", frame.canvas, rgba(color)[:3])
    else:
        canvas = Image.new("RGBA", frame.canvas, rgba(color))
    canvas.paste(scaled, frame.at)
    return canvas


def resize(params: Resize, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return rendered(images[0], resize_frame(params, Size(*images[0].size)), name=params.filter)


def crop(params: Crop, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return rendered(images[0], crop_frame(params, Size(*images[0].size)))


def pad(params: Pad, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return rendered(images[0], pad_frame(params, Size(*images[0].size)), color=params.color)


OPS = (
    Op("resize", 1, Resize, resize, lambda params, sizes: resize_frame(params, sizes[0]).canvas, fixed=resized_to),
    Op("crop", 1, Crop, crop, lambda params, sizes: crop_frame(params, sizes[0]).canvas, fixed=cropped_to),
    Op("pad", 1, Pad, pad, lambda params, sizes: pad_frame(params, sizes[0]).canvas, fixed=padded_to),
)
