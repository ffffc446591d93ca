"""A picture worked on in strips of rows, so that memory holds little beside it; unaware of what is done there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assetforge.ops.pillow import Image

BAND = 1 << 17


def bands(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """The boxes of a picture's strips, from the top down, of about `BAND` pixels each."""
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)


def recolored(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """The picture with its colours changed pixel by pixel, by a function from RGB to RGB; its alpha stays."""
    result = Image.new(image.mode, image.size)
    for box in bands(image):
        band = image.crop(box)
        result.paste(with_alpha_of(band, change(band.convert("RGB"))), box[:2])
    return result


def with_alpha_of(image: Image.Image, colors: Image.Image) -> Image.Image:
    """Colours in RGB, which may be changed, with a picture's alpha where it has one."""
    if image.mode == "RGBA":
        colors.putalpha(image.getchannel("A"))
    return colors
