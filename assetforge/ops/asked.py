"""How an output falls short of the size it asks for, since nothing is scaled up; told from sizes alone."""

from collections.abc import Iterator
from typing import Any

from assetforge.model import Size
from assetforge.ops.encoding import Encoding
from assetforge.ops.frames import Frame
from assetforge.ops.geometry import Resize, resize_frame
from assetforge.ops.icons import fitting
from assetforge.ops.spec import OpFailed
from assetforge.words import ticked


def shortfalls(scale: Any | None, encoding: Encoding, size: Size) -> Iterator[str]:
    """What is smaller, or left out, of an output with its own scaling and encoding, made from a picture of a size.
    Raises OpFailed where it can't be made from that size at all."""
    made = size
    if isinstance(scale, Resize):
        frame = resize_frame(scale, size)
        made = frame.canvas
        is_enough = size.width >= (scale.width or 0) and size.height >= (scale.height or 0)
        wanted = None if is_enough else _wanted(scale, size)
        if wanted is not None and wanted.canvas != frame.canvas:
            yield f"it is {frame.canvas} instead of {wanted.canvas}"
        elif wanted is not None and wanted.scaled != frame.scaled:
            yield f"its picture is {frame.scaled} instead of {wanted.scaled}"
    if encoding.icon_sizes:
        kept = fitting(encoding.icon_sizes, made)
        left_out = [f"{side}x{side}" for side in encoding.icon_sizes if side not in kept]
        if left_out:
            yield f"it lacks {ticked(left_out)} (its picture is {made})"


def _wanted(scale: Resize, size: Size) -> Frame | None:
    """What would come of it if it were scaled up; None for what is too large for any picture."""
    try:
        return resize_frame(scale.model_copy(update={"upscale": True}), size)
    except OpFailed:
        return None
