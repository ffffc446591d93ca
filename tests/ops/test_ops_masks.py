"""Laws of masks: what is drawn is edited, all else is kept, and a mask that edits nothing is refused."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.model import Shape, Size
from assetforge.ops.masks import as_mask, draw_mask
from assetforge.ops.spec import OpFailed
from tests.ops.ops_pictures import SIZES, drawn

KINDS: tuple[Literal["rect", "ellipse"], ...] = ("rect", "ellipse")


def edited(mask: Image.Image) -> tuple[int, int, int, int] | None:
    """The bounds of what a mask lets be edited."""
    return mask.getchannel("A").point([255, *[0] * 255]).getbbox()


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_in_fractions_is_the_shape_in_pixels(kind: Literal["rect", "ellipse"]) -> None:
    size = Size(200, 100)
    pixels = draw_mask([Shape(kind, (50, 25, 100, 50))], size)
    assert draw_mask([Shape(kind, (0.25, 0.25, 0.5, 0.5))], size).tobytes() == pixels.tobytes()
    assert edited(pixels) == (50, 25, 150, 75)


def test_a_polygon_in_fractions_is_the_polygon_in_pixels() -> None:
    size = Size(200, 100)
    pixels = draw_mask([Shape("polygon", (50, 25, 150, 25, 100, 75))], size)
    assert draw_mask([Shape("polygon", (0.25, 0.25, 0.75, 0.25, 0.5, 0.75))], size).tobytes() == pixels.tobytes()
    assert pixels.getpixel((100, 30)) == (0, 0, 0, 0)
    assert pixels.getpixel((55, 70)) == (0, 0, 0, 255)


def test_several_shapes_are_their_union() -> None:
    mask = draw_mask([Shape("rect", (0, 0, 10, 10)), Shape("rect", (30, 30, 10, 10))], Size(40, 40))
    assert mask.getpixel((5, 5)) == mask.getpixel((35, 35)) == (0, 0, 0, 0)
    assert mask.getpixel((20, 20)) == (0, 0, 0, 255)


@given(SIZES)
def test_a_rect_of_all_is_all(size: Size) -> None:
    mask = draw_mask([Shape("rect", (0, 0, 1, 1))], size)
    assert mask.getchannel("A").getextrema() == (0, 0)


def test_a_shape_is_cut_at_the_edge() -> None:
    assert edited(draw_mask([Shape("rect", (30, -10, 500, 20))], Size(40, 40))) == (30, 0, 40, 10)


@pytest.mark.parametrize(
    "shape",
    [
        Shape("rect", (50, 50, 10, 10)),
        Shape("rect", (5, 5, 0, 10)),
        Shape("ellipse", (5, 5, -4, 10)),
        Shape("polygon", (100, 100, 200, 100, 150, 200)),
    ],
)
def test_shapes_that_touch_nothing_are_refused(shape: Shape) -> None:
    with pytest.raises(OpFailed, match="the mask keeps everything"):
        draw_mask([shape], Size(40, 40))


@pytest.mark.parametrize("coordinate", [1e9, float("nan"), float("inf")])
def test_coordinates_without_end_are_refused(coordinate: float) -> None:
    with pytest.raises(OpFailed, match="coordinate beyond"):
        draw_mask([Shape("ellipse", (0, 0, coordinate, 10))], Size(40, 40))


def test_a_mask_with_alpha_keeps_its_alpha() -> None:
    image = drawn(40, 30, "RGBA")
    assert as_mask(image).getchannel("A").tobytes() == image.getchannel("A").tobytes()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_grey_mask_keeps_what_is_white(mode: str) -> None:
    grey = Image.new("L", (4, 1))
    grey.putdata([0, 100, 200, 255])
    mask = as_mask(grey.convert(mode))
    assert list(mask.getchannel("A").tobytes()) == [0, 100, 200, 255]
    assert as_mask(mask).tobytes() == mask.tobytes()


def test_a_mask_that_keeps_everything_is_refused() -> None:
    for mode in ("RGB", "RGBA"):
        with pytest.raises(OpFailed, match="the mask keeps everything"):
            as_mask(Image.new(mode, (4, 4), "white"))


def test_a_mask_without_a_fully_transparent_part_is_refused() -> None:
    with pytest.raises(OpFailed, match="the mask lets nothing be edited"):
        as_mask(Image.new("RGBA", (4, 4), (0, 0, 0, 100)))


@given(SIZES, st.sampled_from(KINDS), st.tuples(*[st.floats(-2, 70)] * 4))
def test_a_drawn_mask_is_black_and_has_no_soft_edge(
    size: Size, kind: Literal["rect", "ellipse"], points: tuple[float, ...]
) -> None:
    try:
        mask = draw_mask([Shape(kind, points)], size)
    except OpFailed:
        return
    assert {colour for _, colour in mask.getcolors() or []} <= {(0, 0, 0, 0), (0, 0, 0, 255)}
