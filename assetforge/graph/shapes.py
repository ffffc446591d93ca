"""Drawn masks as a user writes them: `{ rect = [x, y, w, h] }`, an ellipse, a polygon, or a list of these."""

from collections.abc import Mapping
from typing import Any

from assetforge.entry import read_value
from assetforge.model import Shape


def read_shapes(mask: Any) -> tuple[Shape, ...]:
    """Shapes of the part to be edited. Raises ValueError with the reason, in the user's words."""
    if isinstance(mask, Mapping):
        mask = [mask]
    if not mask:
        raise ValueError("the mask has no shapes")
    return tuple(_shape(entry) for entry in mask)


def _shape(entry: Any) -> Shape:
    if not isinstance(entry, Mapping) or len(entry) != 1 or next(iter(entry)) not in ("rect", "ellipse", "polygon"):
        raise ValueError("a shape is one of `rect`, `ellipse` and `polygon`")
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
