"""Attacks by a picture: a file that is small, and would be large in memory; or one that is no picture at all.

behaviour.md, Secrets and trust: "Images: allowed formats only, a pixel and frame limit, checked before decoding."
    -> test_other_formats_are_refused, test_a_bomb_is_refused_before_it_is_decoded,
       test_many_frames_cost_no_more_than_one, test_more_parts_than_any_picture_has_are_refused,
       test_a_picture_that_takes_hours_to_draw_is_refused, test_what_stands_beside_the_pixels_is_not_unpacked,
       test_tens_of_megabytes_beside_the_pixels_are_refused, test_a_file_larger_than_any_picture_is_not_read,
       test_an_answer_is_looked_at_like_any_file

The laws of decoding are in `tests/ops/test_ops_decode.py`. Each build here has a gigabyte of memory and no more.
"""

import base64
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from tests.builder import Builder, Result
from tests.cli.manifests import picture
from tests.crafted_pictures import chunk, gif, jpeg, moving, passes, png, saved, segment, webp
from tests.images_server import ImagesServer

MANIFEST = '[asset.a]\nsource = "art/photo.png"\noutput = { path = "a.png", width = 8 }\n'
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
sys.argv = ["assetforge", "build", "-v"]
runpy.run_module("assetforge", run_name="__main__")
"""


def build(project: Builder, data: bytes | None, manifest: str = MANIFEST) -> Result:
    """A build of a picture of a stranger's, with little memory; of the one that is there where none is given."""
    project.write({"assets.toml": manifest, **({} if data is None else {"art/photo.png": data})})
    command = [sys.executable, "-c", LIMITED]
    ended = subprocess.run(
        command, cwd=project.root, env=project.env(), capture_output=True, text=True, timeout=60, check=False
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


def refused(told: Result) -> bool:
    return told.code == 2 and "assets.toml:2:" in told.err and "`art/photo.png`" in told.err


FOREIGN = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>",
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://evil.example/x'\npop graphic-context",
    "xbm": b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {\n0x00};\n",
    "ppm": b"P6 99999 99999 255\n",
    "farbfeld": b"farbfeld" + bytes(8),
    "html": b"<!doctype html><title>404</title>",
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HLLHH", 3, 30_000, 30_000, 8, 3) + bytes(12),
    "zip": b"PK\x03\x04" + bytes(40),
    "nothing": b"",
}
SAVED = ("TIFF", "BMP", "TGA", "PCX", "JPEG2000", "DDS", "SGI")


@pytest.mark.parametrize("kind", [*FOREIGN, *SAVED])
def test_other_formats_are_refused(project: Builder, kind: str) -> None:
    """Whatever the file is called; Pillow would read most of them."""
    data = FOREIGN.get(kind)
    if data is None:
        data = saved(Image.new("RGB", (16, 16)), kind)
    told = build(project, data)
    assert refused(told), told
    assert "is not a picture that can be read" in told.err


def test_a_pointer_of_git_lfs_is_refused_with_what_to_do(project: Builder) -> None:
    told = build(project, b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n")
    assert refused(told), told
    assert "hint: run `git lfs pull`\n" in told.err


@pytest.mark.parametrize(
    "data",
    [
        png((65_535, 65_535), rows=b"\0"),
        png((2**31 - 1, 1), rows=b"\0"),
        png((100_000_000, 1), rows=b"\0"),
        png((1, 100_000_000), rows=b"\0"),
        png((0, 0), rows=b"\0"),
        jpeg(65_535, 65_535),
        gif(65_535, 1),
        gif(1, 65_535),
        webp(16_383, 16_383),
        webp(1 << 24, 1 << 24),
        webp(1 << 24, 5),
    ],
    ids=[
        "png",
        "longest",
        "long",
        "high",
        "empty",
        "jpeg",
        "gif",
        "gif-with-a-large-frame",
        "webp",
        "huge-webp",
        "long-webp",
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(project: Builder, data: bytes) -> None:
    assert len(data) < 10_000
    assert refused(build(project, data))


def test_a_part_of_a_picture_is_refused(project: Builder) -> None:
    assert build(project, png((64, 64))[:-20]).code == 1
    assert not (project.root / "a.png").exists()


def test_an_ending_does_not_decide_what_a_file_is(project: Builder) -> None:
    assert build(project, jpeg(8, 8)).code == 0
    assert (project.root / "a.png").read_bytes().startswith(b"\x89PNG")


FRAMES = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in range(200)]


@pytest.mark.parametrize(
    "data",
    [
        moving(100_000),
        png((8, 8), chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0))),
        webp(8, 8, frames=100_000),
        saved(FRAMES[0], "AVIF", save_all=True, append_images=FRAMES[1:], speed=10),
    ],
    ids=["gif", "png", "webp", "avif"],
)
def test_many_frames_cost_no_more_than_one(project: Builder, data: bytes) -> None:
    """Only the first is read: a picture that moves is a picture."""
    assert build(project, data).code == 0
    with Image.open(project.root / "a.png") as made:
        assert made.size == (8, 8)


def test_more_parts_than_any_picture_has_are_refused(project: Builder) -> None:
    for data in (webp(8, 8, frames=400_000), moving(1, b"!\xfe" + b"\1a" * 400_000 + b"\0")):
        told = build(project, data)
        assert refused(told), told
        assert "has more than 300,000 parts" in told.err


def test_a_picture_that_takes_hours_to_draw_is_refused(project: Builder) -> None:
    """A megabyte that would be drawn twenty thousand times over 64 megapixels."""
    told = build(project, passes(8_000, 20_000))
    assert refused(told), told
    assert "is drawn in more than 100 passes" in told.err


BOMB = zlib.compress(bytes(1 << 30), 9)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + BOMB),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB),
        chunk(b"iCCP", b"profile\0\0" + BOMB),
        chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * (1 << 20)),
        *(chunk(b"tEXt", name + b"\0words") for name in (b"icc_profile", b"transparency", b"exif", b"gamma")),
    ],
    ids=["zTXt", "iTXt", "iCCP", "eXIf", "text icc_profile", "text transparency", "text exif", "text gamma"],
)
def test_what_stands_beside_the_pixels_is_not_unpacked(project: Builder, extra: bytes) -> None:
    """A gigabyte of words, or words by the names of something else: refused or passed over, and never a traceback."""
    told = build(project, png((8, 8), extra))
    assert told.code == 0 or refused(told), told


MANY = 40 << 20
LADEN = {
    "png exif": lambda: png((8, 8), chunk(b"eXIf", bytes(MANY))),
    "png text": lambda: png((8, 8), *[chunk(b"tEXt", b"Comment\0" + bytes(1 << 20))] * 40),
    "png": lambda: png((8, 8), after=chunk(b"abCd", bytes(MANY))),
    "jpeg exif": lambda: jpeg(extra=segment(0xE1, b"Exif\0\0" + bytes(65_000)) * (MANY // 65_000)),
    "jpeg comments": lambda: jpeg(extra=segment(0xFE, bytes(65_000)) * (MANY // 65_000)),
    "gif comment": lambda: moving(1, b"!\xfe" + (b"\xff" + b"a" * 255) * (MANY // 256) + b"\0"),
    "webp exif": lambda: webp(8, 8, extra=[(b"EXIF", bytes(MANY))]),
    "webp profile": lambda: webp(8, 8, extra=[(b"ICCP", bytes(MANY))]),
}


@pytest.mark.parametrize("kind", LADEN)
def test_tens_of_megabytes_beside_the_pixels_are_refused(project: Builder, kind: str) -> None:
    """A decoder would copy some of them again for each piece."""
    told = build(project, LADEN[kind]())
    assert refused(told), told
    assert "has more than 32 MB beside its pixels" in told.err


def test_a_file_larger_than_any_picture_is_not_read(project: Builder) -> None:
    """A file of zeros takes no room, in a repository or on the disk."""
    project.write({"art/photo.png": png((8, 8))})
    with (project.root / "art/photo.png").open("r+b") as file:
        file.truncate(600 << 20)
    told = build(project, None)
    assert refused(told), told
    assert "has 600 MB, more than the 512 that are read" in told.err


@pytest.mark.parametrize("data", [png((65_535, 65_535), rows=b"\0"), FOREIGN["svg"], FOREIGN["eps"], picture()[:-30]])
def test_an_answer_is_looked_at_like_any_file(shop: Builder, images: ImagesServer, data: bytes) -> None:
    """What was paid for and can't be used is kept for a claim, and is no output."""
    encoded = base64.b64encode(data).decode()
    images.script(reshape=lambda body: {**body, "data": [{"b64_json": encoded}]})
    told = build(shop, b"", '[asset.a]\nprompt = "A lighthouse"\noutput = "a.png"\n')
    assert told.code == 1
    assert not (shop.root / "a.png").exists()
    kept = [path.read_bytes() for path in (shop.home / "store" / "quarantine").rglob("*") if path.is_file()]
    assert data in kept or any(encoded.encode() in one for one in kept)
    assert len(images.calls) == 1
