"""Fonts that tests make for themselves, with glyphs that can be counted and measured: each is a box on the line."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from struct import pack, unpack_from

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

from assetforge.fonts.shipped import DRAFT

ROOT = Path(__file__).parents[2]
SANS = DRAFT.read_bytes()
BOLD = (ROOT / "tests/cases/web/fonts/DejaVuSans-Bold.ttf").read_bytes()

EM = 1000
# Boxes of 400x700 with 50 on each side: ten letters are five ems wide.
ADVANCE, LEFT, RIGHT, TOP = 500, 50, 450, 700
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.,日本語、한"


def boxes(
    letters: str = LETTERS,
    *,
    kern: Mapping[tuple[str, str], int] | None = None,
    features: str = "",
    box: tuple[int, int, int, int] = (LEFT, 0, RIGHT, TOP),
    form: str = "glyf",
) -> bytes:
    """A font in which each letter is a box; `features` are OpenType's, with glyphs named g0041 and so on."""
    names = {char: f"g{ord(char):04X}" for char in letters}
    order = [".notdef", "space", *names.values()]
    font = FontBuilder(EM, isTTF=form == "glyf")
    # Fonts tell when they were made; two calls within a test are to give one font.
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    font.setupGlyphOrder(order)
    font.setupCharacterMap({0x20: "space"} | {ord(char): name for char, name in names.items()})
    if form == "glyf":
        empty = TTGlyphPen(None).glyph()
        font.setupGlyf(
            {name: empty if name == "space" else _outline(TTGlyphPen(None), box).glyph() for name in order}
        )
    else:
        programs = {}
        for name in order:
            pen = T2CharStringPen(ADVANCE, None)
            programs[name] = (pen if name == "space" else _outline(pen, box)).getCharString()
        font.setupCFF("Boxes", {}, programs, {})
    font.setupHorizontalMetrics(dict.fromkeys(order, (ADVANCE, box[0])))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    if kern:
        table = newTable("kern")
        table.version = 0
        pairs = KernTable_format_0()
        pairs.coverage, pairs.format, pairs.apple = 1, 0, False
        pairs.kernTable = {(names[left], names[right]): value for (left, right), value in kern.items()}
        table.kernTables = [pairs]
        font.font["kern"] = table
    if features:
        addOpenTypeFeaturesFromString(font.font, features)
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def _outline(pen: TTGlyphPen | T2CharStringPen, box: tuple[int, int, int, int]) -> TTGlyphPen | T2CharStringPen:
    left, bottom, right, top = box
    pen.moveTo((left, bottom))
    for point in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(point)
    pen.closePath()
    return pen


def place_of(data: bytes, tag: bytes) -> tuple[int, int, int]:
    """Where a table's entry, and the table, are in a font file, and how long the table is."""
    for entry in range(12, 12 + 16 * unpack_from(">H", data, 4)[0], 16):
        if data[entry : entry + 4] == tag:
            at, size = unpack_from(">LL", data, entry + 8)
            return entry, at, size
    raise KeyError(tag)


def patched(data: bytes, tag: bytes, offset: int, value: int, form: str = ">H") -> bytes:
    """The font with one number of a table changed."""
    at = place_of(data, tag)[1] + offset
    written = pack(form, value)
    return data[:at] + written + data[at + len(written) :]


def shortened(data: bytes, tag: bytes, size: int) -> bytes:
    """The font with a table that is said to be so long."""
    entry = place_of(data, tag)[0]
    return data[: entry + 12] + pack(">L", size) + data[entry + 16 :]


def renamed(data: bytes, tag: bytes, name: bytes) -> bytes:
    """The font with a table under another name."""
    entry = place_of(data, tag)[0]
    return data[:entry] + name + data[entry + 4 :]
