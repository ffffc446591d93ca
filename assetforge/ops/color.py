"""Colours as numbers, and the step that puts one behind a picture; unaware of where anything stands."""

from collections.abc import Sequence

from PIL import Image

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
    ground = Image.new("RGBA", image.size, rgba(color))
    return Image.alpha_composite(ground, image).convert("RGB")


def flatten(params: Flatten, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return flattened(images[0], params.color)


OPS = (Op("flatten", 1, Flatten, flatten, lambda _, sizes: sizes[0]),)
