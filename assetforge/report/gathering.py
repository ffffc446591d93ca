"""What is said of many things alike, said once with their names; unaware of how it is shown.

Only what has one place is told together: whoever reads it has to find where to mend it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from assetforge.errors import Problem
from assetforge.words import some

# From so many on, what is true of them is told together.
MANY = 4
# So many of them are named.
NAMED = 4
_ABOUT = re.compile(r"`([^`]+)`(:? .*)", re.DOTALL)
_FOR = re.compile(r"(.*) \(for `([^`]+)`\)", re.DOTALL)
# The paths that a reason is true of, as a forecast writes them.
_PATHS = re.compile(r"`[^`]+`(?:, `[^`]+`)*(?: and [\d,]+ more)?: ")


class Said(NamedTuple):
    """A message apart from what it is about: the name it begins with, or the one it is `for`; "" for neither."""

    name: str
    told: str
    form: str = "about"


def said(problem: Problem) -> Said:
    """What a message is about, and what it says of it."""
    found = _FOR.fullmatch(problem.message)
    if found:
        return Said(found[2], found[1], "for")
    found = _ABOUT.match(problem.message)
    return Said(found[1], found[2]) if found else Said("", problem.message)


def gathered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems that have one place and one hint, and say one thing of many names, as one each."""
    groups: dict[object, list[tuple[Said, Problem]]] = {}
    for problem in dict.fromkeys(problems):
        one = said(problem)
        groups.setdefault((one.form, one.told, problem.hint, problem.where), []).append((one, problem))
    return [problem for members in groups.values() for problem in _together(members)]


def _together(members: Sequence[tuple[Said, Problem]]) -> Iterator[Problem]:
    (first, problem), names = members[0], list(dict.fromkeys(one.name for one, _ in members))
    if first.form == "for" and len(names) > 1:
        yield Problem(f"{first.told} (for {some(names, NAMED)})", problem.where, problem.hint)
    elif len(names) >= MANY:
        yield Problem(f"{len(names):,} times{first.told}: {some(names, NAMED)}", problem.where, problem.hint)
    else:
        yield from (other for _, other in members)


def without_name(reason: str, name: str) -> str:
    """A reason where the name that it begins with is told already."""
    return reason.removeprefix(f"`{name}`: ")


def listed(reasons: Iterable[str]) -> str:
    """Reasons on one line, with the paths that several after each other are true of once."""
    parts: list[str] = []
    before = ""
    for reason in reasons:
        found = _PATHS.match(reason)
        paths = found[0] if found else ""
        if paths and paths == before:
            parts[-1] += f", {reason.removeprefix(paths)}"
        else:
            parts.append(reason)
        before = paths
    return "; ".join(parts)
