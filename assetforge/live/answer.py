"""What a write came to, and problems as the page shows them, without folders of this machine.

Unaware of HTTP and of what was written. What is told here stands on a page, which may be shown to others: paths start
at the project's root, and what lies outside it is named by its last part.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from assetforge.errors import Problem
from assetforge.paths import Root
from assetforge.report.excerpt import excerpt
from assetforge.report.problems import Told, told

if TYPE_CHECKING:
    from assetforge.project import Project

# `message`, `hint`, `file`, `line`, `column`, `excerpt` and `carets`, None where unknown.
ProblemObject = Mapping[str, str | int | None]

# An absolute path of two parts or more; a URL's path is none, but for that of a file.
_OUTSIDE = re.compile(r"(?:(?<![\w.~:/…-])|(?<=file://))/(?:[^\s/`'\",;:()<>]+/)+([^\s/`'\",;:()<>]+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write came to: whether it was done, lines that tell of it, and why it was not."""

    ok: bool
    lines: tuple[str, ...] = ()
    errors: tuple[ProblemObject, ...] = ()


def problem(message: str, hint: str | None = None) -> ProblemObject:
    """A problem without a place."""
    fields: dict[str, str | int | None] = {"message": message, "hint": hint}
    return fields | dict.fromkeys(("file", "line", "column", "excerpt", "carets"))


def refused(message: str, hint: str | None = None) -> Answer:
    """What was not done, and why."""
    return Answer(False, errors=(problem(message, hint),))


class Teller:
    """Words for a project's page. `project` gives the project as it was read last, None while it can't be."""

    def __init__(self, root: Root, project: Callable[[], "Project | None"]) -> None:
        self._root = root
        self._project = project
        known = ((root.path, ""), (root.real, ""), (os.path.expanduser("~"), "~"))
        self._known = tuple((_pattern(folder), sign) for folder, sign in known if folder.rstrip(os.sep))

    def line(self, text: str) -> str:
        """A line without folders of this machine."""
        for pattern, sign in self._known:
            text = pattern.sub(partial(_instead, sign), text)
        return _OUTSIDE.sub(r"…/\1", text)

    def problems(self, problems: Iterable[Problem]) -> tuple[ProblemObject, ...]:
        """Problems in the order of their places, each with its line of the file and the carets below it."""
        return tuple(self._problem(one) for one in told(problems, self._project(), self._root.path))

    def _problem(self, one: Told) -> ProblemObject:
        fields: dict[str, str | int | None] = dict(problem(self.line(one.message), one.hint and self.line(one.hint)))
        fields["file"] = one.file and self.line(one.file)
        if one.place is not None:
            shown, carets = excerpt(one.place.source_line, one.place.column, one.place.length)
            fields |= {"line": one.place.line, "column": one.place.column, "excerpt": shown, "carets": carets}
        return fields


def _pattern(folder: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.~-]){re.escape(folder.rstrip(os.sep))}(?:/|(?![\w.-]))")


def _instead(sign: str, found: re.Match[str]) -> str:
    if found[0].endswith("/"):
        return f"{sign}/" if sign else ""
    return sign or "."
