"""What checks measure, by pictures whose figures are known; a flaw tells what was found and what was asked."""

from typing import Any

import pytest
from hypothesis import given
from PIL import Image, ImageDraw
from pydantic import ValidationError

from assetforge.model import Media
from assetforge.ops.checks import SAMPLED, Checks, contrast, flaws, luminance, see_through
from tests.ops.ops_pictures import PICTURES


def told(image: Image.Image, size: int = 1_000, **table: Any) -> list[str]:
    media = Media("d", "p", *image.size, "png", size)
    return [flaw.told for flaw in flaws(Checks.model_validate(table), media, image)]


def lettered(ground: str, ink: str, *, size: tuple[int, int] = (1200, 630)) -> Image.Image:
    """A card with a line of text, which is some hundredths of it."""
    card = Image.new("RGB", size, ground)
    ImageDraw.Draw(card).text((60, 200), "A harbour among hills", fill=ink, font_size=100)
    return card


# Ratios as the tools of the W3C and others give them.
@pytest.mark.parametrize(
    ("ground", "ink", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#ffffff", "#767676", 4.54),
        ("#ffffff", "#777777", 4.48),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#ffffff", 4.00),
        ("#0f766e", "#ffffff", 5.47),
        ("#808080", "#808080", 1.0),
    ],
)
def test_contrast_is_that_of_a_text_on_its_ground(ground: str, ink: str, ratio: float) -> None:
    assert contrast(lettered(ground, ink)) == pytest.approx(ratio, abs=0.006)
    assert contrast(lettered(ink, ground)) == pytest.approx(ratio, abs=0.006)


def test_luminance_is_that_of_wcag() -> None:
    assert [luminance(color) for color in ((255, 255, 255), (0, 0, 0))] == pytest.approx([1.0, 0.0])
    assert luminance((255, 0, 0)) == pytest.approx(0.2126)


def test_a_few_stray_pixels_are_no_contrast() -> None:
    image = Image.new("RGB", (100, 100), "#888888")
    for x in range(99):
        image.putpixel((x, 0), (0, 0, 0))
    assert contrast(image) == 1.0
    image.putpixel((99, 0), (0, 0, 0))
    assert contrast(image) > 5


def test_what_is_not_seen_has_no_contrast() -> None:
    glyph = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    assert contrast(glyph) == 1.0
    glyph.paste((0, 0, 0, 255), (16, 16, 48, 48))
    assert contrast(glyph) == 1.0


def test_a_photo_of_very_many_colours_is_judged_by_a_sample() -> None:
    """All 524,288 colours whose red is even, and whose green and blue are multiples of four."""
    levels = [
        (red, green, blue) for red in range(0, 256, 2) for green in range(0, 256, 4) for blue in range(0, 256, 4)
    ]
    wide = Image.frombytes("RGB", (1024, 512), bytes(part for color in levels for part in color))
    assert wide.getcolors(SAMPLED) is None
    dark, light = (sorted(map(luminance, levels))[len(levels) * part // 100] for part in (1, 99))
    assert contrast(wide) == pytest.approx((light + 0.05) / (dark + 0.05), rel=0.05)


@given(PICTURES)
def test_contrast_is_between_1_and_21(image: Image.Image) -> None:
    assert 1.0 <= contrast(image) <= 21.0


@given(PICTURES)
def test_every_pixel_that_lets_something_through_is_counted(image: Image.Image) -> None:
    alphas = image.convert("RGBA").getchannel("A").tobytes()
    assert see_through(image) == sum(alpha < 255 for alpha in alphas)


OPAQUE = Image.new("RGB", (40, 25), "teal")
HOLED = OPAQUE.convert("RGBA")
HOLED.putpixel((3, 3), (0, 0, 0, 254))


@pytest.mark.parametrize(
    ("image", "table", "flaw"),
    [
        (OPAQUE, {"transparent": True}, "every pixel is opaque, and `transparent` is true"),
        (HOLED, {"transparent": True}, None),
        (HOLED, {"transparent": False}, "1 of 1,000 pixels let something through, and `transparent` is false"),
        (OPAQUE, {"transparent": False}, None),
        (OPAQUE, {"max_bytes": 999}, "it has 1,000 bytes, and `max_bytes` is 999"),
        (OPAQUE, {"max_bytes": 1_000}, None),
        (OPAQUE, {"min_contrast": 4.5}, "its contrast is 1.00:1, and `min_contrast` is 4.5"),
        (OPAQUE, {"min_contrast": 1}, None),
        (lettered("#ffffff", "#777777"), {"min_contrast": 4.5}, "its contrast is 4.47:1, and `min_contrast` is 4.5"),
        (OPAQUE, {"no_upscale": True}, None),
        (OPAQUE, {}, None),
    ],
)
def test_a_flaw_tells_what_was_found_and_what_was_asked(
    image: Image.Image, table: dict[str, Any], flaw: str | None
) -> None:
    assert told(image, **table) == ([] if flaw is None else [flaw])


def test_every_flaw_is_told() -> None:
    assert len(told(OPAQUE, transparent=True, max_bytes=1, min_contrast=2)) == 3


@pytest.mark.parametrize(
    "table",
    [
        {"transparent": "yes"},
        {"max_bytes": 0},
        {"min_contrast": 0.5},
        {"min_contrast": 22},
        {"sharp": True},
        {"no_upscale": 1},
    ],
)
def test_wrong_checks_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Checks.model_validate(table)
