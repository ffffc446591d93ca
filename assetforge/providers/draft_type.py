"""Text of drafts: what the font can show, where lines break, how large a text can stand in a box.

Unaware of colours, orders and pictures. The fonts have the Latin, Greek and Cyrillic scripts and some signs, no
hints and no pairs to kern: each release of FreeType makes the same of them.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from assetforge.fonts.shipped import DRAFT, DRAFT_BOLD
from assetforge.model import Size

Weight = Literal["regular", "bold"]

FILES = {"regular": DRAFT, "bold": DRAFT_BOLD}
COVERED = (
    "0020-007e 00a0-017f 0218-021b 02c6-02dd 0370-0377 037a-037f 0384-038a 038c-038c 038e-03a1 03a3-045f "
    "0490-0491 04d8-04d9 1e9e-1e9e 2010-2015 2018-2022 2026-2026 2030-2030 2032-2033 2039-203a 2044-2044 "
    "20a0-20b5 20b8-20ba 20bd-20bd 2116-2116 2122-2122 2190-2199 21d2-21d2 2212-2212 2215-2215 221a-221a "
    "221e-221e 2248-2248 2260-2260 2264-2265 25a0-25a1 25cf-25cf 2605-2605 270e-270e 2713-2713 2717-2717"
)
GLYPHS = frozenset(
    chr(code)
    for first, _, last in (span.partition("-") for span in COVERED.split())
    for code in range(int(first, 16), int(last, 16) + 1)
)
BOX = "\u25a1"
LONGEST = 2400  # characters of a prompt that are looked at; no picture shows more
MEASURE = 128  # pixels of the em at which characters are measured once
FOLD = 2  # text is drawn this much larger and scaled down, so that its spacing is finer than a pixel


@dataclass(frozen=True, slots=True)
class Block:
    """A text broken into lines at one size of type, in pixels."""

    lines: tuple[str, ...]
    size: int
    weight: Weight
    width: int

    @property
    def leading(self) -> int:
        return self.size * 5 // 4

    @property
    def height(self) -> int:
        return self.leading * (len(self.lines) - 1) + self.size


def shown(text: str) -> str:
    """A text as the font can show it: composed, on one line, a box for each run of what it lacks."""
    composed = unicodedata.normalize("NFC", text[:LONGEST])
    plain = " ".join(part for part in composed.split() if part)
    kept = (char for char in plain if unicodedata.category(char) not in ("Mn", "Me", "Cf", "Cc"))
    runs = groupby(kept, key=GLYPHS.__contains__)
    return "".join("".join(run) if known else BOX for known, run in runs)


@lru_cache(maxsize=64)
def font(size: int, weight: Weight) -> ImageFont.FreeTypeFont:
    """Our own font file, laid out without the shaping library that some machines have and others lack."""
    return ImageFont.truetype(str(FILES[weight]), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def advance(char: str, weight: Weight) -> int:
    """How far a character moves the pen, at MEASURE pixels."""
    return int(font(MEASURE, weight).getlength(char))


def width_of(text: str, size: int, weight: Weight) -> int:
    """Width of a text in pixels, rounded up."""
    return -(-sum(advance(char, weight) for char in text) * size // MEASURE)


def wrapped(words: list[tuple[str, int]], room: int, space: int) -> list[tuple[str, int]]:
    """Lines of words with their widths, greedily filled; a word wider than `room` has a line of its own."""
    lines: list[tuple[str, int]] = []
    for word, width in words:
        if lines and lines[-1][1] + space + width <= room:
            line, so_far = lines[-1]
            lines[-1] = (f"{line} {word}", so_far + space + width)
        else:
            lines.append((word, width))
    return lines


def typeset(text: str, box: Size, sizes: tuple[int, int], weight: Weight) -> Block:
    """A text as large as it can stand in a box, between two sizes of type.

    Where even the smaller size is too large, long words are broken and the text ends in an ellipsis.
    """
    return fitted(text, box, sizes, weight) or cut(text, box, sizes[0], weight)


def fitted(text: str, box: Size, sizes: tuple[int, int], weight: Weight) -> Block | None:
    """A whole text as large as it can stand in a box without a broken word; None where it can't."""
    smallest, largest = sizes
    words = measured(text, weight)
    space = advance(" ", weight)
    widest = max((width for _, width in words), default=0)
    for size in ladder(largest, smallest):
        room = box.width * MEASURE // size
        if widest <= room:
            lines = wrapped(words, room, space)
            if Block(tuple(line for line, _ in lines), size, weight, 0).height <= box.height:
                return balanced(words, lines, size, weight)
    return None


def measured(text: str, weight: Weight) -> list[tuple[str, int]]:
    """The words of a text with their widths at MEASURE."""
    return [(word, sum(advance(char, weight) for char in word)) for word in text.split()]


def ladder(largest: int, smallest: int) -> Iterator[int]:
    """Sizes of type from the largest down, each a sixteenth smaller."""
    size = largest
    while size > smallest:
        yield size
        size = min(size - 1, size * 15 // 16)
    yield smallest


def balanced(words: list[tuple[str, int]], lines: list[tuple[str, int]], size: int, weight: Weight) -> Block:
    """The same words on as many lines, as narrow as that allows: no line with one word left over."""
    space = advance(" ", weight)
    low, high = max((width for _, width in words), default=0), max((width for _, width in lines), default=0)
    while low < high:
        middle = (low + high) // 2
        if len(wrapped(words, middle, space)) > len(lines):
            low = middle + 1
        else:
            high = middle
    lines = wrapped(words, high, space)
    return Block(tuple(line for line, _ in lines), size, weight, -(-high * size // MEASURE))


def cut(text: str, box: Size, size: int, weight: Weight) -> Block:
    """As much of a text as fits, long words broken, an ellipsis at its end where something is missing."""
    room = box.width * MEASURE // size
    pieces = [piece for word in text.split() for piece in broken(word, room, weight)]
    lines = [line for line, _ in wrapped(pieces, room, advance(" ", weight))]
    most = max(1, 1 + (box.height - size) // (size * 5 // 4))
    if len(lines) > most:
        last = lines[most - 1]
        while last and width_of(last + "…", MEASURE, weight) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip(" ,.;:-") + "…"]
    return Block(tuple(lines), size, weight, max(width_of(line, size, weight) for line in lines))


def broken(word: str, room: int, weight: Weight) -> Iterator[tuple[str, int]]:
    """Pieces of a word that fit, with their widths; one character at least."""
    piece, width = "", 0
    for char in word:
        more = advance(char, weight)
        if piece and width + more > room:
            yield piece, width
            piece, width = "", 0
        piece, width = piece + char, width + more
    yield piece, width


def inked(block: Block) -> Image.Image:
    """A block of text as a mask (mode L), its first line's capitals at the top edge."""
    big = font(block.size * FOLD, block.weight)
    margin = block.size  # accents and descenders reach over the lines' edges
    width = (block.width + 2 * margin) * FOLD
    mask = Image.new("L", (width, (block.height + 2 * margin) * FOLD), 0)
    draw = ImageDraw.Draw(mask)
    for number, line in enumerate(block.lines):
        base = (margin + number * block.leading + block.size * 3 // 4) * FOLD
        draw.text((margin * FOLD, base), line, fill=255, font=big, anchor="ls")
    return mask.reduce(FOLD)
