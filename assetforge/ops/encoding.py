"""What is asked of an output's file: its format, and what each format has to be told; unaware of pixels and bytes."""

from collections.abc import Mapping
from typing import Annotated, Literal

from assetforge.ops.icons import ICNS_TYPES, ICO_LARGEST, SIZES
from assetforge.ops.spec import Field, Flag, Params, ValidationInfo, Whole, field_validator

FORMATS: Mapping[str, str] = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "webp": "webp",
    "avif": "avif",
    "gif": "gif",
    "ico": "ico",
    "icns": "icns",
}

# About the same looks at about the least bytes: where each encoder's own curve flattens.
QUALITY: Mapping[str, int] = {"jpeg": 82, "webp": 80, "avif": 60}
WITH_EFFORT = frozenset({"png", "webp", "avif"})

ICNS_LISTED = ", ".join(map(str, ICNS_TYPES))


class Encoding(Params):
    """How a picture becomes a file. What a format has no use for is dropped, and so is in no key.

    `quality` is 1 to 100 (jpeg 82, webp 80, avif 60); `lossless` is webp's choice and png's nature; `effort`
    is 0 (fast) to 9 (small), of use to png, webp and avif; `sizes` are an icon's, in pixels; `max_bytes` is the most
    that the file may have. `metadata` says what goes into the file beside the picture.
    """

    format: Literal["png", "jpeg", "webp", "avif", "gif", "ico", "icns"]
    lossless: Flag = False
    quality: Annotated[Whole, Field(ge=1, le=100)] | None = None
    effort: Annotated[Whole, Field(ge=0, le=9)] | None = None
    sizes: Annotated[tuple[Annotated[Whole, Field(ge=1)], ...], Field(min_length=1)] | None = None
    max_bytes: Annotated[Whole, Field(ge=1)] | None = None
    metadata: Literal["provenance", "keep", "strip"] = "provenance"

    @field_validator("lossless")
    @classmethod
    def _can_be_lossless(cls, lossless: bool, info: ValidationInfo) -> bool:
        form = info.data.get("format")
        if lossless is True and form in ("jpeg", "avif"):
            raise ValueError(f"{form} can't be written without loss; use png or webp")
        return lossless if form == "webp" else False

    @field_validator("quality")
    @classmethod
    def _has_quality(cls, quality: int | None, info: ValidationInfo) -> int | None:
        form = info.data.get("format", "")
        is_lossy = form in QUALITY and not info.data.get("lossless")
        return quality if is_lossy and quality != QUALITY[form] else None

    @field_validator("effort")
    @classmethod
    def _has_effort(cls, effort: int | None, info: ValidationInfo) -> int | None:
        return effort if info.data.get("format") in WITH_EFFORT else None

    @field_validator("sizes")
    @classmethod
    def _has_sizes(cls, sizes: tuple[int, ...] | None, info: ValidationInfo) -> tuple[int, ...] | None:
        form = info.data.get("format", "")
        if sizes is None or form not in SIZES:
            return None
        for side in sizes:
            if form == "ico" and side > ICO_LARGEST:
                raise ValueError(f"an ico has no picture of {side}x{side}; write sizes from 1 to {ICO_LARGEST}")
            if form == "icns" and side not in ICNS_TYPES:
                raise ValueError(f"an icns has no picture of {side}x{side}; write some of {ICNS_LISTED}")
        chosen = tuple(sorted(set(sizes)))
        return None if chosen == SIZES[form] else chosen

    @field_validator("metadata")
    @classmethod
    def _has_metadata(cls, metadata: str, info: ValidationInfo) -> str:
        return "provenance" if info.data.get("format") in SIZES else metadata

    @property
    def icon_sizes(self) -> tuple[int, ...]:
        """The sizes of an icon, () for any other format."""
        return self.sizes or SIZES.get(self.format, ())
