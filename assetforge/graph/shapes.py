"""Drawn masks as a user writes them: `{ rect = [x, y, w, h] }`, an ellipse, a polygon, or a list of these."""

from collections.abc import Mapping
from typing import Any

from assetforge.entry import read_value
from assetforge.errors import KeyPath
from assetforge.model import Shape

HINTS = {
    "rect": "write it like { rect = [0.5, 0, 0.5, 1] }",
    "ellipse": "write it like { ellipse = [0.25, 0.25, 0.5, 0.5] }",
    "polygon": "write it like { polygon = [[0, 0], [1, 0], [0.5, 1]] }",
}


class BadShape(Exception):  # noqa: N818 - becomes a Problem where its place is known
    """A drawn mask that can't be read; `key` is the place of the mistake in it."""

    def __init__(self, message: str, hint: str, key: KeyPath) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.key = key


def read_shapes(mask: Any) -> tuple[Shape, ...]:
    """Shapes of the part to be edited. Raises BadShape with the reason, in the user's words."""
    if isinstance(mask, Mapping):
        return (_read(mask, ()),)
    if not mask:
        raise BadShape("the mask has no shapes", HINTS["rect"], ())
    return tuple(_read(entry, (index,)) for index, entry in enumerate(mask))


def _read(entry: Any, key: KeyPath) -> Shape:
    try:
        return _shape(entry)
    except ValueError as error:
        kind = next(iter(entry), "") if isinstance(entry, Mapping) else ""
        raise BadShape(str(error), HINTS.get(kind, HINTS["rect"]), key) from None


def _shape(entry: Any) -> Shape:
    if not isinstance(entry, Mapping) or len(entry) != 1 or next(iter(entry)) not in ("rect", "ellipse", "polygon"):
        raise ValueError("a shape of a mask is one of `rect`, `ellipse` and `polygon`")
    ((kind, value),) = entry.items()
    value = read_value(value) if isinstance(value, str) else value
    if kind == "polygon":
        points = [number for point in _list(value, kind, None) for number in _numbers(point, kind, 2)]
        if len(points) < 6:
            raise ValueError("a `polygon` has at least three points")
        return Shape("polygon", tuple(points))
    numbers = _numbers(value, kind, 4)
    if numbers[2] <= 0 or numbers[3] <= 0:
        raise ValueError(f"a `{kind}` is [x, y, width, height], and its sides are more than 0")
    return Shape("rect" if kind == "rect" else "ellipse", numbers)


def _list(value: Any, kind: str, length: int | None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        wanted = "a list of points [x, y]" if kind == "polygon" else f"a list of {length} numbers"
        raise ValueError(f"a `{kind}` is {wanted}")
    return value


def _numbers(value: Any, kind: str, length: int) -> tuple[float, ...]:
    numbers = _list(value, kind, length)
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise ValueError(f"a `{kind}` holds something that is not a number")
    return tuple(float(number) for number in numbers)
