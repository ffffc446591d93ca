"""One fact about this machine, and whether it is well; unaware of who looks."""

from dataclasses import dataclass
from typing import Literal

from assetforge.errors import Problem

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact: `subject` is what it is about, `problem` says it, with a hint where it isn't well."""

    level: Level
    subject: str
    problem: Problem


def ok(subject: str, message: str) -> Finding:
    """Something is well."""
    return Finding("ok", subject, Problem(message))


def warn(subject: str, message: str, hint: str | None = None) -> Finding:
    """Something works, and should be known."""
    return Finding("warn", subject, Problem(message, None, hint))


def fail(subject: str, message: str, hint: str | None = None) -> Finding:
    """Something keeps a build from its work."""
    return Finding("fail", subject, Problem(message, None, hint))
