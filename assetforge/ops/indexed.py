"""Pictures of few colours as numbers of a palette, without loss; unaware of the formats that hold such pictures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from assetforge.ops.pillow import Image

Color = tuple[int, ...]

MOST = 256


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture in mode P, and the alpha of each of its colours, those that are opaque at the end left out."""

    image: Image.Image
    alphas: bytes


def find_colors(image: Image.Image, most: int = MOST) -> list[Color] | None:
    """The colours of a picture in RGB or RGBA, those that let something through first; None where there are more."""
    found = image.getcolors(most)
    if found is None:
        return None
    colors = [color for _, color in found if isinstance(color, tuple)]
    return sorted(colors, key=lambda color: (color[3:] in ((), (255,)), color))


def indexed(image: Image.Image, colors: Sequence[Color]) -> Indexed:
    """The picture by the numbers of its colours, which are all of those given, 256 at most."""
    whole = image.convert("RGBA")
    pixels = memoryview(whole.tobytes()).cast("I")
    numbers = {_packed(color): number for number, color in enumerate(colors)}
    drawn = Image.frombytes("P", image.size, bytes(map(numbers.__getitem__, pixels)))
    drawn.putpalette(bytes(part for color in colors for part in color[:3]))
    alphas = bytes((*color, 255)[3] for color in colors)
    return Indexed(drawn, alphas.rstrip(b"\xff"))


def _packed(color: Color) -> int:
    """A colour as the number that its four bytes are on this machine."""
    return int.from_bytes(bytes((*color, 255)[:4]), sys.byteorder)
