"""The fonts that are shipped, cut from DejaVu 2.37: `python -m tests.fonts.cut_fonts FOLDER`.

FOLDER holds `DejaVuSans.ttf` and `DejaVuSans-Bold.ttf` as https://dejavu-fonts.github.io has them (Debian's package
`fonts-dejavu-core` puts them into /usr/share/fonts/truetype/dejavu). Hints go, since nothing that draws here uses
them; a `prep` program that does nothing stands in their place, because FreeType would hint a font without one by
itself, each release in its own way. Glyphs keep their outlines, so cutting anew adds characters and moves nothing.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables.ttProgram import Program

from assetforge.fonts.shipped import DRAFT, DRAFT_BOLD, TEXT
from assetforge.providers.draft_type import GLYPHS

# The blocks of Unicode that the font of `text` has whatever DejaVu has of.
BLOCKS: Mapping[str, tuple[int, int]] = {
    "Basic Latin and Latin-1 Supplement": (0x0020, 0x00FF),
    "Latin Extended-A and -B": (0x0100, 0x024F),
    "IPA Extensions": (0x0250, 0x02AF),
    "Spacing Modifier Letters": (0x02B0, 0x02FF),
    "Combining Diacritical Marks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "Cyrillic and its Supplement": (0x0400, 0x052F),
    "Armenian": (0x0530, 0x058F),
    "Georgian": (0x10A0, 0x10FF),
    "Latin Extended Additional": (0x1E00, 0x1EFF),
    "Greek Extended": (0x1F00, 0x1FFF),
    "General Punctuation": (0x2000, 0x206F),
    "Superscripts and Subscripts": (0x2070, 0x209F),
    "Currency Symbols": (0x20A0, 0x20CF),
    "Letterlike Symbols and Number Forms": (0x2100, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "Mathematical Operators": (0x2200, 0x22FF),
    "Miscellaneous Technical": (0x2300, 0x23FF),
    "Enclosed Alphanumerics": (0x2460, 0x24FF),
    "Box Drawing, Block Elements and Geometric Shapes": (0x2500, 0x25FF),
    "Miscellaneous Symbols": (0x2600, 0x26FF),
    "Dingbats": (0x2700, 0x27BF),
    "Latin Extended-C": (0x2C60, 0x2C7F),
    "Latin Extended-D": (0xA720, 0xA7FF),
    "Latin ligatures": (0xFB00, 0xFB06),
    "Replacement Character": (0xFFFD, 0xFFFD),
}
NOTHING = b"\xb8\x01\xff\x85\xb0\x04\x8d\xb0\x00\x21"
# The names of the font and of who made it; its licence stands beside it.
NAMES = [0, 1, 2, 3, 4, 5, 6]


def promised() -> list[int]:
    """The codes of all blocks, those included that no font has."""
    return [code for first, last in BLOCKS.values() for code in range(first, last + 1)]


def cut(font: TTFont, codes: Iterable[int], features: list[str]) -> TTFont:
    """A font with these characters, and of its layout only some features."""
    kept = subset.Options(
        hinting=False, legacy_kern=False, layout_features=features, layout_scripts=["latn", "DFLT"],
        name_IDs=NAMES, name_languages=[0x409], notdef_outline=True, recalc_timestamp=False,
    )  # fmt: skip
    kept.drop_tables += ["FFTM", "GDEF", "GSUB", "MATH", "gasp", "kern"] + ([] if features else ["GPOS"])
    subsetter = subset.Subsetter(kept)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font["prep"] = newTable("prep")
    font["prep"].program = Program()
    font["prep"].program.fromBytecode(NOTHING)
    return font


def main(folder: Path) -> None:
    """Writes the three files."""
    drawn = sorted(map(ord, GLYPHS))
    for file, codes, features, name in (
        (TEXT, promised(), ["kern"], "DejaVuSans.ttf"),
        (DRAFT, drawn, [], "DejaVuSans.ttf"),
        (DRAFT_BOLD, drawn, [], "DejaVuSans-Bold.ttf"),
    ):
        font = TTFont(folder / name, recalcTimestamp=False)
        assert font["name"].getDebugName(5) == "Version 2.37", f"{name} is another release"
        cut(font, codes, features).save(file)
        print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
