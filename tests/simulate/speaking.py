"""Requests to a simulated API as plain as they can be, and pictures to send."""

import base64
import io
from typing import Any

import httpx
from PIL import Image

from tests.images_server import ImagesServer

File = tuple[str, bytes, str]
PLAIN: dict[str, Any] = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024", "quality": "low"}


def generate(server: ImagesServer, *, path: str = "", headers: Any = None, **fields: Any) -> httpx.Response:
    """A generation; a field of value None is left out."""
    body = {name: value for name, value in (PLAIN | fields).items() if value is not None}
    sent = {"Authorization": f"Bearer {server.key}"} if headers is None else headers
    return httpx.post(f"{server.origin}{path or '/v1/images/generations'}", headers=sent, json=body)


def edit(server: ImagesServer, *files: File, path: str = "", headers: Any = None, **fields: str) -> httpx.Response:
    """An edit."""
    parts = [(name, (f"{name}.bin", data, kind)) for name, data, kind in files]
    sent = {"Authorization": f"Bearer {server.key}"} if headers is None else headers
    return httpx.post(f"{server.origin}{path or '/v1/images/edits'}", headers=sent, data=PLAIN | fields, files=parts)


def encoded(form: str, mode: str = "RGBA", size: tuple[int, int] = (32, 32), fill: Any = 0) -> bytes:
    """A picture of one colour."""
    spooled = io.BytesIO()
    Image.new(mode, size, fill).save(spooled, form)
    return spooled.getvalue()


def sent(form: str = "png", field: str = "image", **how: Any) -> File:
    """A file part as it should be."""
    mode = {"mode": "RGB"} if form == "jpeg" else {}
    return field, encoded(form, **(mode | how)), f"image/{form}"


def picture(item: dict[str, Any]) -> Image.Image:
    """A delivered picture, decoded to its end."""
    opened = Image.open(io.BytesIO(base64.b64decode(item["b64_json"], validate=True)))
    opened.load()
    return opened
