"""Every operation by its name, and pictures made from trees of them; unaware of keys, files and the store."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from PIL import Image

from assetforge.model import Media, Picture, Source
from assetforge.ops import (
    atlas,
    color,
    compose,
    corners,
    cutout,
    detail,
    effects,
    geometry,
    lettering,
    masks,
    mount,
    sending,
    tone,
    turn,
)
from assetforge.ops.decode import open_picture
from assetforge.ops.memo import Memo
from assetforge.ops.plugins import Ops
from assetforge.ops.sheet import Sheet
from assetforge.ops.spec import Op, OpFailed

BUILT_IN: Mapping[str, Op] = {
    op.name: op
    for op in (
        *geometry.OPS,
        *color.OPS,
        *turn.OPS,
        *corners.OPS,
        *cutout.OPS,
        *effects.OPS,
        *tone.OPS,
        *detail.OPS,
        *compose.OPS,
        *lettering.OPS,
        *atlas.OPS,
        *masks.OPS,
        *sending.OPS,
        *mount.OPS,
    )
}
OPS = Ops(BUILT_IN)

# A name that starts with `_` is a step of our own making: a manifest can't write it.
PUBLIC: tuple[str, ...] = tuple(sorted(name for name in BUILT_IN if not name.startswith("_")))


def step_named(name: str) -> Op | None:
    """The local step that a manifest means by a name; None where there is none. Raises PluginError for one that is
    installed and can't be used."""
    return OPS.get(name) if name in PUBLIC or name not in BUILT_IN else None


def evaluate(picture: Picture, read: Callable[[Media], bytes], *, memo: Memo) -> Image.Image:
    """The pixels of a bound picture; `read` gives the bytes that its leaves name.

    Raises OpFailed, and whatever `read` raises. A chain may have any length: this
    works on a list, not by recursion. A picture lives while something still needs it, or the memo keeps it; what
    comes onto a sheet is made and put there one after the other.
    """
    needed = uses(picture)
    ready: dict[str, Image.Image] = {}
    sheets: dict[str, Sheet] = {}
    waiting = [picture]

    def release(part: Picture) -> None:
        needed[part.made] -= 1
        if not needed[part.made]:
            ready.pop(part.made, None)

    while waiting:
        node = waiting[-1]
        found = ready.get(node.made) or memo.find(node.made)
        sheet = None if found else _sheet_of(node, sheets)
        if sheet is not None:
            missing = sheet.fed(ready, release)
        else:
            missing = [] if found else [part for part in node.inputs if part.made not in ready and not is_font(part)]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if node.made in ready:
            continue
        finish = sheet.finished if sheet is not None else partial(make, node, read, ready)
        try:
            ready[node.made] = found or memo.get(node.made, finish)
        except OpFailed as error:
            # Told anew: the memo gives one error to all who wait, and each has asked for it somewhere else.
            raise OpFailed(str(error), node.step, hint=error.hint) from None
        if node.size is None:
            memo.note_size(node.made, ready[node.made])
        if sheet is None:
            for part in node.inputs:
                release(part)
    return ready[picture.made]


def _sheet_of(node: Picture, sheets: dict[str, Sheet]) -> Sheet | None:
    """The sheet that a picture is, begun when it is first asked for; None for any other picture."""
    if node.op and OPS[node.op].frames is not None and node.made not in sheets:
        sheets[node.made] = Sheet(OPS[node.op], node)
    return sheets.get(node.made)


def announce(picture: Picture, memo: Memo) -> None:
    """A picture is going to be evaluated: what it shares with others is kept for it."""
    memo.announce(names(picture))


def evaluate_announced(picture: Picture, read: Callable[[Media], bytes], *, memo: Memo) -> Image.Image:
    """The same as `evaluate`, once for each time that the picture was announced."""
    try:
        return evaluate(picture, read, memo=memo)
    finally:
        memo.done(names(picture))


def names(picture: Picture) -> frozenset[str]:
    """The identities of a picture and of all that it is made from."""
    return frozenset((picture.made, *uses(picture)))


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
        media = node.media
        name = node.step.path if isinstance(node.step, Source) else f"{media.digest[:12]}.{media.format}"
        return open_picture(read(media), name)
    inputs = [read(part.media) if part.media and is_font(part) else ready[part.made] for part in node.inputs]
    return OPS[node.op].apply(node.params, inputs)


def is_font(picture: Picture) -> bool:
    """Whether an input is no picture but a font, whose bytes an operation gets as they are."""
    return picture.media is not None and picture.media.format == "font"
