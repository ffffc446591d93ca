"""A request as it came, and what was answered; how one is read off the wire. Unaware of what may be in it."""

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import python_multipart  # noqa: F401 - starlette needs it for forms, and would say so only at the first of them
from PIL import Image
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

Document = dict[str, Any]
Endpoint = Literal["generations", "edits"]


@dataclass(frozen=True)
class SentFile:
    """A file part as it came, in order, `length` in bytes; 0 by 0 pixels where it is no picture. `data` is let go of
    before the answer."""

    field: str
    name: str
    type: str
    digest: str
    width: int
    height: int
    length: int
    data: bytes = dataclasses.field(repr=False)


@dataclass
class Call:
    """A request as it came, and what was answered: 0 where the connection was dropped instead.

    `order` has the names of the parts of a form as they came. `images` has the digests of the pictures drawn,
    and they cost money (`cost`, in US dollars; None where no price is known), whether the caller got them or not.
    """

    endpoint: Endpoint
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    files: tuple[SentFile, ...] = ()
    order: tuple[str, ...] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    status: int = 0
    error: str = ""
    fault: str = ""
    images: tuple[str, ...] = ()
    cost: float | None = 0.0
    began: float = 0.0
    ended: float = 0.0
    time: str = ""
    number: int = 0
    told: bool = False

    @property
    def prompt(self) -> str:
        return str(self.fields.get("prompt", ""))

    @property
    def model(self) -> str:
        return str(self.fields.get("model", ""))

    @property
    def size(self) -> str:
        """The size that is drawn."""
        return str(self.fields.get("size", "auto")).replace("auto", "1024x1024")

    @property
    def format(self) -> str:
        return str(self.fields.get("output_format", "png"))

    @property
    def n(self) -> int:
        return int(self.fields.get("n", 1))

    @property
    def pictures(self) -> tuple[SentFile, ...]:
        """The pictures sent, without a mask and markup."""
        return tuple(file for file in self.files if file.field in ("image", "image[]"))

    def file(self, name: str) -> SentFile | None:
        """The first file part of a name."""
        return next((file for file in self.files if file.field == name), None)

    def let_go(self) -> None:
        """Forgets the bytes of what was sent."""
        self.files = tuple(dataclasses.replace(file, data=b"") for file in self.files)


class Refused(Exception):  # noqa: N818
    """A request that breaks the contract, with the envelope it is refused with."""

    def __init__(self, status: int, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        kind = "image_generation_user_error" if code == "invalid_value" else "invalid_request_error"
        kind = "requests" if status == 429 else kind
        self.status, self.code = status, code or ""
        self.headers: dict[str, str] = {}
        self.body: Document = {"error": {"message": message, "type": kind, "param": param, "code": code}}


async def read_request(call: Call, request: Request) -> None:
    """Fills in fields and files. Raises Refused for a body of the wrong type."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != ("application/json" if call.endpoint == "generations" else "multipart/form-data"):
        raise Refused(400, "unsupported_content_type", f"Unsupported content type: '{kind}'.")
    if call.endpoint == "generations":
        _read_json(call, await request.body())
        return
    try:
        async with request.form(max_part_size=1 << 20) as form:
            await _read_form(call, form)
    except (MultiPartException, HTTPException):
        raise Refused(400, None, "We could not parse the form of your request.") from None


def _read_json(call: Call, body: bytes) -> None:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refused(400, None, "We could not parse the JSON body of your request.")
    call.fields, call.order = dict(told), tuple(told)


async def _read_form(call: Call, form: FormData) -> None:
    parts = form.multi_items()
    call.order = tuple(name for name, _ in parts)
    for name, value in parts:
        if isinstance(value, UploadFile):
            call.files += (_read_file(name, value, await value.read()),)
        elif name in call.fields:
            raise Refused(400, "duplicate_parameter", f"Duplicate parameter: '{name}'.", name)
        else:
            call.fields[name] = value


def _read_file(name: str, part: UploadFile, data: bytes) -> SentFile:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        width = height = 0
    digest = hashlib.sha256(data).hexdigest()
    return SentFile(name, part.filename or "", part.content_type or "", digest, width, height, len(data), data)
