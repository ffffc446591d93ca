"""Laws of what a picture costs while it is read: memory by its pixels, whatever kind of file it comes from.

Each is read in a process of its own, and its peak taken from what Linux tells of that.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from tests.crafted_pictures import chunk, png, saved

SIDE = 5000
READ = """
import sys
from pathlib import Path

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024

from assetforge.ops.decode import measure_file, open_picture
open_picture(Path(sys.argv[2]).read_bytes(), "small")
before = peak()
measure_file(Path(sys.argv[1]), "large", "")
print(peak() - before)
"""


def profile() -> bytes:
    """A profile that changes pixels."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


def plain(mode: str, side: int) -> Image.Image:
    """A picture of one colour, half transparent where that can be."""
    return Image.new(mode, (side, side), (10, 200, 90, 128)[: len(mode)])


def turned(side: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(plain("RGB", side), "JPEG", exif=exif.tobytes())


# How many bytes a pixel may cost: four for the picture, as many where another is made of it. WebP and AVIF have
# decoders with pictures of their own.
KINDS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "png": (5, lambda side: png((side, side))),
    "png with a profile": (
        5,
        lambda side: saved(plain("RGBA", side), "PNG", compress_level=1, icc_profile=profile()),
    ),
    "png palette with alpha": (
        6,
        lambda side: png((side, side), chunk(b"PLTE", bytes(768)), chunk(b"tRNS", b"\1\2\3"), kind=(8, 3)),
    ),
    "png of 16 bits": (5, lambda side: png((side, side), kind=(16, 6))),
    "png of 16 bits, grey": (9, lambda side: png((side, side), kind=(16, 0))),
    "jpeg turned": (9, turned),
    "jpeg cmyk": (9, lambda side: saved(plain("CMYK", side), "JPEG")),
    "gif": (6, lambda side: saved(Image.new("L", (side, side)), "GIF")),
    "webp": (17, lambda side: saved(plain("RGB", side), "WEBP", method=0)),
    "avif": (13, lambda side: saved(plain("RGBA", side), "AVIF", speed=10)),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak")
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_costs_memory_by_its_pixels(kind: str, tmp_path: Path) -> None:
    most, make = KINDS[kind]
    (tmp_path / "large").write_bytes(make(SIDE))
    (tmp_path / "small").write_bytes(make(8))
    command = [sys.executable, "-c", READ, str(tmp_path / "large"), str(tmp_path / "small")]
    root = Path(__file__).parent.parent.parent
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert int(told.stdout) / SIDE**2 < most
