"""Colours as numbers, and the step that puts one behind a picture; unaware of where anything stands."""

from collections.abc import Sequence

from PIL import Image

from assetforge.ops.spec import Op, OpaqueColor, Params

TRANSPARENT = "#00000000"
WHITE = "#ffffffff"
# Pixels that are laid on a colour together.
BAND = 1 << 17


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
    # In bands: a picture of 8 megapixels must not be in memory three times.
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        flat.paste(Image.alpha_composite(Image.new("RGBA", band.size, rgba(color)), band).convert("RGB"), (0, top))
    return flat


def flatten(params: Flatten, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    return flattened(images[0], params.color)


OPS = (Op("flatten", 1, Flatten, flatten, lambda _, sizes: sizes[0]),)
