"""Laws of what takes a background away: `trim` and `cutout`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.ops.cutout import Cutout, remark
from assetforge.ops.decode import pixel_digest
from assetforge.ops.spec import OpFailed
from tests.ops.ops_params import run
from tests.ops.ops_pictures import PICTURES, SIDES, disc, drawn

GREEN = (0, 255, 0)
RED = (200, 60, 40)
KEYS = [(0, 255, 0), (255, 0, 255), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
INKS = [(200, 60, 40), (30, 110, 60), (120, 120, 120), (250, 220, 40)]


def solid(size: tuple[int, int], color: tuple[int, int, int]) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, color)


def shown(image: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    """A picture as it is seen on a ground."""
    return Image.alpha_composite(solid(image.size, ground).convert("RGBA"), image.convert("RGBA")).convert("RGB")


# --- trim ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_trim_undoes_a_canvas(width: int, height: int, left: int, top: int, is_clear: bool) -> None:
    inner = Image.new("RGBA", (width, height), (200, 60, 40, 255))
    canvas = Image.new("RGBA", (width + 2 * left, height + 2 * top), (9, 9, 9, 0 if is_clear else 255))
    canvas.paste(inner, (left, top))
    assert pixel_digest(run("trim", {}, canvas)) == pixel_digest(inner)


@given(st.integers(0, 40), st.integers(0, 3), SIDES, SIDES)
def test_a_margin_is_as_wide_as_it_says_on_all_sides(margin: int, grain: int, right: int, below: int) -> None:
    """Where the picture ends before the margin does, its background goes on; what is trimmed so stays so."""
    image = solid((10 + right, 10 + below), (250 - grain, 250, 250))
    image.paste((0, 0, 0), (4, 6, 8, 9))
    image.putpixel((0, 0), (250, 250, 250 - grain))
    result = run("trim", {"margin": margin}, image)
    assert result.mode == "RGB"
    assert result.size == (4 + 2 * margin, 3 + 2 * margin)
    dark = result.convert("L").point([255] * 100 + [0] * 156).getbbox()
    assert dark == (margin, margin, margin + 4, margin + 3)
    if margin:
        assert run("trim", {"margin": margin}, result) is result


@given(SIDES, SIDES, st.sampled_from([(9, 9, 9, 255), (9, 9, 9, 0), (9, 200, 9, 77)]))
def test_a_picture_that_is_all_background_has_nothing_left(
    width: int, height: int, color: tuple[int, int, int, int]
) -> None:
    with pytest.raises(
        OpFailed, match=r"^the picture is all background: nothing differs from its corners by more than 8$"
    ):
        run("trim", {}, Image.new("RGBA", (width, height), color))


def test_grain_and_one_odd_corner_are_background_still() -> None:
    image = Image.merge(
        "RGB", [channel.point([level // 40 for level in range(256)]) for channel in drawn(60, 60).split()]
    )
    image.paste((255, 255, 255), (50, 30, 60, 60))
    assert run("trim", {}, image).size == (10, 30)


# --- cutout -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("ink", INKS)
def test_an_edge_loses_its_background(key: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    """Of a disc on any key colour the disc's own colour is left, at its edge as well."""
    image = disc(80, 80, color=ink, ground=key)
    result = run("cutout", {"color": f"rgb{key}"}, image)
    red, green, blue, alpha = result.split()
    solid_parts = alpha.point([0] * 64 + [255] * 192)
    for channel, level in zip((red, green, blue), ink, strict=True):
        off = ImageChops.difference(channel, Image.new("L", image.size, level))
        assert max(ImageChops.darker(off, solid_parts).tobytes()) <= 24
    assert result.getpixel((0, 0)) == (0, 0, 0, 0)
    assert result.getpixel((40, 40)) == (*ink, 255)
    assert len(set(alpha.tobytes())) > 8


def test_no_green_is_left_on_any_ground() -> None:
    result = run(
        "cutout", {"color": "#0f0", "tolerance": 56}, disc(90, 90, color=(230, 230, 230), ground=(6, 248, 12))
    )
    for ground in ((0, 0, 0), (128, 128, 128), (255, 255, 255)):
        red, green, _ = shown(result, ground).split()
        assert max(ImageChops.subtract(green, red).tobytes()) <= 8


def test_thin_lines_are_not_lost() -> None:
    """Lines of a pixel, and outlines that differ from what they go round, stay as dark as the feather lets them."""
    image = solid((60, 60), GREEN)
    image.paste((60, 60, 60), (10, 5, 11, 55))
    image.paste((60, 60, 60), (20, 5, 55, 55))
    image.paste((250, 250, 250), (22, 7, 53, 53))
    result = run("cutout", {"color": "#0f0"}, image)
    for x in (10, 20, 21):
        pixel = result.getpixel((x, 30))
        assert isinstance(pixel, tuple)
        assert all(abs(part - 60) <= 4 for part in pixel[:3])
        assert pixel[3] >= 120


def test_the_colour_goes_everywhere() -> None:
    """Also where it doesn't reach the edge of the picture."""
    image = solid((60, 60), GREEN)
    image.paste(RED, (10, 10, 50, 50))
    image.paste(GREEN, (20, 20, 40, 40))
    alpha = run("cutout", {"color": "#0f0", "feather": 0}, image).getchannel("A")
    assert [alpha.getpixel(place) for place in ((0, 0), (15, 15), (30, 30))] == [0, 255, 0]


@given(PICTURES, st.sampled_from(["#808080", "#00ff00", "white"]), st.integers(0, 254))
def test_a_hard_edge_parts_pixels_by_their_distance(image: Image.Image, color: str, tolerance: int) -> None:
    """With no feather every pixel is kept as it is or gone."""
    plain = image.convert("RGB")
    result = run("cutout", {"color": color, "tolerance": tolerance, "feather": 0}, plain).convert("RGBA")
    red, green, blue = ImageChops.difference(plain, Image.new("RGB", plain.size, color)).split()
    far = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(
        [255 * (level > tolerance) for level in range(256)]
    )
    expected = Image.new("RGBA", plain.size)
    expected.paste(plain, mask=far)
    assert pixel_digest(result) == pixel_digest(expected)


@given(st.integers(0, 12), st.booleans())
def test_a_feather_is_inside_and_as_wide_as_it_says(feather: int, is_held: bool) -> None:
    """Beyond it everything is opaque; the picture's own edges have none."""
    image = solid((80, 80), GREEN)
    image.paste(RED, (0 if is_held else 20, 20, 80, 80))
    result = run("cutout", {"color": "#0f0", "feather": feather}, image).convert("RGBA").getchannel("A")
    row = [result.getpixel((50, y)) for y in range(80)]
    assert row[:20] == [0] * 20
    assert row[20 + feather :] == [255] * (60 - feather)
    assert row == sorted(row)  # type: ignore[type-var]
    assert len(set(row[20 : 20 + feather])) == feather


@given(st.sampled_from(KEYS[:3]), st.sampled_from(INKS), st.integers(0, 3))
def test_what_is_cut_out_has_nothing_more_to_cut(
    key: tuple[int, int, int], ink: tuple[int, int, int], feather: int
) -> None:
    params: dict[str, Any] = {"color": f"rgb{key}", "feather": feather}
    once = run("cutout", params, disc(60, 50, color=ink, ground=key))
    assert run("cutout", params, once) is once
    assert run("cutout", {"feather": feather}, once) is once


def test_auto_is_what_most_corners_show() -> None:
    """Grain in the corners, and something in one of them, are no matter."""
    image = disc(128, 96, color=RED, ground=(6, 240, 12))
    image.paste(RED, (100, 70, 128, 96))
    image.putpixel((0, 0), (60, 60, 60))
    found = run("cutout", {}, image)
    named = run("cutout", {"color": "rgb(6, 240, 12)"}, image)
    assert pixel_digest(found) == pixel_digest(named)


def test_a_picture_without_the_colour_is_left_alone() -> None:
    image = disc(60, 60, color=RED, ground=(255, 255, 255))
    assert run("cutout", {"color": "#0f0"}, image) is image


def test_where_a_picture_is_looked_at_piece_by_piece_does_not_show() -> None:
    """A part of a large picture, cut out alone, is what it is in the whole, but near its own edges."""
    image = solid((600, 540), GREEN)
    for number in range(30):
        place = (number * 83 % 540, number * 47 % 480)
        image.paste(disc(60, 60, color=INKS[number % 4], ground=GREEN), place)
    for feather in (1, 5):
        params = {"color": "#0f0", "feather": feather}
        whole = run("cutout", params, image)
        part = run("cutout", params, image.crop((170, 190, 430, 410)))
        assert pixel_digest(part.crop((30, 30, 230, 190))) == pixel_digest(whole.crop((200, 220, 400, 380)))


# --- nothing to cut out, or nothing else ---------------------------------------------------------------------


@given(st.sampled_from(KEYS), st.sampled_from(INKS), SIDES, SIDES)
def test_a_cutout_that_takes_nothing_away_says_what_is_there(
    key: tuple[int, int, int], ink: tuple[int, int, int], width: int, height: int
) -> None:
    image = solid((width, height), ink)
    color, there = (f"#{bytes(one).hex()}" for one in (key, ink))
    assert run("cutout", {"color": color}, image) is image
    told = remark(Cutout(color=color), image, image)
    assert told is not None
    assert told[0] == f"`cutout` took nothing away: no pixel is like {color}, and the corners are {there}"
    assert there in told[1]


def test_a_picture_that_is_cut_out_already_needs_no_word() -> None:
    image = Image.new("RGBA", (40, 40))
    image.paste((200, 60, 40, 255), (10, 10, 30, 30))
    for color in ("auto", "#00ff00"):
        assert run("cutout", {"color": color}, image) is image
        assert remark(Cutout(color=color), image, image) is None


@pytest.mark.parametrize("color", ["auto", "#ffffff"])
def test_a_cutout_that_takes_everything_away_says_so(color: str) -> None:
    params, image = {"color": color}, solid((40, 30), (250, 250, 250))
    told = remark(Cutout(color=color), image, run("cutout", params, image))
    gone = "#fafafa" if color == "auto" else color
    assert told is not None
    assert told[0] == f"`cutout` took everything away: every pixel is like {gone}"
    image.paste((200, 60, 40), (10, 10, 30, 20))
    assert remark(Cutout(color=color), image, run("cutout", params, image)) is None
