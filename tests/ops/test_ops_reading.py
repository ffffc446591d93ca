"""Laws of reading rare but sound pictures: what another program sees in them is what is seen here.

The other one is ImageMagick, where it is installed; it shares libjpeg and Little CMS with Pillow, and nothing else.
"""

import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms

from assetforge.ops.decode import open_picture
from tests.crafted_pictures import adam7, chunk, png, png_of, saved
from tests.ops.ops_pictures import drawn

CONVERT = shutil.which("convert")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def is_imagemagick() -> bool:
    """Whether there is a `convert`, and it is the one that is meant."""
    if CONVERT is None:
        return False
    told = subprocess.run([CONVERT, "-version"], capture_output=True, text=True, check=False)
    return "ImageMagick" in told.stdout


def turned_jpeg(turn: int) -> bytes:
    """A picture that says how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = turn
    return saved(smooth("RGB"), "JPEG", exif=exif.tobytes())


def smooth(mode: str) -> Image.Image:
    """A picture that JPEG hardly changes."""
    bands = [Image.linear_gradient("L").resize((64, 48)).rotate(90 * turn).resize((64, 48)) for turn in range(4)]
    return Image.merge(mode, bands[: len(mode)]) if len(mode) > 1 else bands[0]


def rows(width: int, height: int, channels: int) -> bytes:
    """Rows of 16 bits a channel, in which no two values are the same."""
    lines = []
    for y in range(height):
        values = [(x * 7919 + y * 104_729 + 12_345) % 65_536 for x in range(width * channels)]
        lines.append(b"\0" + struct.pack(f">{width * channels}H", *values))
    return b"".join(lines)


def few(bits: int, transparency: bytes) -> bytes:
    """A palette of fewer than 8 bits, and alpha for as many of its first colours as are given."""
    colours = bytes((value * 53 + 20) % 256 for value in range(3 << bits))
    row = bytes((value * 37) % 256 for value in range(8 * bits))
    return png_of(
        (64, 8, bits, 3, 0),
        [chunk(b"PLTE", colours), chunk(b"tRNS", transparency), chunk(b"IDAT", zlib.compress((b"\0" + row) * 8))],
    )


def ycck() -> bytes:
    """A JPEG in YCCK: the same bytes as one in CMYK, but for what Adobe's marker says of them."""
    data = saved(smooth("CMYK"), "JPEG", quality=95)
    at = data.index(b"Adobe") + 11
    return data[:at] + b"\2" + data[at + 1 :]


def gamma(space: bytes, exponent: float) -> bytes:
    """A profile of one tone curve, for grey or for RGB with the primaries of sRGB."""
    curve = b"curv" + bytes(4) + struct.pack(">LH", 1, round(exponent * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">lll", 63190, 65536, 54061)
    tags = [(b"wtpt", white), (b"kTRC", curve)]
    if space == b"RGB ":
        primaries = {
            b"rXYZ": (0.4361, 0.2225, 0.0139),
            b"gXYZ": (0.3851, 0.7169, 0.0971),
            b"bXYZ": (0.1431, 0.0606, 0.7141),
        }
        colours = {
            name: b"XYZ " + bytes(4) + struct.pack(">lll", *(round(part * 65536) for part in parts))
            for name, parts in primaries.items()
        }
        tags = [(b"wtpt", white), *colours.items(), *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC"))]
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += struct.pack(">4sLL", name, start + len(body), len(data))
        body += data
    size = start + len(body)
    head = struct.pack(">LLL4s4s4s", size, 0, 0x02400000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">lll", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">L", len(tags)) + table + body


GREY, COLOUR = gamma(b"GRAY", 1.8), gamma(b"RGB ", 1.4)

PICTURES: dict[str, Callable[[], bytes]] = {
    **{f"jpeg turned {turn}": partial(turned_jpeg, turn) for turn in range(1, 9)},
    "jpeg grey": lambda: saved(smooth("L"), "JPEG"),
    "jpeg progressive": lambda: saved(smooth("RGB"), "JPEG", progressive=True),
    "jpeg cmyk": lambda: saved(smooth("CMYK"), "JPEG", quality=95),
    "jpeg ycck": ycck,
    "jpeg with a profile": lambda: saved(smooth("RGB"), "JPEG", icc_profile=COLOUR),
    "png interlaced": lambda: adam7(drawn(21, 13)),
    "png of one column, interlaced": lambda: adam7(drawn(1, 9)),
    "png of 1 bit": lambda: saved(drawn(37, 9, "L").convert("1"), "PNG"),
    "png of 2 bits": lambda: png((16, 4), kind=(2, 0), rows=b"\0\x1b\xe4\x00\xff" * 4),
    "png of 4 bits": lambda: png((8, 4), kind=(4, 0), rows=b"\0\x01\x23\x89\xef" * 4),
    "png of 16 bits, grey": lambda: png((9, 5), kind=(16, 0), rows=rows(9, 5, 1)),
    "png of 16 bits, grey and alpha": lambda: png((9, 5), kind=(16, 4), rows=rows(9, 5, 2)),
    "png of 16 bits, colour": lambda: png((9, 5), kind=(16, 2), rows=rows(9, 5, 3)),
    "png of 16 bits, colour and alpha": lambda: png((9, 5), kind=(16, 6), rows=rows(9, 5, 4)),
    "png palette": lambda: saved(drawn(40, 30).quantize(200), "PNG"),
    "png palette, alpha of its first colours": lambda: few(4, b"\0\x80\xff\x40"),
    "png palette of 2 bits, one colour transparent": lambda: few(2, b"\xff\0"),
    "png transparent grey": lambda: png(
        (16, 1), chunk(b"tRNS", struct.pack(">H", 5)), kind=(8, 0), rows=b"\0" + bytes(range(16))
    ),
    "png grey and alpha": lambda: saved(drawn(20, 10, "LA"), "PNG"),
    "png with a profile": lambda: saved(drawn(20, 10), "PNG", icc_profile=COLOUR),
    "png with alpha and a profile": lambda: saved(drawn(20, 10, "RGBA"), "PNG", icc_profile=COLOUR),
    "png palette with a profile": lambda: saved(drawn(40, 30).quantize(64), "PNG", icc_profile=COLOUR),
    "png grey with a profile": lambda: saved(drawn(20, 10, "L"), "PNG", icc_profile=GREY),
    "png grey and alpha with a profile": lambda: saved(drawn(20, 10, "LA"), "PNG", icc_profile=GREY),
    "gif": lambda: saved(drawn(40, 30).quantize(100), "GIF"),
    "gif with transparency": lambda: saved(drawn(40, 30).quantize(100), "GIF", transparency=3),
    "gif interlaced": lambda: saved(drawn(40, 30).quantize(100), "GIF", interlace=1),
    "webp": lambda: saved(drawn(40, 30, "RGBA"), "WEBP", lossless=True, exact=True),
    "webp with a profile": lambda: saved(drawn(40, 30), "WEBP", lossless=True, icc_profile=COLOUR),
}


@pytest.mark.skipif(not is_imagemagick(), reason="ImageMagick is not installed")
@pytest.mark.parametrize("kind", PICTURES)
def test_another_program_sees_the_same(kind: str, tmp_path: Path) -> None:
    data = PICTURES[kind]()
    form = kind.partition(" ")[0]
    (tmp_path / "given").write_bytes(data)
    (tmp_path / "srgb.icc").write_bytes(SRGB)
    how = ["-intent", "Relative", "-black-point-compensation", "-profile", "srgb.icc"] if "profile" in kind else []
    how = how or (["-colorspace", "sRGB"] if form == "jpeg" else [])
    command = [str(CONVERT), f"{form}:given", "-auto-orient", *how, "-depth", "8", "PNG32:seen.png"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "no decode delegate" in told.stderr:
        pytest.skip(f"ImageMagick was built without {form}")
    assert told.returncode == 0, told.stderr
    ours = open_picture(data, kind).convert("RGBA")
    theirs = Image.open(tmp_path / "seen.png").convert("RGBA")
    assert ours.size == theirs.size
    seen = ImageChops.darker(ours.getchannel("A"), theirs.getchannel("A")).point(lambda alpha: 255 if alpha else 0)
    difference = ImageChops.difference(shown(ours, seen), shown(theirs, seen))
    # Of 16 bits the high byte is kept here and the nearest one there; a profile's numbers are rounded in both.
    assert max(high for _, high in difference.getextrema()) <= (2 if "profile" in kind or "jpeg" in kind else 1)  # type: ignore[misc]


def shown(image: Image.Image, seen: Image.Image) -> Image.Image:
    """A picture in which what nobody sees has no colour."""
    return Image.composite(image, Image.new("RGBA", image.size), seen)


def test_a_grey_profile_of_a_picture_with_alpha_is_converted() -> None:
    """A curve of 1.8, as of old Macintoshes, shows a middle grey lighter than sRGB does."""
    data = saved(Image.new("LA", (4, 4), (128, 77)), "PNG", icc_profile=GREY)
    red, green, blue, alpha = open_picture(data, "a").getpixel((1, 1))  # type: ignore[misc]
    assert red == green == blue
    assert (145 <= red <= 149, alpha) == (True, 77)


def test_a_profile_larger_than_any_is_as_good_as_none() -> None:
    image = smooth("RGB")
    huge = COLOUR.ljust((16 << 20) + 1, b"\0")
    data = saved(image, "WEBP", lossless=True, icc_profile=huge)
    assert open_picture(data, "a").tobytes() == image.tobytes()
