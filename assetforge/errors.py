"""The tree of errors: what a user is told, where it happened, and how the process ends.

Nothing here prints. A place is a key path or a line; `manifest/source` turns a key path into a line and
column only when an error is shown.

    AssetforgeError            1  some assets failed
    ├── UsageError             2  the command line, or what a call needs, is wrong
    ├── ManifestError          2  the manifest is wrong: every problem at once
    ├── NotCurrent             3  something would have to be made, and may not be
    └── BudgetError            4  a limit of money was reached, or consent is missing
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """A place in one of the user's files.

    `file` is relative to the root, with `/`. Either `key` names a value of a TOML file (with `part` saying
    whether its key or its value is meant, and `text` what to underline inside it), or `line` and `column`
    (both from 1) name a place directly. With `key`, `line` counts lines inside a value of several lines.
    """

    file: str
    key: KeyPath = ()
    part: Literal["key", "value"] = "value"
    text: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One fact that is wrong: lower case, no final period, backticks round the user's own words."""

    message: str
    where: Where | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that is not as the manifest asks: a candidate of a paid step, or the path of an output or of an emit,
    and why. `instance` is the emit's name, `emit:NAME` with its cell, where it is of one.

    `buys` says whether a picture would have to be bought for it, and `price` for how much at most, in US dollars,
    None where nobody knows or nothing is bought; `key` is the request's, "" while that is not known."""

    instance: str
    subject: str
    reason: str
    where: Where
    buys: Literal["no", "maybe", "yes"] = "no"
    price: float | None = None
    key: str = ""


class AssetforgeError(Exception):
    """Something the user can understand and act on; never a bug of ours."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, where: Where | None = None) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = (Problem(message, where, hint),)


class UsageError(AssetforgeError):
    """The command line, the environment, or what a call needs (key, trust) is wrong."""

    exit_code = 2

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "UsageError":
        """Several at once."""
        found = tuple(problems)
        error = cls("; ".join(problem.message for problem in found))
        error.problems = found
        return error


class ManifestError(AssetforgeError):
    """The manifest, or a file it names, is wrong. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(dict.fromkeys(problems))
        super().__init__("; ".join(problem.message for problem in found))
        self.problems = found


def told_of_machine(error: OSError) -> str:
    """What a machine refuses, in words: the file, and what is wrong with it."""
    where = f"`{os.fsdecode(error.filename)}`: " if isinstance(error.filename, str | bytes) else ""
    return where + (error.strerror or str(error)).lower()


class NotCurrent(AssetforgeError):  # noqa: N818 - the state it tells of is not a fault
    """Something is not current, and this run may not make it so. `missing` names what, thing by thing."""

    exit_code = 3

    def __init__(self, problems: Iterable[Problem], missing: Iterable[Disagreement]) -> None:
        found = tuple(problems)
        super().__init__("; ".join(problem.message for problem in found))
        self.problems = found
        self.missing = tuple(missing)


class BudgetError(AssetforgeError):
    """A limit of money was reached, or nobody consented to spending."""

    exit_code = 4
