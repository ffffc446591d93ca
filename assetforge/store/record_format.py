"""A record as a document of bytes and back, every part of it checked; unaware of where it is kept."""

import re
from dataclasses import fields
from typing import Any

from assetforge.model import Look, Media, Record
from assetforge.store import documents
from assetforge.store.documents import is_cost, is_digest, is_text, is_usage, is_whole

VERSION = 1
SIZE_LIMIT = 256 * 1024

# Only sheets have frames, and a look is kept by its picture's digest.
_RECORD = tuple(field.name for field in fields(Record) if field.name not in ("look", "frames"))
_MEDIA = tuple(field.name for field in fields(Media))
_FORMAT = re.compile(r"[a-z][a-z0-9]{0,15}", re.ASCII)
_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_PLACEHOLDER = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]{1,1000}={0,2}", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d(T[0-9:.]{5,15}(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII)


def encode_record(record: Record) -> bytes:
    """A record as a document of at most 256 KiB. Raises ValueError for what `decode_record` would not take.

    Ingredients that do not fit are left out: they only explain a record, which must not be lost for them.
    """
    told = {name: getattr(record, name) for name in _RECORD}
    told |= {"frames": [list(frame) for frame in record.frames]} if record.frames else {}
    told["media"] = {name: getattr(record.media, name) for name in _MEDIA}
    data = documents.encode(VERSION, told)
    if len(data) > SIZE_LIMIT:
        data = documents.encode(VERSION, {**told, "ingredients": ()})
    if decode_record(data) is None:
        raise ValueError(f"the record of {record.key} does not hold what a record holds")
    return data


def decode_record(data: bytes) -> Record | None:
    """The record of a document, None where any part of it is not what it should be.

    Ingredients are a tuple of pairs again; tuples inside their values become lists, as JSON has only these.
    Raises UsageError for a document of a newer version.
    """
    told = read_document(data)
    if told is None:
        return None
    media = _media(told.get("media"))
    ingredients = documents.read_ingredients(told.get("ingredients"))
    sound = (
        is_digest(told.get("key"))
        and all(is_text(told.get(name)) for name in ("kind", "model", "request"))
        and "cost" in told
        and is_cost(told["cost"])
        and isinstance(told.get("estimated"), bool)
        and is_text(told.get("made"))
        and _DATE.fullmatch(told["made"]) is not None
        and is_usage(told.get("usage"))
        and told.get("by") in ("", "by hand", "accepted")
    )
    frames = read_frames(told.get("frames", []))
    if media is None or ingredients is None or frames is None or not sound:
        return None
    known = {name: told[name] for name in _RECORD}
    return Record(**{**known, "media": media, "ingredients": ingredients, "frames": frames})


def read_document(data: bytes) -> dict[str, Any] | None:
    """The fields of a document of the store, None where it is none. Raises UsageError for a newer version."""
    if len(data) > SIZE_LIMIT:
        return None
    return documents.decode(data, version=VERSION, what="a record of the store")


def read_frames(told: object) -> tuple[tuple[int, int, int, int], ...] | None:
    """The frames of a sheet, none where there are none; None for what can't be frames."""
    if not isinstance(told, list):
        return None
    sound = all(
        isinstance(frame, list) and len(frame) == 4 and all(is_whole(part, high=2**31) for part in frame)
        for frame in told
    )
    return tuple((left, top, width, height) for left, top, width, height in told) if sound else None


def read_look(color: object, placeholder: object) -> Look | None:
    """The look of an output; None for what can't be one."""
    if not (isinstance(color, str) and isinstance(placeholder, str)):
        return None
    is_sound = _COLOR.fullmatch(color) is not None and _PLACEHOLDER.fullmatch(placeholder) is not None
    return Look(color, placeholder) if is_sound else None


def _media(told: object) -> Media | None:
    if not isinstance(told, dict):
        return None
    sound = (
        is_digest(told.get("digest"))
        and (told.get("pixels") == "" or is_digest(told.get("pixels")))
        and all(is_whole(told.get(name), low=1, high=2**31) for name in ("width", "height"))
        and is_whole(told.get("bytes"), low=1)
        and is_text(told.get("format"))
        and _FORMAT.fullmatch(told["format"]) is not None
    )
    return Media(**{name: told[name] for name in _MEDIA}) if sound else None
