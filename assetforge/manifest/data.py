"""Lists and tables for axes and templates, from the files, globs and lists that `[data]` names.

Unaware of axes' cells and of templates. Values are text, numbers, booleans, lists, tables and nothing (JSON's
null), as they stand in the file: they are never rendered.
"""

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import Any, Protocol

from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.manifest.source import parse
from assetforge.paths import PathError, Root
from assetforge.words import count

_CSV_FAULTS: dict[str, tuple[str, str | None]] = {
    "',' expected after": ("text follows a closing quote", "write a quote inside a quoted cell twice"),
    "unexpected end of data": ("a quote is not closed", "close it"),
}
_JSON_FAULTS = {
    "Expecting value": "a value is missing",
    "Expecting property name": "a key in double quotes is missing",
    "Expecting ':'": "a colon after a key is missing",
    "Expecting ','": "a comma, or the end of a list or a table, is missing",
    "Extra data": "something stands after its end",
    "Invalid control character": "a line break or another control character stands in a text",
    "Invalid \\escape": "a backslash stands before what it can't escape",
    "Unterminated string": "a text is not closed",
}
_KINDS = (".csv", ".json", ".jsonl", ".toml")


class ReadText(Protocol):
    """Reads and lists below the root, and remembers what it read. Both raise PathError."""

    def text(self, path: str) -> str:
        """A file's text."""

    def glob(self, pattern: str) -> Sequence[str]:
        """The regular files that match, sorted."""


def load_data(name: str, value: Any, read: ReadText, where: Where) -> list[Any] | dict[str, Any]:
    """What an entry of `[data]` stands for. `where` is the entry; a mistake in a file is told with its line.

    A glob gives tables of `id` (the stem) and `path`; a TOML file its whole table. Raises ManifestError with
    every mistake found.
    """
    try:
        data, place = _load(name, value, read, where)
    except PathError as error:
        raise ManifestError([Problem(error.message, where, error.hint)]) from None
    problems = list(_faults(name, data, place))
    if problems:
        raise ManifestError(problems)
    checked: list[Any] | dict[str, Any] = data
    return checked


def as_rows(value: Any) -> list[Any]:
    """The rows of data: a list as it is; of a table of tables its tables, each with its key as `id` (first).

    Raises ValueError, in words for the user, where the data is no such thing.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise ValueError("data for an axis is a list, or a table of tables")
    rows = []
    for key, row in value.items():
        if not isinstance(row, dict):
            raise ValueError(f"`{key}` is not a table, and an axis takes a list or a table of tables")
        if row.get("id", key) != key:
            raise ValueError(f"`{key}` has an `id` of its own, `{row['id']}`, but its key is its `id`")
        rows.append({"id": key, **row})
    return rows


def column(rows: Sequence[Any], name: str) -> list[Any]:
    """A column's distinct values, in order of first appearance; rows without it, or with null, have none.

    1, 1.0 and true are three values. Raises ValueError, in words for the user, where no row has the column.
    """
    tables = [row for row in rows if isinstance(row, dict) and name in row]
    if rows and not tables:
        raise ValueError(f"no row has a column `{name}`")
    distinct: dict[str, Any] = {}
    for row in tables:
        if row[name] is not None:
            distinct.setdefault(json.dumps(row[name], sort_keys=True), row[name])
    return list(distinct.values())


def _load(name: str, value: Any, read: ReadText, where: Where) -> tuple[Any, Where]:
    """The data, and where its keys are to be found. Raises PathError and ManifestError."""
    if isinstance(value, list | dict):
        return value, where
    if not isinstance(value, str):
        hint = "give a list, a file or a glob"
        raise ManifestError([Problem(f"data `{name}` is neither a list nor the path of a file", where, hint)])
    if re.search(r"[*?\[]", value):
        return [{"id": PurePosixPath(path).stem, "path": path} for path in read.glob(value)], where
    kind = PurePosixPath(value).suffix.lower()
    if kind not in _KINDS:
        hint = "use .csv, .json, .jsonl or .toml, or a glob"
        raise ManifestError([Problem(f"data `{name}` can't be read from `{value}`", where, hint)])
    path = Root.clean(value)
    text = read.text(path).removeprefix("\ufeff")
    if kind == ".toml":
        return parse(text, path), Where(path)
    readers = {".csv": _read_csv, ".json": _read_json, ".jsonl": _read_json_lines}
    problems: list[Problem] = []
    data = readers[kind](text, path, problems)
    if problems:
        raise ManifestError(problems)
    return data, Where(path)


def _read_csv(text: str, path: str, problems: list[Problem]) -> list[dict[str, str]]:
    """RFC 4180 with a header row; empty lines are no rows. A row is told by the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: list[dict[str, str]] = []
    line = 1
    try:
        for cells in reader:
            if cells and not header:
                header = cells
                written = text.split("\n")[line - 1].rstrip("\r")
                problems += _header_faults(header, path, line, is_plain=written == ",".join(header))
            elif cells and len(cells) != len(header):
                message = f"a row of `{path}` has {count(len(cells), 'cell')}, but its header has {len(header)}"
                problems.append(Problem(message, Where(path, line=line)))
            elif cells:
                # Git may have checked the file out with other line ends.
                rows.append({name: cell.replace("\r\n", "\n") for name, cell in zip(header, cells, strict=True)})
            line = reader.line_num + 1
    except csv.Error as error:
        told, hint = next(
            (says for start, says in _CSV_FAULTS.items() if str(error).startswith(start)), (str(error), None)
        )
        problems.append(Problem(f"`{path}` is not valid CSV: {told}", Where(path, line=line), hint))
    else:
        if not header:
            hint = "write the names of the columns in its first line"
            problems.append(Problem(f"`{path}` has no header row", Where(path), hint))
    return rows


def _header_faults(header: list[str], path: str, line: int, *, is_plain: bool) -> Iterator[Problem]:
    """`is_plain` says that no name is quoted, so that columns can be counted."""
    seen: set[str] = set()
    for index, name in enumerate(header):
        if not name.strip():
            message = f"column {index + 1} of `{path}` has no name"
            yield Problem(message, Where(path, line=line), "name every column in the first row")
        elif name in seen:
            at = 1 + sum(len(cell) + 1 for cell in header[:index]) if is_plain else None
            place = Where(path, line=line, column=at, text=name)
            yield Problem(f"`{path}` has two columns `{name}`", place, "rename one of them")
        seen.add(name)


def _read_json(text: str, path: str, problems: list[Problem]) -> Any:
    found = _decode(text, Where(path), problems)
    if not problems and not isinstance(found, list | dict):
        problems.append(Problem(f"`{path}` is neither a list nor a table", Where(path, line=1)))
    return found


def _read_json_lines(text: str, path: str, problems: list[Problem]) -> list[Any]:
    lines = enumerate(text.split("\n"), start=1)
    return [_decode(line, Where(path, line=number), problems) for number, line in lines if line.strip()]


def _decode(text: str, where: Where, problems: list[Problem]) -> Any:
    """One JSON value. A key written twice is a mistake, where Python would keep the last."""
    path = where.file

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            problems.append(Problem(f"a table in `{path}` has the key `{_plain(twice)}` twice", where))
        return made

    try:
        return json.loads(text, object_pairs_hook=table)
    except json.JSONDecodeError as error:
        problems.append(_json_fault(error, where))
    except RecursionError:
        problems.append(Problem(f"`{path}` is nested too deeply", where))
    except ValueError:  # of what JSON allows, Python refuses only this
        problems.append(Problem(f"`{path}` has a number with too many digits", where))
    return None


def _json_fault(error: json.JSONDecodeError, where: Where) -> Problem:
    """What is wrong and where, in words that don't depend on Python's version."""
    text, at = error.doc, min(error.pos, len(error.doc.rstrip()))
    told, hint = f"{error.msg[:1].lower()}{error.msg[1:]}", None
    comma = len(text[:at].rstrip()) - 1 if text[at : at + 1] in ("}", "]") else at
    if text[comma : comma + 1] == "," and text[comma + 1 :].lstrip()[:1] in ("}", "]"):
        at, told, hint = comma, "a comma stands before the end of a list or a table", "remove the comma"
    elif error.msg == "Expecting value" and text[at : at + 1] not in ("", ",", "]", "}", "\n"):
        told, hint = "this is not a value", "put double quotes round text"
    else:
        told = next((says for start, says in _JSON_FAULTS.items() if error.msg.startswith(start)), told)
    line = text.count("\n", 0, at)
    place = Where(where.file, line=(where.line or 1) + line, column=at - text.rfind("\n", 0, at))
    return Problem(f"`{where.file}` is not valid JSON: {told}", place, hint)


def _faults(name: str, data: Any, where: Where) -> Iterator[Problem]:
    """Values that no key, template or path could take, in the order written."""
    waiting: list[tuple[KeyPath, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        fault, hint = _fault(value)
        if len(path) == 1 and isinstance(data, list) and isinstance(value, list):
            fault, hint = "a list, but a row is one value or a table", "name the columns"
        if fault:
            has_keys = where.key or where.file.lower().endswith(".toml")
            place = Where(where.file, (*where.key, *path)) if has_keys else where
            spoken = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
            yield Problem(f"`{name}{_plain(spoken)}` is {fault}", place, hint)
        elif isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, index), value[index]) for index in reversed(range(len(value)))]


def _fault(value: Any) -> tuple[str, str | None]:
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number", None
    if isinstance(value, date | datetime | time):
        return "a date or a time, which data can't be", "put quotes round it"
    texts = value if isinstance(value, dict) else [value] if isinstance(value, str) else ()
    if any(_plain(text) != text for text in texts):
        return "text with half a character (a lone surrogate) in it", None
    return "", None


def _plain(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
