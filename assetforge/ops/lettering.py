"""The step `text`: words set in a box and laid on a picture; unaware of where fonts and words come from.

A line is `line_height` times the size high, as in CSS, and its letters stand in the middle of that. Whether a text
can be set is told without drawing a letter, before there is a picture to set it on.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from math import floor
from typing import TYPE_CHECKING, Annotated, Any, Literal

from assetforge.model import Size
from assetforge.ops.fontfile import FontFile, named, own_font, read_font
from assetforge.ops.frames import pixel_box
from assetforge.ops.pillow import Image
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
    Piece,
    Room,
    composed,
    fits_surely,
    fitted,
    pieces_of,
    set_at,
    unshaped,
    width_of,
)

if TYPE_CHECKING:
    from assetforge.ops.pen import Line

LONGEST = 5_000
LARGEST = 4_096
BLACK, WHITE = "#000000ff", "#ffffffff"
# Of a text that is longer the size that it would need is not sought: each one that is tried takes its time.
LONGEST_SOUGHT = 500
ELSEWHERE = "put it in the picture, or `overlay` a picture of it that was made elsewhere"
OTHER_FONT = 'name a font of yours that has them, like `font = "fonts/title.ttf"`'
CONTROLS = "take it out of the text: it is a control character"
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


def text_size(params: Text, sizes: Sequence[Size]) -> Size:
    """The picture's own. Raises OpFailed for a box outside of it."""
    box_of(params, sizes[0])
    return sizes[0]


def box_of(params: Text, size: Size) -> tuple[int, int, int, int]:
    """The edges of the box in pixels. Raises OpFailed where it leaves the picture."""
    if params.box is None:
        return (0, 0, *size)
    left, top, right, bottom = pixel_box(params.box, size)
    if right > size.width or bottom > size.height:
        shown = ", ".join(f"{number:g}" for number in params.box)
        raise OpFailed(f"the box {shown} leaves the picture, which is {size}", hint=_within(size))
    return left, top, right, bottom


def _within(size: Size) -> str:
    return f"keep left and width together within {size.width:,}, and top and height within {size.height:,}"


def prove(params: Text, size: Size | None, fonts: Sequence[FontFile]) -> None:
    """Raises OpFailed for a text that its font can't show, or that does not fit on a picture of that size."""
    font = fonts[0] if fonts else own_font()
    words = shown_words(params, font)
    if not words or size is None:
        return
    room = _room(params, box_of(params, size))
    if not fits_surely(words, _smallest(params), room, font):
        paragraphs = _paragraphs(words, font)
        if set_at(paragraphs, _smallest(params), room, font) is None:
            raise _too_long(params, paragraphs, box_of(params, size), font)


def text(params: Text, inputs: Sequence[Any]) -> "Image.Image":
    """Lays a text on the first input; the second, where there is one, holds the bytes of its font."""
    from assetforge.ops.pen import Brush, painted

    image: Image.Image = inputs[0]
    size = text_size(params, [Size(*image.size)])
    font = own_font() if params.font is None else read_font(inputs[1], params.font)
    words = shown_words(params, font)
    if not words:
        return image
    box = box_of(params, size)
    block = _block(params, words, box, font)
    brush = Brush(font, block.size, params.stroke.width if params.stroke else 0.0)
    lines = list(_lines(params, block, box, font))
    result = image
    if params.stroke:
        result = painted(result, brush, lines, params.stroke.color)
    return painted(result, Brush(font, block.size, 0.0), lines, params.color)


def shown_words(params: Text, font: FontFile) -> str:
    """A text as it is set, "" where nothing of it shows. Raises OpFailed for letters that can't be set at all, and
    for those that the font doesn't have."""
    char = unshaped(params.text)
    if char:
        raise OpFailed(
            f"the text {_quoted(params.text)} has letters like `{char}` of a script that runs from right to left, or "
            "whose letters join, which can't be set here",
            hint=ELSEWHERE,
        )
    words = composed(params.text, font)
    letters = [char for char in dict.fromkeys(words) if not (char.isspace() or char in (SOFT_HYPHEN, NO_SPACE))]
    wanted = [*letters, "-"] if SOFT_HYPHEN in words and "-" not in words else letters
    missing = [char for char in wanted if not font.has(char)]
    if missing:
        told = ", ".join(map(named, missing[:5]))
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        name = f"the font `{params.font}`" if params.font else f"{font.name}, which stands in for a `font`,"
        is_control = all(unicodedata.category(char) == "Cc" for char in missing)
        raise OpFailed(f"{name} has no glyph for {told}{more}", hint=CONTROLS if is_control else OTHER_FONT)
    return words if letters else ""


def _quoted(words: str) -> str:
    """A text on one line, and not too long."""
    plain = " ".join("".join(char for char in words if char.isprintable() or char.isspace()).split())
    return f"`{plain}`" if len(plain) <= 60 else f"`{plain[:59].rstrip()}…`"


# --- setting ------------------------------------------------------------------------------------------------


def _paragraphs(words: str, font: FontFile) -> list[list[Piece]]:
    return [pieces_of(paragraph, font) for paragraph in words.split("\n")]


def _room(params: Text, box: tuple[int, int, int, int]) -> Room:
    edge = 2 * params.stroke.width if params.stroke else 0.0
    return Room(box[2] - box[0] - edge, box[3] - box[1] - edge, params.line_height)


def _smallest(params: Text) -> float:
    return params.size if params.min_size is None else params.min_size


def _block(params: Text, words: str, box: tuple[int, int, int, int], font: FontFile) -> Block:
    """The text in its lines, as large as it fits. Raises OpFailed where it doesn't."""
    paragraphs = _paragraphs(words, font)
    block = fitted(paragraphs, (params.size, _smallest(params)), _room(params, box), font)
    if block is None:
        raise _too_long(params, paragraphs, box, font)
    return block


def _too_long(
    params: Text, paragraphs: list[list[Piece]], box: tuple[int, int, int, int], font: FontFile
) -> OpFailed:
    """That a text fits at no size it may have, and at which it would."""
    smallest, room = _smallest(params), _room(params, box)
    its_box = f"its box of {box[2] - box[0]}x{box[3] - box[1]}"
    if params.stroke and min(room.width, room.height) <= 0:
        told = f"the stroke of the text {_quoted(params.text)} is {params.stroke.width:g} wide on each side"
        return OpFailed(f"{told}, and leaves no room in {its_box}", hint="make the stroke thinner, or the box larger")
    told = f"the text {_quoted(params.text)} does not fit {its_box} at a size of"
    if len(params.text) > LONGEST_SOUGHT:
        return OpFailed(f"{told} {smallest:g}", hint="shorten the text, set it smaller, or give it a larger box")
    smaller = fitted(paragraphs, (max(1.0, floor(smallest)), 1.0), room, font)
    needed = "and at no smaller one either" if smaller is None else f"it would need {smaller.size:g}"
    less = "shorten the text" if smaller is None else f"let it shrink with `min_size = {smaller.size:g}`"
    return OpFailed(f"{told} {smallest:g}, {needed}", hint=f"{less}, or give it a larger box")


def _lines(params: Text, block: Block, box: tuple[int, int, int, int], font: FontFile) -> Iterator["Line"]:
    """Where each line stands."""
    from assetforge.ops.pen import Line

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


OPS = (Op("text", 2, Text, text, text_size, fonts=("font",), prove=prove),)
