"""Laws of all steps that change how a picture looks, and of each of those that turn it or put something round it."""

from concurrent.futures import ThreadPoolExecutor
from math import pi
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.model import Size
from assetforge.ops.decode import pixel_digest
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS
from tests.ops.ops_params import PARAMS, run
from tests.ops.ops_pictures import PICTURES, SIDES, drawn

LOCAL = (
    "adjust", "blur", "border", "crop", "cutout", "flatten", "flip", "grayscale", "pad", "pixelate", "quantize",
    "resize", "rotate", "round", "shadow", "sharpen", "tint", "trim",
)  # fmt: skip

NEUTRAL: list[tuple[str, dict[str, Any]]] = [
    ("rotate", {"degrees": 0}),
    ("rotate", {"degrees": -360}),
    ("round", {"radius": 0}),
    ("border", {"width": 0, "color": "red"}),
    ("shadow", {"color": "transparent"}),
    ("tint", {"color": "red", "amount": 0}),
    ("adjust", {}),
    ("adjust", {"brightness": 1, "contrast": 1, "saturation": 1}),
    ("blur", {"radius": 0}),
    ("sharpen", {"radius": 0}),
    ("pixelate", {"size": 1}),
]


def alpha(image: Image.Image) -> Image.Image:
    """How opaque each pixel is."""
    return image.convert("RGBA").getchannel("A")


def seen(image: Image.Image) -> str:
    """A picture by what can be seen of it: pixels that are fully transparent are alike."""
    return pixel_digest(Image.merge("RGBA", image.convert("RGBA").convert("RGBa").split()))


@pytest.mark.parametrize(("name", "params"), NEUTRAL)
@given(image=PICTURES)
def test_an_effect_at_its_neutral_value_gives_the_very_picture(
    name: str, params: dict[str, Any], image: Image.Image
) -> None:
    assert run(name, params, image) is image


@pytest.mark.parametrize("name", LOCAL)
@given(data=st.data())
def test_what_a_hidden_pixel_is_coloured_like_never_shows(name: str, data: st.DataObject) -> None:
    """Pixels that are fully transparent have a colour in the file; no other pixel may be the darker for it."""
    params, image = data.draw(PARAMS[name]), data.draw(PICTURES).convert("RGBA")
    holes = drawn(*image.size, "L", 5).point([0] * 128 + [255] * 128)
    image.putalpha(ImageChops.darker(image.getchannel("A"), holes))
    other = image.copy()
    other.paste((255, 0, 255, 0), mask=image.getchannel("A").point([255, *[0] * 255]))
    results = []
    for each in (image, other):
        try:
            results.append(seen(run(name, params, each)))
        except OpFailed as error:
            results.append(str(error))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", LOCAL)
@given(data=st.data())
def test_an_alpha_channel_that_is_all_opaque_changes_nothing(name: str, data: st.DataObject) -> None:
    params, image = data.draw(PARAMS[name]), data.draw(PICTURES).convert("RGB")
    try:
        plain = run(name, params, image)
    except OpFailed:
        with pytest.raises(OpFailed):
            run(name, params, image.convert("RGBA"))
    else:
        assert pixel_digest(run(name, params, image.convert("RGBA"))) == pixel_digest(plain)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("rotate", {"degrees": 90}),
        ("flip", {}),
        ("border", {"width": 3}),
        ("grayscale", {}),
        ("tint", {"color": "red"}),
        ("adjust", {"contrast": 2}),
        ("blur", {"radius": 3}),
        ("sharpen", {}),
        ("quantize", {"colors": 5}),
        ("pixelate", {"size": 5}),
        ("trim", {"margin": 30}),
        ("cutout", {"color": "#00ff00", "tolerance": 0}),
    ],
)
def test_a_picture_without_transparency_gets_none(name: str, params: dict[str, Any]) -> None:
    assert run(name, params, drawn(40, 30)).mode == "RGB"


def test_steps_may_run_in_many_threads_on_one_picture() -> None:
    image = drawn(300, 200, "RGBA")
    params: dict[str, dict[str, Any]] = {
        "rotate": {"degrees": 20},
        "round": {"radius": 50},
        "shadow": {},
        "adjust": {"saturation": 2},
        "blur": {"radius": 4},
        "sharpen": {},
        "quantize": {"colors": 9, "dither": True},
        "pixelate": {"size": 9},
        "cutout": {"color": "#808080", "tolerance": 40},
    }
    alone = {name: pixel_digest(run(name, table, image)) for name, table in params.items()}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: (name, pixel_digest(run(name, params[name], image))), [*params] * 6))
    assert {digest for name, digest in found if digest != alone[name]} == set()


# --- rotate and flip ----------------------------------------------------------------------------------------


def test_rotate_goes_clockwise() -> None:
    image = Image.new("RGB", (20, 10), "white")
    image.paste((255, 0, 0), (0, 0, 20, 2))
    turned = run("rotate", {"degrees": 90}, image)
    assert turned.size == (10, 20)
    assert turned.getpixel((9, 10)) == (255, 0, 0)
    nearly = run("rotate", {"degrees": 89}, image)
    red = nearly.getpixel((nearly.width - 2, nearly.height // 2))
    assert isinstance(red, tuple)
    assert red[0] > 250
    assert red[1] < 60


@given(PICTURES, st.sampled_from([90, -90, 180, 270, 360]))
def test_quarter_turns_keep_every_pixel(image: Image.Image, degrees: int) -> None:
    there = run("rotate", {"degrees": degrees}, image)
    assert pixel_digest(run("rotate", {"degrees": -degrees}, there)) == pixel_digest(image)


@given(SIDES, SIDES, st.floats(-360, 360))
def test_a_turned_picture_is_all_on_its_canvas(width: int, height: int, degrees: float) -> None:
    """As much of it is there as before, but for what its edge gains where bicubic overshoots."""
    turned = run("rotate", {"degrees": degrees}, Image.new("RGB", (width, height), (10, 200, 90)))
    area = sum(level * count for level, count in enumerate(alpha(turned).histogram())) / 255
    assert abs(area - width * height) <= 2 + 0.3 * (width + height)


@given(PICTURES, st.sampled_from(["horizontal", "vertical"]))
def test_a_mirrored_mirror_image_is_the_picture(image: Image.Image, direction: str) -> None:
    mirrored = run("flip", {"direction": direction}, image)
    assert pixel_digest(run("flip", {"direction": direction}, mirrored)) == pixel_digest(image)


def test_flip_changes_left_and_right_unless_told_otherwise() -> None:
    image = drawn(5, 4)
    assert run("flip", {}, image).getpixel((0, 1)) == image.getpixel((4, 1))
    assert run("flip", {"direction": "vertical"}, image).getpixel((1, 0)) == image.getpixel((1, 3))


# --- round, border, shadow ----------------------------------------------------------------------------------


@given(SIDES, SIDES, st.floats(0, 70))
def test_round_corners_are_quarter_circles(width: int, height: int, radius: float) -> None:
    """What is left has the area of the figure, to less than a hundredth of a pixel for each pixel of the edge."""
    result = run("round", {"radius": radius}, Image.new("RGB", (width, height)))
    exact = min(radius, width / 2, height / 2)
    area = sum(level * count for level, count in enumerate(alpha(result).histogram())) / 255
    assert abs(area - (width * height - (4 - pi) * exact * exact)) <= 0.05 + 0.02 * exact


@given(PICTURES, st.floats(0, 40))
def test_round_corners_are_alike(image: Image.Image, radius: float) -> None:
    before = run("round", {"radius": radius}, run("flip", {}, image))
    assert seen(before) == seen(run("flip", {}, run("round", {"radius": radius}, image)))


def test_an_edge_of_a_round_corner_is_smooth() -> None:
    levels = set(alpha(run("round", {"radius": 30}, Image.new("RGB", (64, 64)))).tobytes())
    assert len(levels) > 30


@given(PICTURES, st.integers(1, 20))
def test_a_border_leaves_the_picture_as_it_is(image: Image.Image, width: int) -> None:
    result = run("border", {"width": width, "color": "#0f766e"}, image)
    inner = result.crop((width, width, width + image.width, width + image.height))
    assert pixel_digest(inner) == pixel_digest(image)
    result.paste((15, 118, 110, 255)[: len(result.mode)], (width, width, width + image.width, width + image.height))
    assert len(result.getcolors(2) or ()) == 1


def test_a_border_or_a_turn_that_would_be_too_large_is_refused_before_anything_is_made() -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("border", {"width": 9000}),
        ("rotate", {"degrees": 45}),
        ("shadow", {"offset": [9000, 9000]}),
    ]
    for name, params in cases:
        op = OPS[name]
        with pytest.raises(OpFailed, match="more than 100 megapixels"):
            op.size(op.params.model_validate(params), [Size(9000, 9000)])


@given(PICTURES, st.floats(1, 20), st.integers(-30, 30), st.integers(-30, 30))
def test_a_shadow_is_never_cut_off(image: Image.Image, blur: float, across: int, down: int) -> None:
    """Nothing of it is left where the canvas ends, unless the picture is there."""
    opaque = image.convert("RGB")
    result = run("shadow", {"blur": blur, "offset": [across, down], "color": "black"}, opaque)
    op = OPS["shadow"]
    assert (
        op.size(op.params.model_validate({"blur": blur, "offset": [across, down]}), [Size(*image.size)])
        == result.size
    )
    edges = alpha(result)
    ring = edges.copy()
    ring.paste(0, (1, 1, result.width - 1, result.height - 1))
    solid = ring.point([0] * 255 + [255])
    assert max(ImageChops.subtract(ring, solid).tobytes()) <= 4


def test_a_shadow_lies_under_the_picture_and_where_it_is_told_to() -> None:
    image = Image.new("RGB", (10, 10), "white")
    result = run("shadow", {"blur": 0, "offset": [3, -2], "color": "#f00"}, image)
    assert result.size == (13, 12)
    assert pixel_digest(result.crop((0, 2, 10, 12))) == pixel_digest(image)
    assert result.getpixel((12, 0)) == (255, 0, 0, 255)
    assert result.getpixel((12, 11)) == (255, 0, 0, 0)


def test_a_shadow_has_the_form_of_what_is_opaque() -> None:
    image = Image.new("RGBA", (20, 20))
    image.paste((255, 255, 255, 255), (5, 5, 10, 10))
    result = run("shadow", {"blur": 0, "offset": [7, 0], "color": "#0008"}, image)
    assert alpha(result).getbbox() == (5, 5, 17, 10)
    assert result.getpixel((14, 7)) == (0, 0, 0, 136)


@given(PICTURES)
def test_nothing_is_behind_an_opaque_picture(image: Image.Image) -> None:
    assume(image.mode == "RGB")
    assert run("shadow", {"blur": 0, "offset": [0, 0]}, image) is image
