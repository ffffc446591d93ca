"""What changed in the pictures that an output is made of, step by step and file by file, in words.

What was before is what a memory has under an old identity; what is now is the picture that the key hashes. Where the
two meet, all below is the same, and nothing is asked for.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Protocol

from assetforge.model import Ingredients, Local, Picture
from assetforge.ops.spec import defaults_of
from assetforge.ops.table import BUILT_IN, OPS, is_font
from assetforge.plan.ancestry import Part, name_of, part_of
from assetforge.plan.difference import changes, parameter_changes, plain
from assetforge.words import count, some

# Steps of our own making, by what they do.
OWN: Mapping[str, str] = {
    "_fit": "fit",
    "_cut_back": "cut back",
    "_preserve": "preserve",
    "_at_least": "at least",
    "_mount": "mount",
    "_extend": "extend",
    "_as_mask": "mask",
    "_draw_mask": "mask",
}
# Of a sheet's pictures that changed so many are looked into, and of all that a picture is made of so many pairs.
MOST_OF_A_SHEET = 16
MOST_PAIRS = 64


class Memory(Protocol):
    """Who remembers what pictures were made of: a picture's part by its identity, and a bought picture's ingredients
    by its key; None and nothing where it was forgotten."""

    def part(self, made: str) -> Part | None: ...
    def bought(self, key: str) -> Ingredients: ...


def picture_changes(before: str, now: Picture, instance: str, memory: Memory) -> tuple[str, ...]:
    """Why a picture is not the one it was `before`, as an output of `instance` is told; nothing where it is not
    known. What changed in another instance's picture is told with its name, once for all that it is true of."""
    descent = _Descent(memory)
    descent.waiting.append((before, now))
    descent.go()
    found: list[str] = []
    for text, owners in descent.told.items():
        others = [owner for owner in owners if owner not in ("", instance)]
        found += [text] if len(others) < len(owners) else []
        found += [f"{some(others, 2)}: {text}"] if others else []
    return tuple(found)


class _Descent:
    """From a picture down to where it is what it was. `told` has what was found, with the instances it is true of."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.told: dict[str, dict[str, None]] = {}
        self.waiting: list[tuple[str, Picture]] = []

    def go(self) -> None:
        """Compares what waits, and what turns out to be worth it, each pair once."""
        seen: set[tuple[str, str]] = set()
        for before, now in self.waiting:
            if before != now.made and (before, now.made) not in seen and len(seen) < MOST_PAIRS:
                seen.add((before, now.made))
                self._compare(before, now)

    def _tell(self, text: str, owner: str) -> None:
        self.told.setdefault(text, {})[owner] = None

    def _compare(self, before: str, now: Picture) -> None:
        """One chain: the steps that follow each other, from the source or the first that is not the same."""
        new = _chain(now)
        old, met = self._old_chain(before, {picture.made for picture in new})
        if old is None:
            return
        if met:
            new = new[: next(index for index, picture in enumerate(new) if picture.made == met)]
        new.reverse()
        old.reverse()
        is_leaf_new, is_leaf_old = bool(new and new[0].media), bool(old and not old[0].op)
        if is_leaf_new and is_leaf_old:
            self._leaf(old[0], new[0])
        self._steps(old[is_leaf_old:], new[is_leaf_new:])

    def _old_chain(self, before: str, now: set[str]) -> tuple[list[Part] | None, str]:
        """The chain as it was, down to the first picture that is in the new one too; None where it is not known."""
        found: dict[str, Part] = {}
        while before not in now:
            part = self.memory.part(before)
            if part is None or before in found:  # forgotten, or a circle that nobody remembers rightly
                return None, ""
            found[before] = part
            if not part.inputs or _is_sheet(part):
                return [*found.values()], ""
            before = part.inputs[0]
        return [*found.values()], before

    def _steps(self, old: Sequence[Part], new: Sequence[Picture]) -> None:
        """Steps in their order: what both have is left alone, and the rest is paired by operation."""
        parts = [part_of(picture) for picture in new]
        kept, gone, come = _matched(old, parts)
        tokens = {_token(old[index]): index for index in reversed(gone)} if come else {}
        for index in range(len(new)):
            if index in kept:
                self._changed(old[kept[index]], parts[index], new[index])
            elif index in come:
                label, before = _label(new[index]), tokens.get(_token(parts[index]))
                if before in gone:
                    del gone[before]
                    self._tell(f"{label}: now {_behind(new, index)}", _owner(new[index]))
                else:
                    self._tell(f"{label} added", _owner(new[index]))
        for before, place in gone.items():
            self._tell(f"{_old_label(old[before])} removed", _owner_at(new, place))

    def _changed(self, old: Part, part: Part, new: Picture) -> None:
        """One step, as it was and as it is."""
        label, owner = _label(new), _owner(new)
        (_, _, version_before), (_, _, version) = old.op.rpartition("@"), part.op.rpartition("@")
        if version_before != version:
            self._tell(f"{label}: its version changed from {version_before} to {version}", owner)
        for one in parameter_changes(old.params, part.params, defaults_of(OPS[new.op].params)):
            self._tell(f"{label}: {one}", owner)
        if _is_sheet(old):
            self._sheet(old.inputs, new)
            return
        self.waiting += zip(old.inputs[1:], new.inputs[1:], strict=False)
        for more in new.inputs[len(old.inputs) :]:
            self._tell(f"{label}: {_called(more)} added", owner)
        if len(old.inputs) > len(new.inputs):
            self._tell(f"{label}: {self._called_before(old.inputs[-1])} removed", owner)

    def _leaf(self, old: Part, new: Picture) -> None:
        """A file, or a candidate that was bought, where another was."""
        name = name_of(new)
        if new.action is None:
            what = "font" if is_font(new) else "source"
            same = name in old.names
            self._tell(f"{what} `{name}` changed" if same else f"{what} `{name}` in place of {_first(old)}", "")
            return
        before = next((one for one in old.names if one.rpartition("#")[0] == new.action.step), "")
        if not before:
            self._tell(f"`{name}` in place of {_first(old)}", "")
            return
        for reason in self._purchase(old.key, new, before.rpartition("#")[2]):
            self._tell(f"step `{new.action.step.rpartition(':')[2]}`: {reason}", _owner(new))

    def _purchase(self, key: str, new: Picture, number: str) -> tuple[str, ...]:
        """Why a step gave another picture than it did for `key`, as candidate `number`."""
        assert new.action is not None
        picked = f"candidate {new.action.candidate} in place of {number}"
        if key == new.action.key:
            return ("another picture for the same request",)
        found = changes(self.memory.bought(key), new.action.ingredients, {"candidate": (picked,)})
        return found if str(new.action.candidate) == number or picked in found else (picked,)

    def _sheet(self, old: Sequence[str], new: Picture) -> None:
        """The pictures of a sheet, in any order."""
        label, owner = _label(new), _owner(new)
        before, now = set(old), {picture.made for picture in new.inputs}
        gone = [made for made in dict.fromkeys(old) if made not in now]
        come = list({picture.made: picture for picture in new.inputs if picture.made not in before}.values())
        if not gone and not come:
            self._tell(f"{label}: the order of its pictures changed", owner)
        elif len(gone) == len(come):
            self.waiting += list(zip(gone, come, strict=True))[:MOST_OF_A_SHEET]
            if len(come) > MOST_OF_A_SHEET:
                more = count(len(come) - MOST_OF_A_SHEET, "more picture")
                self._tell(f"{label}: {more} changed", owner)
        elif max(len(gone), len(come)) > MOST_OF_A_SHEET:
            self._tell(f"{label}: {count(len(old), 'picture')} before, {len(new.inputs):,} now", owner)
        else:
            self._sorted_out(gone, come, label, owner)

    def _sorted_out(self, gone: Sequence[str], come: Sequence[Picture], label: str, owner: str) -> None:
        """Pictures of a sheet paired by what they are made from in the end; the rest came or went."""
        left = {made: self._origin(made) for made in gone}
        for picture in come:
            name = name_of(_chain(picture)[-1])
            pair = next((made for made, origin in left.items() if origin and name in origin.names), None)
            if pair is None:
                self._tell(f"{label}: {_called(picture)} added", owner)
            else:
                self.waiting.append((pair, picture))
                del left[pair]
        for origin in left.values():
            self._tell(f"{label}: {_first(origin)} removed", owner)

    def _called_before(self, made: str) -> str:
        return _first(self._origin(made))

    def _origin(self, made: str) -> Part | None:
        """The bytes that a chain began with."""
        seen: set[str] = set()
        while made not in seen and (part := self.memory.part(made)) is not None:
            if not part.inputs:
                return part
            seen.add(made)
            made = part.inputs[0]
        return None


def _chain(picture: Picture) -> list[Picture]:
    """A picture and what it follows on, up to a file, a bought picture, or a sheet."""
    found = [picture]
    while found[-1].inputs and not _makes_sheets(found[-1].op):
        found.append(found[-1].inputs[0])
    return found


def _matched(old: Sequence[Part], new: Sequence[Part]) -> tuple[dict[int, int], dict[int, int], set[int]]:
    """Steps that changed, as new places to old ones; the old ones that are gone, with the new places that they would
    be at; and the new ones that came."""
    if [*map(_op, old)] == [*map(_op, new)]:  # as nearly always, and told without a search
        return {index: index for index, part in enumerate(new) if _is_other(old[index], part)}, {}, set()
    kept: dict[int, int] = {}
    gone: dict[int, int] = {}
    come: set[int] = set()
    matcher = SequenceMatcher(None, [*map(_token, old)], [*map(_token, new)], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        left = list(range(a, b))
        for index in range(c, d):
            pair = next((place for place in left if _op(old[place]) == _op(new[index])), None)
            if pair is None:
                come.add(index)
            else:
                left.remove(pair)
                kept[index] = pair
        gone |= dict.fromkeys(left, d)
    return kept, gone, come


def _is_other(old: Part, new: Part) -> bool:
    """Whether a step differs, whatever it follows on."""
    return old.op != new.op or _beside(old) != _beside(new) or plain(dict(old.params)) != plain(dict(new.params))


def _token(part: Part) -> str:
    """The same of a step as a text."""
    return json.dumps([part.op, plain(dict(part.params)), _beside(part)], sort_keys=True)


def _beside(part: Part) -> tuple[str, ...]:
    """What a step takes besides the picture that it follows on."""
    return part.inputs if _is_sheet(part) else part.inputs[1:]


def _op(part: Part) -> str:
    return part.op.rpartition("@")[0]


def _is_sheet(part: Part) -> bool:
    return _makes_sheets(_op(part))


def _makes_sheets(name: str) -> bool:
    """Whether an operation takes any number of pictures, and none of them before the others."""
    op = BUILT_IN.get(name)
    return op is not None and op.frames is not None


def _label(picture: Picture) -> str:
    """A step as a user knows it."""
    if picture.op in OWN:
        return OWN[picture.op]
    return f"step `{picture.step.name}`" if isinstance(picture.step, Local) else "scaling"


def _old_label(part: Part) -> str:
    name = _op(part).rpartition("/")[2]
    return OWN.get(name) or f"step `{name}`"


def _owner(picture: Picture) -> str:
    """The instance that a picture is of, "" where it is nobody's own."""
    if picture.action is not None:
        return picture.action.step.rpartition(":")[0]
    return picture.step.instance if isinstance(picture.step, Local) else ""


def _owner_at(new: Sequence[Picture], place: int) -> str:
    """The instance whose step was at a place, "" where that could be either of two."""
    owners = {_owner(picture) for picture in new[max(place - 1, 0) : place + 1] if isinstance(picture.step, Local)}
    return owners.pop() if len(owners) == 1 else ""


def _behind(new: Sequence[Picture], index: int) -> str:
    return f"after {_label(new[index - 1])}" if index else "first"


def _called(picture: Picture) -> str:
    """A picture by its file, or by the instance that it is of."""
    return f"`{name_of(picture) or _owner(picture)}`" if picture.action is None else f"`{_owner(picture)}`"


def _first(part: Part | None) -> str:
    return f"`{part.names[0]}`" if part is not None and part.names else "another picture"
