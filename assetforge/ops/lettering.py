"""The step `text`: words set in a box and laid on a picture; unaware of where fonts and words come from.

A line is `line_height` times the size high, as in CSS, and its letters stand in the middle of that. Glyphs are drawn
larger than they are wanted and scaled down, so that they stand where they should to a part of a pixel.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor
from typing import Annotated, Any, Literal

from PIL import Image, ImageDraw

from assetforge.model import Size
from assetforge.ops.color import WHITE, rgba
from assetforge.ops.fontfile import FontFile, own_font, read_font
from assetforge.ops.frames import pixel_box
from assetforge.ops.spec import (
    AfterValidator,
    Area,
    Color,
    Field,
    Number,
    Op,
    OpFailed,
    Params,
    field_validator,
    model_validator,
)
from assetforge.ops.typesetting import (
    NO_SPACE,
    SOFT_HYPHEN,
    Block,
    Room,
    composed,
    fitted,
    pieces_of,
    unshaped,
    width_of,
)

LONGEST = 5_000
LARGEST = 4_096
BLACK = "#000000ff"
OTHER_FONT = 'name a font of yours that has them, like `font = "fonts/title.ttf"`'
# How many ems a glyph may reach from where the pen is: those of sound fonts reach two or three.
REACH = 16
ACROSS = {"left": 0.0, "center": 0.5, "right": 1.0}
DOWN = {"top": 0.0, "middle": 0.5, "bottom": 1.0}


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"has to have at most {LONGEST:,} characters, and has {len(text):,}")
    return text


Pixels = Annotated[Number, Field(ge=1, le=LARGEST)]
Width = Annotated[Number, Field(gt=0, le=256)]
Words = Annotated[str, Field(strict=True), AfterValidator(_bounded)]


class Stroke(Params):
    """The outline of letters: it grows outwards by `width` pixels."""

    width: Width
    color: Color = WHITE


class Text(Params):
    """`text`. Sizes are in pixels of the picture; without `min_size` the text has the size it is given."""

    text: Words
    font: Annotated[str, Field(strict=True, min_length=1)] | None = None
    size: Pixels = 48.0
    min_size: Pixels | None = None
    color: Color = BLACK
    box: Area | None = None
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"
    line_height: Annotated[Number, Field(gt=0, le=10)] = 1.2
    stroke: Stroke | None = None

    @field_validator("stroke", mode="before", json_schema_input_type=Stroke | Width | None)
    @classmethod
    def _is_width(cls, value: Any) -> Any:
        """A number is a stroke of that width."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return {"width": value} if is_number else value

    @model_validator(mode="after")
    def _is_smaller(self) -> "Text":
        # A template that is not rendered yet is still text.
        if isinstance(self.min_size, float) and isinstance(self.size, float) and self.min_size > self.size:
            raise ValueError("has to have a `min_size` that is not over its `size`")
        return self


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text where it stands on the picture: where the pen begins, in pixels."""

    text: str
    left: float
    base: int


def text_size(params: Text, sizes: Sequence[Size]) -> Size:
    """The picture's own. Raises OpFailed for a box outside of it, and for letters that can't be set."""
    box_of(params, sizes[0])
    char = unshaped(params.text)
    if char:
        raise OpFailed(
            f"the text {_shown(params.text)} has letters like `{char}` of a script that runs from right to left, or "
            "whose letters join, which can't be set here"
        )
    return sizes[0]


def box_of(params: Text, size: Size) -> tuple[int, int, int, int]:
    """The edges of the box in pixels. Raises OpFailed where it leaves the picture."""
    if params.box is None:
        return (0, 0, *size)
    left, top, right, bottom = pixel_box(params.box, size)
    if right > size.width or bottom > size.height:
        shown = ", ".join(f"{number:g}" for number in params.box)
        raise OpFailed(f"the box {shown} leaves the picture, which is {size}")
    return left, top, right, bottom


def text(params: Text, inputs: Sequence[Any]) -> Image.Image:
    """Lays a text on the first input; the second, where there is one, holds the bytes of its font."""
    image: Image.Image = inputs[0]
    size = text_size(params, [Size(*image.size)])
    font = own_font() if params.font is None else read_font(inputs[1], params.font)
    words = composed(params.text, font)
    if not _letters(words, font):
        return image
    box = box_of(params, size)
    block = _block(params, words, box, font)
    brush = Brush(font, block.size, params.stroke.width if params.stroke else 0.0)
    lines = list(_lines(params, block, box, font))
    result = image
    if params.stroke:
        result = _painted(result, brush, lines, params.stroke.color)
    return _painted(result, Brush(font, block.size, 0.0), lines, params.color)


def _letters(words: str, font: FontFile) -> list[str]:
    """The characters that a text shows. Raises OpFailed for those that the font can't show."""
    shown = words.replace(SOFT_HYPHEN, "-").replace(NO_SPACE, "")
    letters = [char for char in dict.fromkeys(shown) if not char.isspace()]
    missing = [char for char in letters if not font.has(char)]
    if missing:
        named = ", ".join(_named(char) for char in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        name = f"the font `{font.name}`" if font.name != own_font().name else f"{font.name}, used without a `font`,"
        raise OpFailed(f"{name} has no glyph for {named}{more}", hint=OTHER_FONT)
    return letters


def _named(char: str) -> str:
    code = f"U+{ord(char):04X}"
    return f"`{char}` ({code})" if char.isprintable() else code


def _shown(words: str) -> str:
    """A text on one line, and not too long."""
    plain = " ".join("".join(char for char in words if char.isprintable() or char.isspace()).split())
    return f"`{plain}`" if len(plain) <= 60 else f"`{plain[:59].rstrip()}…`"


# --- setting ------------------------------------------------------------------------------------------------


def _block(params: Text, words: str, box: tuple[int, int, int, int], font: FontFile) -> Block:
    """The text in its lines, as large as it fits. Raises OpFailed where it doesn't."""
    paragraphs = [pieces_of(paragraph, font) for paragraph in words.split("\n")]
    edge = 2 * params.stroke.width if params.stroke else 0.0
    room = Room(box[2] - box[0] - edge, box[3] - box[1] - edge, params.line_height)
    smallest = params.size if params.min_size is None else params.min_size
    block = fitted(paragraphs, (params.size, smallest), room, font)
    if block is not None:
        return block
    told = f"the text {_shown(words)} does not fit its box of {box[2] - box[0]}x{box[3] - box[1]} at a size of"
    smaller = fitted(paragraphs, (max(1.0, floor(smallest)), 1.0), room, font)
    needed = "and at no smaller one either" if smaller is None else f"it would need {smaller.size:g}"
    less = "shorten the text" if smaller is None else f"let it shrink with `min_size = {smaller.size:g}`"
    raise OpFailed(f"{told} {smallest:g}, {needed}", hint=f"{less}, or give it a larger box")


def _lines(params: Text, block: Block, box: tuple[int, int, int, int], font: FontFile) -> Iterator[Line]:
    """Where each line stands."""
    edge = params.stroke.width if params.stroke else 0.0
    leading = params.line_height * block.size
    free = box[3] - box[1] - 2 * edge - leading * len(block.lines)
    top = box[1] + edge + free * DOWN[params.valign]
    # The letters' own height, from the highest to the lowest of the font, is in the middle of the line.
    drop = leading / 2 + (font.ascent - font.descent) * block.size / font.units / 2
    for number, line in enumerate(block.lines):
        width = width_of(line, font) * block.size / font.units
        spare = box[2] - box[0] - 2 * edge - width
        left = box[0] + edge + spare * ACROSS[params.align]
        yield Line(line, left, floor(top + leading * number + drop + 0.5))


# --- drawing ------------------------------------------------------------------------------------------------


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
            with self._named(char):
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
    def _named(self, char: str) -> Iterator[None]:
        """What FreeType can't do with a glyph as OpFailed."""
        try:
            yield
        except (OSError, ValueError, OverflowError, MemoryError, Image.DecompressionBombError) as error:
            raise OpFailed(f"the font `{self._font.name}` has a broken glyph for {_named(char)}") from error

    def _ink(self, char: str) -> tuple[int, int, int, int] | None:
        if char not in self._inks:
            self._inks[char] = self._measured(char)
        return self._inks[char]

    def _measured(self, char: str) -> tuple[int, int, int, int] | None:
        """The box round a glyph, from where the pen is; None where it is empty. Raises OpFailed."""
        with self._named(char):
            box = self._drawn.getbbox(char, anchor="ls", stroke_width=self._stroke)
        left, top, right, bottom = floor(box[0]), floor(box[1]), -floor(-box[2]), -floor(-box[3])
        if max(-left, -top, right, bottom) > self._reach + self._stroke:
            raise OpFailed(f"the font `{self._font.name}` has a glyph for {_named(char)} that is far too large")
        return (left, top, right, bottom) if left < right and top < bottom else None


def _painted(image: Image.Image, brush: Brush, lines: Sequence[Line], color: str) -> Image.Image:
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


OPS = (Op("text", 1, Text, text, text_size, fonts=("font",)),)
