"""Where the lines of a text break, and how large it can stand in a box; unaware of colours and pixels.

Widths are in units of the font and are the same in each size, so a text that fits fits in every smaller size too.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from assetforge.ops.fontfile import FontFile

SPACES = re.compile("[ \t\u1680\u2000-\u2006\u2008-\u200a\u205f\u3000]+")
SOFT_HYPHEN, NO_SPACE = "\u00ad", "\u200b"
# A word may break after its own hyphen or dash, before a letter.
HYPHENATED = re.compile(r"(?<=\w[-\u2010\u2013\u2014])(?=[^\W\d_])")
# Of Chinese, Japanese and Korean any character may begin a line but closing marks, accents, emoji's colours of skin
# and these; and any may end one but opening marks.
NEVER_FIRST = frozenset("ーゝゞ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…")
CLOSING = frozenset({"Pe", "Pf", "Po", "Mn", "Mc", "Me", "Sk"})
OPENING = frozenset({"Ps", "Pi"})
# What stands in where a font has no glyph for a character that only differs from it in how lines break.
STAND_INS = {"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2010": "-", "\u2011": "-"}
# Letters that change with their neighbours, or carry marks above and below: drawn one after the other they are wrong.
# Indic and South-East Asian scripts, Tibetan, Mongolian, and Brahmi's other descendants.
SHAPED = ((0x0900, 0x109F), (0x1780, 0x18AF), (0x1900, 0x1AAF), (0x1B00, 0x1C4F), (0xA800, 0xAAFF), (0xABC0, 0xABFF),
          (0x11000, 0x11FFF))  # fmt: skip
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True, slots=True)
class Piece:
    """What is never broken. `after` is what follows it on the same line: a space, nothing, or a soft hyphen, which
    shows only at the end of a line."""

    text: str
    width: int
    after: str


@dataclass(frozen=True, slots=True)
class Block:
    """A text broken into lines at one size of type, in pixels."""

    lines: tuple[str, ...]
    size: float


@dataclass(frozen=True, slots=True)
class Room:
    """What a text has to stand in: pixels, and the height of a line as a factor of its size."""

    width: float
    height: float
    line_height: float


def unshaped(text: str) -> str:
    """The first character that can't be set here, "" where all can: those of scripts that run from right to left, or
    whose letters join."""
    for char in () if text.isascii() else text:
        if char.isascii():
            continue
        code = ord(char)
        if unicodedata.bidirectional(char) in RIGHT_TO_LEFT or any(low <= code <= high for low, high in SHAPED):
            return char
    return ""


def composed(text: str, font: FontFile) -> str:
    """A text as it is set: in composed characters, without those that only tell a layout engine something, and
    without blank lines at its end."""
    whole = "\n".join(unicodedata.normalize("NFC", text).splitlines()).rstrip()
    if whole.isascii():  # nothing stands in for anything there, and all is seen
        return whole
    kept = (char for char in whole if char in (SOFT_HYPHEN, NO_SPACE) or not _is_silent(char))
    return "".join(STAND_INS[char] if char in STAND_INS and not font.has(char) else char for char in kept)


def _is_silent(char: str) -> bool:
    """Joiners, marks of direction, variation selectors."""
    return not char.isascii() and (unicodedata.category(char) == "Cf" or 0xFE00 <= ord(char) <= 0xFE0F)


def width_of(text: str, font: FontFile) -> int:
    """How far a text on one line moves the pen."""
    return sum(map(font.width, text)) + sum(map(font.kern, text, text[1:]))


# --- breaking lines -----------------------------------------------------------------------------------------


def pieces_of(paragraph: str, font: FontFile) -> list[Piece]:
    """The words of a paragraph, and the parts where they may break."""
    found: list[Piece] = []
    for word in SPACES.split(paragraph.strip()):
        parts = [part for part in _parts(word) if part[0]]
        found += (Piece(text, width_of(text, font), after) for text, after in parts[:-1])
        found += (Piece(text, width_of(text, font), " ") for text, _ in parts[-1:])
    return found


def _parts(word: str) -> Iterator[tuple[str, str]]:
    """A word's parts, each with what follows it on the same line."""
    for soft in word.split(SOFT_HYPHEN):
        parts = [
            part
            for free in soft.split(NO_SPACE)
            for hyphenated in HYPHENATED.split(free)
            for part in _between_wide(hyphenated)
        ]
        yield from ((part, "") for part in parts[:-1])
        yield parts[-1], SOFT_HYPHEN


def _between_wide(word: str) -> Iterator[str]:
    """A word broken between its Chinese and Japanese characters, Korean syllables and emoji."""
    start = 0
    for place, (left, right) in enumerate(pairwise(word), 1):
        is_wide = any(unicodedata.east_asian_width(char) in "WF" for char in (left, right))
        if is_wide and unicodedata.category(left) not in OPENING and not _is_attached(right):
            yield word[start:place]
            start = place
    yield word[start:]


def _is_attached(char: str) -> bool:
    """Whether a character never begins a line."""
    return char in NEVER_FIRST or unicodedata.category(char) in CLOSING


def wrapped(pieces: list[Piece], room: float, font: FontFile) -> list[str] | None:
    """Lines of a paragraph as full as they can be, in units of the font; None where a piece is wider than the room. A
    paragraph of nothing is one empty line."""
    lines = []
    start = 0
    while start < len(pieces):
        end = _end_of_line(pieces, start, room, font)
        if end == start:
            return None
        lines.append(_line(pieces[start:end], is_last=end == len(pieces)))
        start = end
    return lines or [""]


def _end_of_line(pieces: list[Piece], start: int, room: float, font: FontFile) -> int:
    """After which piece the line that begins with `start` breaks at the latest; `start` where it never can."""
    best, width = start, 0
    for end in range(start, len(pieces)):
        piece = pieces[end]
        if end > start:
            before = pieces[end - 1]
            width += width_of(before.text[-1] + before.after.strip(SOFT_HYPHEN) + piece.text[0], font)
            width -= font.width(before.text[-1]) + font.width(piece.text[0])
        width += piece.width
        if width > room:
            break
        is_hyphenated = piece.after == SOFT_HYPHEN and end + 1 < len(pieces)
        hyphen = width_of(piece.text[-1] + "-", font) - font.width(piece.text[-1]) if is_hyphenated else 0
        if width + hyphen <= room:
            best = end + 1
    return best


def _line(pieces: list[Piece], *, is_last: bool) -> str:
    inner = "".join(piece.text + piece.after.strip(SOFT_HYPHEN) for piece in pieces[:-1])
    hyphen = "-" if pieces[-1].after == SOFT_HYPHEN and not is_last else ""
    return inner + pieces[-1].text + hyphen


# --- choosing a size ----------------------------------------------------------------------------------------


def fits_surely(words: str, size: float, room: Room, font: FontFile) -> bool:
    """Whether a text fits with room to spare, told without breaking it into lines; where it does not, it may yet."""
    if SOFT_HYPHEN in words or NO_SPACE in words or room.width <= 0:
        return False
    width, lines = room.width * font.units / size, 0
    for paragraph in words.split("\n"):
        whole = SPACES.sub(" ", paragraph.strip())
        total = width_of(whole, font)
        if total > width and max(width_of(word, font) for word in whole.split(" ")) > width:
            return False
        # Two lines after each other are wider together than one may be: else they were one.
        lines += 1 if total <= width else int(2 * total / width) + 2
    return lines * room.line_height * size <= room.height


def set_at(paragraphs: list[list[Piece]], size: float, room: Room, font: FontFile) -> Block | None:
    """A text at one size; None where it doesn't fit."""
    lines: list[str] = []
    for pieces in paragraphs:
        more = wrapped(pieces, room.width * font.units / size, font)
        if more is None:
            return None
        lines += more
        if len(lines) * room.line_height * size > room.height + 0.001:
            return None
    return Block(tuple(lines), size)


def fitted(paragraphs: list[list[Piece]], sizes: tuple[float, float], room: Room, font: FontFile) -> Block | None:
    """A text as large as it fits between the largest and the smallest size, in steps of a pixel; None where even the
    smallest is too large."""
    largest, smallest = sizes
    steps = [*range(int(largest - smallest) + 1)]

    def size(step: int) -> float:
        return max(largest - step, smallest)

    if size(steps[-1]) != smallest:
        steps.append(steps[-1] + 1)
    found = bisect_left(steps, 1, key=lambda step: set_at(paragraphs, size(step), room, font) is not None)
    return set_at(paragraphs, size(steps[found]), room, font) if found < len(steps) else None
