"""Which pictures that the lock pins are nowhere, though something needs their bytes, and which source files that are
needed were not pulled.
"""

from collections.abc import Iterable

from assetforge.errors import Problem
from assetforge.model import Drafted, Fresh, Link, Local, Lost, Picture, Record, Source, Stale, Step
from assetforge.plan.action import parts_of, sent_with
from assetforge.plan.walk import PaidState, Walk

NOT_PULLED = "is a pointer of Git LFS, and was not pulled"
PULL = "run `git lfs pull`"
# Where bytes are to be had that are nowhere here.
FETCH = "fetch what another machine has (`assetforge cache pull`, or `assetforge cache import`)"
ADOPT = f"adopt the file again, or {FETCH}"


def lost_pictures(walk: Walk) -> dict[tuple[str, int], Lost]:
    """Candidates that the lock pins, whose bytes something needs, and that are nowhere. A draft is never lost: it is
    drawn again, and needs the bytes of its own pictures for that."""
    needed = {digest for picture in _pictures_needed(walk) for digest in leaves(picture)}
    found = {}
    for (name, candidate), state in reversed(walk.paid.items()):  # each step before those it needs
        decision = state.decision
        if not isinstance(decision, Fresh) or decision.record.media.digest not in needed:
            continue
        if not walk.lookups.has_bytes(decision.record.media.digest):
            digest = decision.record.media.digest
            found[name, candidate] = Lost(decision.record, walk.lookups.pointer(digest))
            if state.call is not None and is_drawn_again(state.call.settings.kind, decision.record):
                needed |= {digest for picture in sent_with(state.call) for digest in leaves(picture)}
    return dict(reversed(found.items()))


def is_by_hand(what: Lost) -> bool:
    """Whether no provider made it: what one would be paid for is another picture."""
    return what.record.by == "by hand"


def can_be_bought_again(what: Lost) -> bool:
    """Whether a provider that is paid again makes up for a lost picture."""
    return not (what.pointer or is_by_hand(what))


def why_lost(what: Lost) -> str:
    """Why a pinned picture is not here."""
    if what.pointer:
        return f"it is in `{what.pointer}`, which {NOT_PULLED}"
    if is_by_hand(what):
        return "it was made by hand, and its bytes are nowhere"
    return "the lock pins it, and its bytes are nowhere"


def told_lost(name: str, what: Lost) -> str:
    """The same of the step `name`."""
    if what.pointer:
        return f"the picture of `{name}` is in `{what.pointer}`, which {NOT_PULLED}"
    if is_by_hand(what):
        return f"the picture of `{name}` was made by hand, and its bytes are nowhere"
    return f"the picture of `{name}` is pinned by the lock, and its bytes are nowhere"


def lost_problem(step: Step, what: Lost, price: str = "") -> Problem:
    """That a picture is lost, and what to do; `price` says what buying it again costs."""
    return Problem(told_lost(step.id, what), step.where, _what_to_do(what, price))


def _what_to_do(what: Lost, price: str) -> str:
    if what.pointer:
        return PULL
    return ADOPT if is_by_hand(what) else f"{FETCH}, or build with --rebuy-lost{price}"


def unpulled_sources(walk: Walk, again: Iterable[str]) -> list[Source]:
    """Source files that something which is to be made needs, sooner or later, and whose bytes are not here. The steps
    `again` are made though their results are known."""
    steps, found = walk.graph.steps, set()
    waiting = [name for name, state in walk.files.items() if not isinstance(state.decision, Fresh)]
    waiting += [name for (name, _), state in walk.paid.items() if _is_to_make(state)]
    waiting += again
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for link in steps[name].inputs:
            step = steps[link.step]
            if isinstance(step, Local):
                waiting.append(step.id)
            elif isinstance(step, Source) and not _is_here(walk, step):
                found.add(step.id)
    return [step for name, step in steps.items() if name in found and isinstance(step, Source)]


def _is_to_make(state: PaidState) -> bool:
    decision = state.decision
    return not isinstance(decision, Fresh) and not (isinstance(decision, Drafted) and decision.record is not None)


def _is_here(walk: Walk, step: Source) -> bool:
    picture = walk.picture(Link(step.id))
    media = picture.media if isinstance(picture, Picture) else None
    return media is None or walk.lookups.has_bytes(media.digest)


def is_drawn_again(kind: str, pinned: Record) -> bool:
    """Whether a provider's picture comes out the same when it is asked for again: a draft's does, but for one that
    somebody put in its place, or accepted for another request."""
    return kind == "draft" and not pinned.by


def _pictures_needed(walk: Walk) -> list[Picture]:
    pictures = [
        state.picture
        for state in walk.files.values()
        if state.picture is not None and isinstance(state.decision, Stale)
    ]
    for state in walk.paid.values():
        if state.call is not None and isinstance(state.decision, Stale):
            pictures += sent_with(state.call)
    return pictures


def leaves(picture: Picture) -> set[str]:
    """The digests of the bytes a picture is made of."""
    return {part.media.digest for part in parts_of(picture) if part.media is not None}
