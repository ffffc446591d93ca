"""What changed in the pictures that an output is made of, step by step and file by file, in words.

What was before is what a memory has under an old identity; what is now is the picture that the key hashes. Where the
two meet, all below is the same, and nothing is asked for.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from assetforge.model import Ingredients, Local, Picture
from assetforge.ops.spec import defaults_of
from assetforge.ops.table import OPS, is_font
from assetforge.plan.ancestry import Name, Names, Part, is_bytes, name_of, part_of
from assetforge.plan.difference import changes, parameter_changes
from assetforge.plan.pairing import Link, makes_sheets, operation, paired
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
    """Who remembers what pictures were made of: a local step's part by its identity, and a bought picture's
    ingredients by its key; None and nothing where it was forgotten."""

    def part(self, made: str) -> Part | None: ...
    def bought(self, key: str) -> Ingredients: ...


class Taker(NamedTuple):
    """The step that takes a picture beside another, as it is told, and the instance whose step that is."""

    label: str = ""
    owner: str = ""


def picture_changes(before: str, now: Picture, *, instance: str, memory: Memory, names: Names) -> tuple[str, ...]:
    """Why a picture is not the one it was `before`, when what it was made of went by `names`, as an output of
    `instance` is told; nothing where it is not known. What changed in another instance's picture is told with its
    name, once for all that it is true of."""
    descent = _Descent(memory, names)
    descent.waiting.append((before, now, Taker()))
    descent.go()
    found: list[str] = []
    for text, owners in descent.told.items():
        others = [owner for owner in owners if owner not in ("", instance)]
        found += [text] if len(others) < len(owners) else []
        found += [f"{some(others, 2)}: {text}"] if others else []
    return tuple(found)


class _Descent:
    """From a picture down to where it is what it was. `told` has what was found, with the instances it is true of."""

    def __init__(self, memory: Memory, names: Names) -> None:
        self.memory = memory
        self.names = names
        self.told: dict[str, dict[str, None]] = {}
        self.waiting: list[tuple[str, Picture, Taker]] = []

    def go(self) -> None:
        """Compares what waits, and what turns out to be worth it, each pair once."""
        seen: set[tuple[str, str]] = set()
        for before, now, taker in self.waiting:
            if before != now.made and (before, now.made) not in seen and len(seen) < MOST_PAIRS:
                seen.add((before, now.made))
                self._compare(before, now, taker)

    def _tell(self, text: str, owner: str) -> None:
        self.told.setdefault(text, {})[owner] = None

    def _compare(self, before: str, now: Picture, taker: Taker) -> None:
        """One chain: the steps that follow each other, from the source or the first that is not the same."""
        new = _chain(now)
        steps, start = self._old_chain(before, {picture.made for picture in new})
        if steps is None:
            return
        new = new[: next((index for index, picture in enumerate(new) if picture.made == start), len(new))]
        new.reverse()
        steps.reverse()
        is_leaf = bool(new) and new[0].media is not None
        if is_leaf and is_bytes(start):
            self._leaf(start, new[0], taker)
        self._steps(steps, new[is_leaf:])

    def _old_chain(self, before: str, now: set[str]) -> tuple[list[Link] | None, str]:
        """The steps as they were, and what they began with: bytes, the first picture that is in the new chain too, or
        "" for a sheet; None where it is not known."""
        found: dict[str, Link] = {}
        while before not in now and not is_bytes(before):
            part = self.memory.part(before)
            if part is None or before in found:  # forgotten, or a circle that nobody remembers rightly
                return None, ""
            found[before] = Link(before, part, self._name_before(before, part))
            if not part.inputs or makes_sheets(operation(part)):
                return [*found.values()], ""
            before = part.inputs[0]
        return [*found.values()], before

    def _name_before(self, made: str, part: Part) -> str:
        names = self.names.get(made)
        return names[0].text if names else operation(part).rpartition("/")[2]

    def _steps(self, old: Sequence[Link], new: Sequence[Picture]) -> None:
        """Steps in their order: what both have is left alone, and the rest is paired."""
        links = [Link(one.made, part_of(one), name_of(one).text or one.op) for one in new]
        pairs = paired(old, links)
        for index, picture in enumerate(new):
            if index in pairs.moved:
                self._tell(f"{_label(picture)}: now {_behind(new, index)}", _owner(picture))
            elif index in pairs.come:
                self._tell(f"{_label(picture)} added", _owner(picture))
            before = pairs.kept.get(index, pairs.moved.get(index))
            if before is not None:
                self._changed(old[before].part, links[index].part, picture)
        gone = Counter((_old_label(old[index]), _owner_at(new, place)) for index, place in pairs.gone.items())
        for (label, owner), number in gone.items():
            self._tell(f"{label} removed" if number == 1 else f"{number:,} {_plural(label)} removed", owner)

    def _changed(self, old: Part, part: Part, new: Picture) -> None:
        """One step, as it was and as it is."""
        label, owner = _label(new), _owner(new)
        (_, _, version_before), (_, _, version) = old.op.rpartition("@"), part.op.rpartition("@")
        if version_before != version:
            self._tell(f"{label}: its version changed from {version_before} to {version}", owner)
        for one in parameter_changes(old.params, part.params, defaults_of(OPS[new.op].params)):
            self._tell(f"{label}: {one}", owner)
        taker = Taker(label, owner)
        if makes_sheets(operation(old)):
            self._sheet(old.inputs, new, taker)
            return
        beside = zip(old.inputs[1:], new.inputs[1:], strict=False)
        self.waiting += ((before, now, taker) for before, now in beside)
        for more in new.inputs[len(old.inputs) :]:
            self._tell(f"{label}: {_called(more)} added", owner)
        if len(old.inputs) > len(new.inputs):
            self._tell(f"{label}: {self._called_before(old.inputs[-1])} removed", owner)

    def _leaf(self, old: str, new: Picture, taker: Taker) -> None:
        """A file, or a candidate that was bought, where another was. What had several names may have had any of them
        just here."""
        name, before = name_of(new).text, [one.text for one in self.names.get(old, ())]
        if new.action is not None:
            self._candidate(old, new, taker)
        elif before == [name]:
            self._tell(f"{_what(new)} `{name}` changed", "")
        elif not before or name in before:
            self._tell(f"{_what(new)} `{name}` is new or changed", "")
        else:
            self._replaced(f"{_what(new)} `{name}`", before, taker)

    def _candidate(self, old: str, new: Picture, taker: Taker) -> None:
        """A candidate that was bought, where another, or a file, was."""
        assert new.action is not None
        known, label = self.names.get(old, ()), f"step `{new.action.step.rpartition(':')[2]}`"
        before = next((one for one in known if one.text.rpartition("#")[0] == new.action.step), None)
        if before is not None:
            for reason in self._purchase(before, new):
                self._tell(f"{label}: {reason}", _owner(new))
        elif known:
            self._replaced(f"`{name_of(new).text}`", [one.text for one in known], taker)
        else:
            self._tell(f"{label}: another picture than before", _owner(new))

    def _replaced(self, what: str, before: Sequence[str], taker: Taker) -> None:
        told = f"{what} in place of {_either(before)}"
        self._tell(f"{taker.label}: {told}" if taker.label else told, taker.owner)

    def _purchase(self, before: Name, new: Picture) -> tuple[str, ...]:
        """Why a step gave another picture than it did `before`."""
        assert new.action is not None
        number, now = before.text.rpartition("#")[2], str(new.action.candidate)
        picked = f"candidate {now} in place of {number}"
        if before.key == new.action.key:
            return ("another picture for the same request",)
        found = changes(self.memory.bought(before.key), new.action.ingredients, {"candidate": (picked,)})
        return found if now == number or picked in found else (picked,)

    def _sheet(self, old: Sequence[str], new: Picture, taker: Taker) -> None:
        """The pictures of a sheet, in any order, each as often as it is on it."""
        left = Counter(old)
        come: list[Picture] = []
        for picture in new.inputs:
            if left[picture.made]:
                left[picture.made] -= 1
            else:
                come.append(picture)
        gone = list(left.elements())
        if not gone and not come:
            if list(old) != [picture.made for picture in new.inputs]:
                self._tell(f"{taker.label}: the order of its pictures changed", taker.owner)
        elif max(len(gone), len(come)) <= MOST_OF_A_SHEET:
            self._sorted_out(gone, come, taker)
        elif len(gone) == len(come):
            pairs = list(zip(gone, come, strict=True))[:MOST_OF_A_SHEET]
            self.waiting += ((before, now, taker) for before, now in pairs)
            more = count(len(come) - MOST_OF_A_SHEET, "more picture")
            self._tell(f"{taker.label}: {more} changed", taker.owner)
        else:
            self._tell(f"{taker.label}: {count(len(old), 'picture')} before, {len(new.inputs):,} now", taker.owner)

    def _sorted_out(self, gone: Sequence[str], come: Sequence[Picture], taker: Taker) -> None:
        """Pictures of a sheet paired by what they are made from in the end; of the rest each took another's place, or
        some came or went."""
        origins = [self._origin_names(made) for made in gone]
        left, rest = list(range(len(gone))), []
        for picture in come:
            name = name_of(_chain(picture)[-1]).text
            pair = next((index for index in left if name in origins[index]), None)
            if pair is None:
                rest.append(picture)
            else:
                self.waiting.append((gone[pair], picture, taker))
                left.remove(pair)
        if len(left) == len(rest):
            self.waiting += ((gone[index], picture, taker) for index, picture in zip(left, rest, strict=True))
            return
        for picture in rest:
            self._tell(f"{taker.label}: {_called(picture)} added", taker.owner)
        for index in left:
            self._tell(f"{taker.label}: {_either(origins[index])} removed", taker.owner)

    def _called_before(self, made: str) -> str:
        return _either(self._origin_names(made))

    def _origin_names(self, made: str) -> list[str]:
        """What the bytes went by that a chain began with."""
        seen: set[str] = set()
        while not is_bytes(made):
            part = None if made in seen else self.memory.part(made)
            if part is None or not part.inputs:
                return []
            seen.add(made)
            made = part.inputs[0]
        return [name.text for name in self.names.get(made, ())]


def _chain(picture: Picture) -> list[Picture]:
    """A picture and what it follows on, up to a file, a bought picture, or a sheet."""
    found = [picture]
    while found[-1].inputs and not makes_sheets(found[-1].op):
        found.append(found[-1].inputs[0])
    return found


def _label(picture: Picture) -> str:
    """A step as a user knows it."""
    if picture.op in OWN:
        return OWN[picture.op]
    return f"step `{picture.step.name}`" if isinstance(picture.step, Local) else "scaling"


def _old_label(link: Link) -> str:
    return OWN.get(link.op) or f"step `{link.name}`"


def _plural(label: str) -> str:
    return label.replace("step ", "steps ", 1)


def _what(picture: Picture) -> str:
    return "font" if is_font(picture) else "source"


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
    own = name_of(picture).text if picture.media is not None and picture.action is None else ""
    return f"`{own or _owner(picture)}`"


def _either(names: Sequence[str]) -> str:
    """One of these, as far as it is known."""
    return " or ".join(f"`{name}`" for name in names) if 0 < len(names) <= 2 else "another picture"
