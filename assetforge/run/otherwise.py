"""Outputs that come out otherwise here than the lock has them, by another version of what encodes them: other bytes
of the same pixels, or other pixels. Unaware of how they are made.
"""

from collections.abc import Callable, Iterator, Mapping

from assetforge.errors import Problem
from assetforge.model import Graph, Media, Record, Rendition
from assetforge.ops.versions import encoders_of
from assetforge.plan.asked import Unmet
from assetforge.words import count, ticked

# What the lock has for an output, where its picture and settings are those of the lock.
Pinned = Callable[[Rendition, str], Record | None]

REDRAWN = "install the versions it was made with, fetch its bytes from a store, or build without --locked and commit"
REPACKED = "the files here are current; for the lock's very bytes install the versions that they were made with"


def require_pinned(step: Rendition, media: Media, pinned: Record | None) -> None:
    """Raises Unmet where an output has other pixels than the lock says."""
    if pinned is None or pinned.media.digest == media.digest or pinned.media.pixels == media.pixels:
        return
    here = encoders_of([media.format])
    told = f"`{step.path}` comes out otherwise than the lock has it, with other pixels, by {here}"
    raise Unmet(Problem(told, step.where, REDRAWN))


def repacked(graph: Graph, rendered: Mapping[str, Record], pinned: Pinned) -> Iterator[Problem]:
    """One remark for all outputs that were made with the lock's pixels and other bytes."""
    formats = []
    for name, record in rendered.items():
        step = graph.steps[name]
        before = pinned(step, record.key) if isinstance(step, Rendition) else None
        if before is not None and before.media.digest != record.media.digest:
            formats.append(record.media.format)
    if formats:
        kinds = sorted(set(formats))
        outputs = f"{count(len(formats), 'output')} ({ticked(kinds)})"
        told = f"{outputs} packed otherwise than the lock has, with the same pixels, by {encoders_of(kinds)}"
        yield Problem(told, None, REPACKED)
