"""Laws of the step `text`: words stand in their box, as large as they fit, or the asset fails and says why."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFont
from pydantic import ValidationError

from assetforge.fonts.shipped import TEXT
from assetforge.model import Media, Picture, Size
from assetforge.ops.decode import pixel_digest
from assetforge.ops.evaluate import evaluate
from assetforge.ops.fontfile import FontFile, own_font, read_font
from assetforge.ops.lettering import LONGEST, Text, prove, text, text_size
from assetforge.ops.memo import Memo
from assetforge.ops.spec import OpFailed, normalised
from assetforge.ops.typesetting import Room, composed, fitted, pieces_of, width_of, wrapped
from tests.ops.ops_fonts import ADVANCE, BOLD, EM, LEFT, ROOT, SANS, TOP, boxes
from tests.ops.ops_pictures import drawn, encoded

BOXES = boxes()
ROOM = Size(400, 300)
WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=12).map(" ".join)


def written(image: Image.Image, font: bytes | None = BOXES, **params: Any) -> Image.Image:
    """The step as a manifest would have it."""
    given = {"font": "fonts/a.ttf", **params} if font is not None else params
    return text(Text.model_validate(given), [image] if font is None else [image, font])


def ink(image: Image.Image, ground: Image.Image) -> tuple[int, int, int, int] | None:
    """The box round all pixels that differ."""
    return ImageChops.difference(image.convert("RGBA"), ground.convert("RGBA")).getbbox(alpha_only=False)


def paper(size: Size = ROOM, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, (255,) * len(mode))


def lines_of(words: str, room: float, font: FontFile | None = None) -> list[str] | None:
    """A paragraph's lines in a room of so many letters of BOXES."""
    found = font or read_font(BOXES, "a.ttf")
    return wrapped(pieces_of(composed(words, found), found), room * ADVANCE, found)


# --- lines --------------------------------------------------------------------------------------------------


@given(WORDS, st.integers(1, 40))
def test_a_line_is_as_full_as_it_can_be_and_no_word_is_lost(words: str, room: int) -> None:
    lines = lines_of(words, room)
    if lines is None:
        assert max(map(len, words.split())) > room
        return
    assert " ".join(lines) == words
    assert max(map(len, lines)) <= room
    for line, after in pairwise(lines):
        assert len(line) + 1 + len(after.split()[0]) > room


@pytest.mark.parametrize(
    ("words", "room", "lines"),
    [
        ("a  b \t c", 9, ["a b c"]),
        ("one two", 3, ["one", "two"]),
        ("well-known", 6, ["well-", "known"]),
        ("1990-2000", 6, None),
        ("-5", 1, None),
        ("ab\u00a0cd ef", 5, ["ab cd", "ef"]),
        ("ab\u200bcd", 3, ["ab", "cd"]),
        ("ab\u200bcd", 4, ["abcd"]),
        ("Daten\u00adschutz", 7, ["Daten-", "schutz"]),
        ("Daten\u00adschutz", 11, ["Datenschutz"]),
        ("Daten\u00adschutz\u00adrecht", 12, ["Datenschutz-", "recht"]),
        ("ab\u00adcd ef", 3, ["ab-", "cd", "ef"]),
        ("\u00adab\u00ad", 2, ["ab"]),
        ("日本語", 2, ["日本", "語"]),
        ("日本、語", 2, ["日", "本、", "語"]),
        ("ab日本", 3, ["ab日", "本"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_where_they_may(words: str, room: int, lines: list[str] | None) -> None:
    assert lines_of(words, room) == lines


def test_line_breaks_are_kept_and_blank_lines_at_the_end_are_not() -> None:
    font = read_font(BOXES, "a.ttf")
    assert composed("a\r\nb\n\nc\n\n", font) == "a\nb\n\nc"
    three = ink(written(paper(), text="a\nb\nc", size=20), paper())
    spaced = ink(written(paper(), text="a\n\nb\n", size=20), paper())
    assert three == spaced is not None


def test_marks_that_only_steer_a_layout_engine_are_not_drawn() -> None:
    whole = written(paper(), text="ab", size=20)
    marked = written(paper(), text="a\u200db\ufe0f\u200e\u2060", size=20)
    assert pixel_digest(whole) == pixel_digest(marked)


def test_a_letter_and_its_accent_are_one_letter() -> None:
    one, two = (written(paper(), SANS, text=word, size=20) for word in ("\u00c4rger", "A\u0308rger"))
    assert pixel_digest(one) == pixel_digest(two)


# --- boxes --------------------------------------------------------------------------------------------------


@given(
    WORDS,
    st.integers(8, 60),
    st.sampled_from(["left", "center", "right"]),
    st.sampled_from(["top", "middle", "bottom"]),
)
def test_ink_never_leaves_its_box(words: str, size: int, align: str, valign: str) -> None:
    box = [30, 20, 333, 211]
    try:
        made = written(paper(), text=words, size=size, min_size=4, box=box, align=align, valign=valign)
    except OpFailed:
        return
    found = ink(made, paper())
    assert found is not None
    assert found[0] >= 30
    assert found[1] >= 20
    assert found[2] <= 363
    assert found[3] <= 231


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, (102, 58)),
        ({"align": "center"}, (162, 58)),
        ({"align": "right"}, (222, 58)),
        ({"valign": "middle"}, (102, 94)),
        ({"valign": "bottom"}, (102, 130)),
        ({"line_height": 2}, (102, 74)),
    ],
)
def test_a_word_stands_where_it_is_told_to(place: dict[str, Any], expected: tuple[int, int]) -> None:
    """Four letters of 20 pixels in a box of 200x120 at 100, 50, at a size of 40: each has 2 pixels beside it."""
    found = ink(written(paper(), text="abcd", size=40, box=[100, 50, 200, 120], **place), paper())
    assert found is not None
    assert found[:2] == expected
    assert found[2] - found[0] == 4 * 40 * ADVANCE // EM - 2 * 40 * LEFT // EM
    assert found[3] - found[1] == 40 * TOP // EM


def test_a_box_in_fractions_is_the_box_in_pixels() -> None:
    one = written(paper(), text="abc", size=20, box=[0.25, 0.5, 0.5, 0.25])
    other = written(paper(), text="abc", size=20, box=[100, 150, 200, 75])
    assert pixel_digest(one) == pixel_digest(other)


def test_a_box_that_leaves_the_picture_is_refused_before_anything_is_made() -> None:
    params = Text.model_validate({"text": "a", "box": [300, 0, 101, 50]})
    with pytest.raises(OpFailed, match="the box 300, 0, 101, 50 leaves the picture, which is 400x300"):
        text_size(params, [ROOM])


# --- sizes --------------------------------------------------------------------------------------------------


@given(WORDS, st.integers(1, 90), st.floats(1, 90), st.floats(20, 900), st.floats(20, 300))
def test_a_text_has_the_largest_size_that_fits(
    words: str, least: int, more: float, width: float, height: float
) -> None:
    font = read_font(BOXES, "a.ttf")
    paragraphs, room = [pieces_of(words, font)], Room(width, height, 1.2)
    block = fitted(paragraphs, (least + more, float(least)), room, font)
    larger = [least + more - step for step in range(100) if least + more - step > (block.size if block else least)]
    if not block:
        larger.append(float(least))
    assert all(fitted(paragraphs, (size, size), room, font) is None for size in larger)
    assert block is None or fitted(paragraphs, (block.size, block.size), room, font) == block


def test_without_a_smallest_size_a_text_has_the_size_it_is_given() -> None:
    """Twenty letters of half an em: 400 pixels have room for them at 40, and not at 41."""
    written(paper(), text="a" * 20, size=40)
    with pytest.raises(
        OpFailed, match=f"the text `{'a' * 20}` does not fit its box of 400x300 at a size of 41, it would"
    ):
        written(paper(), text="a" * 20, size=41)
    written(paper(), text="a" * 20, size=41, min_size=40)


def test_what_does_not_fit_is_told_with_the_size_that_it_would_need() -> None:
    params: dict[str, Any] = {"text": "Harbour\nof the north", "size": 90, "min_size": 60.5, "box": [0, 0, 100, 50]}
    with pytest.raises(OpFailed) as told:
        written(paper(), **params)
    assert str(told.value) == (
        "the text `Harbour of the north` does not fit its box of 100x50 at a size of 60.5, it would need 16"
    )
    written(paper(), **{**params, "size": 16, "min_size": 16})
    with pytest.raises(OpFailed, match="would need 16"):
        written(paper(), **{**params, "size": 17, "min_size": 17})


def test_what_fits_at_no_size_is_told_too() -> None:
    with pytest.raises(OpFailed, match=r"`a{59}…` does not fit its box of 9x9 at a size of 2, and at no smaller one"):
        written(paper(), text="a" * 200, size=2, box=[0, 0, 9, 9])


def test_a_tiny_box_on_a_tiny_picture_draws_or_tells() -> None:
    assert written(drawn(1, 1), text="a", size=1, line_height=1).size == (1, 1)
    with pytest.raises(OpFailed, match="does not fit its box of 0x0"):
        written(drawn(1, 1), text="a", size=1, box=[0.1, 0.1, 0.2, 0.2])


# --- before there is a picture ------------------------------------------------------------------------------


@given(
    st.text("abc 日\u00e4-\u00ad\n", max_size=40),
    st.integers(8, 60),
    st.integers(1, 60),
    st.sampled_from([None, 2, 9]),
    st.sampled_from([None, [30, 20, 100, 40], [0.1, 0.1, 0.5, 0.9]]),
)
def test_what_can_be_set_is_told_without_the_picture_as_it_is_with_it(
    words: str, size: int, least: int, stroke: int | None, box: list[float] | None
) -> None:
    given = {"text": words, "font": "a.ttf", "size": size, "min_size": min(least, size), "stroke": stroke, "box": box}
    params = Text.model_validate(given)

    def told(work: Callable[[], object]) -> tuple[str, str | None] | None:
        try:
            work()
        except OpFailed as error:
            return str(error), error.hint
        return None

    before = told(lambda: prove(params, ROOM, [read_font(BOXES, "a.ttf")]))
    assert before == told(lambda: text(params, [paper(), BOXES]))


def test_while_a_size_is_not_known_only_letters_are_looked_at() -> None:
    font = [read_font(BOXES, "a.ttf")]
    prove(Text.model_validate({"text": "a" * 5000, "font": "a.ttf", "size": 4000}), None, font)
    with pytest.raises(OpFailed, match="no glyph for `ä`"):
        prove(Text.model_validate({"text": "ä", "font": "a.ttf"}), None, font)


def test_texts_are_measured_without_freetype() -> None:
    code = (
        "import sys; from assetforge.model import Size; from assetforge.ops.lettering import Text, prove;"
        "prove(Text.model_validate({'text': 'Größe', 'size': 40}), Size(300, 100), []);"
        "print(sorted({'PIL.ImageFont', 'PIL.ImageDraw', 'PIL._imagingft'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


# --- pixels -------------------------------------------------------------------------------------------------


def test_nothing_to_say_changes_nothing() -> None:
    for words in ("", "  ", "\n\n", "\u200b"):
        image = drawn(30, 20, "RGBA")
        assert pixel_digest(written(image, text=words)) == pixel_digest(image)


@given(st.sampled_from(["RGB", "RGBA"]), st.integers(5, 40))
def test_pixels_outside_the_ink_are_kept(mode: str, size: int) -> None:
    image = drawn(300, 80, mode)
    made = written(image, text="ab cd", size=size, color="#0f766e", box=[20, 10, 200, 60])
    assert made.mode == mode
    found = ink(made, image)
    assert found is not None
    assert found[0] >= 20
    assert found[1] >= 10
    assert pixel_digest(image) == pixel_digest(drawn(300, 80, mode))


def test_letters_on_glass_have_their_own_colour_at_their_edges() -> None:
    """Transparent green below must not show: only the alpha of an edge is mixed."""
    image = Image.new("RGBA", ROOM, (0, 255, 0, 0))
    made = written(image, SANS, text="Glass", size=61.5, color="#c00000")
    data = made.tobytes()
    seen = {data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3]}
    assert seen == {bytes((192, 0, 0))}
    assert len(set(made.getchannel("A").tobytes())) > 20


def test_a_colour_with_alpha_lets_the_picture_through() -> None:
    made = written(paper(), text="a", size=100, color="#00000080", line_height=1)
    assert made.getpixel((25, 60)) == (127, 127, 127)


def test_a_stroke_stands_round_the_letters_and_inside_the_box() -> None:
    """At 100 a letter's box is 40x70; 4 pixels of stroke make it 48x78 with round corners, in a box smaller by 8."""
    made = written(
        paper(), text="a", size=100, stroke={"width": 4, "color": "red"}, box=[10, 10, 200, 150], line_height=1
    )
    assert ink(made, paper()) == (10 + 5, 10 + 10, 10 + 5 + 48, 10 + 10 + 78)
    assert made.getpixel((17, 60)) == (255, 0, 0)
    assert made.getpixel((40, 60)) == (0, 0, 0)
    plain = written(paper(), text="a", size=100, stroke=4, box=[10, 10, 200, 150], line_height=1)
    assert plain.getpixel((17, 60)) == (255, 255, 255)


@pytest.mark.parametrize("stroke", [None, 3])
def test_letters_beyond_the_picture_are_cut_and_nothing_else(stroke: int | None) -> None:
    """With lines that are lower than the letters, ink reaches over the box."""
    made = written(paper(), text="abc\nabc", size=100, line_height=0.3, stroke=stroke, align="right", color="red")
    found = ink(made, paper())
    assert found is not None
    assert found[1] == 0


@pytest.mark.parametrize("size", [10.25, 77, 300, 1100])
def test_letters_stand_to_a_part_of_a_pixel(size: float) -> None:
    """The grey of a line's edges adds up to its true length, whatever the size."""
    image = paper(Size(2400, 1400))
    made = written(image, text="abc", size=size).convert("L")
    dark = sum(255 - value for value in made.tobytes()) / 255
    true = 3 * (size * 400 / EM) * (size * TOP / EM)
    assert dark == pytest.approx(true, rel=0.02)


# --- glyphs -------------------------------------------------------------------------------------------------


def test_a_letter_that_the_font_lacks_fails_and_is_named() -> None:
    with pytest.raises(OpFailed, match=r"^the font `fonts/a\.ttf` has no glyph for `😀` \(U\+1F600\)$"):
        written(paper(), text="ok 😀 ok 😀")
    with pytest.raises(OpFailed, match=r"no glyph for U\+0007, `ä` \(U\+00E4\)$"):
        written(paper(), text="\x07ä")
    with pytest.raises(OpFailed, match=r"`ж` \(U\+0436\) and 2 more$"):
        written(paper(), text="абвгжде")


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ({"text": "ä", "font": "a.ttf"}, "name a font of yours that has them"),
        ({"text": "a\x07", "font": "a.ttf"}, "take it out of the text"),
        ({"text": "שלום"}, "put it in the picture, or `overlay` a picture"),
        ({"text": "a", "font": "a.ttf", "box": [0, 0, 900, 9]}, "keep left and width together within"),
        ({"text": "a", "size": 9, "stroke": 30, "box": [0, 0, 50, 50]}, "make the stroke thinner"),
        ({"text": "a " * 2000, "font": "a.ttf", "size": 90, "min_size": 80}, "shorten the text, set it smaller"),
    ],
)
def test_what_to_do_is_told_of_what_is_in_the_way(params: dict[str, Any], hint: str) -> None:
    with pytest.raises(OpFailed) as told:
        prove(Text.model_validate(params), ROOM, [read_font(BOXES, "a.ttf")] if "font" in params else [])
    assert hint in (told.value.hint or "")


def test_the_font_of_a_text_without_one_is_named_where_it_lacks_a_letter() -> None:
    assert ink(written(paper(), None, text="Häfen → 100 €", size=20), paper()) is not None
    told = r"^DejaVu Sans, which stands in for a `font`, has no glyph for `日` \(U\+65E5\)$"
    with pytest.raises(OpFailed, match=told):
        written(paper(), None, text="日")


def test_a_font_needs_a_hyphen_only_where_a_soft_one_may_show() -> None:
    font = boxes("ab")
    assert ink(written(paper(), font, text="ab", size=20), paper()) is not None
    with pytest.raises(OpFailed, match=r"no glyph for `-` \(U\+002D\)$"):
        written(paper(), font, text="a\u00adb", size=20)


@pytest.mark.parametrize("words", ["مرحبا", "שלום", "नमस्ते", "สวัสดี", "ok \u0661"])
def test_scripts_that_need_shaping_are_refused_before_anything_is_made(words: str) -> None:
    with pytest.raises(OpFailed, match="runs from right to left, or whose letters join"):
        prove(Text.model_validate({"text": words}), None, [])


@pytest.mark.parametrize("words", ["Größe", "Ελληνικά", "Кириллица", "Đặng", "Հայերեն", "ქართული", "«…»—№€"])
def test_all_other_scripts_are_taken(words: str) -> None:
    prove(Text.model_validate({"text": words, "size": 20}), ROOM, [])


def test_chinese_japanese_and_korean_are_taken_with_a_font_of_theirs() -> None:
    prove(Text.model_validate({"text": "日本語、한", "font": "a.ttf"}), ROOM, [read_font(BOXES, "a.ttf")])


def test_pairs_are_kerned_as_the_font_says() -> None:
    """In `kern`, in GPOS by pairs and by classes; GPOS wins. Of a kerned pair less ink is wide."""
    table = {("A", "V"): -120, ("V", "A"): -60}
    by_pairs = "feature kern { pos g0041 g0056 -100; pos g0056 g0041 -50; } kern;"
    by_classes = "feature kern { pos [g0041 g0042] [g0056 g0057] -80; } kern;"
    for font, expected in [
        (boxes(kern=table), {"AV": -120, "VA": -60, "AA": 0, "BW": 0}),
        (boxes(features=by_pairs), {"AV": -100, "VA": -50, "AA": 0, "BW": 0}),
        (boxes(features=by_classes), {"AV": -80, "BW": -80, "VA": 0, "WB": 0}),
        (boxes(kern=table, features=by_pairs), {"AV": -100, "VA": -50}),
    ]:
        read = read_font(font, "a.ttf")
        assert {pair: width_of(pair, read) - 2 * ADVANCE for pair in expected} == expected
        found = ink(written(paper(), font, text="AVA", size=100, line_height=1), paper())
        assert found is not None
        kerned = width_of("AVA", read)
        assert abs(found[2] - found[0] - (kerned - 100) / 10) <= 1


@pytest.mark.parametrize("font", [SANS, BOLD, None], ids=["sans", "bold", "own"])
def test_widths_are_freetype_s_own(font: bytes | None) -> None:
    """Read from the file, where FreeType would round them to pixels."""
    read = own_font() if font is None else read_font(font, "a.ttf")
    opened = read.opened(read.units)
    for char in "AVWjk.,! 123":
        assert read.width(char) == opened.getlength(char)
    assert (read.ascent, read.descent) == opened.getmetrics()


@pytest.mark.skipif(not ImageFont.core.HAVE_RAQM, reason="HarfBuzz is not here to compare with")
@pytest.mark.parametrize("font", [BOLD, None], ids=["kern", "GPOS"])
def test_kerning_is_harfbuzz_s_own(font: bytes | None) -> None:
    from io import BytesIO

    read = own_font() if font is None else read_font(font, "a.ttf")
    file = TEXT.read_bytes() if font is None else font
    shaping = ImageFont.truetype(BytesIO(file), read.units, layout_engine=ImageFont.Layout.RAQM)
    letters = "AFLPTVWYafotvwy.,-"
    kerned = 0
    for pair in (left + right for left in letters for right in letters):
        assert width_of(pair, read) == shaping.getlength(pair, features=["-liga", "-calt", "-clig", "-ccmp"])
        kerned += read.kern(*pair) != 0
    assert kerned >= 30


def test_outlines_are_drawn_without_hints() -> None:
    """A font with hints and the same without give the same picture: nothing hangs on what FreeType makes of them."""
    from io import BytesIO

    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(BOLD))
    assert "fpgm" in font
    for tag in ("fpgm", "prep", "cvt "):
        del font[tag]
    for glyph in font["glyf"].glyphs.values():
        glyph.trim(remove_hinting=True) if hasattr(glyph, "data") else glyph.removeHinting()
    file = BytesIO()
    font.save(file)
    one, other = (written(paper(), data, text="Hinted 123", size=17) for data in (BOLD, file.getvalue()))
    assert pixel_digest(one) == pixel_digest(other)


def test_the_layout_library_that_a_machine_may_lack_is_never_used() -> None:
    for font in (own_font(), read_font(SANS, "a.ttf")):
        assert font.opened(20).layout_engine is ImageFont.Layout.BASIC


# --- parameters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"text": 3},
        {"text": "a", "size": 0},
        {"text": "a", "size": 5000},
        {"text": "a", "size": 20, "min_size": 21},
        {"text": "a", "box": [0, 0, 1]},
        {"text": "a", "box": [0, 0, 0, 1]},
        {"text": "a", "box": [-1, 0, 1, 1]},
        {"text": "a", "align": "middle"},
        {"text": "a", "valign": "center"},
        {"text": "a", "line_height": 0},
        {"text": "a", "stroke": 0},
        {"text": "a", "stroke": True},
        {"text": "a", "stroke": {"color": "red"}},
        {"text": "a", "stroke": {"width": 1, "colour": "red"}},
        {"text": "a", "font": ""},
        {"text": "a" * (LONGEST + 1)},
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Text.model_validate(params)


def test_a_number_is_a_stroke_of_that_width() -> None:
    one, other = (
        Text.model_validate({"text": "a", "stroke": stroke}) for stroke in (3, {"width": 3.0, "color": "#FFF"})
    )
    assert normalised(one) == normalised(other)


# --- fonts in trees of pictures -----------------------------------------------------------------------------


class Fonts:
    """Bytes by digest, for `evaluate`."""

    def __init__(self, *files: bytes) -> None:
        self.leaves = [self._leaf(str(number), data) for number, data in enumerate(files)]
        self.files = {str(number): data for number, data in enumerate(files)}

    def _leaf(self, name: str, data: bytes) -> Picture:
        is_font = not data.startswith(b"\x89PNG")
        size = Size(0, 0) if is_font else ROOM
        return Picture(name, size, Media(name, "", *size, "font" if is_font else "png", len(data)))

    def __call__(self, media: Media) -> bytes:
        return self.files[media.digest]


def test_a_font_reaches_its_step_as_bytes_and_never_the_memo() -> None:
    fonts = Fonts(encoded(paper(), "PNG"), BOXES)
    memo = Memo()
    params = Text.model_validate({"text": "abc", "size": 20.0, "font": "a.ttf"})
    tree = Picture("text", ROOM, op="text", params=params, inputs=tuple(fonts.leaves))
    made = evaluate(tree, fonts, memo=memo)
    assert pixel_digest(made) == pixel_digest(written(paper(), text="abc", size=20))
    assert memo.find("0") is not None
    assert memo.find("1") is None


def test_two_hundred_cards_are_quick(tmp_path: Path) -> None:
    """A second for fifty would still be quick; this is about what grows where it should not."""
    began = time.process_time()
    for number in range(50):
        made = written(paper(Size(1200, 630)), BOLD, text=f"{number} ships that left the harbour in a week of storms",
                       size=72, min_size=44, box=[72, 170, 720, 300], valign="middle")  # fmt: skip
        assert made.size == (1200, 630)
    assert time.process_time() - began < 5


def test_a_long_text_is_set_in_bounded_time() -> None:
    words: Sequence[str] = [
        "a b " * (LONGEST // 4),
        "\u00ad".join("a" * (LONGEST // 2)),
        "日" * LONGEST,
        "\n" * (LONGEST - 1) + "a",
    ]
    began = time.process_time()
    for word in words:
        with pytest.raises(OpFailed, match="does not fit"):
            written(paper(), text=word, size=300, min_size=100)
    assert time.process_time() - began < 20
