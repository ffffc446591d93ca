"""What values look like in text: printed by a template as TOML, as a part of a file name, shown on an axis."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from assetforge.digest import canonical_text

LONGEST = 4_000_000
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def printed(value: Any) -> Any:
    """A value as a template prints it: text and numbers as they are, all else as TOML. Raises TypeError for what
    TOML has no form for: printing an object would tell about the machine."""
    if isinstance(value, str | Markup) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool | list | tuple | Mapping):
        return as_toml(value)
    if hasattr(value, "_fail_with_undefined_error"):
        return value
    raise TypeError("only text, numbers, booleans, lists and tables can be printed")


def as_toml(value: Any) -> str:
    """A value as inline TOML. Raises TypeError for null and for objects, ValueError for what is very long: a short
    list may hold one long text a thousand times."""
    pieces: list[str] = []
    length = 0
    for piece in _pieces(value):
        pieces.append(piece)
        length += len(piece)
        if length > LONGEST:
            raise ValueError(f"what is printed has more than {LONGEST:,} characters")
    return "".join(pieces)


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield canonical_text(value)
    elif isinstance(value, int | float):
        yield repr(value)
    elif isinstance(value, list | tuple):
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(item)
        yield "]"
    elif isinstance(value, Mapping):
        yield "{" if not value else "{ "
        # The order of keys in a file changes nothing: neither what is printed nor what is bought.
        for index, (key, item) in enumerate(sorted(value.items())):
            yield f"{', ' if index else ''}{key if _BARE.match(key) else canonical_text(key)} = "
            yield from _pieces(item)
        yield "}" if not value else " }"
    else:
        raise TypeError("only text, numbers, booleans, lists and tables can be printed")


def slug(value: Any) -> str:
    """Lower case, accents off, runs of the rest become one `-`, with none at either end."""
    plain = unicodedata.normalize("NFKD", str(printed(value))).lower()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[^\w]+|_+", "-", letters).strip("-")


def shown(value: Any) -> str:
    """What an axis shows of a value, as text: of a table its `id`, else its `name`, else its first value."""
    if isinstance(value, Mapping):
        value = value.get("id", value.get("name", next(iter(value.values()), "")))
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else as_toml(value)


def quoted(text: str) -> str:
    """An axis' value as it stands in an instance's name: quoted where it holds a mark of the name's own."""
    return canonical_text(text) if not text or re.search(r'[,=\[\]"#\s]', text) else text


def normal_prompt(text: str) -> str:
    """A prompt as it is sent and keyed: LF line ends, no space at line ends, trimmed."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()
