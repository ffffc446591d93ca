"""Lines of letters drawn with a font, and laid on a picture in one colour; unaware of how they were set.

Glyphs are drawn larger than they are wanted and scaled down, so that they stand where they should to a part of a
pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor

from assetforge.model import Size
from assetforge.ops.color import rgba
from assetforge.ops.fontfile import FontFile, named
from assetforge.ops.pillow import Image, ImageDraw
from assetforge.ops.spec import OpFailed

# How many ems a glyph may reach from where the pen is: those of sound fonts reach two or three.
REACH = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text where it stands on the picture: where the pen begins, in pixels."""

    text: str
    left: float
    base: int


class Brush:
    """Draws lines of one font and size, with an outline of `stroke` pixels, into masks of a picture's parts."""

    def __init__(self, font: FontFile, size: float, stroke: float) -> None:
        # Large type is fine enough by itself, and its masks would be large.
        self.fold = 4 if size <= 256 else 2 if size <= 1024 else 1
        self._font = font
        self._scale = size / font.units
        self._drawn = font.opened(size * self.fold)
        self._reach = REACH * size * self.fold
        self._stroke = max(1, floor(stroke * self.fold + 0.5)) if stroke else 0
        self._inks: dict[str, tuple[int, int, int, int] | None] = {}

    def mask(self, line: Line, size: Size) -> tuple[Image.Image, tuple[int, int]] | None:
        """What of a line is on a picture of that size, and where; None where nothing is."""
        fold = self.fold
        pens = [(char, floor(left * fold + 0.5)) for char, left in self._pens(line)]
        inks = [(ink, left) for ink, left in ((self._ink(char), left) for char, left in pens) if ink is not None]
        if not inks:
            return None
        left = max(0, min(left + ink[0] for ink, left in inks) // fold)
        top = max(0, line.base + min(ink[1] for ink, _ in inks) // fold)
        right = min(size.width, -(-max(left + ink[2] for ink, left in inks) // fold))
        bottom = min(size.height, line.base - (-max(ink[3] for ink, _ in inks) // fold))
        if left >= right or top >= bottom:
            return None
        mask = Image.new("L", ((right - left) * fold, (bottom - top) * fold))
        draw = ImageDraw.Draw(mask)
        for char, pen in pens:
            at = (pen - left * fold, (line.base - top) * fold)
            with self._broken(char):
                for stroke in dict.fromkeys((0, self._stroke)):
                    draw.text(at, char, fill=255, font=self._drawn, anchor="ls", stroke_width=stroke)
        return (mask.reduce(fold) if fold > 1 else mask), (left, top)

    def _pens(self, line: Line) -> Iterator[tuple[str, float]]:
        """The characters that leave ink, and where the pen is for each."""
        units = 0
        for place, char in enumerate(line.text):
            units += self._font.kern(line.text[place - 1], char) if place else 0
            if not char.isspace():
                yield char, line.left + units * self._scale
            units += self._font.width(char)

    @contextmanager
    def _broken(self, char: str) -> Iterator[None]:
        """What FreeType can't do with a glyph as OpFailed."""
        try:
            yield
        except (OSError, ValueError, OverflowError, MemoryError, Image.DecompressionBombError) as error:
            raise OpFailed(f"the font `{self._font.name}` has a broken glyph for {named(char)}") from error

    def _ink(self, char: str) -> tuple[int, int, int, int] | None:
        if char not in self._inks:
            self._inks[char] = self._measured(char)
        return self._inks[char]

    def _measured(self, char: str) -> tuple[int, int, int, int] | None:
        """The box round a glyph, from where the pen is; None where it is empty. Raises OpFailed."""
        with self._broken(char):
            box = self._drawn.getbbox(char, anchor="ls", stroke_width=self._stroke)
        left, top, right, bottom = floor(box[0]), floor(box[1]), -floor(-box[2]), -floor(-box[3])
        if max(-left, -top, right, bottom) > self._reach + self._stroke:
            raise OpFailed(f"the font `{self._font.name}` has a glyph for {named(char)} that is far too large")
        return (left, top, right, bottom) if left < right and top < bottom else None


def painted(image: Image.Image, brush: Brush, lines: Sequence[Line], color: str) -> Image.Image:
    """The picture with the ink of all lines on it. Ink that meets, as that of close lines may, is one."""
    masks = [found for found in (brush.mask(line, Size(*image.size)) for line in lines) if found is not None]
    if not masks:
        return image
    left, top = (min(at[axis] for _, at in masks) for axis in (0, 1))
    right, bottom = (max(at[axis] + mask.size[axis] for mask, at in masks) for axis in (0, 1))
    ink = Image.new("L", (right - left, bottom - top))
    for mask, at in masks:
        ink.paste(255, (at[0] - left, at[1] - top), mask)
    *plain, alpha = rgba(color)
    ink = ink.point([floor(share * alpha / 255 + 0.5) for share in range(256)])
    result = image.copy()
    if image.mode == "RGB":
        result.paste(tuple(plain), (left, top), ink)
        return result
    paint = Image.new("RGBA", ink.size, tuple(plain))
    paint.putalpha(ink)
    result.alpha_composite(paint, (left, top))
    return result
