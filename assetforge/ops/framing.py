"""Where the pictures of a sheet stand in what is made from it; unaware of files, and of the pictures themselves."""

from collections.abc import Callable, Mapping
from math import floor
from typing import Any

from assetforge.model import Picture, Size
from assetforge.ops.frames import Frame
from assetforge.ops.geometry import crop_frame, pad_frame, resize_frame
from assetforge.ops.table import OPS

Rect = tuple[int, int, int, int]

# Steps that take the whole sheet elsewhere, so that its pictures can be followed.
FOLLOWED: Mapping[str, Callable[[Any, Size], Frame]] = {
    "resize": resize_frame,
    "crop": crop_frame,
    "pad": pad_frame,
}
# Steps that put things elsewhere, whatever size comes of it. All others are taken to leave every pixel at its
# place where they keep the size.
MOVING = frozenset({"_mount", "border", "flip", "rotate", "shadow", "trim"})
# What divisions leave behind at the edges of a box, in pixels.
SLACK = 1 / 256


def frames_of(picture: Picture, size_of: Callable[[Picture], Size]) -> tuple[Rect, ...]:
    """Left, top, width and height of each picture of a sheet in a picture made from it, in the order they were put
    there; empty for what is no sheet, and where a step after it cut off a part of one or moved them about. `size_of`
    also tells the sizes that only pixels can tell."""
    steps: list[Picture] = []
    node = picture
    while node.media is None and OPS[node.op].frames is None:
        steps.append(node)
        node = node.inputs[0]
    find = None if node.media is not None else OPS[node.op].frames
    if find is None or any(step.op in MOVING for step in steps):
        return ()
    sizes = [size_of(part) for part in node.inputs]
    rects: tuple[Rect, ...] = tuple(find(node.params, sizes))
    size = OPS[node.op].size(node.params, sizes)
    for step in reversed(steps):
        if size is None or not rects:
            return ()
        after = OPS[step.op].size(step.params, [size, *map(size_of, step.inputs[1:])])
        if step.op in FOLLOWED:
            rects = _followed(rects, FOLLOWED[step.op](step.params, size))
        elif after != size:
            return ()
        size = after
    return rects


def _followed(rects: tuple[Rect, ...], frame: Frame) -> tuple[Rect, ...]:
    """The rects of a picture in its frame; none where one of them is not whole any more."""
    left, top, right, bottom = frame.box
    for x, y, width, height in rects:
        if x < left - SLACK or y < top - SLACK or x + width > right + SLACK or y + height > bottom + SLACK:
            return ()
    return tuple(_in_frame(rect, frame) for rect in rects)


def _in_frame(rect: Rect, frame: Frame) -> Rect:
    """One rect of the picture in its frame: edges to the nearest pixel, never without a pixel of its own."""
    x, width = _along((rect[0], rect[2]), (frame.box[0], frame.box[2]), frame.scaled.width)
    y, height = _along((rect[1], rect[3]), (frame.box[1], frame.box[3]), frame.scaled.height)
    return x + frame.at[0], y + frame.at[1], width, height


def _along(part: tuple[int, int], box: tuple[float, float], side: int) -> tuple[int, int]:
    scale = side / (box[1] - box[0])
    start = max(0, min(floor((part[0] - box[0]) * scale + 0.5), side - 1))
    end = min(floor((part[0] + part[1] - box[0]) * scale + 0.5), side)
    return start, max(end - start, 1)
