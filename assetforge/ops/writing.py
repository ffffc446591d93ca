"""One picture written by one of Pillow's encoders, alone with itself; unaware of what is asked of the file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from assetforge.ops.pillow import Image


def bare(image: Image.Image) -> Image.Image:
    """The picture's pixels and nothing else, in an object of its own: encoders write what is in `info`, needless
    alpha costs bytes, and `save` keeps its options in the object, which other threads may be saving too."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        own = image.convert("RGB")
    else:
        # A copy would cost four bytes a pixel for what nobody writes to: the object is new, its pixels are shared.
        image.load()
        own = image._new(image.im)
    own.info = {}
    return own


def written(image: Image.Image, form: str, **options: Any) -> bytes:
    """A file of one of Pillow's formats. Raises OSError and ValueError as `save` does."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
