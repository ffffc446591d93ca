"""Pictures made from trees of operations; unaware of keys, files and the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from assetforge.model import Media, Picture, Source
from assetforge.ops.decode import open_picture
from assetforge.ops.memo import Memo
from assetforge.ops.pillow import Image
from assetforge.ops.sheet import Sheet
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS, is_font

Read = Callable[[Media], bytes]


def evaluate(picture: Picture, read: Read, *, memo: Memo) -> Image.Image:
    """The pixels of a bound picture; `read` gives the bytes that its leaves name.

    Raises OpFailed, and whatever `read` raises. A chain may have any length: this works on a list, not by recursion.
    """
    tree = _Tree(picture, read, memo)
    waiting = [picture]
    while waiting:
        missing = tree.advance(waiting[-1])
        if missing:
            waiting.extend(missing)
        else:
            waiting.pop()
    return tree.ready[picture.made]


class _Tree:
    """What is made of one tree. A picture lives while something still needs it, or the memo keeps it; what comes onto
    a sheet is made and put there one after the other."""

    def __init__(self, picture: Picture, read: Read, memo: Memo) -> None:
        self.ready: dict[str, Image.Image] = {}
        self._read = read
        self._memo = memo
        self._needed = uses(picture)
        self._sheets: dict[str, Sheet] = {}

    def advance(self, node: Picture) -> list[Picture]:
        """Makes a picture whose inputs are ready, or tells which are not. Raises OpFailed, and what `read` raises."""
        if node.made in self.ready:
            return []
        found = self._memo.find(node.made)
        sheet = self._sheet_of(node) if found is None else None
        missing = self._missing(node, sheet) if found is None else []
        if missing:
            return missing
        image = self._made(node, sheet) if found is None else found
        self.ready[node.made] = image
        if node.size is None:
            self._memo.note_size(node.made, image)
        if sheet is None:
            for part in node.inputs:
                self._release(part)
        return []

    def _sheet_of(self, node: Picture) -> Sheet | None:
        """The sheet that a picture is, begun when it is first asked for; None for any other picture."""
        if node.op and OPS[node.op].frames is not None and node.made not in self._sheets:
            self._sheets[node.made] = Sheet(OPS[node.op], node)
        return self._sheets.get(node.made)

    def _missing(self, node: Picture, sheet: Sheet | None) -> list[Picture]:
        if sheet is not None:
            return sheet.fed(self.ready, self._release)
        return [part for part in node.inputs if part.made not in self.ready and not is_font(part)]

    def _made(self, node: Picture, sheet: Sheet | None) -> Image.Image:
        def finish() -> Image.Image:
            return make(node, self._read, self.ready) if sheet is None else sheet.finished()

        try:
            image = self._memo.get(node.made, finish)
        except OpFailed as error:
            # Told anew: the memo gives one error to all who wait, and each has asked for it somewhere else.
            raise OpFailed(str(error), node.step, hint=error.hint) from None
        look = OPS[node.op].remark if node.op else None
        remark = None if look is None else look(node.params, self.ready[node.inputs[0].made], image)
        if remark is not None:
            self._memo.note_remark(node.made, remark)
        return image

    def _release(self, part: Picture) -> None:
        self._needed[part.made] -= 1
        if not self._needed[part.made]:
            self.ready.pop(part.made, None)


def announce(picture: Picture, memo: Memo) -> None:
    """A picture is going to be evaluated: what it shares with others is kept for it."""
    memo.announce(names(picture))


def evaluate_announced(picture: Picture, read: Read, *, memo: Memo) -> Image.Image:
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


def make(node: Picture, read: Read, ready: Mapping[str, Image.Image]) -> Image.Image:
    """One picture from its inputs, which are ready, or from its bytes."""
    if node.media is not None:
        media = node.media
        name = node.step.path if isinstance(node.step, Source) else f"{media.digest[:12]}.{media.format}"
        return open_picture(read(media), name)
    inputs = [read(part.media) if part.media and is_font(part) else ready[part.made] for part in node.inputs]
    return OPS[node.op].apply(node.params, inputs)
