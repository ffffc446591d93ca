"""What is shown before a picture is there: the colour that most of it has, and a tiny picture of it."""

import io
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageStat

from assetforge.digest import digest_bytes
from assetforge.ops.look import look, look_of
from assetforge.ops.spec import OpFailed
from assetforge.store.record_format import read_look

sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
modes = st.sampled_from(["RGB", "RGBA"])


def tiny(image: Image.Image) -> Image.Image:
    """The placeholder of a picture, decoded."""
    head, _, data = look_of(image).placeholder.partition(",")
    assert head == "data:image/png;base64"
    found = Image.open(io.BytesIO(b64decode(data, validate=True)))
    found.load()
    return found


def speckled(size: tuple[int, int], mode: str, seed: int) -> Image.Image:
    """A picture of many colours, the same for the same seed."""
    count = size[0] * size[1] * len(mode)
    data = bytes((seed + 1) * (index * 7_919 + 13) % 251 for index in range(count))
    return Image.frombytes(mode, size, data)


@given(sizes, modes, st.integers(0, 99))
@settings(max_examples=60)
def test_a_placeholder_is_a_tiny_png_of_the_same_shape(size: tuple[int, int], mode: str, seed: int) -> None:
    image = speckled(size, mode, seed)
    found = look_of(image)
    small = tiny(image)
    assert read_look(found.color, found.placeholder) == found
    assert len(found.placeholder) <= 300
    assert max(small.size) <= 8
    long, short = max(size), min(size)
    assert abs(min(small.size) - max(1, max(small.size) * short / long)) <= 0.5
    assert (small.width >= small.height) == (size[0] >= size[1]) or min(small.size) == max(small.size)


@given(st.tuples(*[st.integers(0, 255)] * 3), sizes)
@settings(max_examples=30)
def test_one_colour_stays_itself(color: tuple[int, int, int], size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, color)
    assert look_of(image).color == "#{:02x}{:02x}{:02x}".format(*color)
    assert [found for _, found in tiny(image).getcolors() or ()] == [color]
    assert look_of(image.convert("RGBA")) == look_of(image)


def test_the_heaviest_colour_wins_though_another_is_brighter() -> None:
    image = Image.new("RGB", (120, 80), "#0f766e")
    ImageDraw.Draw(image).rectangle((70, 0, 120, 80), fill="#ffcc00")
    assert look_of(image).color == "#0f766e"


def test_shades_of_one_colour_are_one_colour() -> None:
    """Sixty per cent are blues that shade into each other, forty one and the same red."""
    image = Image.new("RGB", (100, 100), "#cc0000")
    for x in range(60):
        ImageDraw.Draw(image).line((x, 0, x, 100), fill=(10, 40, 150 + x // 3))
    red, green, blue = bytes.fromhex(look_of(image).color[1:])
    assert blue > 140 > green > red


def test_what_is_not_seen_has_no_colour() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 20, 40, 40), fill=(0, 128, 0, 255))
    assert look_of(image).color == "#008000"
    small = tiny(image)
    assert small.mode == "RGBA"
    assert small.getpixel((0, 0)) == (0, 0, 0, 0)
    assert look_of(Image.new("RGBA", (9, 9), (255, 0, 0, 0))).color == "#ffffff"


@given(sizes, modes, st.integers(0, 99))
@settings(max_examples=30)
def test_a_placeholder_is_as_light_as_the_picture(size: tuple[int, int], mode: str, seed: int) -> None:
    image = speckled(size, "RGB", seed)
    before, after = ImageStat.Stat(image).mean, ImageStat.Stat(tiny(image.convert(mode))).mean
    assert all(abs(one - other) <= 8 for one, other in zip(before, after, strict=False))


def test_looks_never_change() -> None:
    """They are in locks, and in files made from them: another look of the same picture would rewrite all of these."""
    image = speckled((30, 24), "RGBA", 3)
    seen, opaque = look_of(image), look_of(image.convert("RGB"))
    assert (seen.color, opaque.color) == ("#4f81b3", "#2d5f91")
    assert digest_bytes(seen.placeholder.encode())[:16] == "1d2a9faa03d01236"
    assert digest_bytes(opaque.placeholder.encode())[:16] == "4ed09802fe5b2b91"


def test_what_is_no_picture_is_refused_by_name() -> None:
    with pytest.raises(OpFailed, match=r"art/a\.png"):
        look(b"no picture", "art/a.png")
