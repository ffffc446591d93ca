"""What a package's step promises: it keeps the middle, the size and the transparency, and one meaning has one key."""

import pytest
from assetforge_vignette import VIGNETTE
from PIL import Image

from assetforge.ops.spec import OpFailed, normalised


def made(picture: Image.Image, **params: object) -> Image.Image:
    return VIGNETTE.apply(VIGNETTE.params.model_validate(params), [picture])


def test_the_middle_stays_and_the_corners_take_the_colour() -> None:
    result = made(Image.new("RGB", (120, 80), "white"), amount=1, color="teal")
    assert result.getpixel((60, 40)) == (255, 255, 255)
    corner = result.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert max(abs(one - other) for one, other in zip(corner, (0, 128, 128), strict=True)) < 4


def test_transparency_and_size_stay() -> None:
    picture = Image.new("RGBA", (64, 64), (200, 0, 0, 80))
    result = made(picture)
    assert (result.mode, result.size) == ("RGBA", (64, 64))
    assert result.getchannel("A").getextrema() == (80, 80)


def test_a_tiny_picture_is_refused() -> None:
    with pytest.raises(OpFailed, match="too small"):
        made(Image.new("RGB", (8, 8)))


def test_what_equals_a_default_is_in_no_key() -> None:
    assert normalised(VIGNETTE.params.model_validate({"amount": 0.5, "color": "#000"})) == {}
