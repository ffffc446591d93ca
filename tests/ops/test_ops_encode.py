"""Laws of encoding: the same bytes each time, no metadata, and settings that mean the same are the same."""

import random
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from assetforge.ops.decode import measure, open_picture, pixel_digest, read_header
from assetforge.ops.encode import ENCODERS, encode
from assetforge.ops.encoding import FORMATS, QUALITY, Encoding
from assetforge.ops.spec import OpFailed, normalised
from tests.ops.ops_pictures import PICTURES, drawn, encoded

EVERY = ["png", "jpeg", "webp", "avif", "gif"]
ICONS = ["ico", "icns"]


def settings(**table: Any) -> Encoding:
    """An encoding as a manifest's output would ask for it."""
    return Encoding.model_validate(table)


def test_every_format_is_whole() -> None:
    assert set(FORMATS.values()) == set(ENCODERS) == {*EVERY, *ICONS}
    assert set(QUALITY) == set(EVERY) - {"png", "gif"}


@pytest.mark.parametrize("form", EVERY)
@given(image=PICTURES)
def test_the_same_picture_gives_the_same_bytes(form: str, image: Image.Image) -> None:
    first = encode(image, settings(format=form))
    assert encode(image.copy(), settings(format=form)) == first
    assert read_header(BytesIO(first), "a") == (form, image.size)


def test_threads_change_no_byte() -> None:
    image = drawn(64, 64).resize((512, 512))
    with ThreadPoolExecutor(8) as pool:
        for form in (*EVERY, *ICONS):
            assert len(set(pool.map(lambda kind: encode(image, settings(format=kind)), [form] * 8))) == 1


@given(PICTURES, st.integers(0, 9))
def test_lossless_is_without_loss(image: Image.Image, effort: int) -> None:
    for table in ({"format": "png"}, {"format": "webp", "lossless": True}):
        assert measure(encode(image, settings(effort=effort, **table)), "a").pixels == pixel_digest(image)


@pytest.mark.parametrize("form", [*EVERY, *ICONS])
def test_metadata_is_left_behind(form: str) -> None:
    image = drawn(16, 16)
    image.info = {"icc_profile": b"nonsense" * 40, "comment": b"secret", "exif": b"secret", "dpi": (300, 300)}
    bare = drawn(16, 16)
    assert encode(image, settings(format=form)) == encode(bare, settings(format=form))
    assert image.info["comment"] == b"secret"


@pytest.mark.parametrize("form", ["png", "webp", "avif", "gif", *ICONS])
def test_idle_alpha_is_not_written(form: str) -> None:
    image = drawn(16, 16)
    assert encode(image.convert("RGBA"), settings(format=form)) == encode(image, settings(format=form))


def test_transparency_in_jpeg_becomes_white() -> None:
    data = encode(Image.new("RGBA", (16, 16), (255, 0, 0, 0)), settings(format="jpeg"))
    assert open_picture(data, "a").getpixel((8, 8)) == (255, 255, 255)


@pytest.mark.parametrize(("quality", "sampled"), [(50, True), (89, True), (90, False), (100, False)])
def test_jpeg_keeps_colour_whole_from_quality_90_on(quality: int, sampled: bool) -> None:
    data = encode(drawn(32, 32), settings(format="jpeg", quality=quality))
    frame = data.index(b"\xff\xc2")
    assert (data[frame + 11] == 0x22) == sampled


@pytest.mark.parametrize("quality", [1, 82, 85, 86, 89, 90, 94, 95, 100])
def test_noise_can_be_written_at_any_quality(quality: int, capfd: pytest.CaptureFixture[str]) -> None:
    """The worst for JPEG: each channel of each pixel black or white by chance. No library speaks."""
    chance = random.Random(1)
    noise = Image.frombytes("RGB", (320, 320), bytes(chance.choice((0, 255)) for _ in range(3 * 320 * 320)))
    assert open_picture(encode(noise, settings(format="jpeg", quality=quality)), "a").size == (320, 320)
    assert capfd.readouterr().err == ""


def test_better_quality_costs_more() -> None:
    image = drawn(16, 16).resize((256, 256), Image.Resampling.BICUBIC)
    for form in ("jpeg", "webp", "avif"):
        sizes = [len(encode(image, settings(format=form, quality=quality))) for quality in (20, 50, 80)]
        assert sizes == sorted(sizes)


def test_a_side_that_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(OpFailed, match="a picture of 16384x1 can't be written as webp: no side may be over 16,383"):
        encode(Image.new("RGB", (16384, 1)), settings(format="webp"))


@pytest.mark.parametrize(
    "table",
    [
        {"format": "bmp"},
        {"format": "ico", "sizes": []},
        {"format": "ico", "sizes": [16, 257]},
        {"format": "icns", "sizes": [48]},
        {"format": "png", "max_bytes": 0},
        {"format": "png", "metadata": "all"},
        {"format": "png", "quality": 0},
        {"format": "jpeg", "quality": 101},
        {"format": "jpeg", "quality": True},
        {"format": "jpeg", "quality": "good"},
        {"format": "jpeg", "lossless": True},
        {"format": "avif", "lossless": True},
        {"format": "webp", "lossless": 1},
        {"format": "webp", "effort": 10},
        {"format": "webp", "speed": 1},
        {},
    ],
)
def test_wrong_settings_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**table)


@pytest.mark.parametrize(
    ("table", "normal"),
    [
        ({"format": "png", "quality": 50, "lossless": True}, {"format": "png"}),
        ({"format": "jpeg", "quality": 82, "effort": 9}, {"format": "jpeg"}),
        ({"format": "webp", "lossless": True, "quality": 50}, {"format": "webp", "lossless": True}),
        ({"format": "avif", "quality": 60, "effort": 3}, {"format": "avif", "effort": 3}),
        ({"format": "webp", "quality": 76}, {"format": "webp", "quality": 76}),
        ({"format": "gif", "quality": 50, "effort": 9, "sizes": [16]}, {"format": "gif"}),
        ({"format": "ico", "sizes": [48, 16, 32, 16], "metadata": "strip"}, {"format": "ico"}),
        ({"format": "ico", "sizes": [9, 4]}, {"format": "ico", "sizes": (4, 9)}),
        ({"format": "icns", "sizes": [1024, 16, 32, 64, 128, 256, 512], "effort": 1}, {"format": "icns"}),
    ],
)
def test_what_changes_no_byte_is_in_no_key(table: dict[str, Any], normal: dict[str, Any]) -> None:
    assert dict(normalised(settings(**table))) == normal
    image = drawn(64, 64)
    assert encode(image, settings(**table)) == encode(image, settings(**normal))


def test_other_tools_read_what_is_written() -> None:
    image = drawn(16, 16)
    assert encoded(open_picture(encode(image, settings(format="png")), "a"), "BMP") == encoded(image, "BMP")


def test_one_picture_saved_in_many_threads_gives_the_bytes_it_gives_alone() -> None:
    """Pillow's `save` keeps its options in the image object: shared, they would mix."""
    picture = drawn(640, 400).convert("RGB")
    encodings = [Encoding(format="jpeg", quality=30), Encoding(format="webp"), Encoding(format="png")] * 8
    alone = [encode(picture, encoding) for encoding in encodings]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda encoding: encode(picture, encoding), encodings))
    assert together == alone
