"""What differs between two lists of ingredients, or of parameters, in words; unaware of what they are of."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from assetforge.model import Ingredients
from assetforge.ops.encoding import QUALITY

REQUEST = "the request changed"
# Ingredients that are told by what they are, not by their values.
PARTS: Mapping[str, str] = {
    "picture": "the picture",
    "inputs": "an input",
    "mask": "the mask",
    "sent": "how the picture is sent",
    "encoding": "the encoding",
    "mark": "what the file says of its origin",
    "checks": "what is checked",
}
# Tables of parameters, and what stands before each that changed.
TABLES: Mapping[str, str] = {"encoding": "encoding", "checks": "checks"}
# A longer value says no more than that it changed.
LONGEST = 60


def changes(
    before: Ingredients, now: Ingredients, told: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[str, ...]:
    """What differs between two lists of ingredients, in words; as much as is known. `told` has the words for some of
    them that know more than their values say."""
    if not before:
        return (REQUEST,)
    old, new = ({name: plain(value) for name, value in listed} for listed in (before, now))
    names = (name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name))
    found = [one for name in names for one in (told or {}).get(name) or _changes(name, old.get(name), new.get(name))]
    return tuple(dict.fromkeys(found)) or (REQUEST,)


def plain(value: Any) -> Any:
    """An ingredient as it comes back from the store: tuples are lists there."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _changes(name: str, old: Any, new: Any) -> Iterator[str]:
    if name == "prompt" and isinstance(old, str) and isinstance(new, str):
        yield "the prompt changed"
    elif name in TABLES and isinstance(old, dict) and isinstance(new, dict):
        defaults = _encoding_defaults(old, new) if name == "encoding" else {}
        yield from (f"{TABLES[name]}: {one}" for one in parameter_changes(old, new, defaults))
    elif name in PARTS:
        yield f"{PARTS[name]} changed"
    else:
        yield f"{name} changed from {old} to {new}"


def _encoding_defaults(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What a format has where nobody says otherwise; as far as both are of one format, and lossy."""
    same = old.get("format") == new.get("format")
    is_lossy = same and not (old.get("lossless") or new.get("lossless"))
    quality = QUALITY.get(str(new.get("format"))) if is_lossy else None
    return {"lossless": False} | ({} if quality is None else {"quality": quality})


def parameter_changes(
    before: Mapping[str, Any], now: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Iterator[str]:
    """What differs between two tables of parameters, which leave out what equals a default: `radius 2 -> 4`."""
    old, new = ({**defaults, **plain(dict(table))} for table in (before, now))
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name):
            yield _parameter_change(name, old.get(name), new.get(name))


def _parameter_change(name: str, old: Any, new: Any) -> str:
    shown_old, shown_new = written(old), written(new)
    if max(len(shown_old), len(shown_new)) > LONGEST:
        return f"{name} changed"
    if old is None or new is None:
        return f"{name} set to {shown_new}" if old is None else f"{name} {shown_old} removed"
    return f"{name} {shown_old} -> {shown_new}"


def written(value: Any) -> str:
    """A value as TOML writes it, and a whole number without a point."""
    match value:
        case dict():
            return f"{{ {', '.join(f'{key} = {written(part)}' for key, part in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
        case float() if value.is_integer():
            return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str)


def word_diff(before: str, now: str) -> list[tuple[str, str]]:
    """A prompt's change word by word: pairs of ` `, `-` or `+` and a run of words."""
    old, new = before.split(), now.split()
    runs: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append((" ", " ".join(old[a:b])))
            continue
        if b > a:
            runs.append(("-", " ".join(old[a:b])))
        if d > c:
            runs.append(("+", " ".join(new[c:d])))
    return runs
