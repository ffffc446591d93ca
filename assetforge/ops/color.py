"""Colours as numbers, and the step that puts one behind a picture; unaware of where anything stands."""

from __future__ import annotations

from collections.abc import Sequence

from assetforge.ops.bands import bands
from assetforge.ops.pillow import Image
from assetforge.ops.spec import Op, OpaqueColor, Params

TRANSPARENT = "#00000000"
WHITE = "#ffffffff"


class Flatten(Params):
    """`flatten`: no transparency any more."""

    color: OpaqueColor = WHITE


def rgba(color: str) -> tuple[int, int, int, int]:
    """The four numbers of a validated colour, which is always `#rrggbbaa`."""
    red, green, blue, alpha = bytes.fromhex(color[1:])
    return red, green, blue, alpha


def flattened(image: Image.Image, color: str) -> Image.Image:
    """The picture in RGB, with an opaque colour where it lets something through."""
    if image.mode == "RGB":
        return image
    flat = Image.new("RGB", image.size)
    for box in bands(image):
        band = image.crop(box)
        flat.paste(Image.alpha_composite(Image.new("RGBA", band.size, rgba(color)), band).convert("RGB"), box[:2])
    return flat


def flatten(params: Flatten, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return flattened(images[0], params.color)


OPS = (Op("flatten", 1, Flatten, flatten, lambda _, sizes: sizes[0]),)
