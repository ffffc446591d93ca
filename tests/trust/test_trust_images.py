"""Attacks by a picture: a file that is small, and would be large in memory; or one that is no picture at all.

behaviour.md, Secrets and trust: "Images: allowed formats only, a pixel and frame limit, checked before decoding."
    -> test_other_formats_are_refused, test_a_bomb_is_refused_before_it_is_decoded,
       test_many_frames_cost_no_more_than_one, test_what_stands_beside_the_pixels_is_not_unpacked,
       test_an_answer_is_looked_at_like_any_file

The laws of decoding are in `tests/ops/test_ops_decode.py`. Each build here has a gigabyte of memory and no more.
"""

import base64
import io
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from tests.builder import Builder, Result
from tests.cli.manifests import picture
from tests.images_server import ImagesServer

MANIFEST = '[asset.a]\nsource = "art/photo.png"\noutput = { path = "a.png", width = 8 }\n'
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
sys.argv = ["assetforge", "build", "-v"]
runpy.run_module("assetforge", run_name="__main__")
"""


def build(project: Builder, data: bytes, manifest: str = MANIFEST) -> Result:
    """A build of a picture of a stranger's, with little memory."""
    project.write({"assets.toml": manifest, "art/photo.png": data})
    command = [sys.executable, "-c", LIMITED]
    ended = subprocess.run(
        command, cwd=project.root, env=project.env(), capture_output=True, text=True, timeout=60, check=False
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


def refused(told: Result) -> bool:
    return told.code == 2 and "assets.toml:2:" in told.err and "`art/photo.png`" in told.err


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png(width: int, height: int, *extra: bytes, rows: bytes = b"") -> bytes:
    """A PNG that says any size, with more chunks before its pixels."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows or bytes(1 + 3 * width) * height))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    spooled = io.BytesIO()
    Image.new("RGB", (8, 8)).save(spooled, "JPEG")
    data = bytearray(spooled.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def gif(screen: int, frame: int) -> bytes:
    """A GIF whose frame may be larger than its screen."""
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    one = b"," + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x02\x44\x01\x00"
    return head + one + b";"


def moving(frames: int) -> bytes:
    """A sound GIF of so many frames, each like the first."""
    spooled = io.BytesIO()
    Image.new("L", (8, 8)).save(spooled, "GIF")
    data = spooled.getvalue()
    at = data.index(b",\0\0\0\0\x08\0\x08\0")
    return data[:at] + data[at:-1] * frames + b";"


def webp(width: int, height: int) -> bytes:
    """A WebP with a canvas of any size (RFC 9649, 2.7) around a small frame."""
    spooled = io.BytesIO()
    Image.new("RGB", (8, 8)).save(spooled, "WEBP", lossless=True)
    frame = spooled.getvalue()[12:]
    canvas = struct.pack("<L", 2)[:4] + struct.pack("<L", width - 1)[:3] + struct.pack("<L", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<L", 10) + canvas
    body += b"ANIM" + struct.pack("<LLH", 6, 0, 0)
    inner = struct.pack("<L", 0)[:3] * 2 + struct.pack("<L", 7)[:3] * 2 + struct.pack("<L", 1)[:3] + b"\0" + frame
    body += b"ANMF" + struct.pack("<L", len(inner)) + inner
    return b"RIFF" + struct.pack("<L", len(body)) + body


FOREIGN = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>",
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://evil.example/x'\npop graphic-context",
    "xbm": b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {\n0x00};\n",
    "ppm": b"P6 99999 99999 255\n",
    "farbfeld": b"farbfeld" + bytes(8),
    "html": b"<!doctype html><title>404</title>",
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n",
    "zip": b"PK\x03\x04" + bytes(40),
    "nothing": b"",
}
SAVED = ("TIFF", "BMP", "ICO", "TGA", "PCX", "JPEG2000", "ICNS", "DDS", "SGI")


@pytest.mark.parametrize("kind", [*FOREIGN, *SAVED])
def test_other_formats_are_refused(project: Builder, kind: str) -> None:
    """Whatever the file is called; Pillow would read most of them."""
    data = FOREIGN.get(kind)
    if data is None:
        spooled = io.BytesIO()
        Image.new("RGB", (16, 16)).save(spooled, kind)
        data = spooled.getvalue()
    told = build(project, data)
    assert refused(told), told
    assert "is not a picture that can be read" in told.err


@pytest.mark.parametrize(
    "data",
    [
        png(65_535, 65_535, rows=b"\0"),
        png(2**31 - 1, 1, rows=b"\0"),
        png(0, 0, rows=b"\0"),
        jpeg(65_535, 65_535),
        gif(65_535, 1),
        gif(1, 65_535),
        webp(16_383, 16_383),
        webp(1 << 24, 1 << 24),
    ],
    ids=["png", "long png", "empty png", "jpeg", "gif", "gif with a large frame", "webp", "huge webp"],
)
def test_a_bomb_is_refused_before_it_is_decoded(project: Builder, data: bytes) -> None:
    assert len(data) < 10_000
    assert refused(build(project, data))


def test_a_part_of_a_picture_is_refused(project: Builder) -> None:
    assert build(project, png(64, 64)[:-20]).code == 1
    assert not (project.root / "a.png").exists()


def test_an_ending_does_not_decide_what_a_file_is(project: Builder) -> None:
    assert build(project, jpeg(8, 8)).code == 0
    assert (project.root / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "data",
    [
        moving(100_000),
        png(8, 8, chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0))),
    ],
    ids=["gif", "png"],
)
def test_many_frames_cost_no_more_than_one(project: Builder, data: bytes) -> None:
    """Only the first is read: a picture that moves is a picture."""
    assert build(project, data).code == 0
    with Image.open(project.root / "a.png") as made:
        assert made.size == (8, 8)


BOMB = zlib.compress(bytes(1 << 30), 9)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + BOMB),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + BOMB),
        chunk(b"iCCP", b"profile\0\0" + BOMB),
        b"".join(chunk(b"tEXt", b"Comment\0" + bytes(1 << 20)) for _ in range(100)),
        chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * (1 << 20)),
    ],
    ids=["zTXt", "iTXt", "iCCP", "tEXt", "eXIf"],
)
def test_what_stands_beside_the_pixels_is_not_unpacked(project: Builder, extra: bytes) -> None:
    """A gigabyte of words, or a hundred megabytes: refused or passed over, and never a picture's end."""
    told = build(project, png(8, 8, extra))
    assert told.code == 0 or refused(told), told


@pytest.mark.parametrize("data", [png(65_535, 65_535, rows=b"\0"), FOREIGN["svg"], FOREIGN["eps"], picture()[:-30]])
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
