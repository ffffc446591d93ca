"""One key of a TOML text set, all else kept byte for byte; the only door to tomlkit.

`scan` says where things stand, tomlkit writes names and values that are new. It never sees what is there: it would
put a key after the comments of the next table, and not every layout survives it (docs/design.md, Choosing). Unaware
of what keys mean, and of files.
"""

import json
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tomlkit

from assetforge.errors import KeyPath
from assetforge.manifest.scan import Node, Range, scan

MARK = "\ufeff"
_GAP = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


class CantEdit(ValueError):  # noqa: N818 - nothing is wrong with the text
    """A text is written in a way that a key can't be set in it without doubt."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for a key path. What is not there is made on the way; an index of as many as there are adds to a list.
    `after` are keys of the same table that a new one would best follow, the first that is there."""

    key: KeyPath
    value: Any
    after: tuple[str, ...] = ()


class _Splice(NamedTuple):
    """A part of a text and what takes its place."""

    start: int
    end: int
    text: str


def edited(text: str, setting: Setting) -> str:
    """A valid TOML text with one value set, in the layout that it has; line ends and a byte order mark stay. Never
    returns a text that says anything else than it said, but for that value. Raises CantEdit."""
    body = text.removeprefix(MARK)
    plain = body.replace("\r\n", "\n")
    try:
        changed = _joined(body, plain, _splice(plain, setting))
        is_wanted = _canonical(tomllib.loads(changed)) == _canonical(_with(tomllib.loads(plain), setting))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CantEdit(str(error)) from None
    if not is_wanted:
        raise CantEdit("another value would change")
    return text[: len(text) - len(body)] + changed


def by_hand(setting: Setting) -> str:
    """What a user would have to write, as a hint."""
    *outer, last = setting.key
    if isinstance(last, int):
        return f"add `{_value(setting.value)}` to `{_path(outer)}` by hand"
    return f"write `{_name(last)} = {_value(setting.value)}` into `{_path(outer)}` by hand"


# --- what is wanted ---------------------------------------------------------------------------------------------


def _with(table: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """The table, which is changed, with the value set."""
    inner: Any = table
    for part, following in zip(setting.key, setting.key[1:], strict=False):
        inner = inner[part] if isinstance(part, int) else inner.setdefault(part, _empty(following))
    last = setting.key[-1]
    if isinstance(last, int) and last == len(inner):
        inner.append(setting.value)
    else:
        inner[last] = setting.value
    return table


def _empty(following: str | int) -> Any:
    return [] if isinstance(following, int) else {}


def _canonical(table: Mapping[str, Any]) -> str:
    """What two tables share that say the same: `==` takes true for 1, and no NaN for another."""
    return json.dumps(table, sort_keys=True, default=repr)


# --- where it goes ----------------------------------------------------------------------------------------------


def _splice(text: str, setting: Setting) -> _Splice:
    """The one change to a text with LF line ends."""
    nodes = [scan(text)]
    for part in setting.key:
        inner = nodes[-1].children.get(part)
        if inner is None:
            break
        nodes.append(inner)
    missing = setting.key[len(nodes) - 1 :]
    if not missing:
        return _replaced(nodes[-1], setting)
    if isinstance(missing[0], int):
        return _appended(text, nodes[-1], setting.value)
    return _added(text, nodes, setting)


def _replaced(node: Node, setting: Setting) -> _Splice:
    if node.value is None or node.is_header:
        raise CantEdit("a table is where the value should be")
    return _Splice(*node.value, _value(setting.value))


def _added(text: str, nodes: Sequence[Node], setting: Setting) -> _Splice:
    """A new pair in the innermost table that has a body of its own: braces, a header, or the text itself."""
    depth = len(nodes) - 1
    while depth and not (nodes[depth].is_header or _is_inline(text, nodes[depth])):
        depth -= 1
    pair = _pair(setting.key[depth:], setting.value)
    if depth and not nodes[depth].is_header:
        return _added_inline(nodes[depth], nodes[-1], pair=pair, after=setting.after)
    return _added_line(text, nodes, depth=depth, pair=pair, after=setting.after)


def _added_inline(body: Node, table: Node, *, pair: str, after: Sequence[str]) -> _Splice:
    assert body.value is not None
    inside = [_end(node) for node in _inside(table)] or [_end(node) for node in _inside(body)]
    if not inside:
        return _Splice(*body.value, f"{{ {pair} }}")
    beside = next((node.value for name in after if (node := table.children.get(name)) and node.value), None)
    end = beside[1] if beside else max(inside)
    return _Splice(end, end, f", {pair}")


def _added_line(text: str, nodes: Sequence[Node], *, depth: int, pair: str, after: Sequence[str]) -> _Splice:
    """A line of its own after the last pair of the table, which is before the comments of what follows."""
    body, table = nodes[depth], nodes[-1]
    start = body.value[1] if depth and body.value else 0
    heads = (node.value[0] for node in _inside(nodes[0]) if node.is_header and node.value)
    part = (start, min((head for head in heads if head >= start), default=len(text)))
    beside = [node for name in after if (node := table.children.get(name)) and _is_pair(node, part)]
    within = [node for node in _inside(table) if _is_pair(node, part)]
    within = within or [node for node in _inside(body) if _is_pair(node, part)]
    last = beside[0] if beside else max(within, key=_end, default=body)
    if last.key is None:  # the text begins with a table
        return _Splice(0, 0, f"{pair}\n")
    return _line_after(text, _end(last), _indentation(text, last.key[0]) + pair)


def _appended(text: str, array: Node, entry: Any) -> _Splice:
    """A new element of an array: inside its brackets, or under a header like that of the one before."""
    if not array.grows:
        return _appended_inside(text, array, _value(entry))
    last = array.children[len(array.children) - 1]
    assert last.value is not None
    indent = _indentation(text, last.value[0])
    lines = ["", indent + text[slice(*last.value)]]
    lines += [indent + _pair((name,), value) for name, value in entry.items()]
    stop = max(_end(last), *(_end(node) for node in _inside(last)), 0)
    return _line_after(text, stop, "\n".join(lines))


def _appended_inside(text: str, array: Node, entry: str) -> _Splice:
    """On a line of its own where the last element has one; a comma at the end where there was one."""
    assert array.value is not None
    start, end = array.value
    last = max((node.value for node in array.children.values() if node.value), default=None)
    if last is None:
        is_empty = not text[start + 1 : end - 1].strip()
        return _Splice(start + 1, end - 1, entry) if is_empty else _Splice(end - 1, end - 1, entry)
    indent = _indentation(text, last[0])
    begins_line = text.endswith("\n", 0, last[0] - len(indent))
    gap = _GAP.match(text, last[1])
    comma = gap.end() if gap and text[gap.end()] == "," else -1
    if comma >= 0 and "\n" in text[comma:end]:
        return _line_after(text, comma, f"{indent}{entry},")
    if comma >= 0:
        return _Splice(comma + 1, comma + 1, f" {entry},")
    if not begins_line:
        return _Splice(last[1], last[1], f", {entry}")
    stop = max(text.find("\n", last[1], end), last[1])
    return _Splice(last[1], stop, f",{text[last[1] : stop]}\n{indent}{entry}")


def _line_after(text: str, at: int, line: str) -> _Splice:
    """Lines that follow the one a place is on."""
    stop = text.find("\n", at)
    return _Splice(len(text), len(text), "\n" + line) if stop < 0 else _Splice(stop + 1, stop + 1, line + "\n")


def _joined(body: str, plain: str, splice: _Splice) -> str:
    """The text as it is with the change made; new lines end as the one before them, else as the one after."""
    breaks = [match.start() - number for number, match in enumerate(re.finditer("\r\n", body))]
    start, end = (at + bisect_left(breaks, at) for at in splice[:2])
    near = plain.rfind("\n", 0, splice.start)
    near = near if near >= 0 else plain.find("\n", splice.start)
    at = bisect_left(breaks, near)
    is_crlf = at < len(breaks) and breaks[at] == near
    return body[:start] + (splice.text.replace("\n", "\r\n") if is_crlf else splice.text) + body[end:]


def _inside(node: Node) -> Iterator[Node]:
    """All that is written in a table or list; not by recursion, as in `scan`."""
    waiting = [*node.children.values()]
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting += inner.children.values()


def _is_inline(text: str, node: Node) -> bool:
    return node.value is not None and text[node.value[0]] == "{"


def _is_pair(node: Node, part: Range) -> bool:
    """Whether a node is a key with a value in a part of the text."""
    return node.key is not None and node.value is not None and not node.is_header and node.value[0] in range(*part)


def _end(node: Node) -> int:
    return node.value[1] if node.value else 0


def _indentation(text: str, at: int) -> str:
    """The space that the line of a place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


# --- how it is written ------------------------------------------------------------------------------------------


def _pair(key: KeyPath, value: Any) -> str:
    """`a.b = 1`; a table with a single table in it is written as a longer key, an index as a list round the value."""
    names = [part for part in key if isinstance(part, str)]
    for _ in range(len(key) - len(names)):
        value = [value]
    while isinstance(value, Mapping) and len(value) == 1 and isinstance(inner := next(iter(value.values())), Mapping):
        names.append(next(iter(value)))
        value = inner
    return f"{'.'.join(map(_name, names))} = {_value(value)}"


def _name(name: str) -> str:
    return name if _BARE.match(name) else str(tomlkit.item(name).as_string())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_pair((name,), inner) for name, inner in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(tomlkit.item(value).as_string())


def _path(key: Sequence[str | int]) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{_name(part)}"
    return text.lstrip(".")
