"""Positions of key paths in TOML text, for the moment an error is shown; unaware of what the keys mean.

Not a validator: `scan` trusts text that `tomllib` has accepted. Where the text is not valid after all (it may
have changed since), what was understood up to there is known. Lines and columns count from 1, columns and
lengths in characters, and CR LF is one line end.
"""

import ast
import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.manifest.scan import Node, Range, scan, value_lines


class Span(NamedTuple):
    """A part of one line."""

    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place as it is printed: the line itself, and what of it to underline."""

    file: str
    line: int
    column: int
    length: int
    source_line: str


class Positions:
    """Where the keys and values of one TOML text stand. Nothing is read before the first question."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")

    def find(self, key: KeyPath, part: Literal["key", "value"] = "value") -> Span | None:
        """A key, or its value: of several lines the first. A table's value is its header.

        Where the path goes on past what is written, the last table or key on it is meant: its header, else
        its name. None where not even the first name is written.
        """
        node, is_whole = self._walk(key)
        if node is self._root:
            return None
        found = (
            node.value or node.key if (part == "value" if is_whole else node.is_header) else node.key or node.value
        )
        return self._span(found) if found else None

    def find_text(self, key: KeyPath, text: str) -> Span | None:
        """The first occurrence of `text` in a value as it is written, on any of its lines, or None."""
        node, is_whole = self._walk(key)
        if not (is_whole and node.value and text):
            return None
        at = self._text.find(text, *node.value)
        return self._span((at, at + len(text))) if at >= 0 else None

    def find_line(self, key: KeyPath, line: int) -> Span | None:
        """The n-th line (from 1) of a text, without the space around it; the last one where there are fewer.

        Lines are the text's own: the line end after the opening quotes is none, an escaped one is. Of a value
        that is no text, and of a path that is not written, what `find` gives.
        """
        node, is_whole = self._walk(key)
        lines = value_lines(self._text, node.value) if is_whole and node.value else []
        if not lines:
            return self.find(key)
        start, end = lines[min(max(line, 1), len(lines)) - 1]
        end = self._line_end(start, end)
        inner = self._text[start:end].strip()
        start += self._text[start:end].find(inner)
        return self._span((start, start + len(inner)))

    def on_line(self, line: int, column: int | None = None, text: str = "") -> Span:
        """A place on a line: at `column`, else where `text` is, else the line without the space around it."""
        source = self.line(line)
        if column is not None:
            return Span(line, column, len(text) or 1)
        shown = text if text and text in source else source.strip()
        return Span(line, source.find(shown) + 1, len(shown) or 1)

    def line(self, line: int) -> str:
        """A line's text, "" where there is none."""
        if not 1 <= line <= len(self._starts):
            return ""
        start = self._starts[line - 1]
        return self._text[start : self._line_end(start, len(self._text))]

    @cached_property
    def _root(self) -> Node:
        return scan(self._text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    def _walk(self, key: KeyPath) -> tuple[Node, bool]:
        """The node that the longest written part of a path leads to, and whether that is all of it."""
        node = self._root
        for part in key:
            inner = node.children.get(part)
            if inner is None:
                return node, False
            node = inner
        return node, True

    def _line_end(self, start: int, end: int) -> int:
        line_end = self._text.find("\n", start, end)
        return end if line_end < 0 else line_end

    def _span(self, found: Range) -> Span:
        start, end = found
        line = bisect_right(self._starts, start)
        return Span(line, start - self._starts[line - 1] + 1, max(1, self._line_end(start, end) - start))


def parse(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises ManifestError where it is not valid.

    Also for what makes `tomllib` fail otherwise: numbers of thousands of digits, and nesting without end.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError([_problem(error, text, file)]) from None


def locate(where: Where, read: Callable[[str], str | None]) -> Place | None:
    """The place to print, or None where only the file is known. `read` gives a file's text, if it can."""
    text = read(where.file)
    if text is None:
        return None
    positions = _positions(text)
    if where.key:
        span = _key_span(positions, where)
    else:
        span = None if where.line is None else positions.on_line(where.line, where.column, where.text)
    return Place(where.file, *span, positions.line(span.line)) if span else None


# One build may have thousands of problems in a few files: each text is read through once.
@lru_cache(maxsize=16)
def _positions(text: str) -> Positions:
    return Positions(text)


def _key_span(positions: Positions, where: Where) -> Span | None:
    if where.part == "value" and where.line is None:
        return positions.find_text(where.key, where.text) or positions.find(where.key)
    if where.line is None:
        span = positions.find(where.key, "key")
    else:
        span = positions.find_line(where.key, where.line)
    if span is None or not where.text:
        return span
    start = span.column - 1
    at = positions.line(span.line).find(where.text, start, start + span.length)
    return span if at < 0 else Span(span.line, at + 1, len(where.text))


_PLACED = re.compile(r"(?P<fact>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
_WRITTEN = re.compile(r"\s*(?:(?P<header>\[.*\])|(?P<key>[^=#\[{]+?)\s*=)")
_TWICE = (
    "Cannot overwrite a value",
    "Cannot declare",
    "Cannot redefine",
    "Cannot mutate",
    "Duplicate inline",
)
_HINTS = {
    "Invalid value": "put quotes round text",
    "Invalid date or datetime": "put quotes round what is text",
    "Unescaped '\\'": "write `\\\\` for a backslash, or use single quotes",
    "Illegal character '\\n'": "close the text on its line, or use three quotes",
} | dict.fromkeys(_TWICE, "write each key and each table once")


def _problem(error: Exception, text: str, file: str) -> Problem:
    """An error of `tomllib` in our words; its place is written at the end of its message only."""
    if isinstance(error, RecursionError):
        return Problem(f"`{file}` is nested too deeply", Where(file))
    match = _PLACED.fullmatch(str(error))
    if match is None:  # not the parser's own: a number that Python refuses to read
        return Problem(f"`{file}` has a number with too many digits", Where(file))
    fact = match["fact"]
    hint = next((hint for start, hint in _HINTS.items() if fact.startswith(start)), None)
    if match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        lines = text.replace("\r\n", "\n").rstrip().split("\n")
        line, column = len(lines), len(lines[-1]) + 1
        if fact == "Invalid value":
            fact, hint = "a value is missing", None
        fact += " at the end of the file"
    source = text.replace("\r\n", "\n").split("\n")[line - 1]
    if fact == "Invalid value" and not source[column - 1 :].strip():
        fact, hint = "a value is missing", None
    told = re.sub(r"\('.*\)|\(\".*\)", _dotted, fact)
    place = Where(file, line=line, column=column)
    written = _WRITTEN.match(source) if fact.startswith(_TWICE[:2]) else None
    if written:  # the parser stands at the end of what it saw twice
        what = written["key"] or written["header"]
        place = Where(file, line=line, column=source.find(what) + 1, text=what)
        told = f"`{what}` is written twice" if written["key"] and "." not in what else told
    return Problem(f"`{file}` is not valid TOML: {told[:1].lower()}{told[1:]}", place, hint)


def _dotted(key: re.Match[str]) -> str:
    """A key as its user wrote it; `tomllib` prints it as Python does."""
    return f"`{'.'.join(map(str, ast.literal_eval(key[0])))}`"
