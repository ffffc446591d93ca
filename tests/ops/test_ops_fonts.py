"""Laws of font files: what is none is refused by name in bounded time, and a hostile one draws nothing strange."""

import struct
import time
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from assetforge.ops.fontfile import MAX_BYTES, check_font, read_font
from assetforge.ops.kerning import Kerning
from assetforge.ops.lettering import Text, text
from assetforge.ops.spec import OpFailed
from tests.ops.ops_fonts import BOLD, SANS, boxes, patched, place_of, renamed, shortened

GOOD = boxes(features="feature kern { pos g0041 g0056 -100; pos [g0042] [g0056] -80; } kern;")
HEAD_UNITS, HHEA_COUNT = 18, 34


def write(font: bytes, **params: Any) -> Image.Image:
    image = Image.new("RGB", (300, 200), "white")
    return text(Text.model_validate({"text": "AVB", "size": 40, "font": "a.ttf", **params}), [image, font])


@pytest.mark.parametrize("form", ["glyf", "CFF "])
def test_both_kinds_of_outlines_are_drawn_alike(form: str) -> None:
    check_font(boxes(form=form), "a.otf")
    made, other = write(boxes(form=form)), write(boxes())
    assert made.tobytes() == other.tobytes()
    assert made.getextrema() == ((0, 255),) * 3


def test_a_collection_stands_for_its_first_font() -> None:
    shift = 16
    tables = struct.unpack_from(">H", GOOD, 4)[0]
    moved = bytearray(GOOD)
    for entry in range(12, 12 + 16 * tables, 16):
        struct.pack_into(">L", moved, entry + 8, struct.unpack_from(">L", GOOD, entry + 8)[0] + shift)
    font = b"ttcf" + struct.pack(">HHLL", 1, 0, 1, shift) + bytes(moved)
    assert write(font).tobytes() == write(GOOD).tobytes()


@pytest.mark.parametrize("font", [SANS, BOLD, GOOD], ids=["sans", "bold", "boxes"])
def test_a_font_has_the_characters_that_its_maps_have(font: bytes) -> None:
    """Of two maps the one with more than 65,536 codes is read; each is read to its last glyph."""
    from io import BytesIO

    from fontTools.ttLib import TTFont

    there = TTFont(BytesIO(font)).getBestCmap()
    read = read_font(font, "a.ttf")
    around = {code + step for code in there for step in (-1, 0, 1)}
    assert {code for code in around if read.has(chr(code))} == set(there)
    assert (max(there) > 0xFFFF) == (font is BOLD)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not TrueType or OpenType"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not TrueType or OpenType"),
        (b"<svg/>", "not TrueType or OpenType"),
        (b"wOF2" + bytes(100), r"a web font \(WOFF\), not TrueType or OpenType"),
        (b"ttcf" + bytes(8) + b"\xff\xff\xff\xff", "not TrueType or OpenType"),
        (GOOD[:12], "it has no table `head`"),
        (GOOD[:400], "it is broken or not whole"),
        (GOOD[:-200], "it is broken or not whole"),
        (b"\0\1\0\0" + bytes(MAX_BYTES), r"it is larger than 32\.0 MB"),
        (renamed(GOOD, b"cmap", b"CMAP"), "it has no table `cmap`"),
        (renamed(GOOD, b"glyf", b"sbix"), "it has no outlines"),
        (renamed(GOOD, b"post", b"head"), "it is broken or not whole"),
        (patched(GOOD, b"head", HEAD_UNITS, 0), "its measures make no sense"),
        (patched(GOOD, b"head", HEAD_UNITS, 65_535), "its measures make no sense"),
        (patched(GOOD, b"hhea", HHEA_COUNT, 0), "its measures make no sense"),
        (patched(GOOD, b"cmap", 2, 0), "it has no Unicode characters"),
        (shortened(boxes(form="CFF "), b"CFF ", 2), "[a-z ]+$"),
    ],
)
def test_what_is_no_font_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(OpFailed, match=rf"^`fonts/a\.ttf` is not a font that can be read: {reason}"):
        check_font(data, "fonts/a.ttf")


def test_tables_that_lie_in_each_other_can_t_make_a_font_larger_than_its_file() -> None:
    entries = [tag + struct.pack(">LLL", 0, 0, 30_000_000) for tag in (b"head", b"hhea", b"hmtx", b"maxp", b"cmap")]
    font = b"\0\1\0\0" + struct.pack(">HHHH", 5, 0, 0, 0) + b"".join(entries) + bytes(30_000_000)
    with pytest.raises(OpFailed, match="broken or not whole"):
        check_font(font, "a.ttf")


def test_a_glyph_as_large_as_a_town_is_refused_before_it_is_drawn() -> None:
    font = boxes(box=(0, 0, 32_000, 32_000))
    with pytest.raises(OpFailed, match=r"the font `a\.ttf` has a glyph for `A` \(U\+0041\) that is far too large"):
        write(patched(font, b"head", HEAD_UNITS, 16), size=10, box=[0, 0, 300, 200], min_size=1)


def test_programs_of_a_font_are_never_run() -> None:
    """`fpgm` that jumps back for ever: FreeType is not given it."""
    from io import BytesIO

    from fontTools.ttLib import TTFont, newTable
    from fontTools.ttLib.tables.ttProgram import Program

    font = TTFont(BytesIO(GOOD))
    for tag in ("fpgm", "prep"):
        font[tag] = newTable(tag)
        font[tag].program = Program()
        font[tag].program.fromBytecode(b"\xb8\xff\xfd\x1c")
    file = BytesIO()
    font.save(file)
    assert write(file.getvalue()).tobytes() == write(GOOD).tobytes()


def test_pairs_in_a_table_that_names_itself_without_end_are_found_in_bounded_time() -> None:
    """Every lookup is there 65,535 times, and each has as many subtables, which are all the same."""
    header = struct.pack(">HHHHH", 1, 0, 10, 30, 60)
    scripts = struct.pack(">H4sH", 1, b"latn", 8) + struct.pack(">HH", 4, 0) + struct.pack(">HHHH", 0, 0xFFFF, 1, 0)
    features = struct.pack(">H4sH", 1, b"kern", 8) + struct.pack(">HH", 0, 0xFFFF) + bytes(40)
    gpos = header.ljust(10, b"\0") + scripts.ljust(20, b"\0") + features.ljust(30, b"\0")[:30]
    gpos += struct.pack(">HH", 0xFFFF, 4) + struct.pack(">HHH", 2, 0, 0xFFFF) + bytes(200_000)
    began = time.process_time()
    kerning = Kerning(gpos, b"")
    assert all(kerning.between(left, right) == 0 for left in range(20) for right in range(20))
    assert time.process_time() - began < 5


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_font_draws_or_is_refused_by_name(data: st.DataObject) -> None:
    """Any table changed anywhere: no traceback, and no picture of another size."""
    tag = data.draw(
        st.sampled_from([b"head", b"hhea", b"hmtx", b"maxp", b"cmap", b"glyf", b"loca", b"GPOS", b"OS/2"])
    )
    _, at, size = place_of(GOOD, tag)
    font = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        font[at + data.draw(st.integers(0, size - 1))] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 65]))
    if data.draw(st.booleans()):
        del font[data.draw(st.integers(12, len(font))) :]
    try:
        assert write(bytes(font), min_size=1).size == (300, 200)
    except OpFailed as error:
        refused = str(error)
    else:
        refused = "does not fit"
    assert "a.ttf" in refused or "does not fit" in refused


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 70_000), st.integers(0, 70_000))
def test_kerning_of_any_bytes_is_a_number(gpos: bytes, kern: bytes, left: int, right: int) -> None:
    assert isinstance(Kerning(gpos, kern).between(left, right), int)


def test_a_packed_web_font_is_refused_and_not_unpacked() -> None:
    bomb = b"wOFF" + bytes(40) + zlib.compress(bytes(10_000_000))
    with pytest.raises(OpFailed, match="WOFF"):
        check_font(bomb, "a.woff")
