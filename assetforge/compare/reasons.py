"""Why a picture is not what it was, in words, and how its prompts changed; as far as the two states tell it.

What was paid for is told first: by its request, and where that is the same, by the steps that the two manifests have.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assetforge.compare.asked import BOUND, Asked
from assetforge.compare.changes import Change, Output
from assetforge.compare.making import making_changes
from assetforge.compare.sentences import Sentence, listed, say
from assetforge.model import Ingredients, Media, Record
from assetforge.outputs.lock import LockLine
from assetforge.plan.difference import PARTS, REQUEST, changes, word_diff
from assetforge.plan.rebuild import picture_in
from assetforge.words import count

# Of an edit these say no more than that it was made from another picture.
MADE_FROM = (f"{PARTS['inputs']} changed", REQUEST)
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
    reasons: tuple[Sentence, ...] = ()
    prompts: tuple[PromptChange, ...] = ()


def explain_changes(found: Iterable[Change], before: Asked, after: Asked) -> list[Explained]:
    """Changes with their reasons, in their order. Raises UsageError where the store can't be read."""
    every = list(found)
    changed = {one.name for one in every if one.how == "changed"}
    renamed = {one.was: one.name for one in every if one.was}
    return [_Explaining(one, (before, after), changed - {one.name}, renamed).explained() for one in every]


class _Explaining:
    """One change. `changed` are the other instances whose pictures changed, `renamed` the names of now by those of
    then; `told` gathers reasons, in their order."""

    def __init__(
        self, change: Change, sides: tuple[Asked, Asked], changed: set[str], renamed: dict[str, str]
    ) -> None:
        self.change = change
        self.before, self.after = sides
        self.was = change.was or change.name
        self.changed, self.renamed = changed, renamed
        self.told: dict[Sentence, None] = {}
        self.prompts: list[PromptChange] = []
        self.is_made_from_others = False

    def explained(self) -> Explained:
        change, name = self.change, tuple(self._former())
        if change.how not in ("added", "removed"):
            self._paid()
            if self.is_made_from_others or (change.how == "changed" and not self.told and not self.prompts):
                self._made()
            if self.is_made_from_others and not self.told:
                self._tell(say("what it is made from changed"))
            self._files()
            change = self._encoded()
            if change.how == "changed" and not self.told:
                self._tell(say("made anew from the same pictures"))
        if change.aside:
            self._tell(say(f"a merge set {count(change.aside, 'picture')} aside"))
        return Explained(change, (*name, *self.told), tuple(self.prompts))

    def _former(self) -> Iterator[Sentence]:
        change = self.change
        if change.perhaps:
            names = sorted((change.was, *change.perhaps))
            yield say("one of ") + listed(names, SHOWN) + " is " + say("", change.name) + " now"
        elif change.was:
            yield say("", change.was) + " is " + say("", change.name) + " now"

    def _tell(self, *reasons: Sentence) -> None:
        self.told.update(dict.fromkeys(reasons))

    # --- what was paid for ---

    def _paid(self) -> None:
        old, new = self.change.before.steps, self.change.after.steps
        several = len(old.keys() | new.keys()) > 1
        for step in dict.fromkeys((*new, *old)):
            for reason in self._step(step, old.get(step, {}), new.get(step, {})):
                self._tell(say("step ", step) + f": {reason}" if several else say(reason))

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
        is_same, is_accepted = before.media.digest == now.media.digest, now.by == "accepted"
        if now.by == "by hand" and not is_same:
            yield "a file made by hand"
        elif before.key != now.key:
            if is_accepted:
                yield "accepted for another request"
            yield from self._request(step, before, now)
        elif is_same:
            yield from ("accepted",) if is_accepted else ()
        else:
            yield "an earlier picture, restored" if is_accepted else "another picture for the same request"

    def _request(self, step: str, before: Record, now: Record) -> Iterator[str]:
        old = self.before.request(f"{self.was}:{step}", before)
        new = self.after.request(f"{self.change.name}:{step}", now)
        if not old or not new:
            yield UNKNOWN
            return
        self._prompt(step, dict(old).get("prompt"), dict(new).get("prompt"))
        is_edit = dict(new).get("operation") == "edit"
        for reason in changes(*_comparable(old, new)):
            if is_edit and reason in MADE_FROM:
                self.is_made_from_others = True
            else:
                yield reason

    def _prompt(self, step: str, before: Any, now: Any) -> None:
        is_told = any(one.step == step for one in self.prompts)
        if isinstance(before, str) and isinstance(now, str) and before != now and not is_told:
            self.prompts.append(PromptChange(step, before, now, tuple(prompt_diff(before, now))))

    # --- what is made of it ---

    def _made(self) -> None:
        """The steps of both manifests, where the pictures that were bought are the same or made from others."""
        old, new = self.before.making(self.was), self.after.making(self.change.name)
        files: set[str] = set()
        if old is not None and new is not None:
            renamed = old._replace(others={self.renamed.get(one, one) for one in old.others})
            self._tell(*making_changes(renamed, new, self.changed))
            files = old.files | new.files
        if self.change.before.sources.keys() != self.change.after.sources.keys():
            if len(files) == 1:
                self._tell(say("", *files) + " changed")
            elif old is None or new is None or old.files == new.files:
                self._tell(say("a source file changed"))

    def _files(self) -> None:
        """Outputs that came, went or moved; size and format of the one that is shown, where no reason has them."""
        outputs = self.change.outputs
        for how, word in (("added", "new"), ("removed", "gone")):
            paths = [one.path for one in outputs if one.how == how]
            if paths:
                self._tell(
                    listed(paths, SHOWN) + (f" {word}" if len(paths) > 1 or how == "removed" else f" is {word}")
                )
        moved = [say("", one.was) + " is " + say("", one.path) + " now" for one in outputs if one.was]
        self._tell(*moved[:SHOWN], *([say(f"{len(moved) - SHOWN:,} more files moved")] if len(moved) > SHOWN else []))
        shown = self.change.shown
        if shown is not None and shown.before is not None and shown.after is not None:
            for before, now in _facts(shown.before, shown.after):
                if not any(told.has(before) and told.has(now) for told in self.told):
                    self._tell(say(f"{before} -> {now}"))

    def _encoded(self) -> Change:
        """Where the store knows that only the encoding of all its outputs changed, that is the change."""
        if self.change.how not in ("changed", "re-encoded") or any(not one.after for one in self.change.outputs):
            return self.change
        reasons: dict[str, None] = {}
        for one in self.change.outputs:
            before, now = (self._rendition(one, line) for line in (self.change.before, self.change.after))
            if not (before and now) or before == now or picture_in(before) != picture_in(now):
                return self.change
            reasons |= dict.fromkeys(changes(before, now))
        if not reasons:
            return self.change
        self.told = {say(reason): None for reason in reasons}
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


def _facts(before: Media, now: Media) -> Iterator[tuple[str, str]]:
    if before.size != now.size:
        yield str(before.size), str(now.size)
    if before.format != now.format:
        yield before.format, now.format
