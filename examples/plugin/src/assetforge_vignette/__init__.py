"""The step `vignette`: a picture grows darker, or takes another colour, from the middle towards its corners."""

from collections.abc import Sequence

from PIL import Image

from assetforge.ops.spec import Color, Field, Fraction, Op, OpFailed, Params

SMALLEST = 16


class Vignette(Params):
    """What a manifest may write beside `op`.

    A key names only what differs from these defaults, so they may never change. They are not parsed: a colour is
    written as it is when it has been, #rrggbbaa.
    """

    amount: Fraction = Field(0.5, description="0 (nothing) to 1: how strong the corners take the colour.")
    start: Fraction = Field(0.4, description="Where it begins, from the middle (0) to a corner (1).")
    color: Color = Field("#000000ff", description="What the corners become.")


def vignette(params: Vignette, pictures: Sequence[Image.Image]) -> Image.Image:
    """The picture with its corners coloured; what is transparent stays so."""
    picture = pictures[0]
    if min(picture.size) < SMALLEST:
        raise OpFailed(f"a picture of {picture.width}x{picture.height} is too small to have corners")
    ink = Image.new("RGB", picture.size, params.color[:7])
    made = Image.composite(ink, picture.convert("RGB"), shade(params, picture.size))
    if picture.mode == "RGBA":
        made.putalpha(picture.getchannel("A"))
    return made


def shade(params: Vignette, size: tuple[int, int]) -> Image.Image:
    """How much of the colour each pixel takes: nothing up to `start`, and `amount` in the corners."""
    near = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)  # 0 in the middle, 255 in the corners
    begin = round(255 * params.start)
    most = 255 * params.amount
    table = [round(most * max(0, far - begin) / max(1, 255 - begin)) for far in range(256)]
    return near.point(table)


# The version is part of every key: raise it whenever the same parameters give other pixels.
VIGNETTE = Op("vignette", 1, Vignette, vignette, lambda _, sizes: sizes[0])
