"""Which steps of a chain are which of those that it had before; unaware of what is told of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import NamedTuple

from assetforge.ops.table import BUILT_IN
from assetforge.plan.ancestry import Part
from assetforge.plan.difference import plain


class Link(NamedTuple):
    """A step of a chain: its identity, what it is, and the name that it goes by."""

    made: str
    part: Part
    name: str

    @property
    def op(self) -> str:
        """The operation without its version."""
        return operation(self.part)


@dataclass(slots=True)
class Pairs:
    """New places with the old ones that they are: `kept` where they changed and not moved, `moved` where they stand
    behind others now. `gone` are old places, with the new ones that they would be at, and `come` new ones."""

    kept: dict[int, int] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    come: list[int] = field(default_factory=list)


def paired(old: Sequence[Link], new: Sequence[Link]) -> Pairs:
    """The steps that differ, paired by what they are, by their names, and by operation."""
    if [one.op for one in old] == [one.op for one in new] and not _is_reordered(old, new):
        # As nearly always, and told without a search.
        return Pairs({index: index for index, one in enumerate(new) if _is_other(old[index].part, one.part)})
    found = Pairs()
    olds, news = {one.name for one in old}, {one.name for one in new}

    def are_named_alike(before: int, now: int) -> bool:
        return old[before].op == new[now].op and old[before].name == new[now].name

    def are_alike(before: int, now: int) -> bool:
        """Of one operation, and no step that goes by another name now."""
        names = old[before].name, new[now].name
        is_other = names[0] != names[1] and (names[0] in news or names[1] in olds)
        return old[before].op == new[now].op and not is_other

    tokens = [_token(one.part) for one in old], [_token(one.part) for one in new]
    for tag, a, b, c, d in SequenceMatcher(None, *tokens, autojunk=False).get_opcodes():
        if tag != "equal":
            left, right = list(range(a, b)), list(range(c, d))
            found.kept |= _take(left, right, are_named_alike) | _take(left, right, are_alike)
            found.gone |= dict.fromkeys(left, d)
            found.come += right
    left, right = list(found.gone), found.come
    found.moved |= _take(left, right, lambda before, now: tokens[0][before] == tokens[1][now])
    found.moved |= _take(left, right, are_named_alike) | _take(left, right, are_alike)
    found.gone = {index: found.gone[index] for index in left}
    return found


def _take(left: list[int], right: list[int], are_alike: Callable[[int, int], bool]) -> dict[int, int]:
    """Pairs of what is alike, new places to old ones, taken out of both."""
    found: dict[int, int] = {}
    for now in list(right):
        before = next((one for one in left if are_alike(one, now)), None)
        if before is not None:
            left.remove(before)
            right.remove(now)
            found[now] = before
    return found


def _is_reordered(old: Sequence[Link], new: Sequence[Link]) -> bool:
    """Whether steps of one operation have changed places, by their names."""
    names = [one.name for one in old], [one.name for one in new]
    return names[0] != names[1] and sorted(names[0]) == sorted(names[1])


def operation(part: Part) -> str:
    """A part's operation without its version."""
    return part.op.rpartition("@")[0]


def makes_sheets(name: str) -> bool:
    """Whether an operation takes any number of pictures, and none of them before the others."""
    op = BUILT_IN.get(name)
    return op is not None and op.frames is not None


def _is_other(old: Part, new: Part) -> bool:
    """Whether a step differs, whatever it follows on."""
    return old.op != new.op or _beside(old) != _beside(new) or plain(dict(old.params)) != plain(dict(new.params))


def _token(part: Part) -> str:
    """The same of a step as a text."""
    return json.dumps([part.op, plain(dict(part.params)), _beside(part)], sort_keys=True)


def _beside(part: Part) -> tuple[str, ...]:
    """What a step takes besides the picture that it follows on."""
    return part.inputs if makes_sheets(operation(part)) else part.inputs[1:]
