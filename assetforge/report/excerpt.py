"""The line of a file with carets under what of it is meant, for any place that shows text in columns.

Unaware of what is wrong with the line, of terminals and of pages.
"""

import re
import unicodedata
from collections.abc import Sequence

WIDTH = 100
LEAD = 40
TAB = "    "
# Controls (C0, C1, DEL), halves of characters, and marks that turn the order of what follows (UAX 9, UTS 55).
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """A text that a terminal only shows: what would steer it is written out as `\\u001b`."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def excerpt(line: str, column: int, length: int) -> tuple[str, str]:
    """A line as it is shown and the carets under a part of it, both cut to `WIDTH` columns around that part.

    `column` counts characters from 1. Tabs are shown as spaces; a wide character takes two columns, a mark on the
    one before it none.
    """
    cells = [TAB if character == "\t" else harmless(character) for character in line]
    widths = [_columns(cell) for cell in cells]
    start = min(max(column - 1, 0), len(cells))
    end = min(start + max(length, 1), len(cells))
    first, last = _window(widths, start)
    left, right = "…" if first else "", "…" if last < len(cells) else ""
    before = len(left) + sum(widths[first:start])
    marked = sum(widths[start : max(min(end, last), start)])
    return left + "".join(cells[first:last]) + right, " " * before + "^" * max(marked, 1)


def _window(widths: Sequence[int], start: int) -> tuple[int, int]:
    """The part of a line to show, so that what begins at `start` is seen with something before it."""
    first = 0
    if sum(widths) > WIDTH:
        room = 0
        first = start
        while first and room + widths[first - 1] <= LEAD:
            first -= 1
            room += widths[first]
        if sum(widths[:start]) <= WIDTH // 2:
            first = 0
    last, room = first, 0
    while last < len(widths) and room + widths[last] <= WIDTH:
        room += widths[last]
        last += 1
    return first, last


def _columns(cell: str) -> int:
    return sum(_width(character) for character in cell)


def _width(character: str) -> int:
    """Columns of a character, by Unicode's annex 11 on the width of East Asian ones."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return _columns(harmless(text))
