"""Three locks, the one before and what two branches made of it, merged into one, line by line.

A line that one side changed is that side's. One that both changed is merged inside, place by place: a candidate of a
paid step, an output, an emitted file. Where both changed the very same place ours stays, and whatever else a side had
in such a line is set aside under another name: whichever side's request the manifest asks for in the end, the next
build finds the picture by its key, and the file by its digest. A whole build then drops what is aside. Unaware of
files, git and manifest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from assetforge.model import Record
from assetforge.outputs.aside import aside_name, owner_of
from assetforge.outputs.lock import LockLine

Key = TypeVar("Key")
Value = TypeVar("Value")

# All that a lock has of one owner: its own line at 0, and what was set aside from 1.
Stack = Mapping[int, LockLine]
Steps = Mapping[str, Mapping[int, Record]]


class Part(NamedTuple):
    """What stays together when it is set aside: a step's candidates by number, or at 0 an output's record or a
    file's digest. `table` is the line's field, `name` a step or a path."""

    table: str
    name: str
    held: Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged lines, and whose lines both sides had changed so that something was set aside."""

    lines: Mapping[str, LockLine]
    doubled: tuple[str, ...]


def merge_lines(base: Mapping[str, LockLine], ours: Mapping[str, LockLine], theirs: Mapping[str, LockLine]) -> Merge:
    """The lines of two locks that both came from `base`. Turned round it is the same but for whose places stay."""
    before, mine, other = _stacks(base), _stacks(ours), _stacks(theirs)
    lines: dict[str, LockLine] = {}
    doubled = []
    for owner in sorted(mine.keys() | other.keys()):
        sides = before.get(owner, {}), mine.get(owner, {}), other.get(owner, {})
        stack = _chosen(*sides)
        if stack is None:
            stack = _united(*sides)
            if any(place and line != sides[1].get(place) for place, line in stack.items()):
                doubled.append(owner)
        lines |= {aside_name(owner, place): line for place, line in stack.items()}
    return Merge(lines, tuple(doubled))


def _stacks(lines: Mapping[str, LockLine]) -> dict[str, dict[int, LockLine]]:
    found: dict[str, dict[int, LockLine]] = {}
    for name, line in lines.items():
        owner, place = owner_of(name)
        found.setdefault(owner, {})[place] = line
    return found


def _chosen(
    base: Mapping[Key, Value], ours: Mapping[Key, Value], theirs: Mapping[Key, Value]
) -> Mapping[Key, Value] | None:
    """The side that is taken as it is, None where both changed something in ways of their own. What one side removed
    and the other changed is kept."""
    if ours in (base, theirs):
        return theirs
    if theirs == base or not theirs:
        return ours
    return None if ours else theirs


def _united(base: Stack, ours: Stack, theirs: Stack) -> dict[int, LockLine]:
    own = _line(base.get(0), ours.get(0), theirs.get(0))
    aside = {place: line for place, line in ours.items() if place}
    known = {one for line in (own, *aside.values()) if line for part in _parts(line) for one in _identities(part)}
    for line in (*_in_order(ours), *_in_order(theirs)):
        for part in _parts(line):
            if not known.issuperset(_identities(part)):
                known.update(_identities(part))
                _set_aside(aside, part)
    return {0: own, **aside} if own else aside


def _line(base: LockLine | None, ours: LockLine | None, theirs: LockLine | None) -> LockLine | None:
    """A line merged inside. Where one side has none, the other's is kept."""
    if ours is None or theirs is None:
        return ours or theirs
    base = base or LockLine()
    return LockLine(
        _steps(base.steps, ours.steps, theirs.steps),
        _table(base.outputs, ours.outputs, theirs.outputs),
        {**theirs.pixels, **ours.pixels},
        _table(base.emitted, ours.emitted, theirs.emitted),
        {**theirs.sources, **ours.sources},
    )


def _steps(base: Steps, ours: Steps, theirs: Steps) -> Steps:
    """Candidates of one request that both sides added to are joined; of two requests ours stays."""
    found = {}
    for step in dict.fromkeys((*ours, *theirs)):
        sides = base.get(step, {}), ours.get(step, {}), theirs.get(step, {})
        chosen = _chosen(*sides)
        if chosen is None:
            chosen = _table(*sides) if _is_one_request(*sides[1:]) else sides[1]
        if chosen:
            found[step] = chosen
    return found


def _is_one_request(one: Mapping[int, Record], other: Mapping[int, Record]) -> bool:
    return any(one[number].key == other[number].key for number in one.keys() & other.keys())


def _table(base: Mapping[Key, Value], ours: Mapping[Key, Value], theirs: Mapping[Key, Value]) -> dict[Key, Value]:
    """What two sides made of a table, place by place, ours where both changed it."""
    found = {}
    for key in dict.fromkeys((*ours, *theirs)):
        is_theirs = key not in ours or (key in theirs and ours[key] == base.get(key))
        value = theirs[key] if is_theirs else ours[key]
        # What one side removed goes, unless the other changed it.
        is_removed = (key not in ours or key not in theirs) and value == base.get(key)
        if not is_removed:
            found[key] = value
    return found


def _in_order(stack: Stack) -> Iterable[LockLine]:
    return (stack[place] for place in sorted(stack))


def _parts(line: LockLine) -> Iterator[Part]:
    """Everything of a line that a build may look for."""
    yield from (Part("steps", step, candidates) for step, candidates in sorted(line.steps.items()))
    yield from (Part("outputs", path, {0: record}) for path, record in sorted(line.outputs.items()))
    yield from (Part("emitted", path, {0: digest}) for path, digest in sorted(line.emitted.items()))


def _identities(part: Part) -> set[tuple[str, ...]]:
    """What is found by what: a paid picture by its key wherever it stands, a file by its path. Two pictures that were
    bought with one key are two."""
    name = "" if part.table == "steps" else part.name
    return {(part.table, name, *_told(held)) for held in part.held.values()}


def _told(held: Any) -> tuple[str, ...]:
    return (held.key, held.media.digest) if isinstance(held, Record) else (held,)


def _set_aside(aside: dict[int, LockLine], part: Part) -> None:
    """Puts a part into the first line that has nothing there, or candidates of the same request."""
    place = 1
    while not _fits(there := getattr(aside.get(place, LockLine()), part.table).get(part.name), part):
        place += 1
    line = aside.get(place, LockLine())
    if part.table == "steps":
        held: Any = {**part.held, **(there or {})}
    else:
        held = part.held[0]
    aside[place] = replace(line, **{part.table: {**getattr(line, part.table), part.name: held}})


def _fits(there: Any, part: Part) -> bool:
    if there is None or part.table != "steps":
        return there is None
    shared = there.keys() & part.held.keys()
    return bool(shared) and all(_told(there[number]) == _told(part.held[number]) for number in shared)
