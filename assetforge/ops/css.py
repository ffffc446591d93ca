"""Colours in CSS's notations, as numbers; unaware of what is coloured.

CSS Color Module Level 4, 4.1, 5 to 7. Numbers out of their range are no colour here: CSS takes the nearest one, and
who meant `rgba(0, 0, 0, 128)` would never hear of it.
"""

import re
from colorsys import hls_to_rgb
from math import floor

from assetforge.ops.css_names import NAMED

# Red, green, blue and alpha, 0 to 255.
Levels = tuple[int, int, int, int]

OPAQUE = "1"
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]{1,80})\)")
_DIGITS = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_NUMBER = re.compile(r"([+-]?(?:[0-9]{1,4}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}))(%|deg)?")


def css_color(text: str) -> Levels:
    """A colour by its name, as hexadecimal digits, or as `rgb()` and `hsl()` with or without alpha, in the form with
    commas and the one with spaces. Raises ValueError for what is none."""
    plain = text.strip().lower()
    if plain == "transparent":
        return 0, 0, 0, 0
    function = _FUNCTION.fullmatch(plain)
    if function is not None:
        return _called(function[1], *_arguments(function[2]))
    digits = f"{NAMED[plain]:06x}" if plain in NAMED else plain.removeprefix("#") if _DIGITS.fullmatch(plain) else ""
    if not digits:
        raise ValueError(text)
    levels = bytes.fromhex(digits if len(digits) > 4 else "".join(digit * 2 for digit in digits))
    red, green, blue, alpha = (*levels, 255)[:4]
    return red, green, blue, alpha


def _arguments(text: str) -> tuple[list[str], str]:
    """The three parts of a colour, and its alpha."""
    if "," in text:
        parts = [part.strip() for part in text.split(",")]
        return (parts[:3], parts[3]) if len(parts) == 4 else (parts, OPAQUE)
    colors, slash, alpha = text.partition("/")
    return colors.split(), alpha.strip() if slash else OPAQUE


def _called(function: str, parts: list[str], alpha: str) -> Levels:
    first, second, third = parts
    opacity = _level(_measured(alpha, whole=1))
    if function == "rgb":
        red, green, blue = (_level(_measured(part, whole=255)) for part in parts)
        return red, green, blue, opacity
    hue = _number(first, "deg")[0] % 360 / 360
    saturation, lightness = (_measured(part, whole=100) for part in (second, third))
    red, green, blue = map(_level, hls_to_rgb(hue, lightness, saturation))
    return red, green, blue, opacity


def _number(text: str, unit: str) -> tuple[float, str]:
    """A number, and its unit, which is the given one or none. Raises ValueError."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[2] not in (None, unit):
        raise ValueError(text)
    return float(found[1]), found[2] or ""


def _measured(text: str, *, whole: float) -> float:
    """A percentage, or a number of which `whole` is all, as a fraction. Raises ValueError."""
    number, unit = _number(text, "%")
    found = number / (100 if unit else whole)
    if not 0 <= found <= 1:
        raise ValueError(text)
    return found


def _level(fraction: float) -> int:
    return floor(fraction * 255 + 0.5)
