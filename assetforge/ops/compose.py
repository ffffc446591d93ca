"""One picture on another: `overlay`, and putting an edit back on its original; unaware of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Annotated, Literal

from assetforge.model import Size
from assetforge.ops.frames import checked, place
from assetforge.ops.geometry import resample
from assetforge.ops.masks import as_mask
from assetforge.ops.pillow import Image, ImageChops, ImageFilter
from assetforge.ops.spec import MAX_SIDE, Field, Fraction, Number, Op, OpFailed, Params, Position, Whole

Shift = Annotated[Whole, Field(ge=-MAX_SIDE, le=MAX_SIDE)]


class Overlay(Params):
    """`overlay`. `offset` is in pixels, `scale` a factor of the overlay's own size."""

    image: Annotated[str, Field(strict=True, min_length=1)]
    position: Position = "center"
    offset: tuple[Shift, Shift] = (0, 0)
    scale: Annotated[Number, Field(gt=0, le=100)] = 1.0
    opacity: Fraction = 1.0
    blend: Literal["normal", "multiply", "screen"] = "normal"


class Preserve(Params):
    """`_preserve`. Inputs: the answer, the original, the mask. `feather` is in pixels."""

    feather: Annotated[Whole, Field(ge=0, le=254)] = 0


# --- overlay ------------------------------------------------------------------------------------------------


def overlay_sizes(params: Overlay, sizes: Sequence[Size]) -> tuple[Size, Size]:
    """The result's size, and the overlay's. Raises OpFailed for an overlay larger than any picture may be."""
    width, height = (max(1, floor(side * params.scale + 0.5)) for side in sizes[1])
    return sizes[0], checked(Size(width, height))


def overlay(params: Overlay, images: Sequence[Image.Image]) -> Image.Image:
    """Lays the second picture on the first, which keeps its size."""
    base, top = images
    size, scaled = overlay_sizes(params, [Size(*base.size), Size(*top.size)])
    left, above = place(scaled, size, params.position)
    left, above = left + params.offset[0], above + params.offset[1]
    seen = (
        max(left, 0),
        max(above, 0),
        min(left + scaled.width, size.width),
        min(above + scaled.height, size.height),
    )
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return base
    shown = resample(top, scaled, (0, 0, *top.size)).convert("RGBA")
    shown = shown.crop((seen[0] - left, seen[1] - above, seen[2] - left, seen[3] - above))
    shown.putalpha(shown.getchannel("A").point([floor(alpha * params.opacity + 0.5) for alpha in range(256)]))
    ground = base.crop(seen).convert("RGBA")
    result = base.copy()
    result.paste(Image.alpha_composite(ground, blended(shown, ground, params.blend)).convert(base.mode), seen[:2])
    return result


def blended(top: Image.Image, ground: Image.Image, blend: Literal["normal", "multiply", "screen"]) -> Image.Image:
    """The upper picture with colours mixed as W3C's Compositing and Blending says, ready to be laid on."""
    if blend == "normal":
        return top
    mix = {"multiply": ImageChops.multiply, "screen": ImageChops.screen}[blend]
    own = top.convert("RGB")
    mixed = Image.composite(mix(own, ground.convert("RGB")), own, ground.getchannel("A"))
    mixed.putalpha(top.getchannel("A"))
    return mixed


# --- preserve -----------------------------------------------------------------------------------------------


def preserved_size(_: Preserve, sizes: Sequence[Size]) -> Size:
    """The original's size. Raises OpFailed where the mask has another."""
    if sizes[1] != sizes[2]:
        raise OpFailed(f"the mask is {sizes[2]} and the picture {sizes[1]}; they have to match")
    return sizes[1]


def preserve(params: Preserve, images: Sequence[Image.Image]) -> Image.Image:
    """The original, with the answer where the mask lets it be edited; all else is the original's own."""
    size = preserved_size(params, [Size(*image.size) for image in images])
    original, mask = images[1], as_mask(images[2])
    answer = resample(images[0], size, (0, 0, *images[0].size))
    share = feathered(ImageChops.invert(mask.getchannel("A")), params.feather)
    if answer.mode == original.mode == "RGB":
        return Image.composite(answer, original, share)
    answer, original = answer.convert("RGBA"), original.convert("RGBA")
    result = Image.composite(answer.convert("RGBa"), original.convert("RGBa"), share).convert("RGBA")
    # Mixing with alpha rounds; only what is truly mixed may be rounded.
    result.paste(original, mask=share.point([255, *[0] * 255]))
    result.paste(answer, mask=share.point([*[0] * 255, 255]))
    return result


def feathered(edited: Image.Image, feather: int) -> Image.Image:
    """The answer's share of each pixel: it grows over `feather` pixels from the edge of the edited part.

    The part is worn off pixel by pixel, and what is left each time adds its share: the sum is the distance
    from the edge. Blurring would be quicker, and would leave nothing of a part narrower than the blend.
    """
    bounds = edited.getbbox()
    if not feather or bounds is None:
        return edited
    margin = (max(bounds[0] - 1, 0), max(bounds[1] - 1, 0), bounds[2] + 1, bounds[3] + 1)
    part = (*margin[:2], min(margin[2], edited.width), min(margin[3], edited.height))
    left = edited.crop(part)
    total = Image.new("L", left.size)
    for step in range(feather + 1):
        share = 255 * (step + 1) // (feather + 1) - 255 * step // (feather + 1)
        total = ImageChops.add(total, left.point([value * share // 255 for value in range(256)]))
        left = left.filter(ImageFilter.MinFilter(3))
    result = Image.new("L", edited.size)
    result.paste(total, part[:2])
    return result


OPS = (
    Op("overlay", 1, Overlay, overlay, lambda params, sizes: overlay_sizes(params, sizes)[0], ("image",)),
    Op("_preserve", 1, Preserve, preserve, preserved_size),
)
