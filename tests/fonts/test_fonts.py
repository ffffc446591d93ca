"""Laws of the fonts that are shipped: the letters that are promised, no hints, a licence, and not too many bytes."""

import unicodedata
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from assetforge.fonts.shipped import DRAFT, DRAFT_BOLD, FOLDER, TEXT
from assetforge.ops.fontfile import own_font
from tests.fonts.cut_fonts import BLOCKS, cut, promised

FILES = (TEXT, DRAFT, DRAFT_BOLD)
# Blocks of which every character is there that Unicode has, but for these, which came after DejaVu 2.37.
WHOLE = (
    "Basic Latin and Latin-1 Supplement",
    "Latin Extended-A and -B",
    "Latin Extended Additional",
    "Greek",
    "Greek Extended",
    "Cyrillic and its Supplement",
    "General Punctuation",
    "Currency Symbols",
    "Arrows",
    "Mathematical Operators",
)
LATER = frozenset(
    map(chr, (*range(0x0526, 0x0530), *range(0x1EFC, 0x1F00), 0x20B6, 0x20B7, 0x20BB, 0x20BC, *range(0x20BE, 0x20D0)))
)
# One line in each language, with the letters that others don't have.
LANGUAGES = {
    "albanian": "Zëri çlirimtar",
    "azerbaijani": "Gəncə şəhəri, ığır",  # noqa: RUF001
    "basque": "Eñaut",
    "belarusian": "Ўсходняя зямля, ё",
    "bulgarian": "Щъркел, ѝ",
    "catalan": "Il·lusió, ç",
    "croatian": "Đurđevac, čćšž",
    "czech": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "danish": "Ærø, å",
    "dutch": "IJsland, ĳ",
    "esperanto": "eĥoŝanĝo ĉiuĵaŭde",
    "estonian": "Õhtul, šž",
    "faroese": "Føroyar, ðý",
    "finnish": "Äyräpää, å",
    "french": "Où œuvre l’été, « ÿ »",  # noqa: RUF001
    "georgian": "საქართველო",
    "german": "Größe, „ẞ“",
    "greek": "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία, ᾧ",
    "hungarian": "Árvíztűrő tükörfúrógép",
    "icelandic": "Þórður, æ",
    "irish": "Ḃ ċ ḋ, fadó",
    "italian": "Perché così, può",
    "kazakh": "Қазақстан, әғіңөұүһ",
    "latvian": "Ķīļu ģīmetne, ņš",
    "lithuanian": "Įlinkdama fechtuotojo špaga, ų",
    "macedonian": "Ѓорѓи, ќѕџ",
    "maltese": "Għawdex, ħżċġ",
    "norwegian": "Blåbærsyltetøy",
    "polish": "Zażółć gęślą jaźń",
    "portuguese": "À noite, vovô, maçã",
    "romanian": "Știință și viață, âî",
    "russian": "Съешь же ещё этих мягких французских булок",
    "serbian": "Љубазни фењерџија, ђћ",
    "slovak": "Kŕdeľ šťastných ďatľov, ĺô",
    "slovene": "Škofja Loka, čž",
    "spanish": "¿Dónde está el pingüino? ¡Año!",
    "swedish": "Räksmörgås",
    "turkish": "Pijamalı hasta yağız şoföre, İ",  # noqa: RUF001
    "ukrainian": "Ґанок, їжак, єнот",
    "vietnamese": "Đặng Thị Huyền, ưỡ ợ ẳ",
    "welsh": "Tŷ, ŵyr",
    "armenian": "Հայաստան",
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_font_of_text_has_all_of_a_block(name: str) -> None:
    first, last = BLOCKS[name]
    chars = {
        char for char in map(chr, range(first, last + 1)) if unicodedata.category(char) not in ("Cn", "Cc", "Cf")
    }
    assert {char for char in chars - LATER if not own_font().has(char)} == set()
    assert len(chars - LATER) > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_can_be_written_without_a_font(language: str) -> None:
    assert [char for char in LANGUAGES[language] if not own_font().has(char)] == []


def test_nothing_beyond_the_named_blocks_is_shipped() -> None:
    assert set(TTFont(TEXT).getBestCmap()) <= set(promised())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_font_is_without_hints_and_says_whose_it_is(file: object) -> None:
    font = TTFont(file)
    assert not {"fpgm", "cvt ", "gasp"} & set(font.keys())
    assert all(not getattr(glyph, "program", None) for glyph in map(font["glyf"].__getitem__, font.getGlyphOrder()))
    assert "Bitstream" in font["name"].getDebugName(0)
    assert font["name"].getDebugName(5) == "Version 2.37"
    assert ("GPOS" in font) == (file == TEXT)
    assert "kern" not in font


def test_the_licence_stands_beside_them_and_names_each() -> None:
    words = (FOLDER / "LICENSE").read_text("utf-8")
    assert "Bitstream Vera Fonts Copyright" in words
    assert "Arev Fonts Copyright" in words
    assert [file.name for file in FILES if file.name not in words] == []
    assert sorted(path.name for path in FOLDER.glob("*.ttf")) == sorted(file.name for file in FILES)


def test_a_wheel_stays_small() -> None:
    assert sum(file.stat().st_size for file in FILES) < 400_000


def test_cutting_keeps_what_is_asked_for_and_gives_the_same_again() -> None:
    """Of a shipped font, since the whole one is not: letters, outlines, pairs."""
    made = cut(TTFont(TEXT, recalcTimestamp=False), map(ord, "AVÄ€"), ["kern"])
    assert sorted(map(chr, made.getBestCmap())) == sorted("AVÄ€")
    files = []
    for font in (made, cut(TTFont(TEXT, recalcTimestamp=False), map(ord, "AVÄ€"), ["kern"])):
        buffer = BytesIO()
        font.save(buffer)
        files.append(buffer.getvalue())
    assert files[0] == files[1]
    whole = TTFont(TEXT)
    part = TTFont(BytesIO(files[0]))
    for char in "AVÄ€":
        names = whole.getBestCmap()[ord(char)], part.getBestCmap()[ord(char)]
        assert whole["glyf"][names[0]].getCoordinates(whole["glyf"]) == part["glyf"][names[1]].getCoordinates(
            part["glyf"]
        )
        assert whole["hmtx"][names[0]] == part["hmtx"][names[1]]
