"""What a local step is: parameters, a pure function on pictures, the size it gives; the table is `ops/table`.

An operation's version changes whenever the same parameters and input give other pixels: renditions are then
made again, and nothing paid ever is. Functions get pictures in RGB or RGBA, 8 bits, sRGB, and never change
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from assetforge.entry import Entry
from assetforge.model import Local, Size, Source
from assetforge.ops.css import css_color
from assetforge.ops.pillow import Image

# Only here is pydantic known; modules of operations take these from here.
__all__ = ["AfterValidator", "Field", "ValidationInfo", "field_validator", "model_validator"]

MAX_SIDE = 16_384
MAX_PIXELS = 100_000_000

POSITIONS: Mapping[str, tuple[float, float]] = {
    "center": (0.5, 0.5),
    "top": (0.5, 0.0),
    "bottom": (0.5, 1.0),
    "left": (0.0, 0.5),
    "right": (1.0, 0.5),
    "top-left": (0.0, 0.0),
    "top-right": (1.0, 0.0),
    "bottom-left": (0.0, 1.0),
    "bottom-right": (1.0, 1.0),
}
_NAMES = {fractions: name for name, fractions in POSITIONS.items()}


def _color(text: str) -> str:
    """One spelling for a colour, `#rrggbbaa`, so that `white` and `#fff` are one value in a key."""
    try:
        return "#" + bytes(css_color(text)).hex()
    except ValueError:
        known = "a CSS name, #rrggbb, #rrggbbaa or `transparent`"
        raise ValueError(f"`{text}` is not a colour; write {known}") from None


def _opaque(color: str) -> str:
    if not color.endswith("ff"):
        raise ValueError("the colour has to be opaque")
    return color


def _key_color(text: str) -> str:
    """A colour to look for: an opaque one, or the word that leaves it to the picture."""
    if text.strip().lower() == "auto":
        return "auto"
    try:
        return _opaque(_color(text))
    except ValueError:
        raise ValueError(f"`{text}` is not an opaque colour; write `auto`, a CSS name or #rrggbb") from None


def _position(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """One message instead of one for each form; and fractions that have a name become the name."""
    try:
        valid = validate(value)
    except ValidationError:
        raise ValueError(f"has to be {', '.join(POSITIONS)}, or fractions [x, y] from 0 to 1") from None
    return valid if isinstance(valid, str) else _NAMES.get(valid, valid)


def _area(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """One message instead of one for each number."""
    try:
        return validate(value)
    except ValidationError:
        raise ValueError("has to be [x, y, width, height], not below 0, with a width and a height") from None


Fit = Literal["cover", "contain", "fill", "inside", "outside"]
Filter = Literal["lanczos", "bicubic", "bilinear", "box", "nearest"]
PositionName = Literal[
    "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"
]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Side = Annotated[Whole, Field(ge=1, le=MAX_SIDE)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[Number, Field(ge=0, le=1)]
Position = Annotated[PositionName | tuple[Fraction, Fraction], WrapValidator(_position)]
Coordinate = Annotated[Number, Field(ge=0, le=MAX_PIXELS)]
Extent = Annotated[Number, Field(gt=0, le=MAX_PIXELS)]
Area = Annotated[tuple[Coordinate, Coordinate, Extent, Extent], WrapValidator(_area)]
Color = Annotated[str, Field(strict=True), AfterValidator(_color)]
OpaqueColor = Annotated[Color, AfterValidator(_opaque)]
KeyColor = Annotated[str, Field(strict=True), AfterValidator(_key_color)]


class Params(Entry):
    """Parameters of one operation. Defaults are frozen for ever: a key leaves out what equals its default."""


def normalised(params: Params) -> Mapping[str, Any]:
    """Parameters as they enter keys and recipes: only what differs from a default."""
    return params.model_dump(exclude_defaults=True)


@lru_cache(maxsize=256)
def defaults_of(params: type[Params]) -> Mapping[str, Any]:
    """The value of each parameter that may be left out."""
    fields = params.model_fields.items()
    return {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()}


@dataclass(frozen=True, slots=True)
class Op:
    """An operation. `images` names the parameters that hold files or references: they become inputs after the
    first. `fonts` names those that hold font files: they become the last inputs, as bytes, where they are given.
    `size` tells the result's size from the inputs' sizes, None where only the pixels can tell. Both functions raise
    OpFailed, `size` wherever sizes alone show that `apply` would. `fixed` tells it where it is the same whatever the
    inputs are: what comes after can then be planned although only pixels tell their sizes.

    `prove` raises OpFailed for what its parameters ask for and can't be, as far as the size of the first input (None
    where only pixels tell it) and its fonts, read, show; what `size` tells is not told again.

    `remark` tells what to warn of, and a hint, from the first input and what `apply` made of it: that it gave back
    the very same, or nothing that shows.

    One that makes a sheet of any number of pictures has `frames`: where each of them stands in the result, as left,
    top, width and height, from their sizes. It puts each there as it is, on a transparent ground, and does nothing
    else.

    `package` is set where one is loaded from another package: never by that package."""

    name: str
    version: int
    params: type[Params]
    apply: Callable[[Any, Sequence[Any]], Image.Image]
    size: Callable[[Any, Sequence[Size]], Size | None]
    images: tuple[str, ...] = ()
    fonts: tuple[str, ...] = ()
    frames: Callable[[Any, Sequence[Size]], tuple[tuple[int, int, int, int], ...]] | None = None
    fixed: Callable[[Any], Size | None] = lambda _: None
    prove: Callable[[Any, Size | None, Sequence[Any]], None] | None = None
    remark: Callable[[Any, Image.Image, Image.Image], tuple[str, str] | None] | None = None
    package: str = ""

    @property
    def keyed(self) -> str:
        """Its name in keys and recipes: another package's is another step, whatever it is called."""
        return f"{self.package}/{self.name}" if self.package else self.name


class OpFailed(Exception):  # noqa: N818 - a step's own refusal, told to the user as it stands
    """A step that cannot do what it is asked for with this picture, or a file that is none; which one, where that is
    known. `hint` says what to do about it, where anything is."""

    def __init__(self, told: str, step: Local | Source | None = None, *, hint: str | None = None) -> None:
        super().__init__(told)
        self.step = step
        self.hint = hint
