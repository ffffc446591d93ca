"""Laws of `max_bytes`: the file fits, at the highest quality that does, found in few tries; else it is told."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.ops.encode import encode
from assetforge.ops.encoding import QUALITY, Encoding
from assetforge.ops.fitting import fitted
from assetforge.ops.spec import OpFailed

LOSSY = ["jpeg", "webp", "avif"]


def photo(width: int, height: int) -> Image.Image:
    """Soft forms with a grain, as cameras see."""
    chance = random.Random(5)
    forms = Image.frombytes("RGB", (16, 12), chance.randbytes(3 * 16 * 12))
    grain = Image.frombytes("RGB", (width, height), chance.randbytes(3 * width * height))
    return Image.blend(forms.resize((width, height), Image.Resampling.BICUBIC), grain, 0.08)


PHOTO = photo(128, 96)


def sizes_of(form: str, qualities: range) -> dict[int, bytes]:
    return {quality: encode(PHOTO, Encoding(format=form, quality=quality)) for quality in qualities}


@pytest.mark.parametrize("form", LOSSY)
def test_it_is_the_highest_quality_that_fits(form: str) -> None:
    every = sizes_of(form, range(1, QUALITY[form] + 1))
    for limit in {len(every[quality]) for quality in (1, 2, 7, 20, 33, 46, 54, 55, QUALITY[form])}:
        best = max(quality for quality, data in every.items() if len(data) <= limit)
        found = encode(PHOTO, Encoding(format=form, max_bytes=limit))
        assert found == every[best]


@pytest.mark.parametrize("form", LOSSY)
def test_what_fits_anyway_is_left_alone(form: str) -> None:
    plain = Encoding(format=form, quality=40)
    assert encode(PHOTO, plain.model_copy(update={"max_bytes": 1_000_000})) == encode(PHOTO, plain)


@pytest.mark.parametrize("form", LOSSY)
def test_a_limit_that_nothing_meets_is_told_with_the_smallest(form: str) -> None:
    smallest = len(encode(PHOTO, Encoding(format=form, quality=1)))
    with pytest.raises(OpFailed, match=f"it can't be written in 100 bytes: at quality 1 it has {smallest:,}"):
        encode(PHOTO, Encoding(format=form, max_bytes=100))


@pytest.mark.parametrize(
    ("table", "form"),
    [
        ({"format": "png", "effort": 4}, "without loss"),
        ({"format": "gif"}, "as gif"),
        ({"format": "webp", "lossless": True, "effort": 2}, "without loss"),
        ({"format": "ico"}, "as ico"),
    ],
)
def test_without_quality_it_fits_or_fails(table: dict[str, object], form: str) -> None:
    size = len(encode(PHOTO, Encoding.model_validate(table)))
    assert len(encode(PHOTO, Encoding.model_validate({**table, "max_bytes": size}))) == size
    with pytest.raises(OpFailed, match=f"{form} it has {size:,}"):
        encode(PHOTO, Encoding.model_validate({**table, "max_bytes": size - 1}))


def test_a_png_is_pressed_harder_before_it_fails() -> None:
    soft = photo(8, 6).resize((256, 192), Image.Resampling.BICUBIC)
    quick, small = (len(encode(soft, Encoding(format="png", effort=effort))) for effort in (None, 9))
    assert small < quick
    assert len(encode(soft, Encoding(format="png", max_bytes=quick - 1))) == small


@given(
    st.lists(st.integers(50, 5_000), min_size=1, max_size=99).map(sorted),
    st.integers(50, 5_000),
)
def test_the_search_finds_the_edge_in_few_tries(sizes: list[int], limit: int) -> None:
    """Of steady sizes, and of 100 qualities at most nine are tried."""
    tried: list[int] = []

    def write(quality: int) -> bytes:
        tried.append(quality)
        return bytes(sizes[quality - 1])

    fits = [quality for quality in range(1, len(sizes) + 1) if sizes[quality - 1] <= limit]
    if fits:
        assert len(fitted(write, len(sizes), limit)) == sizes[fits[-1] - 1]
    else:
        with pytest.raises(OpFailed, match=f"at quality 1 it has {sizes[0]:,}"):
            fitted(write, len(sizes), limit)
    assert len(tried) <= 9
