"""Why a picture is not what it was, in words, and how its prompts changed; as far as the two states tell it.

What was paid for is told first: by its request, and where that is the same, by the steps that the two manifests have.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assetforge.compare.asked import BOUND, Asked
from assetforge.compare.changes import Change, Output
from assetforge.compare.making import making_changes
from assetforge.model import Ingredients, Media, Record
from assetforge.outputs.lock import LockLine
from assetforge.plan.difference import REQUEST, changes, word_diff
from assetforge.plan.rebuild import picture_in
from assetforge.words import some

UNKNOWN = "another request, whose words are not known here"
# What a word diff may take: words of one prompt times those of the other.
MOST_PAIRS = 1 << 20
SHOWN = 3


@dataclass(frozen=True, slots=True)
class PromptChange:
    """The prompt of a paid step, before and now; `diff` are pairs of ` `, `-` or `+` and words."""

    step: str
    before: str
    now: str
    diff: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """A change with its reasons and what changed in prompts."""

    change: Change
    reasons: tuple[str, ...] = ()
    prompts: tuple[PromptChange, ...] = ()


def explain_changes(found: Iterable[Change], before: Asked, after: Asked) -> list[Explained]:
    """Changes with their reasons, in their order. Raises UsageError where the store can't be read."""
    every = list(found)
    changed = {one.name for one in every if one.how == "changed"}
    return [_Explaining(one, before, after, changed).explained() for one in every]


class _Explaining:
    """One change. `told` gathers reasons, in their order."""

    def __init__(self, change: Change, before: Asked, after: Asked, changed: set[str]) -> None:
        self.change, self.before, self.after = change, before, after
        self.was = change.was or change.name
        self.changed = changed
        self.told: dict[str, None] = {}
        self.prompts: list[PromptChange] = []

    def explained(self) -> Explained:
        change = self.change
        if change.was:
            self._tell(f"`{change.was}` is `{change.name}` now")
        if change.how not in ("added", "removed"):
            self._paid()
            if change.how == "changed" and not self.prompts and len(self.told) == bool(change.was):
                self._made()
            self._files()
            change = self._encoded()
        return Explained(change, tuple(self.told), tuple(self.prompts))

    def _tell(self, *reasons: str) -> None:
        self.told.update(dict.fromkeys(reasons))

    # --- what was paid for ---

    def _paid(self) -> None:
        old, new = self.change.before.steps, self.change.after.steps
        several = len(old.keys() | new.keys()) > 1
        for step in dict.fromkeys((*new, *old)):
            reasons = list(dict.fromkeys(self._step(step, old.get(step, {}), new.get(step, {}))))
            self._tell(*(f"step `{step}`: {reason}" if several else reason for reason in reasons))

    def _step(self, step: str, old: Mapping[int, Record], new: Mapping[int, Record]) -> Iterator[str]:
        """Why the candidates of a paid step are others than before."""
        if not old or not new:
            yield "a step that is new" if new else "a step that is gone"
            return
        fewer, more = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
        for number in sorted(old.keys() & new.keys()):
            before, now = old[number], new[number]
            if (before.key, before.media.digest, before.by) != (now.key, now.media.digest, now.by):
                yield from self._candidate(step, before, now)
        if more:
            yield f"candidates {more[0]} to {more[-1]} are new" if len(more) > 1 else f"candidate {more[0]} is new"
        if fewer:
            yield f"{'candidate' if len(fewer) == 1 else 'candidates'} {', '.join(map(str, fewer))} gone"

    def _candidate(self, step: str, before: Record, now: Record) -> Iterator[str]:
        is_same = before.media.digest == now.media.digest
        if now.by == "by hand" and not is_same:
            yield "a file made by hand"
        elif before.key == now.key:
            yield "another picture for the same request" if not is_same else "accepted"
            return
        if now.by == "accepted":
            yield "accepted for another request"
        if now.by != "by hand" or is_same:
            yield from self._request(step, before, now)

    def _request(self, step: str, before: Record, now: Record) -> Iterator[str]:
        old = self.before.request(f"{self.was}:{step}", before)
        new = self.after.request(f"{self.change.name}:{step}", now)
        if not old or not new:
            yield UNKNOWN
            return
        self._prompt(step, dict(old).get("prompt"), dict(new).get("prompt"))
        reasons = changes(*_comparable(old, new))
        is_made_from = reasons == (REQUEST,) and dict(new).get("operation") == "edit"
        yield from ("what it is made from changed",) if is_made_from else reasons

    def _prompt(self, step: str, before: Any, now: Any) -> None:
        is_told = any(one.step == step for one in self.prompts)
        if isinstance(before, str) and isinstance(now, str) and before != now and not is_told:
            self.prompts.append(PromptChange(step, before, now, tuple(prompt_diff(before, now))))

    # --- what is made of it ---

    def _made(self) -> None:
        """The steps of both manifests, where the pictures that were bought are the same."""
        old, new = self.before.making(self.was), self.after.making(self.change.name)
        if old is not None and new is not None:
            self._tell(*making_changes(old, new, self.changed - {self.change.name}))
        if self.change.before.sources.keys() != self.change.after.sources.keys():
            self._tell("a source file changed")
        if not self.told or (self.change.was and len(self.told) == 1):
            self._tell("what is made of the same pictures changed" if self.change.after.steps else "how it is made")

    def _files(self) -> None:
        """Outputs that came, went or moved; size and format of the one that is shown."""
        outputs = self.change.outputs
        for how, word in (("added", "new"), ("removed", "gone")):
            paths = [one.path for one in outputs if one.how == how]
            if paths:
                self._tell(f"{some(paths, SHOWN)} {word if len(paths) > 1 or how == 'removed' else 'is ' + word}")
        moved = [f"`{one.was}` is `{one.path}` now" for one in outputs if one.was]
        self._tell(*moved[:SHOWN], *([f"{len(moved) - SHOWN:,} more files moved"] if len(moved) > SHOWN else []))
        shown = self.change.shown
        if shown is not None and shown.before is not None and shown.after is not None:
            self._tell(*_facts(shown.before, shown.after))

    def _encoded(self) -> Change:
        """Where the store knows that only the encoding of all its outputs changed, that is the change."""
        if self.change.how not in ("changed", "re-encoded") or any(not one.after for one in self.change.outputs):
            return self.change
        reasons: dict[str, None] = {}
        for one in self.change.outputs:
            before, now = (self._rendition(one, line) for line in (self.change.before, self.change.after))
            if not before or not now or picture_in(before) != picture_in(now):
                return self.change
            reasons |= dict.fromkeys(changes(before, now))
        if not reasons:
            return self.change
        self.told = reasons
        return replace(self.change, how="re-encoded")

    def _rendition(self, output: Output, line: LockLine) -> Ingredients:
        record = line.outputs.get(output.path)
        return self.after.record(record.key) if record is not None else ()


# --- prompts and facts ------------------------------------------------------------------------------------------


def _comparable(old: Ingredients, new: Ingredients) -> tuple[Ingredients, Ingredients]:
    """Two lists of ingredients by the names that both tell of. What only the bytes of inputs tell is compared where
    both come from a request that was made."""
    names = dict(old).keys() & dict(new).keys()
    are_bound = all("inputs" in dict(told) for told in (old, new))
    kept = dict(old).keys() | dict(new).keys() if are_bound else names - BOUND
    left = kept - {"candidate"}
    first, second = (tuple(pair for pair in told if pair[0] in left) for told in (old, new))
    return first, second


def prompt_diff(before: str, now: str) -> list[tuple[str, str]]:
    """As `word_diff`; of two long texts that have little in common what is between their equal ends as a whole."""
    old, new = before.split(), now.split()
    if len(old) * len(new) <= MOST_PAIRS:
        return word_diff(before, now)
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    first, second = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(first) * len(second) <= MOST_PAIRS:
        middle = word_diff(" ".join(first), " ".join(second))
    else:
        middle = [("-", " ".join(first)), ("+", " ".join(second))]
    runs = [(" ", " ".join(old[:head])), *middle, (" ", " ".join(old[len(old) - tail :] if tail else []))]
    return [run for run in runs if run[1]]


def _alike(one: list[str], other: list[str]) -> int:
    """How many words two lists begin with alike."""
    shorter = min(len(one), len(other))
    return next((index for index in range(shorter) if one[index] != other[index]), shorter)


def _facts(before: Media, now: Media) -> Iterator[str]:
    if before.size != now.size:
        yield f"{before.size} -> {now.size}"
    if before.format != now.format:
        yield f"{before.format} -> {now.format}"
