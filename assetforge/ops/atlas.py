"""`atlas`: all pictures on one sheet, and where each of them stands; unaware of what they show and are named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, isqrt
from typing import Annotated, Literal

from assetforge.model import Size
from assetforge.ops.color import TRANSPARENT, rgba
from assetforge.ops.frames import place
from assetforge.ops.packing import At, packed
from assetforge.ops.pillow import Image
from assetforge.ops.spec import MAX_PIXELS, MAX_SIDE, Field, Op, OpFailed, Params, Whole

# A record of the store has room for the frames of so many.
MAX_FRAMES = 4096

Layout = Literal["grid", "packed"]
Rect = tuple[int, int, int, int]


class Atlas(Params):
    """`atlas`. `padding` is in pixels, between the pictures and round them."""

    layout: Layout = "grid"
    padding: Annotated[Whole, Field(ge=0, le=1024)] = 0


def frames(params: Atlas, sizes: Sequence[Size]) -> tuple[Rect, ...]:
    """Where each picture stands on the sheet, as left, top, width and height. Raises OpFailed as `sheet_size`."""
    return _laid_out(params.layout, params.padding, tuple(sizes))[0]


def sheet_size(params: Atlas, sizes: Sequence[Size]) -> Size:
    """The sheet's size. Raises OpFailed for more pictures, or larger ones, than a sheet has room for."""
    return _laid_out(params.layout, params.padding, tuple(sizes))[1]


def atlas(params: Atlas, images: Sequence[Image.Image]) -> Image.Image:
    """See manifest: Steps."""
    sizes = [Size(*image.size) for image in images]
    sheet = Image.new("RGBA", sheet_size(params, sizes), rgba(TRANSPARENT))
    for image, (left, top, _, _) in zip(images, frames(params, sizes), strict=True):
        sheet.paste(image, (left, top))
    return sheet


@lru_cache(maxsize=128)
def _laid_out(layout: Layout, padding: int, sizes: tuple[Size, ...]) -> tuple[tuple[Rect, ...], Size]:
    """The frames and the sheet's size. Remembered, since a plan asks each time that one more input is known."""
    if len(sizes) > MAX_FRAMES:
        raise OpFailed(f"{len(sizes):,} pictures are too many for one sheet, which holds up to {MAX_FRAMES:,}")
    # Every picture takes its padding to the right and below; the sheet's own is to the left and above.
    cells = [Size(size.width + padding, size.height + padding) for size in sizes]
    needed = sum(cell.width * cell.height for cell in cells)
    if needed > MAX_PIXELS:
        raise OpFailed(_too_large(len(sizes), needed))
    found = _in_a_grid(sizes, padding) if layout == "grid" else packed(cells, MAX_SIDE - padding)
    if found is None:
        raise OpFailed(_too_large(len(sizes), needed))
    at, used = found
    sheet = Size(used.width + padding, used.height + padding)
    if max(sheet) > MAX_SIDE or sheet.width * sheet.height > MAX_PIXELS:
        raise OpFailed(f"the sheet would be {sheet}, and {_LIMITS}")
    rects = ((left + padding, top + padding, *size) for (left, top), size in zip(at, sizes, strict=True))
    return tuple(rects), sheet


_LIMITS = f"it can have up to {MAX_SIDE:,} pixels a side and {MAX_PIXELS // 1_000_000} megapixels"


def _too_large(number: int, pixels: int) -> str:
    return f"{number:,} pictures of {pixels / 1_000_000:,.0f} megapixels together don't fit on a sheet: {_LIMITS}"


def _in_a_grid(sizes: Sequence[Size], padding: int) -> tuple[list[At], Size]:
    """Cells as large as the largest picture, row by row, as many in a row as there are rows, or one more; each
    picture in the middle of its own. Where a side would be too long the other is made longer."""
    largest = Size(max(size.width for size in sizes), max(size.height for size in sizes))
    cell = Size(largest.width + padding, largest.height + padding)
    most_across, most_down = ((MAX_SIDE - padding) // side or 1 for side in cell)
    across = isqrt(len(sizes) - 1) + 1
    across = max(min(across, most_across), ceil(len(sizes) / most_down))
    at = []
    for index, size in enumerate(sizes):
        row, column = divmod(index, across)
        left, top = place(size, largest, "center")
        at.append((column * cell.width + left, row * cell.height + top))
    return at, Size(across * cell.width, ceil(len(sizes) / across) * cell.height)


OPS = (Op("atlas", 1, Atlas, atlas, sheet_size, frames=frames),)
