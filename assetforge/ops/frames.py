"""The arithmetic of pictures in frames: sizes, fits and positions; no picture is touched here.

A frame is whole numbers wherever the result is, so that a plan can tell every size before a picture exists.
"""

from dataclasses import dataclass, replace
from math import floor

from assetforge.model import Size
from assetforge.ops.spec import MAX_PIXELS, POSITIONS, Fit, OpFailed, Position

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture's way into another: its `box` is scaled to `scaled`, which stands at `at` on `canvas`."""

    box: Box
    scaled: Size
    canvas: Size
    at: tuple[int, int] = (0, 0)


def divided(number: int, by: int) -> int:
    """A side in whole pixels: rounded half up, never less than 1."""
    return max(1, (2 * number + by) // (2 * by))


def checked(size: Size) -> Size:
    """The size of a result. Raises OpFailed where it has more pixels than any picture may have."""
    if size.width * size.height > MAX_PIXELS:
        raise OpFailed(f"a picture of {size} would have more than {MAX_PIXELS // 1_000_000} megapixels")
    return size


def inside(size: Size, room: Size) -> Size:
    """The largest size of `size`'s shape that fits into `room`."""
    if room.width * size.height <= room.height * size.width:
        return Size(room.width, divided(size.height * room.width, size.width))
    return Size(divided(size.width * room.height, size.height), room.height)


def outside(size: Size, room: Size) -> Size:
    """The smallest size of `size`'s shape that covers `room`."""
    if room.width * size.height >= room.height * size.width:
        return Size(room.width, divided(size.height * room.width, size.width))
    return Size(divided(size.width * room.height, size.height), room.height)


def place(inner: Size, outer: Size, position: Position) -> tuple[int, int]:
    """Where `inner` stands on `outer`; negative where it is larger."""
    across, down = fractions(position)
    return (
        floor((outer.width - inner.width) * across + 0.5),
        floor((outer.height - inner.height) * down + 0.5),
    )


def fractions(position: Position) -> tuple[float, float]:
    """A position as fractions of the free space."""
    return POSITIONS[position] if isinstance(position, str) else position


def whole(size: Size) -> Box:
    """The box that is all of a picture."""
    return (0, 0, size.width, size.height)


def framed(size: Size, target: Size, *, fit: Fit, position: Position) -> Frame:
    """How a picture comes to `target`, scaled up or down as that needs."""
    if fit == "cover":
        return _covering(size, target, position)
    if fit == "contain":
        return on_canvas(framed(size, target, fit="inside", position=position), target, position)
    scaled = {"inside": inside, "outside": outside}[fit](size, target) if fit != "fill" else target
    return Frame(whole(size), scaled, checked(scaled))


def on_canvas(frame: Frame, canvas: Size, position: Position) -> Frame:
    """The same frame on a larger canvas."""
    return replace(frame, canvas=checked(canvas), at=place(frame.scaled, canvas, position))


def _covering(size: Size, target: Size, position: Position) -> Frame:
    if target.width * size.height >= target.height * size.width:
        across, down = float(size.width), target.height * size.width / target.width
    else:
        across, down = target.width * size.height / target.height, float(size.height)
    if (across, down) == target:
        left, top = map(float, place(target, size, position))
    else:
        # A box of less than a pixel would vanish in the 32 bits that Pillow computes boxes with.
        across, down = max(across, 1.0), max(down, 1.0)
        beside, above = fractions(position)
        left, top = (size.width - across) * beside, (size.height - down) * above
    box = (left, top, min(left + across, size.width), min(top + down, size.height))
    return Frame(box, target, checked(target))


def reach(size: Size, target: Size, fit: Fit) -> Size:
    """The target made smaller, in its own shape, until nothing has to be scaled up."""
    wider, higher = target.width > size.width, target.height > size.height
    if fit in ("inside", "contain"):
        return size if wider and higher else target
    if not (wider or higher):
        return target
    return inside(target, size)


def pixel_box(shape: tuple[float, float, float, float], size: Size) -> tuple[int, int, int, int]:
    """The edges of x, y, width, height in pixels: fractions of `size` where no coordinate is over 1."""
    x, y, width, height = shape
    across, down = size if max(map(abs, shape)) <= 1 else (1, 1)
    return (
        floor(x * across + 0.5),
        floor(y * down + 0.5),
        floor((x + width) * across + 0.5),
        floor((y + height) * down + 0.5),
    )
