"""What GitHub Actions reads: annotations on a file's line, a step's summary, and its outputs; unaware of commands.

The forms are of GitHub's "Workflow commands for GitHub Actions"; the summary is GitHub Flavored Markdown.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from assetforge.report.excerpt import harmless
from assetforge.report.problems import Told

# The runner takes no summary above 1 MiB of a step, and nobody reads so long a table.
MOST_BYTES = 1_048_576
MOST_ROWS = 200
LONGEST = 400
# Code between single backticks; all else is text. Code needs no other mark, and knows no other.
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_MARKS = re.compile(r"[\\`|*_\[\]~]")


def annotation(kind: str, one: Told, environ: Mapping[str, str]) -> str:
    """`::error file=assets.toml,line=3,col=5::what is wrong`. Paths start from the checkout."""
    facts = {}
    if one.file is not None:
        facts["file"] = _from_checkout(one.file, environ)
    if one.place is not None:
        facts |= {"line": str(one.place.line), "col": str(one.place.column)}
    told = ",".join(f"{name}={_property(value)}" for name, value in facts.items())
    text = one.message + (f"\nhint: {one.hint}" if one.hint else "")
    return f"::{kind}{' ' + told if told else ''}::{_data(text)}"


def _data(text: str) -> str:
    # Escaped for GitHub first: what is made harmless never holds a line end.
    return harmless(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _from_checkout(file: str, environ: Mapping[str, str]) -> str:
    checkout = environ.get("GITHUB_WORKSPACE")
    if not checkout:
        return file
    found = os.path.relpath(os.path.realpath(file), os.path.realpath(checkout)).replace(os.sep, "/")
    return file if found.startswith("../") else found


# --- outputs of the step ----------------------------------------------------------------------------------------


def add_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Appends values of one line each to the step's outputs, where there are any; where they can't be written is
    no failure."""
    path = environ.get("GITHUB_OUTPUT")
    if not path:
        return
    with suppress(OSError), open(path, "a", encoding="utf-8", newline="\n") as file:
        file.write("".join(f"{name}={value}\n" for name, value in outputs.items()))


# --- the summary ------------------------------------------------------------------------------------------------


def add_table(
    environ: Mapping[str, str],
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    lead: Iterable[str] = (),
) -> None:
    """Appends a table to the step's summary, where there is one, below the lines of `lead`; no table without a row.
    A summary that can't be written is no failure, and what does not fit into it is left out."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    told = list(rows)
    lines = [f"### {_cell(title)}", ""]
    for line in lead:
        lines += [_cell(line), ""]
    if told:
        lines += [_row(head), _row(["---"] * len(head)), *map(_row, told[:MOST_ROWS]), ""]
    if len(told) > MOST_ROWS:
        lines += [f"and {len(told) - MOST_ROWS:,} more", ""]
    text = "\n".join(lines) + "\n"
    with suppress(OSError), open(path, "a", encoding="utf-8", newline="\n") as file:
        if file.tell() + len(text.encode()) <= MOST_BYTES:
            file.write(text)


def add_problems(environ: Mapping[str, str], title: str, problems: Iterable[Told]) -> None:
    """Appends problems with their places and hints as a table."""
    rows = []
    for one in problems:
        at = f"{one.file}:{one.place.line}" if one.file and one.place else one.file or ""
        rows.append((at, one.message, one.hint or ""))
    add_table(environ, title, ("where", "error", "hint"), rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell if cell == '---' else _cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Text that Markdown and HTML leave alone, but for code in backticks. Tables are split before code is found, so
    that a bar is escaped in code as well."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    plain = " ".join(harmless(short).split("\n"))
    parts = _CODE.split(plain)
    return "".join(
        f"`{part.replace('|', chr(92) + '|')}`" if index % 2 else _text(part) for index, part in enumerate(parts)
    )


def _text(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", plain)
