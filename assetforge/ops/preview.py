"""Small copies of pictures for a page: never larger than they are, and always the same bytes of the same pixels;
unaware of where they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from assetforge.model import Size
from assetforge.ops.encode import encode
from assetforge.ops.encoding import Encoding
from assetforge.ops.geometry import resample
from assetforge.ops.pillow import Image

# So few pixels are kept without loss: pixel art and small icons would show every trace of it.
CRISP_PIXELS = 128 * 128

# A third of the time that most would take, for hardly more bytes.
EFFORT = 2


@dataclass(frozen=True, slots=True)
class Preview:
    """One kind of copy: its longer side in pixels at most, and WebP's quality. `name` is raised with its looks."""

    name: str
    longest: int
    quality: int


THUMB = Preview("thumb1", 480, 80)
LARGE = Preview("large1", 2048, 90)
BETWEEN = Preview("between1", 1024, 80)


def preview(image: Image.Image, kind: Preview) -> bytes:
    """A picture as a WebP file of this kind. Raises OpFailed."""
    size = preview_size(Size(*image.size), kind)
    small = resample(image, size, (0, 0, *image.size))
    is_crisp = size.width * size.height <= CRISP_PIXELS
    look = {"lossless": True} if is_crisp else {"quality": kind.quality}
    return encode(small, Encoding.model_validate({"format": "webp", "effort": EFFORT, **look}))


def preview_size(size: Size, kind: Preview) -> Size:
    """The size of a copy: the picture's own, or as much smaller as its longer side has to be."""
    longest = max(size)
    if longest <= kind.longest:
        return size
    width, height = (max(1, (2 * side * kind.longest + longest) // (2 * longest)) for side in size)
    return Size(width, height)
