"""Laws of what files say beside their pixels: a mark is read back from each format, and nothing else ever is."""

from io import BytesIO
from typing import Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.ops.decode import measure, read_metadata
from assetforge.ops.encode import encode
from assetforge.ops.encoding import Encoding
from assetforge.ops.own_metadata import kept
from assetforge.ops.provenance import EXTENSION, TERMS, Mark, Metadata, marked
from tests.ops.ops_pictures import drawn

WITH_XMP = ["png", "jpeg", "webp", "avif", "gif"]
WITH_EXIF = ["png", "jpeg", "webp", "avif"]
MARK = Mark("trainedAlgorithmicMedia", ("gpt-image-2",))


def said(xmp: bytes) -> dict[str, str]:
    """The properties of a packet, by name; all are of IPTC's extension schema."""
    tree = ElementTree.fromstring(xmp.decode())
    (about,) = tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert all(part.tag.startswith(f"{{{EXTENSION}}}") for part in about)
    return {part.tag.partition("}")[2]: part.text or "" for part in about}


@pytest.mark.parametrize("form", WITH_XMP)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_mark_is_read_back_and_changes_no_pixel(form: str, mode: str) -> None:
    image = drawn(32, 24).convert("RGB").convert(mode)
    image.putpixel((0, 0), (1, 2, 3, 100)[: len(mode)])
    plain, told = (encode(image, Encoding(format=form), what) for what in (Metadata(), marked(MARK)))
    assert measure(told, "a").pixels == measure(plain, "a").pixels
    assert read_metadata(plain, "a") == (b"", b"")
    exif, xmp = read_metadata(told, "a")
    assert exif == b""
    assert said(xmp) == {"DigitalSourceType": f"{TERMS}trainedAlgorithmicMedia", "AISystemUsed": "gpt-image-2"}


@pytest.mark.parametrize(
    ("form", "head"),
    [
        ("png", b"iTXtXML:com.adobe.xmp\0"),
        ("jpeg", b"http://ns.adobe.com/xap/1.0/\0<?xpacket"),
        ("webp", b"XMP "),
        ("avif", b"application/rdf+xml"),
        ("gif", b"\x21\xff\x0bXMP DataXMP<?xpacket"),
    ],
)
def test_a_mark_stands_where_its_format_wants_it(form: str, head: bytes) -> None:
    assert encode(drawn(8, 8), Encoding(format=form), marked(MARK)).count(head) == 1


@pytest.mark.parametrize("form", ["ico", "icns"])
def test_icons_say_nothing(form: str) -> None:
    image = drawn(32, 32)
    told = encode(image, Encoding(format=form), Metadata(exif(), marked(MARK).xmp))
    assert told == encode(image, Encoding(format=form))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_whatever_a_model_is_called_the_packet_is_xml(names: list[str]) -> None:
    """A provider names its model, and may say anything."""
    xmp = marked(Mark("compositeSynthetic", tuple(names))).xmp
    assert said(xmp)["DigitalSourceType"] == f"{TERMS}compositeSynthetic"
    assert said(xmp).keys() == {"DigitalSourceType", "AISystemUsed"}


def exif(orientation: int = 6) -> bytes:
    """A camera's: turned, with a maker."""
    told = Image.Exif()
    told[0x0112], told[0x010F] = orientation, "Northwind"
    return told.tobytes()


def photo(form: str, **more: bytes) -> bytes:
    file = BytesIO()
    drawn(32, 24).convert("RGB").save(file, form, **more)
    return file.getvalue()


@pytest.mark.parametrize("form", WITH_EXIF)
def test_what_a_source_says_is_kept_but_for_how_it_was_held(form: str) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" dc:title="Harbour"/></x:xmpmeta>'
    found = kept(photo("JPEG", exif=exif(), xmp=xmp), "a.jpg")
    again, kept_xmp = read_metadata(encode(drawn(8, 8), Encoding(format=form), found), "a")
    told = Image.Exif()
    told.load(again)
    assert dict(told) == {0x010F: "Northwind"}
    assert kept_xmp == xmp.replace(b'Orientation="6"', b'Orientation="1"')


def test_a_preview_of_what_was_cut_away_is_not_kept() -> None:
    told = Image.Exif()
    told[0x010F] = "Northwind"
    small = photo("JPEG")
    told.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
    body = told.tobytes()
    # A second directory behind the first, as cameras write it, with the preview's place and length.
    tiff = bytearray(body[6:])
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    start = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[start : start + 2], order)
    link = start + 2 + 12 * entries
    tiff[link : link + 4] = len(tiff).to_bytes(4, order)
    here = len(tiff)
    fields = [(0x0201, 4, 1, here + 2 + 24 + 4), (0x0202, 4, 1, len(small))]
    tiff += len(fields).to_bytes(2, order)
    for tag, kind, number, value in fields:
        for part, length in ((tag, 2), (kind, 2), (number, 4), (value, 4)):
            tiff += part.to_bytes(length, order)
    tiff += bytes(4) + small
    source = photo("JPEG", exif=b"Exif\0\0" + bytes(tiff))
    assert small in source
    found = kept(source, "a.jpg").exif
    assert small not in found
    assert b"Northwind" in found
    assert b"2026:01:01" in found


@given(st.binary(max_size=200))
def test_broken_metadata_is_left_out(nonsense: bytes) -> None:
    found = kept(photo("JPEG", exif=b"Exif\0\0" + nonsense, xmp=nonsense), "a.jpg")
    assert encode(drawn(8, 8), Encoding(format="jpeg"), found).startswith(b"\xff\xd8")


def test_what_is_too_long_for_a_jpeg_is_left_out() -> None:
    long = Metadata(b"Exif\0\0MM" + bytes(70_000), b"<x/>" + b" " * 70_000)
    assert encode(drawn(8, 8), Encoding(format="jpeg"), long) == encode(drawn(8, 8), Encoding(format="jpeg"))
