"""`history`: every picture that a paid step has had, gathered from this machine's ledger, the lock, and what the lock
had before; of other projects nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assetforge.digest import digest_document
from assetforge.model import Ingredients, Media, Paid, Record
from assetforge.ops.decode import read_header
from assetforge.ops.spec import OpFailed
from assetforge.outputs.aside import asides_of, owner_of
from assetforge.outputs.lock import LockLine
from assetforge.outputs.replaced import read_replaced
from assetforge.pins.pinning import request_of
from assetforge.store.bought import Bought, bought
from assetforge.store.ledger import TEXT_LIMIT
from assetforge.workspace import Workspace

LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Past:
    """A picture that a step has, or once had.

    `key` is what it was bought under, and of one made by hand the digest of its bytes: what `restore` takes. In
    `record`, `made` is a date or a time in ISO 8601, and `media` has a width of 0 where nobody knows more than its
    digest. `candidate` is from 1. Pictures of one request have the same `request`, "" where nobody knows it. `pinned`
    is the candidate that it is in the lock, 0 where it is none; `accepted` says that it was bought for another
    request than it is pinned for.
    """

    step: Paid
    key: str
    record: Record
    candidate: int
    request: str
    is_here: bool
    pinned: int = 0
    accepted: bool = False

    @property
    def digest(self) -> str:
        return self.record.media.digest

    @property
    def prompt(self) -> str | None:
        """What was asked for, None where nobody knows."""
        told = dict(self.record.ingredients).get("prompt")
        return told if isinstance(told, str) else None


def history(space: Workspace, steps: Sequence[Paid]) -> list[Past]:
    """Every picture of some steps, in their order and of each the newest first. Raises UsageError where the store
    can't be read, OSError."""
    ledger: dict[str, list[Bought]] = {}
    for offered in bought(space.shelf.ledger).values():
        for one in offered:
            if one.stored.project == space.project_id:
                ledger.setdefault(one.stored.step, []).append(one)
    replaced: dict[str, list[tuple[str, LockLine]]] = {}
    for index, (name, line) in enumerate(read_replaced(space.state.folder)):
        owner, _ = owner_of(name)  # a line that a merge set aside, and that is gone, was its owner's too
        replaced.setdefault(owner, []).append((f"replaced {index}", line))
    found = (
        _of_step(space, step, ledger.get(step.id[:TEXT_LIMIT], ()), replaced.get(step.instance, ())) for step in steps
    )
    return [past for pasts in found for past in pasts]


def _of_step(
    space: Workspace, step: Paid, ledger: Iterable[Bought], replaced: Iterable[tuple[str, LockLine]]
) -> list[Past]:
    """Every picture of a step, of what the ledger and replaced lines have of it."""
    found = _Found(space, step)
    for one in ledger:
        found.add(_bought(space, step, one))
    for origin, line in replaced:
        found.add_line(line, origin)
    lines = space.lock.lines
    for name in asides_of(step.instance, lines):
        found.add_line(lines[name], name)
    found.add_line(lines.get(step.instance, LockLine()), LOCK)
    return _newest_first(list(found.pasts.values()))


def _newest_first(pasts: Sequence[Past]) -> list[Past]:
    """By date, of one day what was told last, and of one request the first candidate first."""
    last = {past.request or past.key: place for place, past in enumerate(pasts)}
    by_candidate = sorted(pasts, key=lambda past: past.candidate)
    return sorted(
        by_candidate, key=lambda past: (past.record.made[:10], last[past.request or past.key]), reverse=True
    )


class _Found:
    """The pictures of a step as they are found, by key and digest; the last one of each digest has its place beside,
    since a step may have had thousands."""

    def __init__(self, space: Workspace, step: Paid) -> None:
        self._space, self._step = space, step
        self.pasts: dict[tuple[str, str], Past] = {}
        self._places: dict[str, tuple[str, str]] = {}

    def add(self, past: Past) -> tuple[str, str]:
        """A picture, unless it is there; gives its place."""
        place = (past.key, past.digest)
        if place not in self.pasts:
            self.pasts[place] = past
            self._places[past.digest] = place
        return place

    def add_line(self, line: LockLine, origin: str) -> None:
        """The pictures of a line, each told once, by whoever knows most of it. `origin` stands for the request of
        those that nobody else tells of: a line has one for each step."""
        for number, record in sorted(line.steps.get(self._step.name, {}).items()):
            place = self._places.get(record.media.digest)
            if place is None:
                place = self.add(_pinned(self._space, self._step, number, record, origin))
            known, is_now = self.pasts[place], origin == LOCK
            self.pasts[place] = replace(
                known,
                record=replace(known.record, media=record.media),
                pinned=number if is_now else 0,
                accepted=is_now and record.by == "accepted",
            )


def _pinned(space: Workspace, step: Paid, number: int, record: Record, origin: str) -> Past:
    """A picture that only a lock tells of."""
    stored = space.shelf.records.get(record.key)
    is_same = stored is not None and stored.media.digest == record.media.digest
    told = stored.ingredients if stored is not None and is_same else ()
    digest, is_by_hand = record.media.digest, record.by == "by hand"
    request = "" if is_by_hand else _request(told) or origin
    known = replace(record, ingredients=told)
    return Past(step, digest if is_by_hand else record.key, known, number, request, space.content.has(digest))


def _bought(space: Workspace, step: Paid, one: Bought) -> Past:
    """A picture that the ledger tells of."""
    paid = one.received or one.stored
    stored = space.shelf.records.get(one.key)
    is_same = stored is not None and stored.media.digest == one.digest
    media = stored.media if stored is not None and is_same else _header(space, one.digest)
    record = Record(
        key=one.key, media=media, kind=one.stored.kind, model=one.stored.model, cost=one.cost,
        estimated=paid.estimated and one.cost != 0, made=paid.time, ingredients=one.ingredients,
    )  # fmt: skip
    candidate = dict(one.ingredients).get("candidate")
    number = candidate if isinstance(candidate, int) else 0
    return Past(step, one.key, record, number, _request(one.ingredients), space.content.has(one.digest))


def _header(space: Workspace, digest: str) -> Media:
    """What a file of the store says of itself at its beginning."""
    try:
        with space.shelf.blobs.path(digest).open("rb") as file:
            form, size = read_header(file, digest)
            return Media(digest, "", size.width, size.height, form, file.seek(0, 2))
    except (OSError, OpFailed):
        return Media(digest, "", 0, 0, "", 0)


def _request(told: Ingredients) -> str:
    return digest_document("request", request_of(told)) if told else ""


def short_keys(pasts: Iterable[Past], least: int = 8) -> dict[str, str]:
    """Of every key as many digits as tell it from the others."""
    keys = sorted({past.key for past in pasts})
    found = {}
    for index, key in enumerate(keys):
        beside = [*keys[max(index - 1, 0) : index], *keys[index + 1 : index + 2]]
        alike = max((_alike(key, other) for other in beside), default=0)
        found[key] = key[: max(least, alike + 1)]
    return found


def _alike(one: str, other: str) -> int:
    pairs: Iterator[bool] = (a == b for a, b in zip(one, other, strict=False))
    return next((index for index, same in enumerate(pairs) if not same), min(len(one), len(other)))
