"""The pictures that projects are made of, drawn small and plain."""

import io

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

WIDE, HIGH = 1024, 640  # the smallest picture that the model draws


def logo(colour: str = "red") -> Image.Image:
    """A small picture of few colours."""
    picture = Image.new("RGB", (96, 64), "white")
    ImageDraw.Draw(picture).ellipse((10, 10, 60, 50), fill=colour)
    return picture


def sky(height: int = HIGH // 2) -> Image.Image:
    """A mask: the upper part is to be edited."""
    picture = Image.new("RGBA", (WIDE, HIGH), (0, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, WIDE, height))
    return picture


def photo(colour: str = "navy") -> Image.Image:
    """A picture as large as those that are drawn."""
    picture = Image.new("RGB", (WIDE, HIGH), colour)
    ImageDraw.Draw(picture).rectangle((100, 100, 700, 300), fill="orange")
    return picture


def png(picture: Image.Image, *, level: int = 6, note: str = "") -> bytes:
    """A picture as PNG at a compression level, with a comment where one is given."""
    spooled, told = io.BytesIO(), PngInfo()
    if note:
        told.add_text("Comment", note)
    picture.save(spooled, "png", compress_level=level, pnginfo=told)
    return spooled.getvalue()


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size
