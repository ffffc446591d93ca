"""Font files as text is drawn from: proven to be fonts, cut down to their outlines, measured; unaware of texts.

What FreeType gets is another file with only the tables that outlines need. Without hints a glyph has the form that
its designer drew in each release of FreeType, whatever that makes of hints; and no program of a font's own is run.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from struct import pack

from assetforge.fonts.shipped import TEXT
from assetforge.ops.kerning import Kerning, number, signed
from assetforge.ops.pillow import ImageFont
from assetforge.ops.spec import OpFailed
from assetforge.words import byte_size

MAX_BYTES = 32_000_000
MAX_TABLES = 256
FORMS = (b"\0\1\0\0", b"true", b"OTTO")
NEEDED = (b"head", b"hhea", b"hmtx", b"maxp", b"cmap")
OUTLINES = ((b"glyf", b"loca"), (b"CFF ",), (b"CFF2",))
KEPT = frozenset({*NEEDED, b"glyf", b"loca", b"CFF ", b"CFF2", b"OS/2", b"post", b"fvar", b"gvar", b"avar", b"HVAR"})
# A program for each size that forbids glyphs to run theirs (INSTCTRL), made longer by pushing and dropping numbers:
# FreeType takes a font with a shorter one for a font without hints, and makes up its own.
UNHINTED = b"\xb1\x01\x01\x8e" + b"\xb0\x00\x21" * 4


@dataclass(frozen=True, slots=True)
class CharacterMap:
    """The glyphs of characters. Segments are sorted by their ends; `deltas` lead from a code to its glyph, where
    `places` is not 0 by way of a list in `data`."""

    data: bytes
    ends: Sequence[int]
    starts: Sequence[int]
    deltas: Sequence[int]
    places: Sequence[int]

    def glyph(self, code: int) -> int:
        """A character's glyph, 0 where the font has none."""
        index = bisect_left(self.ends, code)
        if index == len(self.ends) or code < self.starts[index]:
            return 0
        if not self.places[index]:
            return (code + self.deltas[index]) & 0xFFFF
        found = number(self.data, self.places[index] + 2 * (code - self.starts[index]))
        return (found + self.deltas[index]) & 0xFFFF if found else 0


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font. Lengths are in its own units, of which an em has `units`; `descent` is positive below the line."""

    name: str
    data: bytes
    units: int
    ascent: int
    descent: int
    characters: CharacterMap
    widths: bytes
    width_count: int
    kerning: Kerning
    _there: dict[str, bool] = field(default_factory=dict, repr=False)
    _widths: dict[str, int] = field(default_factory=dict, repr=False)
    _pairs: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    def has(self, char: str) -> bool:
        """Whether there is a glyph for a character."""
        if char not in self._there:
            self._there[char] = self.characters.glyph(ord(char)) != 0
        return self._there[char]

    def width(self, char: str) -> int:
        """How far a character moves the pen."""
        if char not in self._widths:
            glyph = self.characters.glyph(ord(char))
            self._widths[char] = number(self.widths, 4 * min(glyph, self.width_count - 1))
        return self._widths[char]

    def kern(self, left: str, right: str) -> int:
        """How much further the pen moves between two characters."""
        pair = (left, right)
        if pair not in self._pairs:
            self._pairs[pair] = self.kerning.between(*(self.characters.glyph(ord(char)) for char in pair))
        return self._pairs[pair]

    def opened(self, size: float) -> "ImageFont.FreeTypeFont":
        """The font for drawing at a size in pixels. Pillow's basic layout: the other one needs a library that some
        machines have and others lack. Raises OpFailed."""
        try:
            return ImageFont.truetype(BytesIO(self.data), size, layout_engine=ImageFont.Layout.BASIC)
        except (OSError, ValueError, OverflowError) as error:
            raise unreadable(self.name, str(error) or "it is broken") from None


def named(char: str) -> str:
    """A character as a message names it."""
    code = f"U+{ord(char):04X}"
    return f"`{char}` ({code})" if char.isprintable() else code


def unreadable(name: str, reason: str) -> OpFailed:
    """That a file is no font."""
    return OpFailed(f"`{name}` is not a font that can be read: {reason}")


def check_font(data: bytes, name: str) -> None:
    """Raises OpFailed, with the name, for what is no font that text can be drawn with."""
    _read(data, name).opened(16)


@lru_cache(maxsize=4)
def read_font(data: bytes, name: str) -> FontFile:
    """A font from its file. Raises OpFailed as `check_font`."""
    return _read(data, name)


@lru_cache(maxsize=1)
def own_font() -> FontFile:
    """The font of a text that names none: DejaVu Sans, as it is shipped."""
    return _read(TEXT.read_bytes(), "DejaVu Sans")


def _read(data: bytes, name: str) -> FontFile:
    tables = _tables(data, name)
    units, width_count = number(tables[b"head"], 18), number(tables[b"hhea"], 34)
    if not (16 <= units <= 16_384 and width_count):
        raise unreadable(name, "its measures make no sense")
    found = _character_map(tables[b"cmap"])
    if found is None:
        raise unreadable(name, "it has no Unicode characters")
    characters, tables[b"cmap"] = found
    if b"glyf" in tables:
        tables[b"prep"] = UNHINTED
    ascent, descent = signed(tables[b"hhea"], 4), -signed(tables[b"hhea"], 6)
    return FontFile(
        name=name,
        data=_file({tag: table for tag, table in tables.items() if tag in KEPT or tag == b"prep"}),
        units=units,
        ascent=ascent,
        descent=descent,
        characters=characters,
        widths=tables[b"hmtx"],
        width_count=width_count,
        kerning=Kerning(tables.get(b"GPOS", b""), tables.get(b"kern", b"")),
    )


def _tables(data: bytes, name: str) -> dict[bytes, bytes]:
    """A font's tables by tag; of a collection those of its first font."""
    if len(data) > MAX_BYTES:
        raise unreadable(name, f"it is larger than {byte_size(MAX_BYTES)}")
    if data[:4] in (b"wOFF", b"wOF2"):
        raise unreadable(name, "a web font (WOFF), not TrueType or OpenType")
    start = number(data, 12, 4) if data[:4] == b"ttcf" else 0
    if data[start : start + 4] not in FORMS:
        raise unreadable(name, "not TrueType or OpenType")
    tables = {}
    total = 0
    for record in range(start + 12, start + 12 + 16 * min(number(data, start + 4), MAX_TABLES), 16):
        at, size = number(data, record + 8, 4), number(data, record + 12, 4)
        tag = data[record : record + 4]
        total += size
        if at + size > len(data) or total > len(data) or tag in tables:
            raise unreadable(name, "it is broken or not whole")
        if tag in KEPT or tag in (b"GPOS", b"kern"):
            tables[tag] = data[at : at + size]
    missing = [tag for tag in NEEDED if tag not in tables]
    if missing:
        raise unreadable(name, f"it has no table `{missing[0].decode()}`")
    if not any(all(tag in tables for tag in form) for form in OUTLINES):
        raise unreadable(name, "it has no outlines")
    return tables


def _file(tables: dict[bytes, bytes]) -> bytes:
    """A font file of these tables. The sums of bytes that it could tell are not looked at by FreeType."""
    form = b"\0\1\0\0" if b"glyf" in tables else b"OTTO"
    head, body = [form + pack(">HHHH", len(tables), 0, 0, 0)], []
    at = 12 + 16 * len(tables)
    for tag in sorted(tables):
        table = tables[tag]
        head.append(tag + pack(">LLL", 0, at, len(table)))
        body.append(table + bytes(-len(table) % 4))
        at += len(body[-1])
    return b"".join([*head, *body])


# --- characters ---------------------------------------------------------------------------------------------


def _character_map(cmap: bytes) -> tuple[CharacterMap, bytes] | None:
    """The map from Unicode to glyphs, and a table of it alone, so that nobody reads another; None where there is
    none. Formats: OpenType 1.9, "cmap"."""
    found: dict[int, int] = {}
    for record in range(4, 4 + 8 * min(number(cmap, 2), 64), 8):
        at = number(cmap, record + 4, 4)
        if number(cmap, record) in (0, 3) and (number(cmap, record), number(cmap, record + 2)) not in (
            (3, 0),
            (0, 5),
        ):
            found.setdefault(number(cmap, at), at)
    if 12 in found:
        at = found[12]
        part = cmap[at : at + number(cmap, at + 4, 4)]
        return _long_map(part), pack(">HHHHL", 0, 1, 3, 10, 12) + part
    if 4 in found:
        # Its own length has 16 bits, which is too few in some fonts: all up to the end may be its own.
        part = cmap[found[4] :]
        return _short_map(part), pack(">HHHHL", 0, 1, 3, 1, 12) + part
    return None


def _long_map(part: bytes) -> CharacterMap:
    """Format 12: groups of codes with glyphs in their order."""
    count = min(number(part, 12, 4), (len(part) - 16) // 12)
    groups = [[number(part, at + offset, 4) for offset in (0, 4, 8)] for at in range(16, 16 + 12 * count, 12)]
    return CharacterMap(
        part,
        ends=[end for _, end, _ in groups],
        starts=[start for start, _, _ in groups],
        deltas=[glyph - start for start, _, glyph in groups],
        places=[0] * len(groups),
    )


def _short_map(part: bytes) -> CharacterMap:
    """Format 4: four columns of numbers, and glyphs of segments that are in no order."""
    size = number(part, 6) & ~1
    ends, starts, deltas, places = (
        [*range(at, at + size, 2)] for at in (14, 16 + size, 16 + 2 * size, 16 + 3 * size)
    )
    return CharacterMap(
        part,
        ends=[number(part, at) for at in ends],
        starts=[number(part, at) for at in starts],
        deltas=[number(part, at) for at in deltas],
        places=[at + number(part, at) if number(part, at) else 0 for at in places],
    )
