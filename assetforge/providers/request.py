"""What an order looks like on the wire of the Images API; unaware of connections, keys and answers.

The contract is the vendor's as of 2026-11-22: generations as JSON, edits as multipart with `image` for one
picture and `image[]` for several, never both. Model, size, quality and format are always explicit, all else
is sent only where it is not the default and the model takes it. `input_fidelity` is never sent.
"""

from typing import Any

from assetforge.providers.models import rules_of
from assetforge.providers.spec import CallFailed, Order, Upload
from assetforge.words import byte_size


def content_of(order: Order) -> dict[str, Any]:
    """The body as httpx takes it. Raises CallFailed for a huge picture."""
    rules = rules_of("images-api", order.model)
    fields: dict[str, Any] = {
        "model": order.model,
        "prompt": order.prompt,
        "size": str(order.size),
        "quality": order.quality,
        "output_format": order.format,
    }
    if order.background != "auto" and (rules is None or order.background in rules.backgrounds):
        fields["background"] = order.background
    if order.compression is not None and order.format != "png":
        fields["output_compression"] = order.compression
    if order.n > 1:
        fields["n"] = order.n
    if rules is not None and rules.response_format:
        fields["response_format"] = rules.response_format
    if order.operation == "generate":
        if order.moderation != "auto":  # edits in multipart form have no such field
            fields["moderation"] = order.moderation
        return {"json": fields}
    limit = rules.max_picture_bytes if rules is not None else None
    return {"data": {key: str(fields[key]) for key in fields}, "files": _parts(order, limit)}


def _parts(order: Order, limit: int | None) -> list[tuple[str, tuple[str, bytes, str]]]:
    field = "image" if len(order.pictures) == 1 else "image[]"
    uploads = [(field, picture) for picture in order.pictures]
    if order.mask is not None:
        uploads.append(("mask", order.mask))
    for _, upload in uploads:
        _check_bytes(upload, limit)
    return [(name, (upload.name, upload.data, f"image/{upload.format}")) for name, upload in uploads]


def _check_bytes(upload: Upload, limit: int | None) -> None:
    if limit is not None and len(upload.data) >= limit:
        told = f"`{upload.name}` has {byte_size(len(upload.data))}, pictures must be under {byte_size(limit)}"
        raise CallFailed("refused", told, "scale it down, or send it as jpeg")
