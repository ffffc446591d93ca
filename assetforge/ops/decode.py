"""From bytes to pictures as operations want them, and what can be said of them; unaware of files and stores.

Every picture is RGB or RGBA, 8 bits, sRGB, the right way up, without metadata. Nothing is decoded before its
format and its number of pixels are known to be allowed.
"""

from __future__ import annotations

import hashlib
import struct
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from assetforge.digest import digest_bytes
from assetforge.model import Media, Size
from assetforge.ops.containers import check_container, check_size, webp_size
from assetforge.ops.icons import ICNS_MAGIC, ICO_MAGIC, PNG_END
from assetforge.ops.pillow import Image
from assetforge.ops.profiles import in_srgb
from assetforge.ops.spec import OpFailed

# The head of an application extension with XMP, and how its magic trailer begins (XMP Specification Part 3, 1.1.2).
GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
GIF_XMP_END = b"\x01\xff\xfe"
# Pixels that are looked at together: a picture of 8 megapixels must not be in memory three times.
BAND = 1 << 17
_PIECE = 1 << 18
# What Python says when it is at a loss with bytes, and which is nothing to say of a picture.
_PYTHONS = (struct.error, LookupError, TypeError, AttributeError, EOFError, AssertionError)
ORIENTATION = 0x0112


def open_picture(data: bytes, name: str) -> Image.Image:
    """The picture in RGB, or in RGBA where it says anything of transparency; of an animation the first frame, of an
    icon the largest picture.

    Raises OpFailed, with the name, for what is no picture, not whole, too large or of another format.
    """
    return _decoded(BytesIO(data), name)[1]


def read_header(file: BinaryIO, name: str) -> tuple[str, Size]:
    """Format (png, jpeg, webp, avif, gif, ico, icns) and size the right way up, without decoding, and without reading
    more than that takes. Raises OpFailed, OSError."""
    kind, opened = _opened(file, name)
    width, height = opened.size
    turned = orientation(opened.info.get("exif", b"")) >= 5
    return kind, Size(height, width) if turned else Size(width, height)


def measure(data: bytes, name: str) -> Media:
    """What there is to know of an encoded picture, decoded to its end. Raises OpFailed as `open_picture`."""
    return measured(data, name)[0]


def measured(data: bytes, name: str) -> tuple[Media, Image.Image]:
    """The same, and the decoded picture."""
    kind, image = _decoded(BytesIO(data), name)
    return _media(digest_bytes(data), kind, image, len(data)), image


def measure_file(path: Path, name: str, digest: str) -> Media:
    """The same of a file that has a digest; memory holds its pixels, not its bytes. Raises OSError as well."""
    with path.open("rb") as file:
        kind, image = _decoded(file, name)
        return _media(digest, kind, image, file.seek(0, 2))


def read_metadata(data: bytes, name: str) -> tuple[bytes, bytes]:
    """What a picture's file says beside its pixels, as EXIF and as XMP; empty where it says nothing. Of a PNG that is
    what stands before the pixels. Raises OpFailed."""
    kind, opened = _opened(BytesIO(data), name)
    exif, xmp = opened.info.get("exif", b""), opened.info.get("xmp", b"")
    if kind == "gif":
        _, _, rest = data.partition(GIF_XMP)
        xmp = rest[: rest.find(GIF_XMP_END)] if GIF_XMP_END in rest else b""
    return exif, xmp.encode() if isinstance(xmp, str) else xmp


def has_transparency(path: Path) -> bool:
    """Whether any pixel of a picture file lets something shine through. Raises OpFailed, OSError."""
    with path.open("rb") as file:
        _, image = _decoded(file, path.name)
        return image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)


def _media(digest: str, kind: str, image: Image.Image, size: int) -> Media:
    return Media(digest, pixel_digest(image), image.width, image.height, kind, size)


def pixel_digest(image: Image.Image) -> str:
    """SHA-256 of the size and of all pixels in RGBA: no encoding, palette or metadata is part of it."""
    found = hashlib.sha256(b"rgba8 %dx%d\n" % image.size)
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        found.update(band.convert("RGBA").tobytes())
    return found.hexdigest()


# --- opening ------------------------------------------------------------------------------------------------


def sniffed(data: bytes) -> str | None:
    """The format that a file's first bytes claim, None for one that isn't read here."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(ICO_MAGIC):
        return "ico"
    if data.startswith(ICNS_MAGIC):
        return "icns"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1"):
        return "avif"
    return None


def _decoded(file: BinaryIO, name: str) -> tuple[str, Image.Image]:
    from assetforge.ops.openers import BROKEN, TURNS, PngImageFile  # they load Pillow

    kind, opened = _opened(file, name)
    try:
        turn = TURNS.get(orientation(opened.info.get("exif", b"")))
        opened.load()
        if isinstance(opened, PngImageFile) and not _has_end(file):
            raise OSError("image file is truncated")
        image = in_8_bits(opened)
        return kind, image if turn is None else image.transpose(turn)
    except BROKEN as error:
        raise unreadable(name, error) from None


def _has_end(file: BinaryIO) -> bool:
    """Whether a PNG says that it ends; sought from the end on, where it should be."""
    end = file.seek(0, 2)
    while end > 0:
        start = max(0, end - _PIECE)
        file.seek(start)
        if PNG_END in file.read(end - start + len(PNG_END) - 1):
            return True
        end = start
    return False


def _opened(file: BinaryIO, name: str) -> tuple[str, Image.Image]:
    """The header, read. Pillow's own `open` would try any format, and warn where this raises."""
    from assetforge.ops.openers import BROKEN, OPENERS  # they load Pillow

    head = file.read(30)
    if not head:
        raise OpFailed(f"`{name}` is not a picture that can be read: it is empty")
    kind = sniffed(head)
    if kind is None:
        raise OpFailed(f"`{name}` is not a picture that can be read: not PNG, JPEG, WebP, AVIF or GIF")
    if kind == "webp":
        check_size(webp_size(head), name)
    check_container(kind, file, name)
    try:
        opened = OPENERS[kind](file, "")
    except BROKEN as error:
        raise unreadable(name, error) from None
    check_size(Size(*opened.size), name)
    return kind, opened


def unreadable(name: str, error: Exception) -> OpFailed:
    """Pillow's own words as one of ours, without the bytes in brackets; Python's say nothing of a picture."""
    if isinstance(error, MemoryError):
        return OpFailed(f"`{name}` takes more memory than there is")
    cause = error.args[-1] if error.args else ""
    is_pythons = isinstance(cause if isinstance(cause, Exception) else error, _PYTHONS)
    said = "" if is_pythons else str(cause).partition(" (")[0].strip().rstrip(".")
    said = said or "it is broken"
    return OpFailed(f"`{name}` is not a picture that can be read: {said[:1].lower()}{said[1:]}")


def orientation(exif: bytes) -> int:
    """How a camera was held: 1 to 8 as in EXIF 2.3, 4.6.4 (tag 0x0112); 1 where nothing sensible is said.

    Read here because Pillow warns about broken EXIF data, and warnings can't be caught in one thread only.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}L", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHLH", tiff, entry)
            if tag == ORIENTATION:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


# --- one kind of picture ------------------------------------------------------------------------------------


def in_8_bits(image: Image.Image) -> Image.Image:
    """Any picture of the allowed formats in RGB or RGBA, sRGB, and nothing else in it."""
    profile, key = image.info.get("icc_profile"), image.info.get("transparency")
    # In a PNG that has words by these names they are text.
    image.info = {"transparency": key} if isinstance(key, int | bytes | tuple) else {}
    if image.mode in ("I;16", "I;16B", "I"):
        image = high_bytes(image)
    elif image.mode == "RGB" and isinstance(key, tuple):
        # Of 16 bits a channel Pillow keeps the high byte, but tells the transparent colour whole.
        image.info["transparency"] = tuple(part >> 8 if max(key) > 255 else part for part in key)
    if image.mode != "LA" and image.has_transparency_data:
        image = _converted(image, "RGBA")
    elif image.mode not in ("RGB", "L", "LA", "CMYK"):
        image = image.convert("RGB")
    if isinstance(profile, bytes):
        image = in_srgb(image, profile)
    image = _converted(image, "RGBA" if image.mode in ("LA", "RGBA") else "RGB")
    # A file's picture would keep the file and its decoder.
    plain = image._new(image.im)
    plain.info = {}
    return plain


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Not a copy where nothing is to be done: a large picture must not be in memory twice."""
    return image if image.mode == mode else image.convert(mode)


def high_bytes(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, and a transparent grey as alpha."""
    wide = image.convert("I")
    grey = wide.point([value >> 8 for value in range(1 << 16)], "L")
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    return Image.merge("LA", (grey, wide.point([0 if value == key else 255 for value in range(1 << 16)], "L")))
