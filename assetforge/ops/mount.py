"""Pictures as systems want their icons: large enough, on a ground, inside the part that is never cut off.

A manifest can't name these steps: they are how the files of a family are made (`graph/families`). Unaware of which
families there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, hypot
from typing import Literal

from assetforge.model import Size
from assetforge.ops.color import WHITE, rgba
from assetforge.ops.frames import Box, Frame, checked, framed
from assetforge.ops.geometry import resample
from assetforge.ops.pillow import Image, ImageChops, ImageDraw, ImageStat
from assetforge.ops.spec import Color, Flag, Fraction, Op, OpFailed, Params, Position, Side

# What is less opaque than this nobody misses: cutting out leaves a haze.
VISIBLE = 16
SHOWN = [0] * VISIBLE + [255] * (256 - VISIBLE)
# Where the visible part ends is looked for in this many rows.
ROWS = 512


class AtLeast(Params):
    """`_at_least`: the picture itself, where it is large enough to fill both sides, or with `one` either of them."""

    family: str
    width: Side
    height: Side
    one: Flag = False


class Mount(Params):
    """`_mount`: the picture in the middle of a ground of exactly this size.

    Of a cut-out picture, what is visible stays inside a `zone` round the middle, whose width is a `share` of the
    shorter side; it is never made larger for that. An opaque picture takes `whole` of the room. Where no `color` is
    given, the ground is that of an opaque picture's edges, or white. With 0 of both, it is all there is. `disc` cuts
    the result to a circle.
    """

    width: Side
    height: Side
    fit: Literal["cover", "contain"] = "contain"
    position: Position = "center"
    zone: Literal["square", "circle"] = "square"
    share: Fraction = 1.0
    whole: Fraction = 1.0
    color: Color | None = None
    disc: Flag = False


def enough(params: AtLeast, size: Size) -> Size:
    """The size as it is. Raises OpFailed where something would have to be scaled up."""
    fills = (size.width >= params.width, size.height >= params.height)
    if not (any(fills) if params.one else all(fills)):
        needed = f"{params.width} wide or {params.height} high" if params.one else f"{params.width}x{params.height}"
        told = f"the family `{params.family}` needs a picture at least {needed}, and this one is {size}"
        raise OpFailed(told, hint="begin with a larger picture, or scale it up: `resize` with `upscale = true`")
    return size


def at_least(params: AtLeast, images: Sequence[Image.Image]) -> Image.Image:
    """The picture itself."""
    enough(params, Size(*images[0].size))
    return images[0]


def mount(params: Mount, images: Sequence[Image.Image]) -> Image.Image:
    """The picture on its ground."""
    image, canvas = images[0], Size(params.width, params.height)
    fit: Literal["cover", "inside"] = "inside" if params.fit == "contain" else "cover"
    frame = framed(Size(*image.size), canvas, fit=fit, position=params.position)
    is_whole = image.mode == "RGB" or image.getchannel("A").getextrema() == (255, 255)
    part = params.whole if is_whole else _part(params, image, frame)
    made = Image.new("RGBA", canvas, _ground(params, image, is_whole=is_whole))
    inner = Size(
        _centred(frame.scaled.width * part, canvas.width), _centred(frame.scaled.height * part, canvas.height)
    )
    if all(inner):
        at = ((canvas.width - inner.width) // 2, (canvas.height - inner.height) // 2)
        made.alpha_composite(resample(image, inner, frame.box).convert("RGBA"), at)
    if params.disc:
        made.putalpha(ImageChops.multiply(made.getchannel("A"), _disc(canvas)))
    return made if params.disc or not _is_opaque(params) else made.convert("RGB")


def _centred(side: float, room: int) -> int:
    """A side made smaller, in whole pixels and so that it can stand in the very middle; a whole one stays."""
    return floor(side) if side == floor(side) else max(1, floor(side) - (room - floor(side)) % 2)


def _is_opaque(params: Mount) -> bool:
    return params.color is None or params.color.endswith("ff")


def _ground(params: Mount, image: Image.Image, *, is_whole: bool) -> tuple[int, int, int, int]:
    if params.color is not None:
        return rgba(params.color)
    return edge_color(image) if is_whole else rgba(WHITE)


def edge_color(image: Image.Image) -> tuple[int, int, int, int]:
    """The colour round a picture: of each channel the median of the outermost pixels."""
    plain, (width, height) = image.convert("RGB"), image.size
    strip = Image.new("RGB", (2 * (width + height), 1))
    for index, row in enumerate((0, height - 1)):
        strip.paste(plain.crop((0, row, width, row + 1)), (index * width, 0))
    for index, column in enumerate((0, width - 1)):
        beside = plain.crop((column, 0, column + 1, height)).transpose(Image.Transpose.ROTATE_90)
        strip.paste(beside, (2 * width + index * height, 0))
    red, green, blue = ImageStat.Stat(strip).median
    return (int(red), int(green), int(blue), 255)


def _part(params: Mount, image: Image.Image, frame: Frame) -> float:
    """How much of its room a cut-out picture takes, so that what is visible of it stays inside the zone."""
    reach = _reach(image.getchannel("A"), frame.box, params.zone) * frame.scaled.width / (frame.box[2] - frame.box[0])
    room = params.share * min(params.width, params.height) / 2
    return min(1.0, room / reach) if reach else 1.0


def _reach(alpha: Image.Image, box: Box, zone: Literal["square", "circle"]) -> float:
    """How far from the middle of a box the visible part goes, in pixels of the picture."""
    left, top, right, bottom = box
    seen = alpha.crop((floor(left), floor(top), ceil(right), ceil(bottom))).point(SHOWN)
    step = max(1, max(seen.size) // ROWS)
    seen = seen.reduce(step) if step > 1 else seen
    x, y = seen.width / 2, seen.height / 2
    found = 0.0
    for row in range(seen.height):
        bounds = seen.crop((0, row, seen.width, row + 1)).getbbox()
        if bounds is not None:
            beside, above = max(x - bounds[0], bounds[2] - x), max(y - row, row + 1 - y)
            found = max(found, hypot(beside, above) if zone == "circle" else max(beside, above))
    return found * step


def _disc(size: Size) -> Image.Image:
    """A circle that fills a square, with smooth edges."""
    large = Image.new("L", (size.width * 4, size.height * 4), 0)
    ImageDraw.Draw(large).ellipse((0, 0, large.width - 1, large.height - 1), fill=255)
    return large.reduce(4)


OPS = (
    Op("_at_least", 1, AtLeast, at_least, lambda params, sizes: enough(params, sizes[0])),
    Op("_mount", 1, Mount, mount, lambda params, _: checked(Size(params.width, params.height))),
)
