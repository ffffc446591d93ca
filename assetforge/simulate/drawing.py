"""Pictures that no other call gets: a draft of what was asked with a number on it, or a picture from a file.

Unaware of answers and prices. A picture is given in pieces, so that a large one need not be copied.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from assetforge.model import Size
from assetforge.providers import draft
from assetforge.providers.spec import CallFailed, Order, Upload
from assetforge.simulate.call import Call, SentFile

Pieces = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture of a call: `serial` is a number that no other has, `candidate` counts those of the call from 1."""

    call: Call
    serial: int
    candidate: int
    size: str
    format: str

    @property
    def compression(self) -> int | None:
        """As it was asked for."""
        asked = self.call.fields.get("output_compression")
        return None if asked is None else int(asked)


Drawing = Callable[[Wanted], Pieces]


def rehearsed(wanted: Wanted) -> Pieces:
    """A draft of what was asked, with its number. Raises ValueError where an input picture can't be read."""
    order = _order(wanted)
    try:
        data = draft.draw(order, wanted.candidate)
    except CallFailed as error:
        raise ValueError(str(error)) from None
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        stamp(picture, wanted.serial, draft.frame_of(order))
        return (draft.encoded(picture, order),)


def stamp(picture: Image.Image, serial: int, frame: tuple[int, int, int, int]) -> None:
    """Writes the number on a plain ground, large enough to outlive any compression: into the margin below all that a
    draft writes in its frame, at the right."""
    width, height = frame[2:]
    margin = min(width - frame[0], height - frame[1]) // 22
    text, tall, pen = f"simulated #{serial}", max(14, margin * 2 // 3), ImageDraw.Draw(picture)
    left, top, right, bottom = (round(edge) for edge in pen.textbbox((0, 0), text, font_size=tall))
    pad = tall // 5
    end = (width - margin, height - (margin - (bottom - top) - 2 * pad) // 2)
    at = (end[0] - (right - left) - 4 * pad, end[1] - (bottom - top) - 2 * pad)
    pen.rectangle((*at, *end), fill="black")
    pen.text((at[0] + 2 * pad - left, at[1] + pad - top), text, fill="white", font_size=tall)


def _order(wanted: Wanted) -> Order:
    fields, call = wanted.call.fields, wanted.call
    mask = call.file("mask")
    return Order(
        operation="generate" if call.endpoint == "generations" else "edit",
        model=call.model,
        prompt=call.prompt,
        size=Size.parse(wanted.size),
        quality=str(fields.get("quality", "auto")),
        background=str(fields.get("background", "auto")),
        format=wanted.format,
        compression=wanted.compression,
        n=call.n,
        pictures=tuple(map(_upload, call.pictures)),
        mask=None if mask is None else _upload(mask),
    )


def _upload(file: SentFile) -> Upload:
    return Upload(file.name, file.type.removeprefix("image/"), file.data)


def prepared(data: bytes) -> Drawing:
    """The same picture for every call, told apart by a comment in its file alone. Raises ValueError for what is
    neither PNG nor JPEG."""
    # After the header (PNG: signature and IHDR) or the marker that begins a file (JPEG).
    start = 33 if data.startswith(b"\x89PNG") else 2
    if start == 2 and not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("neither a PNG nor a JPEG")
    head, rest = data[:start], data[start:]

    def give(wanted: Wanted) -> Pieces:
        text = f"simulated {wanted.serial}".encode()
        return head, _png_comment(text) if start == 33 else _jpeg_comment(text), rest

    return give


def _png_comment(text: bytes) -> bytes:
    body = b"tEXtComment\0" + text
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _jpeg_comment(text: bytes) -> bytes:
    return b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text
