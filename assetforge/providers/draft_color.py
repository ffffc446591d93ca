"""The colours of drafts: ramps of five, from deep to pale, that a picture in grey levels is printed with.

Unaware of shapes, text and orders. Everything is whole numbers, so that no platform's arithmetic shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Five colours that go together; `deep` is read on a panel of `pale` over any picture."""

    deep: Rgb
    strong: Rgb
    middle: Rgb
    light: Rgb
    pale: Rgb

    @property
    def ramp(self) -> tuple[Rgb, ...]:
        return (self.deep, self.strong, self.middle, self.light, self.pale)


def palette_of(colors: str) -> Palette:
    """Reads five colours like `1d1b3a`, from deep to pale."""
    deep, strong, middle, light, pale = (bytes.fromhex(color) for color in colors.split())
    return Palette(rgb(deep), rgb(strong), rgb(middle), rgb(light), rgb(pale))


def rgb(color: Sequence[int]) -> Rgb:
    """Three channels as a plain tuple."""
    red, green, blue = color
    return red, green, blue


PALETTES = tuple(
    map(
        palette_of,
        (
            "1d1b3a 4a2c6d a3457a f08a6b fde0b8",  # dusk
            "0b2b3c 12596b 2b9a94 8fd3b6 eef7dc",  # lagoon
            "12291f 24553f 5b8f5a b4c97a f4f0c8",  # forest
            "33181a 7a2f2b c8623f eaa86c fbe8cb",  # clay
            "10234a 24509a 4f8fd6 a5cdf0 f3f8fc",  # sky
            "2a1233 5f2467 a8498e e391a9 fbe3dd",  # plum
            "2d2013 6b4a1c b98226 e8bd5a fbf1cf",  # ochre
            "1a222d 3c4f63 7590a3 b9cbd3 f3f4f0",  # slate
            "30101f 7b1d42 cb3e5c f2907d fde2cf",  # berry
            "0d2f2c 1a6359 44a38a a1dcb9 f2f9e6",  # mint
            "1b1a4b 3c3a99 7474d8 b6b4f0 f5f0fb",  # iris
            "2b1420 6d2436 bf4a35 f2994a fdeab8",  # ember
            "0a2540 145374 2f8fa8 8cc9cb f5f1dc",  # sea
            "22260f 515a22 8f9a3d cfd083 f8f4d9",  # olive
            "3a1730 863a5b cf7484 f0b4a8 fdf0e3",  # rose
            "0d1030 242a6b 5757b0 c58ac8 fcd9d4",  # night
        ),
    )
)


@cache
def tables(palette: Palette) -> tuple[tuple[int, ...], ...]:
    """For each channel, what each of 256 grey levels is printed as: straight between the five colours."""
    pairs = [divmod(level, 64) for level in range(256)]
    ramp = palette.ramp
    return tuple(
        tuple((ramp[at][channel] * (64 - part) + ramp[at + 1][channel] * part) // 64 for at, part in pairs)
        for channel in range(3)
    )


def printed(tones: Image.Image, palette: Palette) -> Image.Image:
    """A picture in grey levels (mode L) in a palette's colours."""
    return Image.merge("RGB", [tones.point(table) for table in tables(palette)])
