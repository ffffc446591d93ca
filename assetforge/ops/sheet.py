"""A sheet in the making: each picture is put on it as soon as it is there, and let go; unaware of who makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assetforge.model import Picture
from assetforge.ops.color import TRANSPARENT, rgba
from assetforge.ops.pillow import Image
from assetforge.ops.spec import MAX_PIXELS, Op, OpFailed


class Sheet:
    """One picture of an operation that has `frames`. Where all sizes are known before, no two of its pictures have to
    be in memory at once; else they are held till the last has come, and are never more than a sheet has room for."""

    def __init__(self, op: Op, node: Picture) -> None:
        self._op = op
        self._node = node
        self._added = 0
        self._held: list[Image.Image] = []
        self._pixels = 0
        self._canvas: Image.Image | None = None
        sizes = [part.size for part in node.inputs if part.size is not None]
        if op.frames is not None and node.size is not None and len(sizes) == len(node.inputs):
            self._rects = op.frames(node.params, sizes)
            self._canvas = Image.new("RGBA", node.size, rgba(TRANSPARENT))

    def fed(self, ready: Mapping[str, Image.Image], release: Callable[[Picture], object]) -> list[Picture]:
        """Takes what is ready of its pictures in their order, releases each, and tells the one that it waits for.
        Raises OpFailed where all together are too large."""
        for part in self._node.inputs[self._added :]:
            if part.made not in ready:
                return [part]
            self._add(ready[part.made])
            release(part)
        return []

    def finished(self) -> Image.Image:
        """The sheet with all its pictures. Raises OpFailed."""
        held, self._held = self._held, []
        return self._canvas or self._op.apply(self._node.params, held)

    def _add(self, image: Image.Image) -> None:
        if self._canvas is not None:
            self._canvas.paste(image, self._rects[self._added][:2])
        else:
            self._held.append(image)
            self._pixels += image.width * image.height
            if self._pixels > MAX_PIXELS:
                raise OpFailed(
                    f"the pictures of the sheet have more than {MAX_PIXELS // 1_000_000} megapixels together"
                )
        self._added += 1
