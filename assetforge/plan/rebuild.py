"""Is an action's result known, and if not, why not: the one place that decides, and gives its reasons.

Pure: what the lock, the store and the disk hold is passed in as evidence.
"""

from dataclasses import dataclass, field

from assetforge.model import Action, Decision, Drafted, Fresh, Ingredients, Picture, Record, Stale
from assetforge.plan.ancestry import Names
from assetforge.plan.descent import Memory, picture_changes
from assetforge.plan.difference import changes

NOT_MADE = "not made yet"


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
    file that is there, "" where there is none, and what the store has under its key; of one with another key also
    what it was made of, and what that went by."""

    pinned: Record | None = None
    file: str = ""
    stored: Record | None = None
    before_ingredients: Ingredients = ()
    before_names: Names = field(default_factory=dict)

    @property
    def before_picture(self) -> str:
        """The identity of the picture that it was made of, "" where that is not known."""
        return picture_in(self.before_ingredients)


def picture_in(ingredients: Ingredients) -> str:
    """The identity of the picture that a rendition with these ingredients is made of, "" where they don't tell."""
    told = dict(ingredients).get("picture")
    return told if isinstance(told, str) else ""


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


def decide_rendition(
    action: Action, evidence: FileEvidence, *, picture: Picture, instance: str, memory: Memory
) -> Decision:
    """Current where the line has the key and the file its digest; restored where the bytes are known; else made.
    `picture` is what is encoded for `instance`, `memory` knows what it was made of before."""
    pinned = evidence.pinned
    same_key = pinned is not None and pinned.key == action.key
    if pinned is not None and same_key and evidence.file == pinned.media.digest:
        return Fresh(pinned, "file")
    if evidence.stored is not None and (not same_key or evidence.stored.media.pixels == _pixels(pinned)):
        return Fresh(evidence.stored, "store")
    if pinned is None:
        return Stale((NOT_MADE,))
    if not same_key:
        told = picture_changes(
            evidence.before_picture, picture, instance=instance, memory=memory, names=evidence.before_names
        )
        return Stale(changes(evidence.before_ingredients, action.ingredients, {"picture": told}))
    return Stale(("the file is missing" if not evidence.file else "the file was changed",))


def _pixels(record: Record | None) -> str:
    return record.media.pixels if record is not None else ""


def drafted(decision: Stale, record: Record | None) -> Drafted:
    """A placeholder instead of what would be bought."""
    return Drafted(record, decision.reasons)
