"""What an output is checked for, measured in the very file; unaware of where it goes, and of what a flaw leads to."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Annotated, NamedTuple

from assetforge.model import Media
from assetforge.ops.pillow import Image
from assetforge.ops.spec import Field, Flag, Number, Params, Whole

# From this alpha on a pixel counts as seen.
SEEN = 128
# The share of what is seen that must be as light, and as dark, as the lightest and the darkest part are said to be:
# a thin text is more, and a few stray pixels are less.
PART = 0.01
# A picture of more colours is judged by as many of its pixels, which stand in a grid.
SAMPLED = 1 << 18
# WCAG 2.2: relative luminance, and contrast ratio (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
WEIGHTS = (0.2126, 0.7152, 0.0722)
FLARE = 0.05
LINEAR = tuple(
    level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in (n / 255 for n in range(256))
)


class Checks(Params):
    """What an output has to be, or its asset fails. `transparent` says whether any pixel lets something through;
    `max_bytes` is the most the file may have; `no_upscale` that it has the size it asks for; `min_contrast` the
    least contrast ratio of WCAG between its lightest and its darkest part."""

    transparent: Flag | None = None
    max_bytes: Annotated[Whole, Field(ge=1)] | None = None
    no_upscale: Flag = False
    min_contrast: Annotated[Number, Field(ge=1, le=21)] | None = None


class Flaw(NamedTuple):
    """A check that failed, by its key, and what was measured."""

    check: str
    told: str


def flaws(checks: Checks, media: Media, image: Image.Image) -> Iterator[Flaw]:
    """Every check that a file does not pass, by its decoded picture in RGB or RGBA; `no_upscale` is for those who
    know what was asked for."""
    if checks.transparent is not None:
        through = see_through(image)
        if checks.transparent and not through:
            yield Flaw("transparent", "every pixel is opaque, and `transparent` is true")
        if through and not checks.transparent:
            share = f"{through:,} of {image.width * image.height:,} pixels let something through"
            yield Flaw("transparent", f"{share}, and `transparent` is false")
    if checks.max_bytes is not None and media.bytes > checks.max_bytes:
        yield Flaw("max_bytes", f"it has {media.bytes:,} bytes, and `max_bytes` is {checks.max_bytes:,}")
    if checks.min_contrast is not None:
        found = contrast(image)
        if found < checks.min_contrast:
            # Rounded down: what fails must not look as if it passed.
            shown = f"{int(found * 100) / 100:.2f}"
            yield Flaw("min_contrast", f"its contrast is {shown}:1, and `min_contrast` is {checks.min_contrast:g}")


def see_through(image: Image.Image) -> int:
    """How many pixels let something through."""
    return sum(image.getchannel("A").histogram()[:255]) if image.mode == "RGBA" else 0


def contrast(image: Image.Image) -> float:
    """The contrast ratio of WCAG, 1 to 21, between the lightest and the darkest hundredth of what is seen; 1 where
    nothing is."""
    seen = sorted((luminance(color), number) for number, color in _colors(image) if (*color, 255)[3] >= SEEN)
    rank = PART * sum(number for _, number in seen)
    dark = _reached(seen, rank)
    light = _reached(seen[::-1], rank)
    return (light + FLARE) / (dark + FLARE)


def luminance(color: tuple[int, ...]) -> float:
    """The relative luminance of an sRGB colour, 0 to 1."""
    return sum(weight * LINEAR[part] for weight, part in zip(WEIGHTS, color, strict=False))


def _reached(ordered: list[tuple[float, int]], rank: float) -> float:
    """The luminance at which so many pixels are counted."""
    counted = 0
    for level, number in ordered:
        counted += number
        if counted >= rank:
            return level
    return 0.0


def _colors(image: Image.Image) -> list[tuple[int, tuple[int, ...]]]:
    found = image.getcolors(SAMPLED)
    if found is None:
        scale = min(1.0, sqrt(SAMPLED / (image.width * image.height)))
        size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
        found = image.resize(size, Image.Resampling.NEAREST).getcolors(SAMPLED)
    return [(number, color) for number, color in found or () if isinstance(color, tuple)]
