"""Digests, and the canonical encoding that keys are digests of; unaware of what is keyed.

An encoded value carries its type, so that a text can never hash like a list or a number: text, whole numbers,
booleans and nothing are JSON's own; a fraction is `["f", TEXT]`, a list `["l", ...]`, a table `["m", [k, v]...]`
with its keys sorted. A document names the scheme, so that a later one can never collide with this one.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

SCHEME = 1

_readable = json.JSONEncoder(ensure_ascii=False).encode
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode


def canonical_text(text: str) -> str:
    """A text in double quotes with escapes that JSON and TOML read alike."""
    return _readable(text).replace("\x7f", "\\u007f")


def digest_bytes(data: bytes | memoryview) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: str) -> str:
    """SHA-256 of a file's bytes, read in pieces. Raises OSError where it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tagged(value: Any) -> Any:
    """A value of text, numbers, booleans, lists and tables as JSON that carries its types.

    Raises TypeError for anything else: an object's `repr` in a key would change between releases.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return ["f", repr(value)]
    if isinstance(value, Mapping):
        return ["m", *([_name(key), tagged(value[key])] for key in sorted(value))]
    if isinstance(value, list | tuple):
        return ["l", *map(tagged, value)]
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a {type(key).__name__} can't be a key of a table with a canonical form")
    return key


def digest_document(kind: str, items: Iterable[tuple[str, Any]]) -> str:
    """SHA-256 of a document of named values in the order given, under its kind and the scheme's version."""
    body = ["assetforge", SCHEME, kind, [[name, tagged(value)] for name, value in items]]
    return hashlib.sha256(_encode(body).encode("ascii")).hexdigest()
