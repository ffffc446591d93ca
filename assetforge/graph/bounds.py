"""What a template may make and do at most: bounds on text, widths, numbers and work; unaware of Jinja.

The filters and operators here stand in for Jinja's own, which let a short template ask for any amount.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

from assetforge.graph.printing import printed, slug

MAX_CHARACTERS = 4_000_000
MAX_MADE = 50 * MAX_CHARACTERS
MAX_WIDTH = 9_999
MAX_DIGITS = 300
MAX_BITS = 4_096
MAX_TOKENS = 100_000

# Controls, ends of lines, marks that turn text round (what is run would not be what is seen), half characters.
_UNSEEN = r"\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one render may do: characters of one text, items of one list with all that is in them, steps of work."""

    characters: int
    items: int
    ticks: int
    seconds: float


PROMPT = Limits(characters=MAX_CHARACTERS, items=MAX_CHARACTERS, ticks=5_000_000, seconds=10.0)
# Ten thousand outputs, each with a row of data and a placeholder, are a page of ten megabytes.
PAGE = Limits(characters=32_000_000, items=16_000_000, ticks=20_000_000, seconds=60.0)


class TooMuch(Exception):  # noqa: N818 - the template is sound, only its appetite is not
    """A template that asks for more than any prompt, or any page, needs."""


class Meter:
    """How much one render has done. Raises TooMuch past a bound."""

    def __init__(self, limits: Limits = PROMPT) -> None:
        self.limits = limits
        self.ticks = 0
        self.characters = 0
        self.deadline = time.monotonic() + limits.seconds

    def tick(self, work: int = 1) -> None:
        self.ticks += work
        if self.ticks > self.limits.ticks or time.monotonic() > self.deadline:
            raise TooMuch("it does too much work")

    def weigh(self, value: Any) -> Any:
        """A value that was made, counted: one may be as long as a text, all of them as many texts. Raises
        TooMuch."""
        check_weight(value, self.limits)
        if isinstance(value, str | list | tuple):
            self.characters += len(value)
            if self.characters > MAX_MADE:
                raise TooMuch("it makes too much text on the way")
        return value


def is_small(value: object, limit: int) -> bool:
    """Whether a value is a number no further from nothing than `limit`."""
    return isinstance(value, int | float) and abs(value) <= limit


def is_bounded_product(left: Any, right: Any) -> bool:
    """Whether a product of numbers, or of text or a list and a number, stays within bounds."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left) < 10**30 and abs(right) < 10**30
    items, times = (left, right) if isinstance(right, int) else (right, left)
    return isinstance(times, int) and hasattr(items, "__len__") and len(items) * max(times, 0) <= MAX_CHARACTERS


def check_weight(value: Any, limits: Limits) -> None:
    """Refuses a value that would be very long if it were written out, as it is when it is compared or hashed: a list
    that holds a list twice, which holds a list twice, is short only in memory. Raises TooMuch."""
    waiting, seen, characters = [value], 0, 0
    while waiting:
        each = waiting.pop()
        seen += 1
        if isinstance(each, str):
            characters += len(each)
            if len(each) > limits.characters or characters > MAX_MADE:
                raise TooMuch("it makes too much text")
        elif isinstance(each, list | tuple):
            waiting += each
        elif isinstance(each, Mapping):
            waiting += each.keys()
            waiting += each.values()
        else:
            check_numbers(each)
        if seen + len(waiting) > limits.items:
            raise TooMuch("it makes too long a list")


def check_numbers(*values: object) -> None:
    """Refuses whole numbers that take long to divide. Raises TooMuch."""
    if any(isinstance(value, int) and value.bit_length() > MAX_BITS for value in values):
        raise TooMuch("it makes too large a number")


def counted(parts: Iterable[str], longest: int = MAX_CHARACTERS) -> Iterator[str]:
    """The parts of a text, as long as all of them are not too long. Raises TooMuch."""
    total = 0
    for part in parts:
        total += len(part)
        if total > longest:
            raise TooMuch("it makes too much text")
        yield part


def bounded_range(*bounds: int) -> range:
    """`range`. Raises TooMuch."""
    numbers = range(*bounds)
    if len(numbers) > 100_000:
        raise TooMuch("`range` is bounded to 100,000 numbers")
    return numbers


def printed_text(value: Any) -> str:
    """What a value prints as."""
    return str(printed(value))


def join(texts: Iterable[str], separator: str, longest: int) -> str:
    """The filter `join`. Raises TooMuch."""
    kept = list(counted(texts, longest))
    if len(separator) * len(kept) > longest:
        raise TooMuch("it makes too much text")
    return separator.join(kept)


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """The filter `replace`. Raises TooMuch."""
    text = printed_text(text)
    if text.count(old) * len(new) + len(text) > MAX_CHARACTERS:
        raise TooMuch("`replace` makes too much text")
    return text.replace(old, new, count)


def strip(text: str, way: str, marks: str | None = None) -> str:
    """The methods `strip`, `lstrip` and `rstrip`: each character is sought among the marks. Raises TooMuch."""
    if marks is not None and len(text) * len(marks) > MAX_MADE:
        raise TooMuch(f"`{way}` has too many characters to take off")
    stripped: str = getattr(text, way)(marks)
    return stripped


def trim(text: str, marks: str | None = None) -> str:
    """The filter `trim`. Raises TooMuch."""
    return strip(printed_text(text), "strip", marks)


def url_encode(value: Any) -> str:
    """The filter `urlencode`. Raises TooMuch."""
    if not isinstance(value, list | tuple | Mapping):
        return quote(printed_text(value))
    pairs = value.items() if isinstance(value, Mapping) else value
    return "&".join(
        counted(f"{quote_plus(printed_text(name))}={quote_plus(printed_text(each))}" for name, each in pairs)
    )


def indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """The filter `indent`. Raises TooMuch."""
    pad = width if isinstance(width, str) else " " * bounded_width(width)
    lines = printed_text(text).splitlines(keepends=True)
    if len(pad) * len(lines) > MAX_CHARACTERS:
        raise TooMuch("`indent` makes too much text")
    return "".join(
        pad + line if (blank or line.strip()) and (first or index) else line for index, line in enumerate(lines)
    )


def center(text: str, width: int = 80) -> str:
    """The filter `center`. Raises TooMuch."""
    return printed_text(text).center(bounded_width(width))


def format_text(text: str, *values: Any, **named: Any) -> str:
    """The filter `format`. Raises TooMuch."""
    check_format(text, named or values)
    return text % (named or values)


def batch(items: Iterable[Any], size: int, filler: Any = None) -> Iterator[list[Any]]:
    """The filter `batch`. Raises TooMuch."""
    row: list[Any] = []
    for item in items:
        if len(row) == size:
            yield row
            row = []
        row.append(item)
    if row:
        yield row + ([] if filler is None else [filler] * (bounded_width(size) - len(row)))


def sliced(items: Iterable[Any], parts: int, filler: Any = None) -> list[list[Any]]:
    """The filter `slice`: columns of even height. Raises TooMuch."""
    listed = list(items)
    height, more = divmod(len(listed), bounded_width(parts))
    starts = [index * height + min(index, more) for index in range(parts + 1)]
    columns = [listed[start:end] for start, end in pairwise(starts)]
    return [column + [filler] * (filler is not None and index >= more) for index, column in enumerate(columns)]


def rounded(number: float, digits: int = 0, method: str = "common") -> float:
    """The filter `round`. Raises TooMuch."""
    if abs(digits) > MAX_DIGITS:
        raise TooMuch(f"`round` is bounded to {MAX_DIGITS} digits")
    ways: Mapping[str, Callable[[float], float]] = {"ceil": math.ceil, "floor": math.floor}
    if method == "common":
        return round(number, digits)
    if method not in ways:
        raise ValueError("`round` knows the methods common, ceil and floor")
    return float(ways[method](number * 10**digits) / 10**digits)


def total(items: Iterable[Any], attribute: str | None = None, start: float = 0) -> float:
    """The filter `sum`, of numbers only: lists added up one by one take ever longer."""
    numbers = [item[attribute] if attribute else item for item in items]
    if not all(isinstance(number, int | float) for number in (start, *numbers)):
        raise TypeError("only numbers can be summed")
    return sum(numbers, start)


def to_slug(value: Any) -> str:
    """The filter `slug`: what it takes apart may get longer. Raises TooMuch."""
    return slug("".join(counted([printed_text(value)])))


def to_json(value: Any, indent: int | None, longest: int, marks: str = "<") -> str:
    """The filter `tojson`: letters as they are, `marks` and what is not seen by number. The mark `<` ends a script.
    Raises TooMuch."""
    pad = None if indent is None else bounded_width(indent)
    encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, indent=pad)
    text = "".join(counted(encoder.iterencode(value), longest))
    return re.sub(f"[{marks}{_UNSEEN}]", lambda found: f"\\u{ord(found[0]):04x}", text)


def bounded_width(width: int) -> int:
    """A width to fill, or a number of parts. Raises TooMuch."""
    if width > MAX_WIDTH:
        raise TooMuch(f"widths are bounded to {MAX_WIDTH:,}")
    return width


def check_format(text: str, values: Any) -> None:
    """Refuses a format whose widths could be large, or come from its values, or that repeats much. Raises
    TooMuch."""
    if "*" in text or re.search(r"\d{5}", text):
        raise TooMuch(f"widths in a format are bounded to {MAX_WIDTH:,}, and `*` is not one")
    given = values.values() if isinstance(values, Mapping) else values if isinstance(values, tuple) else (values,)
    widest = max((int(width) for width in re.findall(r"\d+", text)), default=0)
    longest = max((len(printed_text(value)) for value in given), default=0)
    if text.count("%") * (widest + longest) > MAX_CHARACTERS:
        raise TooMuch("a format makes too much text")
