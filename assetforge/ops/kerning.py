"""How much closer two glyphs stand than their widths say: pair kerning from a font's `GPOS` or `kern` table.

Read here because FreeType reads one of the two tables only, and not in each release. Unaware of characters. A table
may say anything: what lies outside of it counts as 0, and nothing is read but what one pair needs.

Formats: OpenType 1.9, "GPOS", "OpenType Layout Common Table Formats" and "kern".
"""

from collections.abc import Iterator

SCRIPTS = (b"latn", b"DFLT")
KERN = b"kern"
PAIRS, EXTENSION = 2, 9
ADVANCE = 0x0004
# Beyond any font's need; a hostile one could name the same table billions of times.
MOST_LOOKUPS, MOST_SUBTABLES = 64, 512


def number(data: bytes, at: int, size: int = 2) -> int:
    """An unsigned number, 0 where nothing is."""
    return int.from_bytes(data[at : at + size], "big")


def signed(data: bytes, at: int) -> int:
    """A number of 16 bits from -32768 to 32767."""
    return int.from_bytes(data[at : at + 2], "big", signed=True)


class Kerning:
    """The pairs of one font; `gpos` and `kern` are its tables, empty where it has none. As in every other reader
    `kern` counts only where `GPOS` says nothing of kerning."""

    def __init__(self, gpos: bytes, kern: bytes) -> None:
        self._gpos = gpos
        self._kern = kern
        self._lookups = _pair_lookups(gpos)

    def between(self, left: int, right: int) -> int:
        """What is added to the left glyph's width before the right one, in units of the font."""
        if self._lookups:
            return sum(self._from(subtables, left, right) for subtables in self._lookups)
        return _from_kern(self._kern, left, right)

    def _from(self, subtables: tuple[int, ...], left: int, right: int) -> int:
        """Of a lookup the first subtable that knows the pair decides."""
        for at in subtables:
            found = _from_pairs(self._gpos, at, left, right)
            if found is not None:
                return found
        return 0


# --- GPOS ---------------------------------------------------------------------------------------------------


def _pair_lookups(gpos: bytes) -> tuple[tuple[int, ...], ...]:
    """The subtables of each lookup that the feature `kern` uses."""
    lookups = number(gpos, 8)
    found = []
    left = MOST_SUBTABLES
    for index in sorted(set(_kern_lookups(gpos)))[:MOST_LOOKUPS]:
        if index < number(gpos, lookups):
            subtables = tuple(_pair_subtables(gpos, lookups + number(gpos, lookups + 2 + 2 * index), left))
            left -= len(subtables)
            found.append(subtables)
    return tuple(filter(None, found))


def _kern_lookups(gpos: bytes) -> Iterator[int]:
    scripts, features = number(gpos, 4), number(gpos, 6)
    by_tag = {gpos[at : at + 4]: scripts + number(gpos, at + 4) for at in _records(gpos, scripts)}
    script = next((by_tag[tag] for tag in (*SCRIPTS, *by_tag) if tag in by_tag), None)
    if script is None:
        return
    default = number(gpos, script)
    language = script + (default or number(gpos, script + 8))
    named = {number(gpos, language + 6 + 2 * place) for place in range(min(number(gpos, language + 4), 512))}
    for place, at in enumerate(_records(gpos, features)):
        if place in named and gpos[at : at + 4] == KERN:
            feature = features + number(gpos, at + 4)
            for entry in range(min(number(gpos, feature + 2), MOST_LOOKUPS)):
                yield number(gpos, feature + 4 + 2 * entry)


def _records(gpos: bytes, at: int) -> range:
    """Where the records of a list of tags and offsets are."""
    return range(at + 2, at + 2 + 6 * min(number(gpos, at), 512), 6)


def _pair_subtables(gpos: bytes, lookup: int, most: int) -> Iterator[int]:
    kind = number(gpos, lookup)
    for place in range(min(number(gpos, lookup + 4), most)):
        at = lookup + number(gpos, lookup + 6 + 2 * place)
        if kind == PAIRS:
            yield at
        elif kind == EXTENSION and number(gpos, at + 2) == PAIRS:
            yield at + number(gpos, at + 4, 4)


def _from_pairs(gpos: bytes, at: int, left: int, right: int) -> int | None:
    """What one subtable says of a pair, None where it says nothing."""
    index = _coverage(gpos, at + number(gpos, at + 2), left)
    if index is None:
        return None
    first, second = number(gpos, at + 4), number(gpos, at + 6)
    stride = 2 * (first.bit_count() + second.bit_count())
    if number(gpos, at) == 1:
        pairs = at + number(gpos, at + 10 + 2 * index)
        stride += 2
        found = pairs + 2 + stride * _last(gpos, pairs + 2, number(gpos, pairs), stride, right)
        return _advance(gpos, found + 2, first) if found > pairs and number(gpos, found) == right else None
    if number(gpos, at) != 2:
        return None
    row = _class(gpos, at + number(gpos, at + 8), left)
    column = _class(gpos, at + number(gpos, at + 10), right)
    columns = number(gpos, at + 14)
    if row >= number(gpos, at + 12) or column >= columns:
        return None
    return _advance(gpos, at + 16 + stride * (row * columns + column), first)


def _advance(gpos: bytes, at: int, form: int) -> int:
    """The horizontal advance of a value record."""
    return signed(gpos, at + 2 * (form & (ADVANCE - 1)).bit_count()) if form & ADVANCE else 0


def _coverage(gpos: bytes, at: int, glyph: int) -> int | None:
    """A glyph's place in a coverage table, None where it is not in it."""
    form, count = number(gpos, at), number(gpos, at + 2)
    stride = 2 if form == 1 else 6
    place = _last(gpos, at + 4, count, stride, glyph)
    found = at + 4 + stride * place
    if place < 0:
        return None
    if form == 1:
        return place if number(gpos, found) == glyph else None
    return number(gpos, found + 4) + glyph - number(gpos, found) if glyph <= number(gpos, found + 2) else None


def _class(gpos: bytes, at: int, glyph: int) -> int:
    """A glyph's class; 0 is that of all that have none."""
    if number(gpos, at) == 1:
        place = glyph - number(gpos, at + 2)
        return number(gpos, at + 6 + 2 * place) if 0 <= place < number(gpos, at + 4) else 0
    place = _last(gpos, at + 4, number(gpos, at + 2), 6, glyph)
    found = at + 4 + 6 * place
    return number(gpos, found + 4) if place >= 0 and glyph <= number(gpos, found + 2) else 0


def _last(data: bytes, at: int, count: int, stride: int, wanted: int, *, size: int = 2) -> int:
    """The last of sorted records that begins with at most `wanted`, -1 where the first begins with more."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if number(data, at + stride * middle, size) <= wanted:
            low = middle + 1
        else:
            high = middle
    return low - 1


# --- kern ---------------------------------------------------------------------------------------------------


def _from_kern(kern: bytes, left: int, right: int) -> int:
    """The sum of what the horizontal subtables with pairs say; that of Apple's version 1 is not read."""
    total, at = 0, 4
    for _ in range(min(number(kern, 2), 16) if number(kern, 0) == 0 else 0):
        coverage = number(kern, at + 4)
        if coverage in (0x0001, 0x0009):
            pair = (left << 16) + right
            place = _last(kern, at + 14, number(kern, at + 6), 6, pair, size=4)
            found = at + 14 + 6 * place
            if place >= 0 and number(kern, found, 4) == pair:
                total += signed(kern, found + 4)
        at += number(kern, at + 2)
    return total
