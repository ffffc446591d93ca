"""Problems with their places found, as every output shows them: sorted, with paths that start from here."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assetforge.errors import Problem
from assetforge.manifest.source import Place, locate
from assetforge.paths import Root

if TYPE_CHECKING:
    from assetforge.project import Project


@dataclass(frozen=True, slots=True)
class Told:
    """A problem to show. `file` is relative to the current folder, None where no file is meant; `place` is None
    where only the file is known."""

    message: str
    hint: str | None
    file: str | None
    place: Place | None

    @property
    def key(self) -> tuple[str, int, int, str]:
        """Of two at one place the words decide: what threads tell comes in any order."""
        if self.place is None:
            return (self.file or "", 0, 0, "")
        return (self.file or "", self.place.line, self.place.column, self.message)


def told(problems: Iterable[Problem], project: "Project | None", here: str) -> list[Told]:
    """Problems in the order of file, line and words, each once. `here` is the folder that paths start from."""
    found = dict.fromkeys(problems)
    return sorted((_told(problem, project, here) for problem in found), key=lambda one: one.key)


def _told(problem: Problem, project: "Project | None", here: str) -> Told:
    if problem.where is not None and os.path.isabs(problem.where.file):  # the user's own settings
        return Told(problem.message, problem.hint, problem.where.file, locate(problem.where, _text_of))
    if problem.where is None or project is None or not problem.where.file:
        return Told(problem.message, problem.hint, None, None)
    file = seen_from(here, project.root, problem.where.file)
    return Told(problem.message, problem.hint, file, project.place_of(problem))


def _text_of(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def seen_from(here: str, root: Root, path: str = "") -> str:
    """A path below the root as somebody in the folder `here` writes it, with `/`."""
    return os.path.relpath(os.path.join(root.path, path), here).replace(os.sep, "/")


def problem_object(one: Told) -> dict[str, Any]:
    """`{message, file, line, column, hint}`, null where there is none."""
    return {
        "message": one.message,
        "file": one.file,
        "line": one.place.line if one.place else None,
        "column": one.place.column if one.place else None,
        "hint": one.hint,
    }
