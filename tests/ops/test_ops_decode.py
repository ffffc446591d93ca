"""Laws of decoding: one picture is one digest however it is encoded, and nothing hostile gets through."""

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from assetforge.digest import digest_bytes
from assetforge.model import Size
from assetforge.ops.decode import measure, open_picture, orientation, pixel_digest, read_header
from assetforge.ops.spec import MAX_PIXELS, OpFailed
from tests.ops.ops_pictures import PICTURES, drawn, encoded


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png(width: int, height: int, *, bits: int = 8, color: int = 2, rows: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG of any header, with the rows given (each with its filter byte)."""
    header = struct.pack(">LLBBBBB", width, height, bits, color, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + body


def exif_of(turn: int) -> bytes:
    """EXIF data that tells an orientation."""
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif.tobytes()


def read_size(data: bytes, name: str) -> Size:
    """What is read of a file before it is decoded."""
    return read_header(BytesIO(data), name)[1]


SAMPLES = {
    "png": encoded(drawn(40, 30), "PNG"),
    "jpeg": encoded(drawn(40, 30), "JPEG"),
    "progressive": encoded(drawn(40, 30), "JPEG", progressive=True),
    "webp": encoded(drawn(40, 30, "RGBA"), "WEBP", lossless=True),
    "avif": encoded(drawn(40, 30), "AVIF"),
}


# --- one digest ---------------------------------------------------------------------------------------------


@given(PICTURES, st.integers(0, 9))
def test_the_pixel_digest_ignores_encoding(image: Image.Image, level: int) -> None:
    wanted = pixel_digest(image)
    forms = [
        encoded(image, "PNG", compress_level=level),
        encoded(image.convert("RGBA"), "PNG", exif=exif_of(1), dpi=(300, 300)),
        encoded(image, "WEBP", lossless=True, exact=True),
    ]
    assert {measure(data, "a").pixels for data in forms} == {wanted}


@pytest.mark.parametrize("colours", [2, 16, 200])
def test_the_pixel_digest_ignores_palettes(colours: int) -> None:
    palette = drawn(40, 30).quantize(colours)
    wanted = pixel_digest(palette.convert("RGB"))
    for form in ("PNG", "GIF"):
        assert measure(encoded(palette, form), "a").pixels == wanted


def test_the_pixel_digest_tells_shapes_apart() -> None:
    assert pixel_digest(Image.new("RGB", (2, 8))) != pixel_digest(Image.new("RGB", (8, 2)))


def test_the_pixel_digest_of_a_large_picture_is_that_of_its_bytes() -> None:
    image = drawn(7, 5).resize((3001, 2003))
    whole = b"rgba8 3001x2003\n" + image.convert("RGBA").tobytes()
    assert pixel_digest(image) == digest_bytes(whole)


def test_measure_tells_everything() -> None:
    data = encoded(drawn(40, 30), "JPEG", exif=exif_of(6))
    media = measure(data, "photo.jpg")
    assert (media.width, media.height, media.format, media.bytes) == (30, 40, "jpeg", len(data))
    assert media.digest == digest_bytes(data)
    assert media.pixels == pixel_digest(open_picture(data, "photo.jpg"))


# --- one kind of picture ------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_every_orientation_is_applied(turn: int, form: str) -> None:
    image = Image.new("RGB", (32, 16), "white")
    image.paste((255, 0, 0), (0, 0, 16, 8))
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[turn]
    data = encoded(image, form, exif=exif_of(turn))
    result = open_picture(data, "a")
    assert result.size == ((32, 16) if turn < 5 else (16, 32))
    assert read_header(BytesIO(data), "a") == (form.lower(), result.size)
    quarters = result.resize((2, 2), Image.Resampling.BOX).convert("RGB")
    green = list(quarters.getchannel("G").tobytes())
    assert green.index(min(green)) == corner[0] + 2 * corner[1]


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"II*\0", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff"])
def test_broken_exif_data_turns_nothing(exif: bytes) -> None:
    assert orientation(exif) == 1


@given(st.binary(max_size=60))
def test_no_exif_data_breaks_anything(noise: bytes) -> None:
    assert 1 <= orientation(b"II*\0" + noise) <= 8
    assert 1 <= orientation(b"MM\0*" + noise) <= 8


def test_a_jpeg_with_broken_exif_data_is_read_without_a_word() -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x1a\x01\x05\0\x01\0\0\0\xff\xff\0\0"
    assert open_picture(encoded(drawn(8, 8), "JPEG", exif=broken), "a").size == (8, 8)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "RGB"), ("L", "RGB"), ("LA", "RGBA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA")],
)
def test_pictures_become_rgb_or_rgba(mode: str, expected: str) -> None:
    result = open_picture(encoded(drawn(20, 10, expected).convert(mode), "PNG"), "a")
    assert result.mode == expected
    assert result.info == {}


def test_sixteen_bits_of_grey_keep_their_high_byte() -> None:
    rows = b"\0" + struct.pack(">4H", 0, 0x1234, 0x80FF, 0xFFFF)
    result = open_picture(png(4, 1, bits=16, color=0, rows=rows), "a")
    assert result.mode == "RGB"
    assert [result.getpixel((x, 0)) for x in range(4)] == [(0,) * 3, (0x12,) * 3, (0x80,) * 3, (255,) * 3]


def test_a_transparent_grey_of_sixteen_bits_is_transparent() -> None:
    rows = b"\0" + struct.pack(">3H", 0x1234, 0x1235, 0xFFFF)
    data = png(3, 1, bits=16, color=0, rows=rows, extra=chunk(b"tRNS", struct.pack(">H", 0x1234)))
    result = open_picture(data, "a")
    assert [result.getpixel((x, 0)) for x in range(3)] == [(18, 18, 18, 0), (18, 18, 18, 255), (255,) * 4]


def test_a_transparent_colour_of_sixteen_bits_is_transparent() -> None:
    rows = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0)
    data = png(2, 1, bits=16, rows=rows, extra=chunk(b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC)))
    result = open_picture(data, "a")
    assert [result.getpixel((x, 0)) for x in range(2)] == [(0x12, 0x56, 0x9A, 0), (255, 0, 0, 255)]


@pytest.mark.parametrize(("transparency", "least"), [(3, 0), (bytes([255, 128, 77, 9]), 9)])
def test_a_transparent_palette_entry_is_transparent(transparency: int | bytes, least: int) -> None:
    data = encoded(drawn(20, 10).quantize(8), "PNG", transparency=transparency)
    result = open_picture(data, "a")
    assert result.mode == "RGBA"
    assert result.getchannel("A").getextrema() == (least, 255)


def test_cmyk_becomes_rgb() -> None:
    data = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    red, green, blue = open_picture(data, "a").getpixel((4, 4))  # type: ignore[misc]
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


def test_of_an_animation_the_first_frame_is_read() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for form in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:], **lossless(form))
        assert open_picture(data, "a").convert("RGB").getpixel((4, 4)) == (255, 0, 0)


def lossless(form: str) -> dict[str, bool]:
    """What makes a form keep its colours."""
    return {"lossless": True} if form == "WEBP" else {}


# --- colour profiles ----------------------------------------------------------------------------------------


def profile(kind: Literal["LAB", "XYZ", "sRGB"]) -> bytes:
    """A small colour profile of Pillow's own making."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()


def swapped() -> bytes:
    """sRGB with red and blue as each other's colours: a profile that surely changes pixels."""
    data = profile("sRGB")
    return data.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


def test_a_profile_of_srgb_changes_no_pixel() -> None:
    image = drawn(40, 30, "RGBA")
    plain, tagged = encoded(image, "PNG"), encoded(image, "PNG", icc_profile=profile("sRGB"))
    assert measure(plain, "a").pixels == measure(tagged, "a").pixels


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_another_profile_is_converted_and_transparency_kept(form: str, mode: str) -> None:
    image = Image.new(mode, (4, 4), (250, 10, 20, 128)[: len(mode)])
    data = encoded(image, form, icc_profile=swapped(), **lossless(form))
    red, green, blue, *alpha = open_picture(data, "a").getpixel((1, 1))  # type: ignore[misc]
    assert (red < 60, green < 60, blue > 200) == (True, True, True)
    assert alpha == ([128] if mode == "RGBA" else [])


@pytest.mark.parametrize("broken", [b"nonsense", profile("sRGB")[:200], profile("LAB"), profile("XYZ")])
def test_a_profile_that_does_not_fit_is_as_good_as_none(broken: bytes) -> None:
    image = drawn(20, 10)
    assert measure(encoded(image, "PNG", icc_profile=broken), "a").pixels == pixel_digest(image)


# --- hostile files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@given(share=st.floats(0, 1, exclude_max=True))
def test_no_part_of_a_file_is_a_picture(kind: str, share: float) -> None:
    whole = SAMPLES[kind]
    with pytest.raises(OpFailed, match="`a` is not a picture that can be read"):
        measure(whole[: int(len(whole) * share)], "a")


def test_every_beginning_of_a_png_is_refused() -> None:
    whole = SAMPLES["png"]
    for length in range(len(whole)):
        with pytest.raises(OpFailed):
            open_picture(whole[:length], "a")


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@given(data=st.data())
def test_damage_is_refused_or_read_but_never_a_crash(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(OpFailed):
        size = read_size(bytes(damaged), "a")
        assert measure(bytes(damaged), "a").size == size


@given(st.sampled_from([data[:40] for data in SAMPLES.values()]), st.binary(max_size=200))
def test_noise_behind_a_good_beginning_is_refused_or_read(head: bytes, noise: bytes) -> None:
    with pytest.raises(OpFailed):
        measure(head + noise, "a")


def test_an_enormous_picture_is_refused_by_its_header() -> None:
    for read in (open_picture, read_size, measure):
        with pytest.raises(OpFailed, match=r"`bomb\.png` has 2,500 megapixels, more than the 100 that are read"):
            read(png(50_000, 50_000), "bomb.png")


def test_a_picture_at_the_limit_is_not_refused_for_its_size() -> None:
    """Pillow's own limit is lower, and is a warning, which is an error here."""
    size = (MAX_PIXELS // 100_000, 100_000)
    assert read_size(png(*size), "large.png") == size
    with pytest.raises(OpFailed, match="100 megapixels, more than"):
        read_size(png(size[0] + 1, size[1]), "large.png")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not PNG, JPEG, WebP, AVIF or GIF"),
        (b"{}", "not PNG, JPEG, WebP, AVIF or GIF"),
        (encoded(drawn(4, 4), "BMP"), "not PNG, JPEG, WebP, AVIF or GIF"),
        (encoded(drawn(4, 4), "TIFF"), "not PNG, JPEG, WebP, AVIF or GIF"),
        (png(0, 5), ""),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes, said: str) -> None:
    for read in (open_picture, read_size, measure):
        with pytest.raises(OpFailed, match=f"`art/logo` is not a picture that can be read: {said}"):
            read(data, "art/logo")


def test_many_threads_decode_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda kind: measure(SAMPLES[kind], kind).pixels, sorted(SAMPLES) * 10))
    assert len(set(found)) == len({measure(data, "a").pixels for data in SAMPLES.values()})
