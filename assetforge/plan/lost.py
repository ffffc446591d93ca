"""Which pictures that the lock pins are nowhere, though something needs their bytes."""

from assetforge.model import Call, Fresh, Lost, Picture, Stale
from assetforge.plan.walk import Walk


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
            found[name, candidate] = Lost(decision.record)
            if state.call is not None and state.call.settings.kind == "draft":
                needed |= {digest for picture in _sent(state.call) for digest in leaves(picture)}
    return dict(reversed(found.items()))


def _pictures_needed(walk: Walk) -> list[Picture]:
    pictures = [
        state.picture
        for state in walk.files.values()
        if state.picture is not None and isinstance(state.decision, Stale)
    ]
    for state in walk.paid.values():
        if state.call is not None and isinstance(state.decision, Stale):
            pictures += _sent(state.call)
    return pictures


def _sent(call: Call) -> tuple[Picture, ...]:
    """The pictures that a call goes out with, its mask too."""
    return call.pictures if call.mask is None else (*call.pictures, call.mask)


def leaves(picture: Picture) -> set[str]:
    """The digests of the bytes a picture is made of."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [picture]
    while waiting:
        part = waiting.pop()
        if part.made in seen:
            continue
        seen.add(part.made)
        if part.media is not None:
            found.add(part.media.digest)
        waiting += part.inputs
    return found
