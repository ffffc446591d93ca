"""Is an action's result known, and if not, why not: the one place that decides, and gives its reasons.

Pure: what the lock, the store and the disk hold is passed in as evidence.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assetforge.model import Action, Decision, Drafted, Fresh, Ingredients, Record, Stale

NOT_MADE = "not made yet"
# Ingredients that are told by what they are, not by their values.
PARTS: Mapping[str, str] = {
    "picture": "the picture",
    "inputs": "an input",
    "mask": "the mask",
    "sent": "how the picture is sent",
    "encoding": "the encoding",
    "mark": "what the file says of its origin",
    "checks": "what is checked",
}


@dataclass(frozen=True, slots=True)
class PaidEvidence:
    """Of a paid action: what the lock and the store have under its key, and what the lock's own line had for this
    candidate before, with the ingredients where the store still knows them. `refused` says that its provider found
    it unfit, and when."""

    pinned: Record | None = None
    stored: Record | None = None
    remote: Record | None = None
    before: Record | None = None
    before_ingredients: Ingredients = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """Of a rendition: what the lock (or, for drafts and profiles, the state) says of the path, the digest of the
    file that is there, "" where there is none, and what the store has under its key."""

    pinned: Record | None = None
    file: str = ""
    stored: Record | None = None
    before_ingredients: Ingredients = ()


def decide_paid(action: Action, evidence: PaidEvidence) -> Decision:
    """The lock wins, then the store, then the remote; else it must be bought, for the reasons given."""
    if evidence.pinned is not None:
        return Fresh(evidence.pinned, "lock")
    if evidence.stored is not None:
        return Fresh(evidence.stored, "store")
    if evidence.remote is not None:
        return Fresh(evidence.remote, "remote")
    if evidence.before is None:
        return Stale((NOT_MADE,))
    return Stale(changes(evidence.before_ingredients, action.ingredients))


def decide_rendition(action: Action, evidence: FileEvidence) -> Decision:
    """Current where the line has the key and the file its digest; restored where the bytes are known; else made."""
    pinned = evidence.pinned
    same_key = pinned is not None and pinned.key == action.key
    if pinned is not None and same_key and evidence.file == pinned.media.digest:
        return Fresh(pinned, "file")
    if evidence.stored is not None and (not same_key or evidence.stored.media.pixels == _pixels(pinned)):
        return Fresh(evidence.stored, "store")
    if pinned is None:
        return Stale((NOT_MADE,))
    if not same_key:
        return Stale(changes(evidence.before_ingredients, action.ingredients))
    return Stale(("the file is missing" if not evidence.file else "the file was changed",))


def _pixels(record: Record | None) -> str:
    return record.media.pixels if record is not None else ""


def drafted(decision: Stale, record: Record | None) -> Drafted:
    """A placeholder instead of what would be bought."""
    return Drafted(record, decision.reasons)


def changes(before: Ingredients, now: Ingredients) -> tuple[str, ...]:
    """What differs between two lists of ingredients, in words; as much as is known."""
    if not before:
        return ("the request changed",)
    old, new = ({name: plain(value) for name, value in listed} for listed in (before, now))
    names = (name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name))
    found = [_change(name, old.get(name), new.get(name)) for name in names]
    return tuple(found) or ("the request changed",)


def plain(value: Any) -> Any:
    """An ingredient as it comes back from the store: tuples are lists there."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _change(name: str, old: Any, new: Any) -> str:
    if name == "prompt" and isinstance(old, str) and isinstance(new, str):
        return "the prompt changed"
    if name in PARTS:
        return f"{PARTS[name]} changed"
    return f"{name} changed from {old} to {new}"


def word_diff(before: str, now: str) -> list[tuple[str, str]]:
    """A prompt's change word by word: pairs of ` `, `-` or `+` and a run of words."""
    old, new = before.split(), now.split()
    runs: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append((" ", " ".join(old[a:b])))
            continue
        if b > a:
            runs.append(("-", " ".join(old[a:b])))
        if d > c:
            runs.append(("+", " ".join(new[c:d])))
    return runs
