"""Laws that every operation of the table keeps, and each one's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.model import Size
from assetforge.ops.decode import pixel_digest
from assetforge.ops.frames import inside
from assetforge.ops.spec import MAX_SIDE, OpFailed
from assetforge.ops.table import OPS, PUBLIC
from tests.ops.ops_params import INPUTS, PARAMS, run
from tests.ops.ops_pictures import MODES, PICTURES, PLACES, SIDES, SIZES, drawn


def size_of(name: str, params: dict[str, Any], *sizes: Size) -> Size | None:
    """The size that an operation announces."""
    op = OPS[name]
    return op.size(op.params.model_validate(params), sizes)


def test_every_operation_is_tried_here() -> None:
    assert set(PARAMS) == set(OPS)


def test_a_manifest_may_use_what_has_a_public_name() -> None:
    pixels = ("crop", "pad", "resize", "rotate", "flip", "trim", "cutout", "flatten", "overlay", "text", "atlas")
    effects = ("round", "border", "shadow", "grayscale", "tint", "adjust", "blur", "sharpen", "quantize", "pixelate")
    assert tuple(sorted(pixels + effects)) == PUBLIC


@pytest.mark.parametrize("name", sorted(OPS))
@given(data=st.data())
def test_size_tells_what_apply_gives(name: str, data: st.DataObject) -> None:
    """Both give one size, or both refuse; but for what only pixels tell: a mask's, a text that has no room, and what
    is left of a picture."""
    params = data.draw(PARAMS[name])
    images = [data.draw(PICTURES) for _ in range(INPUTS.get(name, 1))]
    if name == "_preserve" and data.draw(st.booleans()):
        images[2] = images[2].resize(images[1].size)
    try:
        told = size_of(name, params, *(Size(*image.size) for image in images))
    except OpFailed:
        with pytest.raises(OpFailed):
            run(name, params, *images)
        return
    before = [pixel_digest(image) for image in images]
    try:
        result = run(name, params, *images)
    except OpFailed:
        assert name in ("text", "trim", "_preserve", "_draw_mask", "_as_mask")
    else:
        assert told is None if name == "trim" else result.size == told
        assert result.mode in ("RGB", "RGBA")
    assert [pixel_digest(image) for image in images] == before


@pytest.mark.parametrize("name", sorted(OPS))
@given(data=st.data())
def test_a_size_that_is_fixed_is_every_picture_s(name: str, data: st.DataObject) -> None:
    op = OPS[name]
    params = op.params.model_validate(data.draw(PARAMS[name]))
    sizes = [data.draw(SIZES) for _ in range(INPUTS.get(name, 1))]
    try:
        told = op.size(params, sizes)
    except OpFailed:
        return
    assert op.fixed(params) in (None, told)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("pad", {"width": 64, "height": 48}),
        ("resize", {"width": 64, "height": 48, "fit": "contain"}),
        ("resize", {"width": 64, "height": 48, "upscale": True}),
        ("crop", {"x": 1.6, "y": 0, "width": 64, "height": 48}),
    ],
)
def test_a_canvas_of_a_given_size_is_known_whatever_comes_onto_it(name: str, params: dict[str, Any]) -> None:
    assert OPS[name].fixed(OPS[name].params.model_validate(params)) == Size(64, 48)


# --- resize -------------------------------------------------------------------------------------------------


@given(SIZES, PARAMS["resize"].filter(lambda table: not table.get("upscale")))
def test_resize_never_upscales_unasked(size: Size, params: dict[str, Any]) -> None:
    if params.get("fit") == "contain" and "width" in params and "height" in params:
        return
    told = size_of("resize", params, size)
    assert told is not None
    assert told.width <= size.width
    assert told.height <= size.height


@given(PICTURES, SIDES, SIDES, PLACES)
def test_contain_without_upscale_keeps_a_smaller_picture_whole(
    image: Image.Image, right: int, below: int, place: Any
) -> None:
    width, height = image.width + right, image.height + below
    params = {"width": width, "height": height, "fit": "contain", "position": place}
    result = run("resize", params, image)
    assert result.size == (width, height)
    assert result.mode == "RGBA"
    ours = {pixel_digest(image), pixel_digest(result.crop(found(result, image)))}
    assert len(ours) == 1 or image.mode == "RGBA"


def found(result: Image.Image, image: Image.Image) -> tuple[int, int, int, int]:
    """Where an opaque picture stands on a transparent canvas."""
    bounds = result.getchannel("A").getbbox()
    assert bounds is not None
    return bounds if image.mode == "RGB" else (0, 0, 1, 1)


@given(PICTURES, PLACES)
def test_cover_of_a_smaller_picture_only_crops(image: Image.Image, place: Any) -> None:
    """At the picture's own scale nothing is resampled: every row of the result is a row of the picture."""
    result = run("resize", {"width": 3000, "height": 1000, "position": place}, image)
    assert image.width in (result.width, 3 * result.height + 1, 3 * result.height - 1, 3 * result.height) or (
        result.height == image.height
    )
    rows = image.tobytes()
    stride = result.width * len(image.getbands())
    flat = result.tobytes()
    assert all(flat[start : start + stride] in rows for start in range(0, len(flat), stride))


@pytest.mark.parametrize(
    ("params", "size", "expected"),
    [
        ({"width": 50}, (100, 80), (50, 40)),
        ({"height": 40}, (100, 80), (50, 40)),
        ({"width": 500}, (100, 80), (100, 80)),
        ({"width": 500, "upscale": True}, (100, 80), (500, 400)),
        ({"width": 1600}, (1000, 1), (1000, 1)),
        ({"width": 60, "height": 60}, (100, 80), (60, 60)),
        ({"width": 160, "height": 90}, (100, 80), (100, 56)),
        ({"width": 160, "height": 90, "upscale": True}, (100, 80), (160, 90)),
        ({"width": 160, "height": 90, "fit": "contain"}, (100, 80), (160, 90)),
        ({"width": 160, "height": 90, "fit": "inside"}, (100, 80), (100, 80)),
        ({"width": 160, "height": 60, "fit": "inside"}, (100, 80), (75, 60)),
        ({"width": 50, "height": 60, "fit": "outside"}, (100, 80), (75, 60)),
        ({"width": 500, "height": 60, "fit": "outside"}, (100, 80), (100, 80)),
        ({"width": 50, "height": 60, "fit": "fill"}, (100, 80), (50, 60)),
        ({"width": 200, "height": 80, "fit": "fill"}, (100, 80), (100, 40)),
    ],
)
def test_resize_gives_the_size_it_promises(
    params: dict[str, Any], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert run("resize", params, drawn(*size)).size == expected


def test_a_transparent_pixels_colour_never_shows() -> None:
    """A white disc on transparent red stays white at its edge, with every filter."""
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((255, 255, 255, 255), (16, 16, 47, 47))
    for name in ("lanczos", "bicubic", "bilinear", "box"):
        small = run("resize", {"width": 23, "filter": name}, image)
        flat = small.tobytes()
        pixels = [flat[start : start + 4] for start in range(0, len(flat), 4)]
        assert min(min(pixel[:3]) for pixel in pixels if pixel[3] > 8) > 220


def test_a_result_beyond_all_limits_is_refused_by_size_and_apply() -> None:
    params = {"width": MAX_SIDE, "upscale": True}
    with pytest.raises(OpFailed, match="megapixels"):
        size_of("resize", params, Size(1, 1))
    with pytest.raises(OpFailed, match="megapixels"):
        run("resize", params, drawn(1, 1))


# --- crop and pad -------------------------------------------------------------------------------------------


@given(PICTURES, st.data())
def test_a_box_in_fractions_is_the_box_in_pixels(image: Image.Image, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, image.width - 1))
    top = data.draw(st.integers(0, image.height - 1))
    width = data.draw(st.integers(2, max(2, image.width - left)))
    height = data.draw(st.integers(2, max(2, image.height - top)))
    if left + width > image.width or top + height > image.height:
        return
    pixels = run("crop", {"x": left, "y": top, "width": width, "height": height}, image)
    shares = {"x": left / image.width, "y": top / image.height}
    extents = {"width": width / image.width, "height": height / image.height}
    assert pixel_digest(run("crop", shares | extents, image)) == pixel_digest(pixels)
    assert pixel_digest(image.crop((left, top, left + width, top + height))) == pixel_digest(pixels)


def test_a_box_that_leaves_the_picture_is_refused() -> None:
    with pytest.raises(OpFailed, match="the box 10, 0, 95, 20 leaves the picture, which is 100x80"):
        run("crop", {"x": 10, "y": 0, "width": 95, "height": 20}, drawn(100, 80))


def test_pad_refuses_a_larger_picture_before_anything_is_made() -> None:
    with pytest.raises(OpFailed, match="the picture is 100x80, which is larger than the canvas of 64x90"):
        size_of("pad", {"width": 64, "height": 90}, Size(100, 80))


def test_pad_keeps_the_picture_and_colours_the_rest() -> None:
    image = drawn(10, 10)
    result = run("pad", {"width": 20, "height": 12, "position": "top-right", "color": "#0f766e"}, image)
    assert result.mode == "RGB"
    assert pixel_digest(result.crop((10, 0, 20, 10))) == pixel_digest(image)
    assert result.getpixel((0, 0)) == (15, 118, 110)


# --- on the way to a provider -------------------------------------------------------------------------------


@given(PICTURES, SIDES, SIDES)
def test_cut_back_undoes_extend(image: Image.Image, width: int, height: int) -> None:
    """The way there and back keeps the size; where nothing has to be scaled it keeps every pixel."""
    target = {"width": width, "height": height}
    back = run("_cut_back", target, run("_extend", target, image), image)
    assert back.size == image.size
    if inside(Size(*image.size), Size(width, height)) == image.size:
        assert pixel_digest(back) == pixel_digest(image)


@given(SIZES, MODES, SIDES, SIDES)
def test_a_plain_picture_stays_plain_all_the_way(size: Size, mode: str, width: int, height: int) -> None:
    image = Image.new(mode, size, (10, 200, 90, 255)[: len(mode)])
    there = run("_extend", {"width": width, "height": height}, image)
    assert pixel_digest(there) == pixel_digest(Image.new(mode, (width, height), image.getpixel((0, 0))))
    back = run("_cut_back", {"width": width, "height": height}, there, image)
    assert pixel_digest(back) == pixel_digest(image)


def test_an_answer_of_another_size_is_cut_at_the_same_places() -> None:
    original = Image.new("RGB", (40, 10), "green")
    asked = run("_extend", {"width": 160, "height": 160}, original)
    asked.paste((255, 0, 0), (0, 0, 160, 60))
    asked.paste((255, 0, 0), (0, 100, 160, 160))
    answer = asked.resize((80, 80), Image.Resampling.NEAREST)
    back = run("_cut_back", {"width": 160, "height": 160}, answer, original)
    assert pixel_digest(back) == pixel_digest(original)


# --- flatten and overlay ------------------------------------------------------------------------------------


@given(PICTURES)
def test_flatten_leaves_nothing_transparent(image: Image.Image) -> None:
    result = run("flatten", {"color": "black"}, image)
    assert result.mode == "RGB"
    if image.mode == "RGB":
        assert pixel_digest(result) == pixel_digest(image)


@given(PICTURES, PICTURES, PARAMS["overlay"])
def test_an_overlay_without_opacity_changes_nothing(
    base: Image.Image, top: Image.Image, params: dict[str, Any]
) -> None:
    if base.mode == "RGB":
        result = run("overlay", {**params, "opacity": 0.0}, base, top)
        assert pixel_digest(result) == pixel_digest(base)


def test_an_overlay_stands_where_it_is_told_to() -> None:
    base, top = Image.new("RGB", (20, 20), "white"), Image.new("RGB", (4, 4), "red")
    result = run("overlay", {"image": "@logo", "position": "bottom-right", "offset": [-1, -2]}, base, top)
    assert ImageChops.difference(result, base).getbbox() == (15, 14, 19, 18)


@pytest.mark.parametrize(
    ("blend", "expected"),
    [("normal", (100, 50, 200)), ("multiply", (78, 20, 0)), ("screen", (222, 130, 200))],
)
def test_blends_are_w3cs(blend: str, expected: tuple[int, int, int]) -> None:
    base, top = Image.new("RGB", (1, 1), (200, 100, 0)), Image.new("RGB", (1, 1), (100, 50, 200))
    mixed = run("overlay", {"image": "@logo", "blend": blend}, base, top).getpixel((0, 0))
    assert isinstance(mixed, tuple)
    assert all(abs(one - other) <= 1 for one, other in zip(mixed, expected, strict=True))
