"""What GitHub Actions reads: annotations on a file's line, and a table for the step's summary.

The forms are of GitHub's "Workflow commands for GitHub Actions".
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from assetforge.cli.console import harmless
from assetforge.report.problems import Told


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


def add_table(environ: Mapping[str, str], title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Appends a table to the step's summary, where there is one; a summary that can't be written is no failure."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    lines = [f"### {_cell(title)}", "", _row(head), _row(["---"] * len(head)), *map(_row, rows), ""]
    with suppress(OSError), open(path, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


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
    """Text that Markdown and HTML leave alone, but for code in backticks."""
    plain = harmless(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return "".join(f"\\{character}" if character in "\\|*_[]" else character for character in plain)
