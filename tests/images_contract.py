"""What the Images API takes, with its own words for what breaks the contract, and what it bills.

It shares no code with assetforge: the rules are written down again from the vendor's documents, so that an
error of ours is not an error of both.
"""

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image
from starlette.datastructures import UploadFile
from starlette.requests import Request

MODELS = ("gpt-image-2", "gpt-image-2-2026-04-21", "gpt-image-2-c")
FACTORS = {"low": 16, "medium": 48, "high": 96, "auto": 96}
GENERATION_FIELDS = {
    "prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression",
    "moderation", "stream", "partial_images", "user", "safety_identifier",
}  # fmt: skip
EDIT_FIELDS = GENERATION_FIELDS - {"moderation", "safety_identifier"}
MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}

Document = dict[str, Any]


@dataclass(frozen=True)
class SentFile:
    """A file part as it came, in order."""

    field: str
    name: str
    type: str
    digest: str
    width: int
    height: int
    data: bytes = dataclasses.field(repr=False)


@dataclass
class Call:
    """A request as it came, and what was answered: 0 where the connection was dropped instead.

    `order` has the names of the parts of a form as they came. `images` has the digests of the pictures drawn,
    and they cost money, whether the caller got them or not.
    """

    endpoint: Literal["generations", "edits"]
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    files: tuple[SentFile, ...] = ()
    order: tuple[str, ...] = ()
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    status: int = 0
    error: str = ""
    images: tuple[str, ...] = ()
    began: float = 0.0
    ended: float = 0.0

    @property
    def prompt(self) -> str:
        return str(self.fields.get("prompt", ""))


class Refused(Exception):  # noqa: N818
    """A request that breaks the contract, with the envelope it is refused with."""

    def __init__(self, status: int, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        kind = "image_generation_user_error" if code == "invalid_value" else "invalid_request_error"
        self.status, self.code = status, code or ""
        self.body: Document = {"error": {"message": message, "type": kind, "param": param, "code": code}}


async def read_request(call: Call, request: Request) -> None:
    """Fills in fields and files. Raises Refused for a body of the wrong type."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if call.endpoint == "generations":
        if kind != "application/json":
            raise Refused(400, "unsupported_content_type", f"Unsupported content type: '{kind}'.")
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refused(400, None, "We could not parse the JSON body of your request.") from None
        call.fields, call.order = dict(body), tuple(body)
        return
    if kind != "multipart/form-data":
        raise Refused(400, "unsupported_content_type", f"Unsupported content type: '{kind}'.")
    async with request.form(max_part_size=1 << 20) as form:
        parts = form.multi_items()
        call.order = tuple(name for name, _ in parts)
        for name, value in parts:
            if isinstance(value, UploadFile):
                call.files += (read_file(name, value.filename or "", value.content_type or "", await value.read()),)
            elif name in call.fields:
                raise Refused(400, "duplicate_parameter", f"Duplicate parameter: '{name}'.", name)
            else:
                call.fields[name] = value


def read_file(name: str, filename: str, kind: str, data: bytes) -> SentFile:
    """A file part, with its picture's size; 0 by 0 where it is none."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
    except OSError:
        width = height = 0
    return SentFile(name, filename, kind, hashlib.sha256(data).hexdigest(), width, height, data)


def check_key(authorization: str, key: str) -> None:
    """Raises Refused where the bearer's key is not the server's."""
    if not authorization.startswith("Bearer "):
        raise Refused(401, None, "You didn't provide an API key.")
    if authorization != f"Bearer {key}":
        raise Refused(401, "invalid_api_key", f"Incorrect API key provided: {authorization[7:]}.")


def check(call: Call) -> None:
    """Raises Refused at the first thing that the API would refuse."""
    check_names(call)
    fields = call.fields
    if not str(fields.get("prompt", "")):
        raise Refused(400, "missing_required_parameter", "Missing required parameter: 'prompt'.", "prompt")
    if len(call.prompt) > 32_000:
        raise Refused(400, "string_above_max_length", "Invalid 'prompt': string too long.", "prompt")
    if fields.get("model") not in MODELS:
        raise Refused(404, "model_not_found", f"The model '{fields.get('model')}' does not exist.")
    check_size(str(fields.get("size", "auto")))
    check_choices(call)
    if call.endpoint == "edits":
        check_pictures([file for file in call.files if file.field != "mask"])
        check_mask(call.files)


def check_names(call: Call) -> None:
    """Only what the endpoint documents, and `image` or `image[]` but not both."""
    fields, reseller = set(call.fields), call.fields.get("model") == "gpt-image-2-c"
    if "input_fidelity" in fields:
        raise Refused(400, "invalid_input_fidelity_model", "The model does not support 'input_fidelity'.")
    known = GENERATION_FIELDS if call.endpoint == "generations" else EDIT_FIELDS
    known = (known - {"background"}) | {"response_format"} if reseller else known
    for name in sorted(fields - known):
        raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
    if call.endpoint == "generations":
        return
    names = [file.field for file in call.files]
    for name in sorted(set(names) - {"image", "image[]", "mask"}):
        raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
    if {"image", "image[]"} <= set(names):
        raise Refused(422, None, "Send either 'image' or 'image[]', not both.")
    if names.count("image") > 1:
        told = "Duplicate parameter: 'image'. You provided multiple values; use the array syntax 'image[]'."
        raise Refused(400, "duplicate_parameter", told, "image")
    if names.count("mask") > 1:
        raise Refused(400, "duplicate_parameter", "Duplicate parameter: 'mask'.", "mask")
    files_begin = next((at for at, name in enumerate(call.order) if name in names), len(call.order))
    if any(name in fields for name in call.order[files_begin:]):
        raise Refused(400, "invalid_form", "Fields must stand before files.")


def check_size(size: str) -> None:
    """Multiples of 16, no side over 3840, at most 3:1, 655,360 to 8,294,400 pixels; or `auto`."""
    if size == "auto":
        return
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise Refused(400, "invalid_value", f"Invalid size '{size}'.", "size")
    wide, high = int(width), int(height)
    if wide % 16 or high % 16:
        told = f"Invalid size '{size}'. Width and height must both be divisible by 16."
        raise Refused(400, "invalid_value", told, "size")
    if wide * high < 655_360:
        told = f"Invalid size '{size}'. Requested resolution is below the current minimum pixel budget."
        raise Refused(400, "invalid_value", told, "size")
    if wide * high > 8_294_400 or max(wide, high) > 3840 or max(wide, high) > 3 * min(wide, high):
        raise Refused(400, "invalid_value", f"Invalid size '{size}'.", "size")


def check_choices(call: Call) -> None:
    """The values of the parameters that are chosen from a list or a range."""
    fields, reseller = call.fields, call.fields["model"] == "gpt-image-2-c"
    choices = {
        "quality": ("low", "medium", "high") if reseller else ("low", "medium", "high", "auto"),
        "background": ("auto", "opaque", "transparent"),
        "output_format": ("png", "jpeg") if reseller else ("png", "jpeg", "webp"),
        "moderation": ("auto", "low"),
        "response_format": ("url", "b64_json"),
    }
    for name, values in choices.items():
        if name in fields and fields[name] not in values:
            raise Refused(400, "invalid_value", f"Invalid value: '{fields[name]}'.", name)
    if fields.get("background") == "transparent":
        raise Refused(400, "invalid_value", "Transparent background is not supported for this model.")
    if "output_compression" in fields:
        if fields.get("output_format", "png") == "png":
            raise Refused(400, "invalid_value", "Compression is not supported for png.", "output_compression")
        check_number("output_compression", fields["output_compression"], 0, 100)
    check_number("n", fields.get("n", 1), 1, 10)


def check_number(name: str, value: object, low: int, high: int) -> None:
    """Whole, and from `low` to `high`; a form has it as text."""
    if not str(value).isdecimal() or not low <= int(str(value)) <= high:
        raise Refused(400, "invalid_value", f"Invalid '{name}': {value}.", name)


def check_pictures(pictures: list[SentFile]) -> None:
    """One to sixteen real pictures, each under 50 MB, named, and of the type they claim."""
    if not pictures:
        raise Refused(400, "missing_required_parameter", "Missing required parameter: 'image'.", "image")
    if len(pictures) > 16:
        raise Refused(400, "array_above_max_length", "Invalid 'image': at most 16 images.", "image")
    for file in pictures:
        true = next((kind for magic, kind in MAGIC.items() if file.data.startswith(magic)), "")
        if not file.name or file.type != true or not file.width:
            raise Refused(400, "invalid_image_file", f"Invalid image file or mode: '{file.name}'.", file.field)
        if len(file.data) >= 50_000_000:
            raise Refused(413, "image_too_large", "Image is too large.", file.field)


def check_mask(files: tuple[SentFile, ...]) -> None:
    """A PNG with alpha, somewhere transparent, of the first picture's size and format."""
    mask = next((file for file in files if file.field == "mask"), None)
    if mask is None:
        return
    first = next(file for file in files if file.field != "mask")
    if not mask.data.startswith(b"\x89PNG") or mask.type != "image/png" or not mask.name:
        raise Refused(400, "invalid_image_file", "Invalid mask: must be a PNG.", "mask")
    if first.type != mask.type or (first.width, first.height) != (mask.width, mask.height):
        raise Refused(400, "invalid_image_file", "Invalid mask: size or format differs from image.", "mask")
    with Image.open(io.BytesIO(mask.data)) as picture:
        if picture.mode not in ("RGBA", "LA"):
            raise Refused(400, "invalid_image_format", "Invalid mask: no alpha channel.", "mask")
        if picture.getchannel("A").getextrema()[0] != 0:
            raise Refused(400, "invalid_value", "Invalid mask: nothing is transparent.", "mask")


def output_tokens(width: int, height: int, quality: str) -> int:
    """Output tokens of one image of gpt-image-2, by the published formula."""
    factor = FACTORS[quality]
    long, short = max(width, height), min(width, height)
    scaled = (2 * factor * short + long) // (2 * long)
    return -(-factor * scaled * (2_000_000 + width * height) // 4_000_000)


def usage(call: Call) -> Document:
    """What the pictures drawn for a call are billed as."""
    size = str(call.fields.get("size", "auto")).replace("auto", "1024x1024")
    width, _, height = size.partition("x")
    each = output_tokens(int(width), int(height), str(call.fields.get("quality", "auto")))
    text, image = (
        max(1, len(call.prompt) // 4),
        1_000 * len([part for part in call.files if part.field != "mask"]),
    )
    made = each * len(call.images)
    return {
        "total_tokens": text + image + made,
        "input_tokens": text + image,
        "output_tokens": made,
        "input_tokens_details": {"text_tokens": text, "image_tokens": image},
    }
