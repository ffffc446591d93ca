"""What to set where, so that a paid step has another pick or revision. Pure: the manifest's tables decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assetforge.choose.target import Target
from assetforge.choose.written import Key, Written, find_written, override_of, value_at
from assetforge.entry import is_template
from assetforge.errors import KeyPath, UsageError
from assetforge.manifest.edit import Setting
from assetforge.manifest.load import Manifest
from assetforge.words import count, some

# A new key stands beside those that it belongs to.
AFTER: Mapping[Key, tuple[str, ...]] = {"pick": ("n",), "revision": ("pick", "n")}


@dataclass(frozen=True, slots=True)
class Decision:
    """The value that a key is to have, and what sets it, None where it is so already. `file` is where that is
    written, `place` the key's own place there; `chain` names the chain that the step comes from, where an override
    sets the key in its stead."""

    key: Key
    value: int
    file: str
    place: KeyPath
    setting: Setting | None
    chain: str = ""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A key that somebody wants to set, and where it is written by now."""

    manifest: Manifest
    target: Target
    key: Key
    written: Sequence[Written]

    @property
    def base(self) -> KeyPath:
        return ("asset", self.target.asset)

    @property
    def overrides(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.manifest.table.asset[self.target.asset].get("overrides", ())
        return found


def decide_pick(manifest: Manifest, target: Target, number: int) -> Decision:
    """What to set for the candidate `number`, from 1. Raises UsageError where there is none, and where nothing that
    is set could choose it."""
    wish = _Wish(manifest, target, "pick", find_written(manifest, target, "pick"))
    place = _place(wish)
    reached = _reached(wish, place)
    fewest = min(reached, key=lambda one: one.step.n)
    if not 1 <= number <= fewest.step.n:
        told = f"`{target.name}` has {count(fewest.step.n, 'candidate')}, and no number {number}"
        only = f"set n = {number} to have more" if number > 1 else "candidates are numbered from 1"
        hint = f"choose 1 to {fewest.step.n}" if fewest.step.n > 1 else only
        raise UsageError(told, hint=hint, where=manifest.where(*fewest.home, "n"))
    return _decided(wish, place, reached, number)


def decide_reroll(manifest: Manifest, target: Target) -> Decision:
    """What to set for pictures that were not bought before: a revision that is new for every instance it counts for,
    whatever they have now. Raises UsageError where nothing that is set could do it."""
    wish = _Wish(manifest, target, "revision", find_written(manifest, target, "revision"))
    place = _place(wish)
    reached = _reached(wish, place)
    return _decided(wish, place, reached, max(one.step.revision for one in reached) + 1)


def _decided(wish: _Wish, place: KeyPath, reached: Sequence[Written], value: int) -> Decision:
    file = wish.manifest.where(*wish.base).file
    chain = next((str(one.home[1]) for one in reached if one.home[0] == "chain"), "")
    if all(getattr(one.step, wish.key) == value for one in reached):
        return Decision(wish.key, value, file, place, None, chain)
    outer = place[:4]
    if override_of(place) < 0 or value_at(wish.manifest, outer) is not None:
        return Decision(wish.key, value, file, place, Setting(place, value, AFTER[wish.key]), chain)
    new: Any = value
    for part in reversed(place[len(outer) :]):
        new = {part: new}
    new = {"when": _when(reached[0]) if wish.target.instance else {}, **new}
    return Decision(wish.key, value, file, place, Setting(outer, new), chain)


def _place(wish: _Wish) -> KeyPath:
    """Where the key is to be written; in the number of overrides, a new one. Raises UsageError."""
    first = wish.written[0]
    if wish.target.instance or (len(wish.written) == 1 and first.winner in first.alone):
        return _place_of_one(wish, first)
    homes = dict.fromkeys(one.home for one in wish.written)
    own = [home for home in homes if home[0] == "asset" and override_of(home) < 0]
    if own:
        return (*own[0], wish.key)
    if any(home[0] == "chain" for home in homes):
        return _place_for_chain(wish)
    if len(homes) == 1:
        return (*first.home, wish.key)
    told = f"step `{wish.target.step}` of `{wish.target.asset}` is written in {count(len(homes), 'override')}"
    raise UsageError(told, hint="name one instance", where=first.step.where)


def _place_of_one(wish: _Wish, one: Written) -> KeyPath:
    """In an override for this instance alone: the one that sets the key, else the last where nothing after it does,
    else a new one at the end."""
    if one.origin is not None and one.winner in one.alone:
        return one.origin
    if one.origin is None and override_of(one.home) in one.alone:
        return (*one.home, wish.key)
    inner = _inner(wish, one)
    last = max(one.alone, default=-1)
    has_list = last >= 0 and inner[0] == "steps" and isinstance(wish.overrides[last].get("steps"), list)
    index = last if last > one.winner and not has_list else len(wish.overrides)
    return (*wish.base, "overrides", index, *inner)


def _place_for_chain(wish: _Wish) -> KeyPath:
    """In an override for all instances: a chain is shared by other assets. Raises UsageError where it would outdo
    what was chosen for single instances."""
    every = [
        index
        for index, override in enumerate(wish.overrides)
        if not override["when"] and not isinstance(override.get("steps"), list)
    ]
    index = max(every, default=len(wish.overrides))
    chained = next(one for one in wish.written if one.home[0] == "chain")
    outdone = [one for one in wish.written if -1 < one.winner < index and one.winner not in every]
    if outdone:
        told = f"step `{wish.target.step}` comes from chain `{chained.home[1]}`"
        told += f", and overrides set its `{wish.key}` already"
        hint = f"name one instance, or set `{wish.key}` in the chain, which others may use"
        raise UsageError(told, hint=hint, where=wish.manifest.where(*(outdone[0].origin or wish.base)))
    if chained.winner == index and chained.origin is not None:
        return chained.origin
    return (*wish.base, "overrides", index, *_inner(wish, chained))


def _inner(wish: _Wish, one: Written) -> KeyPath:
    """The key's place in an override. Raises UsageError for a step that an override can't name."""
    if one.handle is None:
        told = f"step `{wish.target.step}` of `{wish.target.asset}` has no `id` that an override could name"
        raise UsageError(told, hint='give it one, like id = "night"', where=wish.manifest.where(*one.home))
    return ("steps", one.handle, wish.key) if one.handle else (wish.key,)


def _reached(wish: _Wish, place: KeyPath) -> list[Written]:
    """The instances that a value at a place counts for. Raises UsageError where there are none, and where a template
    is there, which says something for each instance."""
    target, many = wish.target, len(wish.written) > 1
    if is_template(value_at(wish.manifest, place)):
        hint = "write a number in its place" + (", or name one instance" if many else "")
        raise UsageError(
            f"`{wish.key}` of `{target.name}` is a template", hint=hint, where=wish.manifest.where(*place)
        )
    index = override_of(place)
    reached = [
        one
        for one in wish.written
        if one.origin == place
        or (one.winner < index if index >= 0 else one.winner < 0 and _is_below(place, one.home))
    ]
    if not reached:
        told = f"`{wish.key}` of `{target.name}` is set by overrides for every instance"
        hint = f"name one of {some([one.step.instance for one in wish.written])}"
        raise UsageError(told, hint=hint, where=wish.manifest.where(*(wish.written[0].origin or place)))
    return reached


def _is_below(place: KeyPath, home: KeyPath) -> bool:
    return place[: len(home)] == home


def _when(one: Written) -> dict[str, Any]:
    """A condition that one instance meets. A value that shows as itself is written as it is."""
    plain = {axis: value for axis, value in one.cell.axes.items() if isinstance(value, str | int)}
    return {axis: plain.get(axis, text) for axis, text in one.cell.shows.items()}
