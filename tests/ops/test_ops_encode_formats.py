"""Laws of single formats: GIF, icons, and PNG of few colours; what is written is read back, here and elsewhere."""

import struct
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.ops.decode import measure, open_picture, pixel_digest, read_header
from assetforge.ops.encode import encode
from assetforge.ops.encoding import Encoding
from assetforge.ops.icons import ICNS_TYPES, SIZES, icns, ico
from assetforge.ops.indexed import find_colors
from assetforge.ops.spec import OpFailed
from tests.ops.ops_pictures import PICTURES, drawn


def opened(data: bytes) -> Image.Image:
    """A file as Pillow reads it."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def disc(side: int = 64, *, hole: int = 0) -> Image.Image:
    """A flat green square, cut to its middle half where `hole` is transparent."""
    image = Image.new("RGBA", (side, side), (0, 0, 0, hole))
    image.paste((20, 160, 90, 255), (side // 4, side // 4, 3 * side // 4, 3 * side // 4))
    return image


def many_colored(width: int, height: int) -> Image.Image:
    """A picture without any two colours that are near, in more than a palette holds."""
    soft = [drawn(width, height, "L", seed) for seed in (0, 7)]
    return Image.merge("RGB", [*soft, Image.linear_gradient("L").resize((width, height))])


# --- gif ------------------------------------------------------------------------------------------------------


@given(PICTURES)
def test_a_gif_of_few_colours_has_every_pixel_that_is_seen(image: Image.Image) -> None:
    found = opened(encode(image, Encoding(format="gif"))).convert("RGBA")
    wanted = image.convert("RGBA")
    colors = find_colors(wanted)
    shown = wanted.getchannel("A").point(lambda alpha: 255 if alpha >= 128 else 0)
    assert found.size == image.size
    assert found.getchannel("A").tobytes() == shown.tobytes()
    if colors is not None and len(colors) < 256:
        nothing = Image.new("RGB", image.size)
        seen = [Image.composite(one.convert("RGB"), nothing, shown) for one in (found, wanted)]
        assert ImageChops.difference(*seen).getbbox() is None


def test_a_gif_of_many_colours_is_near_and_its_hole_stays() -> None:
    image = many_colored(320, 240).convert("RGBA")
    image.paste((0, 0, 0, 0), (10, 10, 60, 60))
    found = opened(encode(image, Encoding(format="gif"))).convert("RGBA")
    assert found.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    difference = ImageChops.difference(found.convert("RGB"), image.convert("RGB")).crop((60, 60, 320, 240))
    assert sum(difference.convert("L").histogram()[64:]) < 320 * 240 // 50


def test_a_gif_is_one_picture() -> None:
    assert getattr(opened(encode(many_colored(64, 64), Encoding(format="gif"))), "n_frames", 1) == 1


@pytest.mark.parametrize("alpha", [0, 127])
def test_a_gif_of_nothing_is_transparent(alpha: int) -> None:
    found = open_picture(encode(Image.new("RGBA", (9, 9), (1, 2, 3, alpha)), Encoding(format="gif")), "a")
    assert found.getchannel("A").getextrema() == (0, 0)


# --- icons ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["ico", "icns"])
def test_an_icon_is_as_large_as_its_largest_picture(form: str) -> None:
    data = encode(many_colored(300, 200), Encoding(format=form))
    largest = max(side for side in SIZES[form] if side <= 300)
    assert read_header(BytesIO(data), "a") == (form, (largest, largest))
    found = measure(data, "a")
    assert (found.width, found.height, found.format, found.bytes) == (largest, largest, form, len(data))
    assert found.pixels == pixel_digest(opened(data).convert("RGBA"))


def test_windows_and_browsers_of_old_read_every_picture_of_an_ico() -> None:
    """Bitmaps of 32 bits with a mask; PNG, which came with Windows Vista, at 256 pixels alone."""
    data = encode(disc(300), Encoding(format="ico", sizes=(16, 24, 32, 48, 64, 128, 256)))
    count = struct.unpack_from("<H", data, 4)[0]
    entries = [struct.unpack_from("<BBBBHHII", data, 6 + 16 * number) for number in range(count)]
    assert [entry[0] for entry in entries] == [16, 24, 32, 48, 64, 128, 0]
    assert all(entry[4:6] == (1, 32) for entry in entries)
    for width, _, _, _, _, _, length, start in entries[:-1]:
        header = struct.unpack_from("<IiiHHI", data, start)
        assert header == (40, width, 2 * width, 1, 32, 0)
        assert length == 40 + 4 * width * width + width * (-(-width // 32) * 4)
    assert data[entries[-1][7] :].startswith(b"\x89PNG")
    assert entries[-1][6] + entries[-1][7] == len(data)


def test_the_mask_of_an_ico_hides_what_is_transparent() -> None:
    data = ico(disc(32), [32])
    mask = Image.frombytes("1", (32, 32), data[-128:], "raw", "1", 0, -1)
    alpha = opened(data).getchannel("A")
    assert mask.convert("L").tobytes() == alpha.point(lambda value: 0 if value else 255).tobytes()


@pytest.mark.parametrize("side", SIZES["ico"])
def test_every_size_of_an_ico_is_scaled_from_the_whole_picture(side: int) -> None:
    icon = Image.open(BytesIO(ico(disc(480), SIZES["ico"])))
    icon.size = (side, side)  # type: ignore[misc]
    icon.load()
    middle, corner = icon.getpixel((side // 2, side // 2)), icon.getpixel((0, 0))
    assert (middle, corner) == ((20, 160, 90, 255), (0, 0, 0, 0))
    edges = [icon.getpixel((x, side // 2)) for x in range(side)]
    # Mixed with its alpha: no pixel at the edge is darker for the black that nobody sees.
    assert all(edge[3] < 8 or abs(edge[1] - 160) < 12 for edge in edges)  # type: ignore[index]


@pytest.mark.parametrize("side", [*ICNS_TYPES])
def test_every_size_of_an_icns_is_read_back(side: int) -> None:
    data = icns(disc(1024), [side])
    found = open_picture(data, "a")
    assert found.size == (side, side)
    assert found.getpixel((side // 2, side // 2)) == (20, 160, 90, 255)
    elsewhere = opened(data).convert("RGBA")
    assert pixel_digest(elsewhere) == pixel_digest(found)


@given(st.sampled_from([16, 32]), st.binary(min_size=1, max_size=64), st.integers(1, 40))
@example(16, bytes(range(64)), 1)
@example(32, b"\0", 40)
def test_the_old_form_of_small_icons_loses_nothing(side: int, pattern: bytes, repeat: int) -> None:
    """16 and 32 pixels are packed by a method of their own; Pillow reads it as macOS does."""
    run = b"".join(bytes([value]) * repeat for value in pattern)
    plane = (run * (3 * side * side // len(run) + 1))[: 3 * side * side]
    image = Image.frombytes("RGB", (side, side), plane)
    data = icns(image, [side])
    blocks = data[8:]
    # Without the PNG of double density, so that the old form is what is read.
    cut = blocks.find(b"ic11")
    old = blocks if cut < 0 else blocks[:cut]
    whole = b"icns" + struct.pack(">I", 8 + len(old)) + old
    assert open_picture(whole, "a").convert("RGB").tobytes() == plane
    assert opened(whole).convert("RGB").tobytes() == plane


@pytest.mark.parametrize(
    ("form", "size", "kept"), [("ico", (40, 20), {16, 32}), ("icns", (20, 130), {16, 32, 64, 128})]
)
def test_no_picture_of_an_icon_is_scaled_up(form: str, size: tuple[int, int], kept: set[int]) -> None:
    data = encode(many_colored(*size), Encoding(format=form))
    found = Image.open(BytesIO(data)).info["sizes"]
    assert {entry[0] * (entry[2] if len(entry) == 3 else 1) for entry in found} == kept


@pytest.mark.parametrize("form", ["ico", "icns"])
def test_an_icon_of_a_tiny_picture_is_refused(form: str) -> None:
    with pytest.raises(OpFailed, match="the picture is 9x15, smaller than every size of the icon"):
        encode(many_colored(9, 15), Encoding(format=form))


def test_a_long_picture_stands_in_the_middle_of_its_square() -> None:
    found = open_picture(ico(Image.new("RGB", (96, 48), "red"), [48]), "a")
    assert found.getchannel("A").getbbox() == (0, 12, 48, 36)


@pytest.mark.parametrize("form", ["ico", "icns"])
@given(st.data())
def test_a_broken_icon_is_refused_in_words(form: str, data: st.DataObject) -> None:
    whole = encode(disc(256), Encoding(format=form, sizes=(16, 32, 64, 128) if form == "icns" else (16, 256)))
    at = data.draw(st.integers(4, min(len(whole) - 1, 400)))
    broken = data.draw(
        st.sampled_from([whole[:at], whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]])
    )
    try:
        assert max(open_picture(broken, "a.icon").size) <= 1024
    except OpFailed as error:
        told = str(error)
    else:
        told = "`a.icon` "
    assert told.startswith("`a.icon` ")


# --- png ------------------------------------------------------------------------------------------------------


@given(PICTURES, st.sampled_from([None, 1, 9]))
def test_few_colours_lose_nothing_by_their_palette(image: Image.Image, effort: int | None) -> None:
    data = encode(image, Encoding(format="png", effort=effort))
    assert measure(data, "a").pixels == pixel_digest(image)
    assert pixel_digest(opened(data).convert("RGBA")) == pixel_digest(image)


@pytest.mark.parametrize(
    ("image", "mode"),
    [
        (disc(64, hole=255), "P"),
        (disc(64), "P"),
        (Image.linear_gradient("L").convert("RGB"), "L"),
        (Image.merge("LA", [Image.linear_gradient("L")] * 2).convert("RGBA"), "LA"),
        (many_colored(64, 64), "RGB"),
    ],
)
def test_a_png_has_no_channel_it_can_do_without(image: Image.Image, mode: str) -> None:
    assert opened(encode(image, Encoding(format="png"))).mode == mode


def test_flat_art_is_much_smaller_by_its_palette() -> None:
    art = Image.new("RGBA", (256, 256))
    for step in range(32):
        art.paste((8 * step, 255 - 8 * step, 99, 255), (4 * step, 3 * step, 256 - 4 * step, 256 - 3 * step))
    plain = BytesIO()
    art.save(plain, "PNG", compress_level=4)
    assert len(encode(art, Encoding(format="png"))) < 0.7 * len(plain.getvalue())
