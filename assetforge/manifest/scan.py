"""One forward pass over valid TOML that notes the range of every key and value; unaware of lines and meaning.

It trusts that the text is valid, so strings, numbers and dates are each one pattern. It keeps its own stack:
values that `tomllib` could just read without recursing too deeply must not be too deep here.
"""

import re
import tomllib
from dataclasses import dataclass, field

Range = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_BETWEEN = re.compile(r"(?:[ \t\n,]++|#[^\n]*+)*+")
_KEY = re.compile(r"""[ \t]*+([A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+(\.?)""")
_EQUALS = re.compile(r"=[ \t]*+")
_VALUE = re.compile(
    r"""[\[{]"""
    r"""|"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3,5}"""
    r"""|'{3}(?:[^']|'(?!''))*+'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'"""
    r"""|\d{4}-\d\d-\d\d[ ]\d\d:[^\s,\]}#]*+"""
    r"""|[^\s,\[\]{}#"']++"""
)
_BREAK = re.compile(r"(\n|\\n|\\u000[aA]|\\U0000000[aA])|\\[ \t]*+\n[ \t\n]*+|\\[\s\S]")


@dataclass(slots=True)
class Node:
    """What is known of one key or one element of an array, and of those inside it.

    Not frozen: a table's parts may stand far apart. `value` of a table with a header is that header. An array
    that `grows` is one of `[[...]]` headers; a key that passes through it means its last element.
    """

    key: Range | None = None
    value: Range | None = None
    is_header: bool = False
    grows: bool = False
    children: dict[str | int, "Node"] = field(default_factory=dict)


class _AstrayError(Exception):
    """The text is not valid TOML here."""


def scan(text: str) -> Node:
    """The tree of all keys in a text with LF line ends, up to the first thing that is not valid TOML."""
    root = table = Node()
    at = _end(_BLANK, text, 0)
    try:
        while at < len(text):
            if text[at] == "[":
                table, at = _scan_header(text, at, root)
            else:
                node, at = _scan_key(text, at, table)
                at = _scan_value(text, at, node)
            at = _end(_BLANK, text, at)
    except _AstrayError:
        pass  # what was understood so far is a better answer than none
    return root


def value_lines(text: str, value: Range) -> list[Range]:
    """The range of each line of a string as the user's text has them; empty for what is not a string.

    A line end right after three quotes is no line, one after a backslash is none either, an escaped one is.
    """
    start, end = value
    quote = text[start]
    if quote not in "\"'":
        return []
    width = 3 if text.startswith(quote * 3, start) and end - start >= 6 else 1
    start, end = start + width, end - width
    if width == 3 and text.startswith("\n", start):
        start += 1
    pattern = _BREAK if quote == '"' else re.compile("(\n)")
    lines = []
    for match in pattern.finditer(text, start, end):
        if match[1]:
            lines.append((start, match.start()))
            start = match.end()
    return [*lines, (start, end)]


def _scan_header(text: str, start: int, root: Node) -> tuple[Node, int]:
    """Reads `[a.b]` or `[[a.b]]`: the table that the following keys belong to, and where the text goes on."""
    width = 2 if text.startswith("[[", start) else 1
    names, end = _scan_names(text, start + width)
    end += width
    if text[end - width : end] != "]" * width:
        raise _AstrayError
    *_, (name, first, last) = names
    node = _reach(root, names[:-1]).children.setdefault(name, Node())
    if width == 2:
        if not node.grows:
            node.grows, node.is_header = True, True
            node.key, node.value = (first, last), (start, end)
        node = node.children.setdefault(len(node.children), Node())
    elif node.grows:
        raise _AstrayError
    node.is_header, node.key, node.value = True, (first, last), (start, end)
    return node, end


def _scan_key(text: str, at: int, table: Node) -> tuple[Node, int]:
    """Reads `a.b =`: the key's node, and where its value begins."""
    names, at = _scan_names(text, at)
    return _reach(table, names), _end(_EQUALS, text, at)


def _scan_names(text: str, at: int) -> tuple[list[tuple[str, int, int]], int]:
    """The parts of a dotted key with their ranges, and where the text goes on."""
    names = []
    while True:
        match = _KEY.match(text, at)
        if match is None:
            raise _AstrayError
        names.append((_name(match[1]), *match.span(1)))
        at = match.end()
        if not match[2]:
            return names, at


def _name(token: str) -> str:
    if token[0] == "'":
        return token[1:-1]
    if token[0] != '"':
        return token
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(tomllib.loads(f"name = {token}")["name"])
    except tomllib.TOMLDecodeError:
        raise _AstrayError from None


def _reach(node: Node, names: list[tuple[str, int, int]]) -> Node:
    """The node that a dotted key leads to, made where it is new."""
    for name, start, end in names:
        inner = node.children.get(name)
        if inner is None:
            inner = node.children[name] = Node((start, end))
        node = inner.children[len(inner.children) - 1] if inner.grows else inner
    return node


def _scan_value(text: str, at: int, node: Node) -> int:
    """Reads a value with all that is inside it; returns where the text goes on."""
    opened: list[tuple[Node, int]] = []
    while True:
        start, at = at, _end(_VALUE, text, at)
        node.value = (start, at)
        if text[start] in "[{":
            opened.append((node, start))
        while opened:
            at = _end(_BETWEEN, text, at)
            if text[at : at + 1] not in ("]", "}"):
                break
            at += 1
            closed, start = opened.pop()
            closed.value = (start, at)
        if not opened:
            return at
        parent, start = opened[-1]
        if text[start] == "{":
            node, at = _scan_key(text, at, parent)
        else:
            node = parent.children[len(parent.children)] = Node()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    if match is None:
        raise _AstrayError
    return match.end()
