"""The bodies of writes, read strictly: what is not exactly as it should be is refused; unaware of what they do."""

import json
import math
import unicodedata
from collections.abc import Mapping
from typing import Any, NoReturn

MOST_TEXT = 1_000
MOST_OFFERS = 1_000
MOST_CANDIDATES = 1_000


class Malformed(Exception):  # noqa: N818 - the sender's fault
    """A body that is not what it should be. `status` is HTTP's."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object whose keys are unique and whose numbers are numbers. Raises Malformed."""
    try:
        read = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(read, dict):
        raise Malformed("the body is not an object")
    return read


def pick(body: Mapping[str, Any]) -> tuple[str, int]:
    """The step and the number of the candidate."""
    step, number = _fields(body, "step", "number")
    if type(number) is not int or not 1 <= number <= MOST_CANDIDATES:
        raise Malformed("`number` is not the number of a candidate")
    return _text(step, "step"), number


def reroll(body: Mapping[str, Any]) -> tuple[str]:
    """The step."""
    (step,) = _fields(body, "step")
    return (_text(step, "step"),)


def accept(body: Mapping[str, Any]) -> tuple[str]:
    """The instance, or a step of it."""
    (name,) = _fields(body, "name")
    return (_text(name, "name"),)


def approve(body: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """The instance, and what was shown: the most that each request can cost in US dollars, by its key."""
    name, offers = _fields(body, "name", "offers")
    if not isinstance(offers, list) or not 1 <= len(offers) <= MOST_OFFERS:
        raise Malformed("`offers` is not a list of offers")
    read: dict[str, float] = {}
    for offer in offers:
        key, price = _offer(offer)
        if read.setdefault(key, price) != price:
            raise Malformed("`offers` has two prices for one key")
    return _text(name, "name"), read


def again(body: Mapping[str, Any]) -> tuple[()]:
    """Nothing."""
    _fields(body)
    return ()


def _offer(offer: Any) -> tuple[str, float]:
    if not isinstance(offer, dict):
        raise Malformed("`offers` is not a list of offers")
    key, price = _fields(offer, "key", "price")
    if not _is_price(price):
        raise Malformed("`price` is not a price")
    return _text(key, "key"), float(price)


def _is_price(price: Any) -> bool:
    # Of whole numbers some are too large for `isfinite`.
    return type(price) in (int, float) and 0 <= price <= 1e9 and math.isfinite(price)


def _fields(body: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    if body.keys() != set(names):
        told = " and ".join(f"`{name}`" for name in names)
        raise Malformed(f"the body has other fields than {told}" if names else "the body has fields")
    return tuple(body[name] for name in names)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MOST_TEXT:
        raise Malformed(f"`{name}` is not a text of 1 to {MOST_TEXT:,} characters")
    # Controls, and halves of characters, which JSON can hold.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise Malformed(f"`{name}` has characters that no name has")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
