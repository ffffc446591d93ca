"""What an output's file will say of how its picture came to be; unaware of how that is written.

Own pictures, drafts and masks leave no mark: only pixels count that are seen in the result.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from assetforge.model import Picture, Rendition
from assetforge.ops.provenance import Mark, Origin

# Of these only so many of the first inputs show in the result: what follows is a mask, or tells a size.
SHOWN: Mapping[str, int] = {"_cut_back": 1, "_preserve": 2, "_as_mask": 0, "_draw_mask": 0}
WITHOUT_METADATA = frozenset({"ico", "icns"})


def mark_of(step: Rendition, picture: Picture) -> Mark | Literal["keep"] | None:
    """What an output that is encoded here says beside its pixels: how they came to be, or (`keep`) what its only
    source says; None where that is nothing."""
    if picture.draft or step.encoding.format in WITHOUT_METADATA:
        return None
    if step.encoding.metadata == "keep":
        return None if only_source(picture) is None else "keep"
    if step.encoding.metadata == "strip" or not picture.models:
        return None
    return Mark(origin_of(picture), picture.models)


def mark_ingredients(step: Rendition, picture: Picture) -> tuple[tuple[str, Any], ...]:
    """A mark as it enters the output's key: not at all where there is none."""
    mark = mark_of(step, picture)
    if mark is None:
        return ()
    return (("mark", mark if isinstance(mark, str) else {"origin": mark.origin, "models": list(mark.models)}),)


def origin_of(picture: Picture) -> Origin:
    """How a picture with a model's pixels came to be, in the words of IPTC. A whole picture that a model gave is its
    own, whatever it was asked with; around what `preserve` kept, the user's picture was edited; and what was laid
    together of both is a composition."""
    own = [is_preserved for leaf, is_preserved in _leaves(picture) if not leaf.models and not leaf.draft]
    if not own:
        return "trainedAlgorithmicMedia"
    return "compositeWithTrainedAlgorithmicMedia" if all(own) else "compositeSynthetic"


def only_source(picture: Picture) -> Picture | None:
    """The one file whose pixels a picture shows, None where there are several."""
    found = {leaf.made: leaf for leaf, _ in _leaves(picture)}
    return next(iter(found.values())) if len(found) == 1 else None


def _leaves(picture: Picture) -> Iterator[tuple[Picture, bool]]:
    """The files whose pixels show, each with whether it does as what an edit preserved. A chain may have any length,
    and share its parts: each is looked at once."""
    waiting = [(picture, False)]
    seen: set[tuple[str, bool]] = set()
    while waiting:
        node, is_preserved = waiting.pop()
        if (node.made, is_preserved) in seen:
            continue
        seen.add((node.made, is_preserved))
        if node.media is not None:
            if node.media.format != "font":
                yield node, is_preserved
            continue
        shown = node.inputs[: SHOWN.get(node.op)]
        waiting += [
            (part, is_preserved or (node.op == "_preserve" and place == 1)) for place, part in enumerate(shown)
        ]
