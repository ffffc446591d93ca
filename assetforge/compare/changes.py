"""What differs between the lines of two locks: which pictures came, went, changed, or only go by another name.

Pure, and unaware of git, of the store and of why anything changed. Pictures are compared by their pixels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from assetforge.compare.former import former_names, paid
from assetforge.model import Media, Record
from assetforge.outputs.aside import PREFIX, asides_of
from assetforge.outputs.lock import LockLine

# `re-encoded`: the same picture in other bytes. `renamed`: the same under another name or path. `candidates`: others
# were bought, and the outputs show what they showed. `accepted`: kept for another request.
How = Literal["changed", "added", "removed", "renamed", "re-encoded", "candidates", "accepted"]
EMIT = "emit:"
NOTHING = LockLine()


@dataclass(frozen=True, slots=True)
class Output:
    """A file that is not what it was. `path` is where it is now, of one removed where it was; `was` its path before,
    where it is at another now. What has no file has no path."""

    path: str
    how: How
    before: Media | None
    after: Media | None
    was: str = ""

    @property
    def area(self) -> int:
        """How large it is, in pixels, as far as one sees it."""
        media = self.after or self.before
        return media.width * media.height if media else 0


@dataclass(frozen=True, slots=True)
class Change:
    """An instance that is not what it was. `was` is its name before, where it has another now, and `perhaps` are
    names that it can have had as well; `outputs` are those that differ; `bought` the pictures that the lock of before
    has nowhere, each told of one instance, of which a merge set `aside` so many."""

    name: str
    how: How
    before: LockLine
    after: LockLine
    outputs: tuple[Output, ...]
    was: str = ""
    bought: tuple[Record, ...] = ()
    perhaps: tuple[str, ...] = ()
    aside: int = 0

    @property
    def former(self) -> str:
        """Its name before, "" where it had this one or nobody knows which."""
        return "" if self.perhaps else self.was

    @property
    def cost(self) -> float | None:
        """What was paid for what was bought, in US dollars; None where nobody knows that of some."""
        costs = [record.cost for record in self.bought]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @property
    def shown(self) -> Output | None:
        """The picture that stands for the change: the largest output of which both sides are there, else the largest
        one; of what has no outputs a picture that was bought."""
        both = [one for one in self.outputs if one.before and one.after]
        outputs = both or [one for one in self.outputs if self.how in ("added", "removed") or one.how == self.how]
        if not outputs and self.how in ("renamed", "accepted"):
            outputs = [Output(path, self.how, one.media, one.media) for path, one in self.after.outputs.items()]
        if outputs:
            return max(outputs, key=lambda one: one.area)
        bought = (Output("", self.how, None, record.media) for record in self.bought)
        return next(chain(_bought_pictures(self), bought), None)


def compare_lines(before: Mapping[str, LockLine], after: Mapping[str, LockLine]) -> list[Change]:
    """Every instance that differs, by name."""
    old, new = _instances(before), _instances(after)
    former = former_names(old, new)
    taken = {names[0] for names in former.values()}
    known = {record.media.digest for line in before.values() for record in paid(line)}
    told: set[str] = set()
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new and name in taken:
            continue
        was, *perhaps = former.get(name, ("",))
        change = _compare(name, was, old.get(was or name), new.get(name))
        own = tuple(_new_pictures(new.get(name, NOTHING), known, told))
        lines = [after[line] for line in asides_of(name, after)] if name in new else []
        aside = tuple(one for line in lines for one in _new_pictures(line, known, told))
        if change is None and aside:
            change = Change(name, "candidates", old[was or name], new[name], ())
        if change is not None:
            found.append(replace(change, bought=own + aside, perhaps=tuple(perhaps), aside=len(aside)))
    return found


def _instances(lines: Mapping[str, LockLine]) -> dict[str, LockLine]:
    return {name: line for name, line in lines.items() if not name.startswith((PREFIX, EMIT))}


def _compare(name: str, was: str, before: LockLine | None, after: LockLine | None) -> Change | None:
    if before == after and not was:
        return None
    old, new = before or NOTHING, after or NOTHING
    outputs = tuple(_outputs(old.outputs, new.outputs))
    if before is None or after is None:
        return Change(name, "added" if before is None else "removed", old, new, outputs)
    how = _how(old, new, outputs)
    if was and how in (None, "accepted"):
        how = "renamed"
    return Change(name, how, old, new, outputs, was) if how is not None else None


def _how(old: LockLine, new: LockLine, outputs: Iterable[Output]) -> How | None:
    """What became of an instance that both sides have, None where nobody would see a difference."""
    hows = {one.how for one in outputs}
    if hows & {"changed", "added", "removed"}:
        return "changed"
    pictures, before = ({record.media.digest for record in paid(line)} for line in (new, old))
    if pictures - before or (not new.outputs and pictures != before):
        return "candidates" if new.outputs else "changed"
    if "renamed" in hows:
        return "renamed"
    if "re-encoded" in hows:
        return "re-encoded"
    keys = {record.key for record in paid(old)}
    if any(record.by == "accepted" and record.key not in keys for record in paid(new)):
        return "accepted"
    return None


def _outputs(before: Mapping[str, Record], after: Mapping[str, Record]) -> Iterator[Output]:
    """The files that differ, by path; one that is at another path now is told once."""
    come = {path: after[path].media for path in sorted(after.keys() - before.keys())}
    gone = {path: before[path].media for path in sorted(before.keys() - after.keys())}
    by_pixels: dict[tuple[str, str], list[str]] = {}
    for path, media in gone.items():
        by_pixels.setdefault((media.format, media.pixels), []).append(path)
    found = []
    for path, media in come.items():
        places = by_pixels.get((media.format, media.pixels))
        if places:
            was = places.pop(0)
            found.append(Output(path, "renamed", gone.pop(was), media, was))
        else:
            found.append(Output(path, "added", None, media))
    found += [Output(path, "removed", media, None) for path, media in gone.items()]
    for path in before.keys() & after.keys():
        old, new = before[path].media, after[path].media
        if old.digest != new.digest:
            found.append(Output(path, "re-encoded" if old.pixels == new.pixels else "changed", old, new))
    yield from sorted(found, key=lambda one: one.path)


# --- what was paid for ------------------------------------------------------------------------------------------


def _new_pictures(line: LockLine, known: set[str], told: set[str]) -> Iterator[Record]:
    """Pictures that were bought and that the lock of before has nowhere; `told` grows by them. What was accepted or
    restored was bought for another request."""
    for record in paid(line):
        digest = record.media.digest
        is_bought = not record.by and record.kind != "draft"
        if is_bought and digest not in known and digest not in told:
            told.add(digest)
            yield record


def _bought_pictures(change: Change) -> Iterator[Output]:
    """Of what has no outputs that differ: its pictures step by step, as if they were files."""
    old, new = change.before.steps, change.after.steps
    for step in sorted(old.keys() | new.keys()):
        before, after = old.get(step, {}), new.get(step, {})
        for number in sorted(before.keys() | after.keys()):
            pair = [side[number].media if number in side else None for side in (before, after)]
            if change.how not in ("changed", "candidates") or pair[0] != pair[1]:
                yield Output("", change.how, pair[0], pair[1])
