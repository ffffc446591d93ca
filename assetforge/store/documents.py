"""Versioned JSON documents as bytes, and the checks of what is read back; unaware of what they tell.

Whatever is read may have been written by anyone: a document that is not strict JSON, or has no version, is
None. Only one of a newer version is refused in words, so that an old release never takes it for nothing.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeGuard

from assetforge.errors import UsageError
from assetforge.model import Ingredients

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"`{text}` is out of range")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is not JSON")


# Not ASCII only: escapes would make a prompt in Chinese or emoji up to three times as long as its limit.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_plain
).encode
_decode = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse).decode


def encode(version: int, fields: Mapping[str, Any]) -> bytes:
    """One line of JSON with sorted keys, its version as `v`. Raises TypeError or ValueError for no JSON."""
    # Data files may hold half of a surrogate pair, and must come back as they were.
    return _encode({**fields, "v": version}).encode("utf-8", "surrogatepass")


def parse(text: str) -> Any:
    """What a JSON text says. Raises ValueError for what is not strict JSON, or is nested too deeply to be read."""
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def decode(data: bytes, *, version: int, what: str) -> dict[str, Any] | None:
    """The fields of a document, None where it is not one. Raises UsageError about `what` when it is newer."""
    try:
        found = parse(data.decode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    if not isinstance(found, dict) or not is_whole(found.get("v"), low=1):
        return None
    if found["v"] > version:
        raise UsageError(f"{what} was written by a newer assetforge", hint="upgrade assetforge")
    return found


def is_digest(value: object) -> TypeGuard[str]:
    """Whether a value is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def is_text(value: object, limit: int = 1_000) -> TypeGuard[str]:
    """Whether a value is text of at most `limit` characters."""
    return isinstance(value, str) and len(value) <= limit


def is_whole(value: object, *, low: int = 0, high: int = 2**53) -> TypeGuard[int]:
    """Whether a value is a whole number in a range; true and false are not numbers."""
    return type(value) is int and low <= value <= high


def is_cost(value: object) -> TypeGuard[float | None]:
    """Whether a value is an amount of US dollars, or None where nobody knows it."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def is_usage(value: object) -> TypeGuard[dict[str, int]]:
    """Whether a value maps names to counts, as a provider's `usage` does."""
    return isinstance(value, dict) and all(is_text(name) and is_whole(count) for name, count in value.items())


def read_ingredients(told: object) -> Ingredients | None:
    """Ingredients of a key as JSON tells them, a list of pairs; None for anything else."""
    if not isinstance(told, list):
        return None
    if not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in told):
        return None
    return tuple((name, value) for name, value in told)
