"""`cutout`: a background of one colour made transparent, as with a green screen; unaware of what stands before it.

The colour goes wherever it is in the picture, not only where it reaches the edge: between the arms as well. Pixels
at the edge of what stays are mixtures of it and of the background. How much of each is told from what lies on both
sides of the edge, and the background's share is taken out of colour and opacity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from assetforge.ops.color import rgba
from assetforge.ops.compose import feathered
from assetforge.ops.corners import Box, Shade, Tolerance, background
from assetforge.ops.pillow import Image, ImageChops, ImageFilter, ImageMath
from assetforge.ops.spec import Field, KeyColor, Op, Params, Whole

# Sides of the squares that are looked at together, and of those in the corners that tell the colour.
TILE, CORNER = 256, 16
# Pixels from the background on that may be mixtures; a renderer's own smoothing is one or two wide.
MIXED = 4
# How far from the line between both sides, in levels of a channel, a mixture may be: believed up to the first,
# no longer from the second on.
BELIEVED, REFUSED = 24, 64
# A key less colourful than this spills nothing that could be told from the picture's own colours.
COLORFUL = 64


class Cutout(Params):
    """`cutout`. `tolerance` is the largest difference of a channel from the colour, 0 to 255, that goes; `feather`
    is how many pixels inside the edge it takes to become opaque: 0 is a hard edge, whose pixels keep their colours.
    """

    color: KeyColor = "auto"
    tolerance: Tolerance = 48
    feather: Annotated[Whole, Field(ge=0, le=64)] = 1


def cutout(params: Cutout, images: Sequence[Image.Image]) -> Image.Image:
    """The picture without its background; itself where nothing of it is the background's colour."""
    image = images[0]
    key = key_color(params, image)
    result = None
    for box in tiles(image) if key else ():
        tile = cut(image, box, key, params)
        if tile is not None:
            result = image.convert("RGBA") if result is None else result
            result.paste(tile, box[:2])
    return image if result is None else result


def key_color(params: Cutout, image: Image.Image) -> Shade:
    """The colour that goes; () where the corners are transparent already and nothing else is asked for."""
    if params.color != "auto":
        return rgba(params.color)[:3]
    return corner_color(image)


def corner_color(image: Image.Image) -> Shade:
    """What most corners of a picture show; () where that is transparent."""
    found = background(image, max(1, min(CORNER, image.width // 32, image.height // 32)))
    return found[:3] if found[3] == 255 else ()


def remark(params: Cutout, image: Image.Image, made: Image.Image) -> tuple[str, str] | None:
    """What is told where nothing, or all, of a picture was taken away; nothing where its corners, or all of it, are
    transparent already."""
    if made is not image:
        if made.getchannel("A").getbbox() is not None:
            return None
        gone = f"#{bytes(key_color(params, image)).hex()}"
        return (
            f"`cutout` took everything away: every pixel is like {gone}",
            "lower `tolerance`, or write another `color`",
        )
    there = corner_color(image)
    if not there:
        return None
    looked_for, found = (f"#{bytes(color).hex()}" for color in (key_color(params, image), there))
    told = f"`cutout` took nothing away: no pixel is like {looked_for}, and the corners are {found}"
    hint = "ask for a flat background in one colour, or raise `tolerance`"
    return told, hint if looked_for == found else f'write color = "{found}" where that is the background, or "auto"'


def tiles(image: Image.Image) -> Iterator[Box]:
    """The boxes of squares that make up a picture."""
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            yield left, top, min(left + TILE, image.width), min(top + TILE, image.height)


def cut(image: Image.Image, box: Box, key: Shade, params: Cutout) -> Image.Image | None:
    """A box of a picture without its background; None where it, and all that could matter to it, has none."""
    mixed = min(params.feather + 2, MIXED)
    reach = params.feather + 2 * mixed + 4 if params.feather else 0
    left, top = max(box[0] - reach, 0), max(box[1] - reach, 0)
    part = image.crop((left, top, min(box[2] + reach, image.width), min(box[3] + reach, image.height)))
    inner = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    gone = keyed(part, key, params.tolerance)
    if gone.getbbox() is None:
        return None
    if gone.crop(inner).getextrema() == (255, 255):
        return Image.new("RGBA", (box[2] - box[0], box[3] - box[1]))
    own, alpha = part.convert("RGB"), part.convert("RGBA").getchannel("A")
    matte = ImageChops.invert(gone)
    if params.feather:
        own, matte = unmixed(own, matte, ImageChops.darker(matte, alpha), key=key, mixed=mixed)
        matte = feathered(matte, params.feather)
    alpha = ImageChops.multiply(alpha, matte)
    result = Image.new("RGBA", part.size)
    own.putalpha(alpha)
    result.paste(own, mask=alpha.point([0, *[255] * 255]))
    return result.crop(inner)


def keyed(image: Image.Image, key: Shade, tolerance: int) -> Image.Image:
    """A mask of what has the key's colour. What can't be seen has none."""
    far = [255 * (abs(level - middle) > tolerance) for middle in key for level in range(256)]
    red, green, blue = image.convert("RGB").point(far).split()
    kept = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    if image.mode == "RGBA":
        kept = ImageChops.lighter(kept, image.getchannel("A").point([255, *[0] * 255]))
    return ImageChops.invert(kept)


# --- the edge -----------------------------------------------------------------------------------------------


def unmixed(
    own: Image.Image, kept: Image.Image, seen: Image.Image, *, key: Shade, mixed: int
) -> tuple[Image.Image, Image.Image]:
    """Colours without the background's share, and what share is left of each pixel, as a mask.

    `kept` is the mask of what is not background, `seen` how much of that is opaque. Only pixels up to `mixed` from
    the background change.
    """
    depths = [kept]
    for _ in range(mixed):
        depths.append(depths[-1].filter(ImageFilter.MinFilter(3)))
    edge = ImageChops.darker(ImageChops.subtract(kept, depths[-1]), seen.point([0, *[255] * 255]))
    if edge.getbbox() is None:
        return own, kept
    behind, _ = spread(own, ImageChops.invert(kept), mixed + 1)
    front, found = spread(own, ImageChops.darker(depths[-1], seen), mixed + 1)
    # A part too narrow to have such a depth is told from what spilled on it; where the key is grey, and nothing can
    # be told from that, from the deepest that it has.
    for core in () if is_colorful(key) else depths[-2:0:-1]:
        if ImageChops.subtract(edge, found).getbbox() is None:
            break
        narrow, more = spread(own, ImageChops.darker(core, seen), mixed + 1)
        front, found = Image.composite(front, narrow, found), ImageChops.lighter(found, more)
    planes = dict(zip(PLANES, (*own.split(), *behind.split(), *front.split()), strict=True))
    planes["lost"] = ImageChops.invert(found)
    planes["unspilled"] = unspilled(own, behind, key)
    left = as_level(ImageMath.lambda_eval(own_share, **planes)).point(SOLID)
    clean = [
        as_level(ImageMath.lambda_eval(without, own=planes[f"own{color}"], back=planes[f"back{color}"], left=left))
        for color in range(3)
    ]
    colors = Image.composite(Image.merge("RGB", clean), own, edge)
    return colors, Image.composite(left, kept, edge)


PLANES = [f"{name}{color}" for name in ("own", "back", "front") for color in range(3)]
# What is nearly all the picture's own is all its own: grain must not make holes.
SOLID = [min(255, level * 255 // 240) for level in range(256)]


def as_level(image: Image.Image) -> Image.Image:
    """Whole numbers as levels, cut off at 0 and 255."""
    return image.convert("L")


def spread(colors: Image.Image, known: Image.Image, steps: int) -> tuple[Image.Image, Image.Image]:
    """Colours that reach `steps` pixels beyond where they are known, each the mean of its neighbours'; and a mask of
    where there are any."""
    filled = colors.copy()
    filled.putalpha(known)
    filled = filled.convert("RGBa")
    for _ in range(steps):
        unknown = filled.getchannel("a").point([255, *[0] * 255])
        near = filled.filter(ImageFilter.BoxBlur(1)).convert("RGBA")
        near.putalpha(near.getchannel("A").point([0, *[255] * 255]))
        filled.paste(near.convert("RGBa"), mask=unknown)
    return filled.convert("RGBA").convert("RGB"), filled.getchannel("a").point([0, *[255] * 255])


def own_share(given: dict[str, Any]) -> Any:
    """How much of a pixel is the picture's own, 0 to 255: its place on the line from the colour behind to the one in
    front. One that is far from that line is neither's mixture: then only what spilled over is believed."""
    lowest, highest = given["min"], given["max"]
    way = [given[f"front{color}"] - given[f"back{color}"] for color in range(3)]
    off = [given[f"own{color}"] - given[f"back{color}"] for color in range(3)]
    length = way[0] * way[0] + way[1] * way[1] + way[2] * way[2]
    along = way[0] * off[0] + way[1] * off[1] + way[2] * off[2]
    share = lowest(highest((along * 255 + length / 2) / length, 0), 255)
    aside = [abs(one * 255 - whole * share) / 255 for one, whole in zip(off, way, strict=True)]
    doubt = (highest(highest(aside[0], aside[1]), aside[2]) - BELIEVED) * 255 / (REFUSED - BELIEVED)
    doubt = lowest(highest(highest(doubt, given["lost"]), 0), 255)
    return share + (given["unspilled"] - share) * doubt / 255


def without(given: dict[str, Any]) -> Any:
    """One channel of what, mixed with the colour behind in that share, gives the pixel."""
    return given["back"] + (given["own"] - given["back"]) * 255 / given["left"]


def unspilled(own: Image.Image, behind: Image.Image, key: Shade) -> Image.Image:
    """The share left of each pixel when as much of the key is taken out as makes it no more colourful in the key's
    way; all of it for a key that is grey."""
    if not is_colorful(key):
        return Image.new("L", own.size, 255)
    spilled, whole = spill(own, key), spill(behind, key)
    return as_level(
        ImageMath.lambda_eval(
            lambda given: 255 - given["spilled"] * 255 / given["whole"], spilled=spilled, whole=whole
        )
    )


def is_colorful(key: Shade) -> bool:
    """Whether a key is so far from grey that what it spills can be told from greys."""
    return max(key) - min(key) >= COLORFUL


def spill(image: Image.Image, key: Shade) -> Image.Image:
    """By how much the channels that the key is strong in stand out from the others, in each pixel."""
    strong, weak = None, None
    for level, channel in zip(key, image.split(), strict=True):
        if 2 * level > max(key) + min(key):
            strong = channel if strong is None else ImageChops.darker(strong, channel)
        else:
            weak = channel if weak is None else ImageChops.lighter(weak, channel)
    assert strong is not None
    assert weak is not None
    return ImageChops.subtract(strong, weak)


OPS = (Op("cutout", 1, Cutout, cutout, lambda _, sizes: sizes[0], remark=remark),)
