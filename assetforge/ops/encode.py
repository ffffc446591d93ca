"""From pictures to the bytes of a file: deterministic, without metadata; unaware of paths."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Annotated, Any, Literal

from PIL import Image

from assetforge.ops.color import WHITE, flattened
from assetforge.ops.spec import (
    Field,
    Flag,
    OpFailed,
    Params,
    ValidationInfo,
    Whole,
    field_validator,
)

FORMATS: Mapping[str, str] = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "avif": "avif"}

# About the same looks at about the least bytes: where each encoder's own curve flattens.
QUALITY: Mapping[str, int] = {"jpeg": 82, "webp": 80, "avif": 60}

# The least room that Pillow gives an encoder, in bytes.
ROOM = 65_536

# libwebp and libjpeg have no larger sides.
LONGEST: Mapping[str, int] = {"jpeg": 65_500, "webp": 16_383}


class Encoding(Params):
    """How a picture becomes a file. What a format has no use for is dropped, and so is in no key.

    `quality` is 1 to 100 (jpeg 82, webp 80, avif 60); `lossless` is webp's choice and png's nature; `effort`
    is 0 (fast) to 9 (small), of no use to jpeg.
    """

    format: Literal["png", "jpeg", "webp", "avif"]
    lossless: Flag = False
    quality: Annotated[Whole, Field(ge=1, le=100)] | None = None
    effort: Annotated[Whole, Field(ge=0, le=9)] | None = None

    @field_validator("lossless")
    @classmethod
    def _can_be_lossless(cls, lossless: bool, info: ValidationInfo) -> bool:
        form = info.data.get("format")
        if lossless is True and form in ("jpeg", "avif"):
            raise ValueError(f"{form} can't be written without loss; use png or webp")
        return False if form == "png" else lossless

    @field_validator("quality")
    @classmethod
    def _has_quality(cls, quality: int | None, info: ValidationInfo) -> int | None:
        lossy = info.data.get("format") != "png" and not info.data.get("lossless")
        return quality if lossy and quality != QUALITY.get(info.data.get("format", "")) else None

    @field_validator("effort")
    @classmethod
    def _has_effort(cls, effort: int | None, info: ValidationInfo) -> int | None:
        return None if info.data.get("format") == "jpeg" else effort


def encode(image: Image.Image, encoding: Encoding) -> bytes:
    """The picture as a file. Raises OpFailed where the format can't hold it."""
    longest = LONGEST.get(encoding.format)
    if longest is not None and max(image.size) > longest:
        size = f"{image.width}x{image.height}"
        raise OpFailed(f"a picture of {size} can't be written as {encoding.format}: no side may be over {longest:,}")
    try:
        return ENCODERS[encoding.format](bare(image), encoding)
    except (OSError, ValueError) as error:
        raise OpFailed(f"the picture can't be written as {encoding.format}: {error}") from None


def bare(image: Image.Image) -> Image.Image:
    """The picture's pixels and nothing else, in an object of its own: encoders write what is in `info`, needless
    alpha costs bytes, and `save` keeps its options in the image, which other threads may be saving too."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        own = image.convert("RGB")
    else:
        own = image.copy()
    own.info = {}
    return own


def _written(image: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _png(image: Image.Image, encoding: Encoding) -> bytes:
    # Level 4 is the first at which flat drawings get about as small as they will; with 6 photos take twice
    # the time.
    return _written(image, "PNG", compress_level=4 if encoding.effort is None else max(1, encoding.effort))


def _jpeg(image: Image.Image, encoding: Encoding) -> bytes:
    quality = encoding.quality or QUALITY["jpeg"]
    opaque = flattened(image, WHITE)
    options = {"quality": quality, "subsampling": "4:2:0" if quality < 90 else "4:4:4"}
    if quality > 85:
        # libjpeg gives a progressive file away in one piece, into room that Pillow guesses from the pixels
        # alone. Noise at a high quality needs more: then it is the sequential file, which tells beforehand.
        plain = _written(opaque, "JPEG", **options)
        room = max(opaque.width * opaque.height * (2 if quality >= 95 else 1), ROOM)
        if len(plain) > 0.9 * room:
            return plain
    return _written(opaque, "JPEG", progressive=True, optimize=True, **options)


def _webp(image: Image.Image, encoding: Encoding) -> bytes:
    method = 4 if encoding.effort is None else min(encoding.effort, 6)
    if encoding.lossless:
        # `exact` keeps the colour of transparent pixels: without loss means just that.
        return _written(image, "WEBP", lossless=True, exact=True, quality=75, method=method)
    return _written(image, "WEBP", quality=encoding.quality or QUALITY["webp"], method=method)


def _avif(image: Image.Image, encoding: Encoding) -> bytes:
    speed = 8 if encoding.effort is None else 10 - encoding.effort
    quality = encoding.quality or QUALITY["avif"]
    # One thread: how many there are changes the bytes.
    return _written(image, "AVIF", quality=quality, speed=speed, max_threads=1)


ENCODERS: Mapping[str, Callable[[Image.Image, Encoding], bytes]] = {
    "png": _png,
    "jpeg": _jpeg,
    "webp": _webp,
    "avif": _avif,
}
