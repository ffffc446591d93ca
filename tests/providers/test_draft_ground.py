"""Laws of a draft's flat ground: it is there where it is cut out or asked for; cutting it out leaves the subject."""

import dataclasses
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.model import Size
from assetforge.ops.corners import background
from assetforge.ops.cutout import Cutout, cutout
from assetforge.providers.draft import draw, frame_of
from assetforge.providers.draft_color import PALETTES, Palette, Rgb
from assetforge.providers.draft_ground import FAR, MAGENTA, apart, asked_for, distance, ground_of
from assetforge.providers.draft_page import rounded
from assetforge.providers.spec import Order
from tests.providers.test_draft import FOX, NIGHT, contrast, landscape, pixel_digest, upload

KEYS: list[Rgb] = [
    (0, 255, 0),
    (255, 0, 255),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (240, 240, 235),
]
SQUARE = dataclasses.replace(FOX, size=Size(240, 240))


def picture(order: Order, candidate: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(draw(order, candidate))).convert("RGBA")


def on(color: Rgb, order: Order = SQUARE) -> Order:
    """An order that a cutout of a colour follows."""
    return dataclasses.replace(order, ground=f"#{bytes(color).hex()}ff")


def subject(order: Order) -> Image.Image:
    """A mask of what is drawn on, its smooth edge left out."""
    frame = frame_of(order)
    mask = Image.new("L", order.size)
    mask.paste(rounded(frame.size, min(frame.size) // 14).point([0] * 255 + [255]), frame[:2])
    return mask


# --- what is asked for ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "color"),
    [
        ("A sword, centred, on a flat #00ff00 background", (0, 255, 0)),
        ("A sword on a flat, pure #0F0 background.", (0, 255, 0)),
        ("A teapot on a plain white background, studio light", (255, 255, 255)),
        ("Icon of a coin. Solid magenta background", (255, 0, 255)),
        ("A cat against a light blue backdrop", (173, 216, 230)),
        ("A cat on a uniform dark green ground", (0, 100, 0)),
        ("A knight on a green screen", (0, 255, 0)),
        ("chroma key green background", (0, 255, 0)),
        ("A ship. The background is flat #ff00ff", (255, 0, 255)),
        ("background: solid black", (0, 0, 0)),
        ("Ein Schwert vor #00ff00", None),
        ("A red dragon on a green ground with trees", None),
        ("A phone with a cracked screen", None),
        ("White horses in the background", None),
        ("A flat stone in a field", None),
        ("", None),
    ],
)
def test_a_prompt_asks_for_a_ground(prompt: str, color: Rgb | None) -> None:
    assert asked_for(prompt) == color
    assert ground_of(dataclasses.replace(FOX, prompt=prompt)) == color


@given(st.text(max_size=200), st.sampled_from(["background", "flat #0f0 ground", "green screen", "#ffff background"]))
def test_any_prompt_is_read(prompt: str, more: str) -> None:
    for words in (prompt, f"{prompt} {more}", f"{more} {prompt}"):
        found = asked_for(words)
        assert found is None or all(0 <= level <= 255 for level in found)


def test_a_cutout_s_colour_counts_before_the_prompt_s_and_any_is_the_prompt_s() -> None:
    order = dataclasses.replace(FOX, prompt="A fox on a flat blue background")
    assert ground_of(on((1, 2, 3), order)) == (1, 2, 3)
    assert ground_of(dataclasses.replace(order, ground="auto")) == (0, 0, 255)
    assert ground_of(dataclasses.replace(FOX, ground="auto")) == MAGENTA
    assert ground_of(FOX) is None


def test_a_transparent_ground_has_no_colour() -> None:
    order = dataclasses.replace(on((0, 255, 0)), background="transparent")
    assert ground_of(order) is None
    assert pixel_digest(draw(order, 1)) == pixel_digest(draw(dataclasses.replace(order, ground=""), 1))
    assert ground_of(dataclasses.replace(order, format="jpeg")) == (0, 255, 0)


# --- what is drawn ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [Size(240, 240), Size(480, 160), Size(160, 480), Size(32, 32)], ids=str)
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_ground_is_flat_and_in_every_corner(key: Rgb, size: Size) -> None:
    order = on(key, dataclasses.replace(FOX, size=size))
    made = picture(order)
    around = made.convert("RGB")
    around.paste(key, frame_of(order))
    assert around.getcolors() == [(size.width * size.height, key)]
    for side in (1, 16 if min(size) > 200 else 1):
        assert background(made, side)[:3] == key


@settings(max_examples=40)
@given(
    key=st.one_of(st.sampled_from(KEYS), st.tuples(*[st.integers(0, 255)] * 3)),
    prompt=st.text(max_size=80),
    edit=st.booleans(),
    candidate=st.integers(1, 9),
    named=st.booleans(),
)
def test_cutting_the_ground_out_leaves_the_whole_subject(
    *, key: Rgb, prompt: str, edit: bool, candidate: int, named: bool
) -> None:
    """A panel's text, light and shade and an edit's picture included: what is drawn on stays as it is."""
    base = Image.blend(landscape((240, 240)), Image.new("RGB", (240, 240), key), 0.5)
    order = dataclasses.replace(NIGHT if edit else FOX, size=Size(240, 240), prompt=prompt)
    if edit:
        order = dataclasses.replace(order, pictures=(upload(base),))
    made = picture(on(key, order), candidate).convert("RGB")
    color = f"#{bytes(key).hex()}" if named else "auto"
    cut = cutout(Cutout.model_validate({"color": color, "feather": 0}), [made])
    inside = subject(on(key, order))
    alpha = cut.convert("RGBA").getchannel("A")
    # Smooth edges of letters may pass by a greyish key on their way.
    lost = ImageChops.darker(ImageChops.invert(alpha), inside).histogram()[255]
    assert lost <= (0 if key in KEYS[:5] else inside.histogram()[255] // 25)
    assert alpha.getbbox() == frame_of(on(key, order))


def test_colours_near_the_ground_are_the_only_ones_that_change() -> None:
    for palette in PALETTES:
        for key in KEYS:
            moved = apart(palette, key)
            assert all(distance(color, key) >= FAR for color in moved.ramp)
            pairs = zip(palette.ramp, moved.ramp, strict=True)
            assert all(one == other or distance(one, key) < FAR for one, other in pairs)


@pytest.mark.parametrize("palette", PALETTES, ids=str)
@pytest.mark.parametrize("key", KEYS[:5], ids=str)
def test_text_on_a_ground_has_contrast(palette: Palette, key: Rgb) -> None:
    moved = apart(palette, key)
    assert contrast(moved.deep, moved.pale) >= 4.5
    assert contrast(moved.strong, moved.pale) >= 4


def test_without_a_ground_nothing_is_around_the_picture() -> None:
    assert frame_of(FOX) == (0, 0, *FOX.size)
    assert pixel_digest(draw(FOX, 1)) == pixel_digest(draw(dataclasses.replace(FOX, ground=""), 1))
    assert pixel_digest(draw(FOX, 1)) != pixel_digest(draw(on((0, 255, 0), FOX), 1))


@pytest.mark.parametrize(
    ("order", "expected"),
    [(on((255, 255, 255)), "f302a941ad31cf93"), (dataclasses.replace(NIGHT, ground="auto"), "5960d44024754acf")],
    ids=["white", "any"],
)
def test_drafts_on_a_ground_keep_their_pixels_across_releases(order: Order, expected: str) -> None:
    """A wanted change of the drawing changes these, and says so."""
    assert pixel_digest(draw(order, 1)) == expected
