"""Laws of steps that change colours and detail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from assetforge.ops.decode import pixel_digest
from tests.ops.ops_params import PARAMS, run
from tests.ops.ops_pictures import FRACTIONS, PICTURES, SIDES, drawn

KEEP_ALPHA = ("adjust", "grayscale", "quantize", "sharpen", "tint")


def spread(image: Image.Image) -> float:
    """How different the pixels of a picture are."""
    return sum(ImageStat.Stat(image.convert("RGB")).var)


@pytest.mark.parametrize("name", KEEP_ALPHA)
@given(data=st.data())
def test_transparency_stays_as_it_is(name: str, data: st.DataObject) -> None:
    image = data.draw(PICTURES)
    result = run(name, data.draw(PARAMS[name]), image)
    assert result.mode == image.mode
    assert result.convert("RGBA").getchannel("A").tobytes() == image.convert("RGBA").getchannel("A").tobytes()


# --- colours ------------------------------------------------------------------------------------------------


@given(PICTURES)
def test_greys_are_grey_and_stay(image: Image.Image) -> None:
    result = run("grayscale", {}, image)
    red, green, blue = result.convert("RGB").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert pixel_digest(run("grayscale", {}, result)) == pixel_digest(result)


@given(PICTURES, st.sampled_from(["red", "#0f766e", "black", "white", "gold"]), FRACTIONS)
def test_a_tinted_picture_is_as_light_as_before(image: Image.Image, color: str, amount: float) -> None:
    result = run("tint", {"color": color, "amount": amount}, image)
    change = ImageChops.difference(result.convert("RGB").convert("L"), image.convert("RGB").convert("L"))
    assert max(change.tobytes()) <= 2


def test_a_tint_gives_its_colour_to_greys_and_leaves_black_and_white() -> None:
    greys = Image.linear_gradient("L").convert("RGB")
    result = run("tint", {"color": "#0f766e"}, greys)
    assert result.getpixel((0, 0)) == (0, 0, 0)
    assert result.getpixel((0, 255)) == (255, 255, 255)
    assert (15, 118, 110) in {color for _, color in result.getcolors() or ()}


@given(PICTURES)
def test_without_saturation_a_picture_is_grey(image: Image.Image) -> None:
    assert pixel_digest(run("adjust", {"saturation": 0}, image)) == pixel_digest(run("grayscale", {}, image))


@given(PICTURES)
def test_no_brightness_is_black_and_no_contrast_is_grey(image: Image.Image) -> None:
    plain = image.convert("RGB")
    assert run("adjust", {"brightness": 0}, plain).getextrema() == ((0, 0),) * 3
    assert run("adjust", {"contrast": 0}, plain).getextrema() == ((128, 128),) * 3


def test_more_is_more() -> None:
    image = Image.new("RGB", (1, 1), (100, 120, 180))
    assert run("adjust", {"brightness": 1.2}, image).getpixel((0, 0)) == (120, 144, 216)
    assert run("adjust", {"contrast": 2}, image).getpixel((0, 0)) == (73, 113, 233)
    assert run("adjust", {"saturation": 1.5}, image).getpixel((0, 0)) == (89, 119, 210)
    assert run("adjust", {"saturation": 0.5}, image).getpixel((0, 0)) == (111, 121, 150)


# --- blur and sharpen ---------------------------------------------------------------------------------------


@given(SIDES, SIDES, st.sampled_from(["RGB", "RGBA"]), st.floats(0, 50))
def test_a_plain_picture_has_nothing_to_blur_or_to_sharpen(width: int, height: int, mode: str, radius: float) -> None:
    image = Image.new(mode, (width, height), (10, 200, 90, 255)[: len(mode)])
    for name in ("blur", "sharpen"):
        assert pixel_digest(run(name, {"radius": radius}, image)) == pixel_digest(image)


@given(st.floats(0.5, 10))
def test_a_blurred_sprite_has_no_fringe(radius: float) -> None:
    """White on transparent black stays white however far it is blurred, and loses nothing."""
    image = Image.new("RGBA", (128, 128))
    image.paste((255, 255, 255, 255), (56, 56, 72, 72))
    red, green, blue, alpha = run("blur", {"radius": radius}, image).split()
    for channel in (red, green, blue):
        assert ImageChops.darker(ImageChops.invert(channel), alpha.point([0, *[255] * 255])).getbbox() is None
    assert abs(ImageStat.Stat(alpha).sum[0] / 255 - 256) < 16


@given(PICTURES.filter(lambda image: min(image.size) > 4))
def test_blur_takes_detail_away_and_sharpen_adds_some(image: Image.Image) -> None:
    plain = image.convert("RGB")
    assert spread(run("blur", {"radius": 1}, plain)) < spread(plain) < spread(run("sharpen", {}, plain))


# --- quantize and pixelate ----------------------------------------------------------------------------------


@given(PICTURES, st.integers(2, 40), st.booleans())
def test_few_colours_are_few_and_stay(image: Image.Image, colors: int, dither: bool) -> None:
    params = {"colors": colors, "dither": dither}
    result = run("quantize", params, image)
    seen = {color[:3] for _, color in result.convert("RGBA").getcolors(4000) or () if color[3]}  # type: ignore[index]
    assert len(seen) <= colors
    assert run("quantize", params, result) is result


def test_a_picture_of_few_colours_keeps_them() -> None:
    image = drawn(40, 30).resize((1, 30)).resize((40, 30))
    assert run("quantize", {"colors": 30}, image) is image


def test_hidden_colours_are_none_of_the_few() -> None:
    image = drawn(40, 30, "RGBA")
    image.putalpha(0)
    assert run("quantize", {"colors": 2}, image) is image
    image.paste((200, 10, 10, 255), (3, 3, 20, 20))
    image.paste((10, 10, 200, 255), (3, 20, 20, 25))
    assert run("quantize", {"colors": 2}, image) is image


def test_dithering_mixes_what_is_missing() -> None:
    ramp = Image.linear_gradient("L").convert("RGB")
    steps, mixed = (run("quantize", {"colors": 3, "dither": dither}, ramp) for dither in (False, True))
    rows = (0, 60, 256, 70)
    exact = ImageStat.Stat(ramp.crop(rows)).mean[0]
    assert abs(ImageStat.Stat(mixed.crop(rows)).mean[0] - exact) < 8
    assert abs(ImageStat.Stat(steps.crop(rows)).mean[0] - exact) > 8


@given(PICTURES, st.integers(1, 80))
def test_each_square_has_one_colour_its_mean(image: Image.Image, size: int) -> None:
    plain = image.convert("RGB")
    result = run("pixelate", {"size": size}, plain)
    for top in range(0, plain.height, size):
        for left in range(0, plain.width, size):
            box = (left, top, min(left + size, plain.width), min(top + size, plain.height))
            square = ImageStat.Stat(result.crop(box))
            assert all(low == high for low, high in square.extrema)
            exact = ImageStat.Stat(plain.crop(box)).mean
            assert all(abs(one - other) < 1 for one, other in zip(square.mean, exact, strict=True))


@given(PICTURES, st.integers(1, 80))
def test_what_is_pixelated_stays_so(image: Image.Image, size: int) -> None:
    once = run("pixelate", {"size": size}, image.convert("RGB"))
    assert pixel_digest(run("pixelate", {"size": size}, once)) == pixel_digest(once)
