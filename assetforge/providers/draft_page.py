"""What is laid over a draft's picture: the prompt in its panel, the caption, a number, initials.

Unaware of how the picture below came to be. Places and sizes are whole pixels; a panel lets so little shine
through that its text keeps a contrast of 4.5 to 1 over any picture.
"""

from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from assetforge.model import Size
from assetforge.providers.draft_color import Palette, Rgb
from assetforge.providers.draft_type import FOLD, Block, Weight, fitted, inked, shown, typeset

VEIL = 226  # of 255: how much of a panel is its own colour; the rest is the picture behind it
SHADOW = 84  # of 255


class Box(NamedTuple):
    """A rectangle of pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)

    def inset(self, by: int) -> "Box":
        """The rectangle without a border."""
        return Box(self.left + by, self.top + by, self.right - by, self.bottom - by)


@dataclass(frozen=True, slots=True)
class Page:
    """A picture to write on, the part of it that shows, and the colours to write with."""

    picture: Image.Image
    frame: Box
    palette: Palette

    @property
    def short(self) -> int:
        return min(self.frame.size)

    @property
    def margin(self) -> int:
        return max(4, self.short // 22)

    @property
    def pad(self) -> int:
        return max(4, self.short // 26)

    @property
    def room(self) -> Box:
        return self.frame.inset(self.margin)

    @property
    def wide(self) -> bool:
        width, height = self.frame.size
        return width * 10 >= height * 15

    @property
    def column(self) -> int:
        """How wide a panel may be: all there is, or about half of a wide picture."""
        width = self.room.size.width
        return width * 48 // 100 if self.wide else width

    @property
    def small_print(self) -> int:
        """The caption's size of type."""
        return max(9, min(max(self.frame.size) // 40, self.short // 27))

    @property
    def prompt_sizes(self) -> tuple[int, int]:
        """The prompt's smallest size of type, still read at 300 pixels a picture, and its largest."""
        long = max(self.frame.size)
        smallest = max(9, min(long // 30, self.short // 12))
        return smallest, max(smallest, self.short // 10, min(self.short // 4, long // 30))


def is_small(size: Size) -> bool:
    """Whether a picture has no room for a prompt that anyone could read."""
    return max(size) < 160 or min(size) < 64


def rounded(size: Size, radius: int) -> Image.Image:
    """A mask (mode L) of a rectangle with round corners, smooth at its edges."""
    mask = Image.new("L", (size.width * FOLD, size.height * FOLD), 0)
    box = (0, 0, size.width * FOLD - 1, size.height * FOLD - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * FOLD, fill=255)
    return mask.reduce(FOLD)


def panel(page: Page, box: Box) -> None:
    """A pale sheet of frosted glass over a part of the picture, with a flat shadow to lift it off."""
    behind = page.picture.crop(box)
    frost = max(1, min(page.short // 24, *box.size))
    soft = behind.reduce(frost).resize(box.size, Image.Resampling.BILINEAR)
    table = [(level * (255 - VEIL) + color * VEIL) // 255 for color in page.palette.pale for level in range(256)]
    mask = rounded(box.size, page.pad * 2 // 3)
    fall = max(1, page.short // 160)
    page.picture.paste(page.palette.deep, (box.left, box.top + fall), faded(mask, SHADOW))
    page.picture.paste(soft.point(table), box[:2], mask)


def faded(mask: Image.Image, most: int) -> Image.Image:
    """A mask (mode L) that covers with `most` of 255 where it covered fully."""
    return mask.point([level * most // 255 for level in range(256)])


def write(page: Page, block: Block, at: tuple[int, int], color: Rgb) -> None:
    """A block of text, its upper left corner at a place."""
    page.picture.paste(color, (at[0] - block.size, at[1] - block.size), inked(block))


def weight_for(text: str) -> Weight:
    """Short prompts are titles; long ones read better in a lighter type."""
    return "bold" if len(text) <= 90 else "regular"


def headline(page: Page, prompt: str, room: Size) -> Block:
    """The prompt in two thirds of `room` where it can be read there, so that the picture keeps its place."""
    text = shown(prompt) or "…"
    weight = weight_for(text)
    sizes = page.prompt_sizes
    calm = fitted(text, Size(room.width, room.height * 2 // 3), sizes, weight)
    return calm or typeset(text, room, (sizes[0], sizes[0]), weight)


def title(page: Page, prompt: str) -> Box:
    """The panel of a generated picture: at the top, or the upper left of a wide one. Returns its place."""
    room, pad = page.room, page.pad
    thick = max(2, page.short // 110)
    rule = thick + pad * 3 // 4
    share = room.size.height if page.wide else room.size.height * 66 // 100
    block = headline(page, prompt, Size(page.column - 2 * pad, share - 2 * pad - rule))
    width = min(page.column, block.width + 2 * pad) if page.wide else page.column
    box = Box(room.left, room.top, room.left + width, room.top + 2 * pad + rule + block.height)
    panel(page, box)
    left, top = box.left + pad, box.top + pad
    page.picture.paste(page.palette.middle, (left, top, left + page.short // 10, top + thick))
    write(page, block, (left, top + rule), page.palette.deep)
    return box


def caption(page: Page, text: str) -> None:
    """The small print in a pill: at the lower left, or at the lower right of a wide picture."""
    room, size = page.room, page.small_print
    gap = size * 2 // 3
    space = room.size.width - page.column - page.pad if page.wide else room.size.width
    block = typeset(shown(text), Size(space - 2 * gap, size), (min(8, size), size), "regular")
    width, height = min(space, block.width + 2 * gap), size * 2
    left = room.right - width if page.wide else room.left
    box = Box(left, room.bottom - height, left + width, room.bottom)
    panel(page, box)
    at = (left + (width - block.width) // 2, box.top + (height - block.size * 3 // 4) // 2)
    write(page, block, at, page.palette.deep)


def number(page: Page, candidate: int, beside: Box) -> None:
    """A candidate's number on a disc over the upper right corner of a panel, where no text stands."""
    side = page.small_print * 5 // 2
    left = min(beside.right - side // 2, page.frame.right - side)
    top = max(beside.top - side // 2, page.frame.top)
    page.picture.paste(page.palette.deep, (left, top), rounded(Size(side, side), side // 2))
    size = page.small_print * 3 // 2
    block = typeset(str(candidate), Size(side * 7 // 10, size), (min(8, size), size), "bold")
    at = (left + (side - block.width) // 2, top + (side - block.size * 3 // 4) // 2)
    write(page, block, at, page.palette.pale)


def initials(page: Page, prompt: str) -> None:
    """The first letters of the prompt's first two real words on a disc, for a picture too small for more."""
    words = [word for word in shown(prompt).split() if word[0].isalnum()]
    real = [word for word in words if len(word) > 2] or words or ["…"]
    letters = "".join(word[0].upper() for word in real[: 2 if page.short >= 24 else 1])
    width, height = page.frame.size
    side = page.short * 7 // 10
    left, top = page.frame.left + (width - side) // 2, page.frame.top + (height - side) // 2
    page.picture.paste(page.palette.pale, (left, top), faded(rounded(Size(side, side), side // 2), VEIL))
    size = max(6, side * 48 // 100 if len(letters) > 1 else side * 64 // 100)
    block = typeset(letters, Size(side, size), (min(4, size), size), "bold")
    at = (left + (side - block.width) // 2, top + (side - block.size * 3 // 4) // 2)
    write(page, block, at, page.palette.deep)
