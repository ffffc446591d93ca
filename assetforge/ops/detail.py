"""How much there is to be seen in a picture: `blur`, `sharpen`, `quantize` and `pixelate`; unaware of files."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import compress
from typing import Annotated

from assetforge.ops.bands import bands, with_alpha_of
from assetforge.ops.pillow import Image, ImageChops, ImageFilter
from assetforge.ops.spec import Field, Flag, Number, Op, Params, Whole

# So many pixels tell which colours a picture has.
SAMPLE = 1 << 16

Radius = Annotated[Number, Field(ge=0, le=500)]


class Blur(Params):
    """`blur`. `radius` is the standard deviation in pixels, as in CSS's filter `blur`."""

    radius: Radius


class Sharpen(Params):
    """`sharpen`: the difference from the picture blurred by `radius` is added once."""

    radius: Radius = 1.0


class Quantize(Params):
    """`quantize`: at most so many colours; transparency stays as it is."""

    colors: Annotated[Whole, Field(ge=2, le=256)]
    dither: Flag = False


class Pixelate(Params):
    """`pixelate`. `size` is the side of a square, in pixels; the picture keeps its own size."""

    size: Annotated[Whole, Field(ge=1, le=1024)]


# --- blur and sharpen ---------------------------------------------------------------------------------------


def blur(params: Blur, images: Sequence[Image.Image]) -> Image.Image:
    """The picture out of focus, its edges repeated beyond it."""
    return blurred(images[0], params.radius) if params.radius else images[0]


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """A picture blurred with its alpha: a transparent pixel's colour, which nobody sees, reaches no other."""
    # One channel after the other, because blurring takes two pictures more than there are.
    parts = list((image.convert("RGBa") if image.mode == "RGBA" else image).split())
    for index in range(len(parts)):
        parts[index] = parts[index].filter(ImageFilter.GaussianBlur(radius))
    if image.mode == "RGB":
        return Image.merge("RGB", parts)
    result = Image.merge("RGBa", parts)
    del parts
    return result.convert("RGBA")


def sharpen(params: Sharpen, images: Sequence[Image.Image]) -> Image.Image:
    """Each pixel's colour moved away from what is round it; transparent pixels don't count, and none changes."""
    image = images[0]
    if not params.radius:
        return image
    result = blurred(image, params.radius)
    for box in bands(image):
        band = image.crop(box)
        sharp, soft = band.convert("RGB"), result.crop(box).convert("RGB")
        above, below = ImageChops.subtract(sharp, soft), ImageChops.subtract(soft, sharp)
        sharp = ImageChops.subtract(ImageChops.add(sharp, above), below)
        result.paste(with_alpha_of(band, sharp), box[:2])
    return result


# --- quantize -----------------------------------------------------------------------------------------------


def quantize(params: Quantize, images: Sequence[Image.Image]) -> Image.Image:
    """The picture in few colours, found by median cut among those that are seen; the nearest of them, or mixed."""
    image = images[0]
    hidden = image.getchannel("A").point([255, *[0] * 255]) if image.mode == "RGBA" else None
    if hidden is not None and hidden.getextrema() == (255, 255):
        return image
    seen = sample(image)
    colors = image.convert("RGB")
    # What is not seen must not take part, neither as a colour of its own nor in what dithering hands on.
    if hidden is not None:
        colors.paste(seen.crop((0, 0, 1, 1)).resize(image.size), mask=hidden)
    if colors.getcolors(params.colors) is not None:
        return image
    palette = seen.quantize(params.colors, Image.Quantize.MEDIANCUT, kmeans=max(1, seen.width // 1000))
    if hidden is not None:
        colors.paste(palette.convert("RGB").crop((0, 0, 1, 1)).resize(image.size), mask=hidden)
    way = Image.Dither.FLOYDSTEINBERG if params.dither else Image.Dither.NONE
    indexed = colors.quantize(palette=palette, dither=way)
    del colors
    return with_alpha_of(image, indexed.convert("RGB"))


def sample(image: Image.Image) -> Image.Image:
    """Up to `SAMPLE` pixels that are seen, evenly taken, in one row."""
    kept = image.width * image.height if image.mode == "RGB" else sum(image.getchannel("A").histogram()[1:])
    step = -(-kept // SAMPLE)
    taken, start = array("I"), 0
    for box in bands(image):
        band = image.crop(box).convert("RGBA")
        pixels = array("I", band.tobytes())
        seen = array("I", compress(pixels, band.getchannel("A").tobytes())) if image.mode == "RGBA" else pixels
        taken.extend(seen[start::step])
        start = (start - len(seen)) % step
    return Image.frombytes("RGBA", (len(taken), 1), taken.tobytes()).convert("RGB")


# --- pixelate -----------------------------------------------------------------------------------------------


def pixelate(params: Pixelate, images: Sequence[Image.Image]) -> Image.Image:
    """Squares of one colour each, the mean of what was there, from the upper left corner on."""
    image = images[0]
    across, down = min(params.size, image.width), min(params.size, image.height)
    if (across, down) == (1, 1):
        return image
    few = image.reduce((across, down))
    result = Image.new(image.mode, image.size)
    for row in range(few.height):
        line = few.crop((0, row, few.width, row + 1))
        line = line.resize((few.width * across, down), Image.Resampling.NEAREST)
        result.paste(line, (0, row * down))
    return result


OPS = (
    Op("blur", 1, Blur, blur, lambda _, sizes: sizes[0]),
    Op("sharpen", 1, Sharpen, sharpen, lambda _, sizes: sizes[0]),
    Op("quantize", 1, Quantize, quantize, lambda _, sizes: sizes[0]),
    Op("pixelate", 1, Pixelate, pixelate, lambda _, sizes: sizes[0]),
)
