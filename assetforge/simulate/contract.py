"""What the Images API takes, with its own words for what breaks the contract.

It shares no code with `providers`: the rules are written down again from the vendor's documents, so that an
error of ours is not an error of both. Unaware of keys, faults and how an answer is made.
"""

import io
from collections.abc import Sequence

from PIL import Image

from assetforge.simulate.call import Call, Refused, SentFile
from assetforge.simulate.models import MODELS, Model

GENERATION_FIELDS = {
    "prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression",
    "moderation", "stream", "partial_images", "user", "safety_identifier",
}  # fmt: skip
EDIT_FIELDS = GENERATION_FIELDS - {"moderation", "safety_identifier"}
WHOLE, YES_OR_NO = {"n", "output_compression", "partial_images"}, {"stream"}
MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
MOST_BYTES = 50_000_000
MOST_PICTURES = 16
MOST_PROMPT = 32_000


def check(call: Call) -> Model:
    """The model that is asked for. Raises Refused at the first thing that the API would refuse."""
    check_types(call)
    model = MODELS.get(call.model)
    check_names(call, model)
    if not call.prompt:
        raise Refused(400, "missing_required_parameter", "Missing required parameter: 'prompt'.", "prompt")
    if len(call.prompt) > MOST_PROMPT:
        raise Refused(400, "string_above_max_length", "Invalid 'prompt': string too long.", "prompt")
    if model is None:
        raise Refused(404, "model_not_found", f"The model '{call.model}' does not exist.")
    check_size(str(call.fields.get("size", "auto")), model.sizes)
    check_choices(call, model)
    check_background(call, model)
    if call.endpoint == "edits":
        check_pictures(call.pictures, model)
        check_mask(call)
        check_markup(call)
    return model


def check_types(call: Call) -> None:
    """Numbers are numbers and text is text; a form has text only."""
    for name, value in call.fields.items() if call.endpoint == "generations" else ():
        wanted = int if name in WHOLE else bool if name in YES_OR_NO else str
        if name in GENERATION_FIELDS and (not isinstance(value, wanted) or (wanted is int and value is True)):
            told = f"Invalid type for '{name}': expected {wanted.__name__}, but got {type(value).__name__} instead."
            raise Refused(400, "invalid_type", told, name)


def check_names(call: Call, model: Model | None) -> None:
    """Only what the endpoint documents for a model."""
    known = GENERATION_FIELDS if call.endpoint == "generations" else EDIT_FIELDS
    if model is not None and model.reseller:
        known = (known - {"background"}) | {"response_format"}
    elif model is not None and model.fidelity and call.endpoint == "edits":
        known = known | {"input_fidelity"}
    elif "input_fidelity" in call.fields:
        raise Refused(400, "invalid_input_fidelity_model", "The model does not support 'input_fidelity'.")
    for name in sorted(set(call.fields) - known):
        raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
    if call.endpoint == "edits":
        check_parts(call, model)


def check_parts(call: Call, model: Model | None) -> None:
    """`image` or `image[]` but not both, each name as often as it may be, and files after fields."""
    names = [file.field for file in call.files]
    known = {"image", "image[]", "mask"} | ({"markup"} if model is not None and model.markup else set())
    for name in sorted(set(names) - known):
        raise Refused(400, "unknown_parameter", f"Unknown parameter: '{name}'.", name)
    if {"image", "image[]"} <= set(names):
        raise Refused(422, None, "Send either 'image' or 'image[]', not both.")
    if names.count("image") > 1:
        told = "Duplicate parameter: 'image'. You provided multiple values; use the array syntax 'image[]'."
        raise Refused(400, "duplicate_parameter", told, "image")
    for name in ("mask", "markup"):
        if names.count(name) > 1:
            raise Refused(400, "duplicate_parameter", f"Duplicate parameter: '{name}'.", name)
    files_begin = next((at for at, name in enumerate(call.order) if name in names), len(call.order))
    if any(name in call.fields for name in call.order[files_begin:]):
        raise Refused(400, "invalid_form", "Fields must stand before files.")


def check_size(size: str, sizes: Sequence[str] = ()) -> None:
    """One of `sizes`, or without them multiples of 16, no side over 3840, at most 3:1, 655,360 to 8,294,400 pixels;
    or `auto`."""
    if size == "auto" or size in sizes:
        return
    width, cross, height = size.partition("x")
    if sizes or not (cross and width.isdecimal() and height.isdecimal()) or len(size) > 9:
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


def check_choices(call: Call, model: Model) -> None:
    """The values of the parameters that are chosen from a list or a range."""
    choices = {
        "quality": model.qualities if model.reseller else (*model.qualities, "auto"),
        "background": ("auto", "opaque", "transparent"),
        "output_format": model.formats,
        "moderation": ("auto", "low"),
        "response_format": ("url", "b64_json"),
        "input_fidelity": model.fidelity,
    }
    for name, values in choices.items():
        if name in call.fields and call.fields[name] not in values:
            raise Refused(400, "invalid_value", f"Invalid value: '{call.fields[name]}'.", name)
    if str(call.fields.get("stream", "false")).lower() != "false":
        raise Refused(400, "unsupported_value", "Streaming is not simulated.", "stream")
    compression = call.fields.get("output_compression", 100)
    check_number("output_compression", compression, 0, 100)
    if call.format == "png" and int(compression) != 100:
        raise Refused(400, "invalid_value", "Compression is not supported for png.", "output_compression")
    check_number("n", call.fields.get("n", 1), 1, 10)
    check_number("partial_images", call.fields.get("partial_images", 0), 0, 3)


def check_number(name: str, value: object, low: int, high: int) -> None:
    """Whole, and from `low` to `high`; a form has it as text."""
    told = str(value)
    if not told.isdecimal() or len(told) > 3 or not low <= int(told) <= high:
        raise Refused(400, "invalid_value", f"Invalid '{name}': {told[:40]}.", name)


def check_background(call: Call, model: Model) -> None:
    """Transparent only where the model can, and in a format that can."""
    if call.fields.get("background") != "transparent":
        return
    if not model.transparent:
        told = "Transparent background is not supported for this model."
        raise Refused(400, "invalid_value", told, "background")
    if call.format == "jpeg":
        raise Refused(400, "invalid_value", "Transparent background needs png or webp.", "background")


def check_pictures(pictures: Sequence[SentFile], model: Model) -> None:
    """One to sixteen real pictures, each under 50 MB, named, and of the type they claim."""
    if not pictures:
        raise Refused(400, "missing_required_parameter", "Missing required parameter: 'image'.", "image")
    if len(pictures) > MOST_PICTURES:
        raise Refused(400, "array_above_max_length", "Invalid 'image': at most 16 images.", "image")
    for file in pictures:
        true = next((kind for magic, kind in MAGIC.items() if file.data.startswith(magic)), "")
        is_taken = true.removeprefix("image/") in model.formats
        if not file.name or file.type != true or not file.width or not is_taken:
            raise Refused(400, "invalid_image_file", f"Invalid image file or mode: '{file.name}'.", file.field)
        check_weight(file)


def check_weight(file: SentFile) -> None:
    """Under 50 MB."""
    if file.length >= MOST_BYTES:
        raise Refused(413, "image_too_large", "Image is too large.", file.field)


def check_mask(call: Call) -> None:
    """A PNG with alpha, somewhere transparent, of the first picture's size and format."""
    mask = call.file("mask")
    if mask is None:
        return
    first = call.pictures[0]
    check_png(mask)
    if first.type != mask.type or (first.width, first.height) != (mask.width, mask.height):
        raise Refused(400, "invalid_image_file", "Invalid mask: size or format differs from image.", "mask")
    if lowest_alpha(mask) != 0:
        raise Refused(400, "invalid_value", "Invalid mask: nothing is transparent.", "mask")


def check_markup(call: Call) -> None:
    """A PNG with alpha of the first picture's size, and not beside a mask."""
    markup = call.file("markup")
    if markup is None:
        return
    if call.file("mask") is not None:
        raise Refused(400, "invalid_value", "Send either 'mask' or 'markup', not both.", "markup")
    check_png(markup)
    lowest_alpha(markup)
    if (markup.width, markup.height) != (call.pictures[0].width, call.pictures[0].height):
        raise Refused(400, "invalid_image_file", "Invalid markup: size differs from image.", "markup")


def check_png(file: SentFile) -> None:
    """A named PNG that says so, under 50 MB."""
    if not file.data.startswith(b"\x89PNG") or file.type != "image/png" or not file.name or not file.width:
        raise Refused(400, "invalid_image_file", f"Invalid {file.field}: must be a PNG.", file.field)
    check_weight(file)


def lowest_alpha(file: SentFile) -> int:
    """The alpha of the most transparent pixel. Raises Refused where there is no alpha, or no whole picture."""
    try:
        with Image.open(io.BytesIO(file.data)) as picture:
            if picture.mode not in ("RGBA", "LA"):
                told = f"Invalid {file.field}: no alpha channel."
                raise Refused(400, "invalid_image_format", told, file.field)
            low, _ = picture.getchannel("A").getextrema()
    except (OSError, SyntaxError, ValueError):
        raise Refused(400, "invalid_image_file", f"Invalid {file.field}: can't be read.", file.field) from None
    return int(str(low))
