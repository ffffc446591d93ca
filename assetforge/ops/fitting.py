"""The highest quality at which a file has at most so many bytes; unaware of formats."""

from collections.abc import Callable

from assetforge.ops.spec import OpFailed

# WebP is not quite steady: a step of quality may take a few bytes away. Nearer to the limit than by this share, the
# next step may fit where the one before it does not.
NEAR = 0.01


def fitted(write: Callable[[int], bytes], quality: int, limit: int) -> bytes:
    """A file by `write`, at `quality` or else at the highest below it that fits into `limit` bytes. Raises OpFailed
    where none does, with the smallest that was made.

    Halving takes at most eight files more; guessing by sizes was tried, and saves less than one of them.
    """
    data = write(quality)
    if len(data) <= limit:
        return data
    found = None
    low, high, over, smallest = 0, quality, len(data), len(data)
    while high - low > 1:
        middle = (low + high) // 2
        data = write(middle)
        if len(data) <= limit:
            low, found = middle, data
        else:
            high, over, smallest = middle, len(data), min(smallest, len(data))
    if found is None:
        told = f"it can't be written in {limit:,} bytes: at quality 1 it has {smallest:,}"
        raise OpFailed(told, hint="give it a smaller `width`, or raise `max_bytes`")
    if high + 1 < quality and over <= limit * (1 + NEAR):
        above = write(high + 1)
        return above if len(above) <= limit else found
    return found
