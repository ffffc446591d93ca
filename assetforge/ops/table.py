"""Every operation by its name, and pictures made from trees of them; unaware of keys, files and the store."""

from collections import Counter
from collections.abc import Callable, Mapping

from PIL import Image

from assetforge.model import Media, Picture
from assetforge.ops import color, compose, geometry, masks, sending
from assetforge.ops.decode import open_picture
from assetforge.ops.memo import Memo
from assetforge.ops.spec import Op

OPS: Mapping[str, Op] = {op.name: op for op in (*geometry.OPS, *color.OPS, *compose.OPS, *masks.OPS, *sending.OPS)}

# A name that starts with `_` is a step of our own making: a manifest can't write it.
PUBLIC: tuple[str, ...] = tuple(sorted(name for name in OPS if not name.startswith("_")))


def evaluate(picture: Picture, read: Callable[[Media], bytes], *, memo: Memo) -> Image.Image:
    """The pixels of a bound picture; `read` gives the bytes that its leaves name.

    Raises OpFailed, and whatever `read` raises. A chain may have any length: this
    works on a list, not by recursion. A picture lives while something still needs it, or the memo keeps it.
    """
    needed = uses(picture)
    ready: dict[str, Image.Image] = {}
    waiting = [picture]
    while waiting:
        node = waiting[-1]
        found = ready.get(node.made) or memo.find(node.made)
        missing = [] if found else [part for part in node.inputs if part.made not in ready]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if node.made in ready:
            continue
        ready[node.made] = found or memo.get(node.made, lambda node=node: make(node, read, ready))  # type: ignore[misc]
        for part in node.inputs:
            needed[part.made] -= 1
            if not needed[part.made]:
                ready.pop(part.made, None)
    return ready[picture.made]


def uses(picture: Picture) -> Counter[str]:
    """How often each picture of a tree is another's input."""
    counted: Counter[str] = Counter()
    seen = {picture.made}
    waiting = [picture]
    while waiting:
        for part in waiting.pop().inputs:
            counted[part.made] += 1
            if part.made not in seen:
                seen.add(part.made)
                waiting.append(part)
    return counted


def make(node: Picture, read: Callable[[Media], bytes], ready: Mapping[str, Image.Image]) -> Image.Image:
    """One picture from its inputs, which are ready, or from its bytes."""
    if node.media is not None:
        return open_picture(read(node.media), f"{node.media.digest[:12]}.{node.media.format}")
    return OPS[node.op].apply(node.params, [ready[part.made] for part in node.inputs])
