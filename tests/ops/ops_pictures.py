"""Pictures that tests of operations draw for themselves, and what hypothesis may choose from."""

from io import BytesIO
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from assetforge.digest import digest_document
from assetforge.model import Size
from assetforge.ops.spec import POSITIONS


def drawn(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A picture in which every pixel, and its transparency, differs from its neighbours."""
    bands = len(mode)
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            pixels += bytes((x * 37 + y * 59 + band * 83 + seed * 11 + x * y) % 256 for band in range(bands))
    return Image.frombytes(mode, (width, height), bytes(pixels))


def disc(width: int, height: int, *, color: tuple[int, int, int], ground: tuple[int, int, int]) -> Image.Image:
    """A disc on a ground, its edge as smooth as 16 points in each pixel make it."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            points = [(8 * x + across - 4 * width, 8 * y + down - 4 * height) for across in ODD for down in ODD]
            inside = sum(across * across + down * down < (3 * min(width, height)) ** 2 for across, down in points)
            pixels += bytes(
                (part * inside + other * (16 - inside)) // 16 for part, other in zip(color, ground, strict=True)
            )
    return Image.frombytes("RGB", (width, height), bytes(pixels))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """A file by Pillow itself, not by the code under test."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def document(value: Any) -> str:
    """A short name for any value, for pictures' identities."""
    return digest_document("test", [("value", value)])


ODD = (1, 3, 5, 7)
SIDES = st.integers(1, 60)
SIZES = st.builds(Size, SIDES, SIDES)
MODES = st.sampled_from(["RGB", "RGBA"])
PICTURES = st.builds(drawn, SIDES, SIDES, MODES, st.integers(0, 9))
FRACTIONS = st.floats(0, 1)
PLACES = st.one_of(st.sampled_from(sorted(POSITIONS)), st.tuples(FRACTIONS, FRACTIONS))
