"""Records and pictures that another machine made: proven before they are kept; unaware of how they came here.

Who hands them over is trusted to choose pictures, not more. A record has to be in the form of ours and under its own
key, a picture has to have the record's digest and to be one, and what is told of it is measured here again.
"""

from dataclasses import replace
from pathlib import Path

from assetforge.digest import digest_bytes, digest_file
from assetforge.errors import UsageError
from assetforge.model import Media, Record
from assetforge.ops.decode import measure, measure_file
from assetforge.ops.spec import OpFailed
from assetforge.store.audit import foreign_name
from assetforge.store.blobs import Blobs
from assetforge.store.record_format import decode_record
from assetforge.store.records import Records

# Pictures of providers stay far below it: a stranger's may not fill the disk.
BLOB_LIMIT = 256 * 1024 * 1024


class Unfit(Exception):  # noqa: N818 - told as the reason why something is not taken
    """Something that another machine made and that is not kept here, with the reason."""


class Newer(Unfit):
    """Something that a newer release made, which may be sound."""


def read_record(data: bytes, key: str) -> Record:
    """The record of a document, as it tells itself. Raises Newer, and Unfit for what is none, for one of another key,
    and for a placeholder's, which no machine needs from another."""
    try:
        record = decode_record(data)
    except UsageError:
        raise Newer("it was written by a newer assetforge") from None
    if record is None:
        raise Unfit("it is no record")
    if record.key != key:
        raise Unfit("it is the record of another key")
    if record.kind == "placeholder":
        raise Unfit("it is the record of a placeholder")
    return record


def prove_picture(blob: bytes | Path, digest: str) -> Media:
    """What a picture with a digest is, decoded to its end. Raises Unfit for other bytes, for what is over 256 MiB and
    for what is no picture; OSError."""
    size = len(blob) if isinstance(blob, bytes) else blob.stat().st_size
    if size > BLOB_LIMIT:
        raise Unfit("its picture is too large")
    found = digest_bytes(blob) if isinstance(blob, bytes) else digest_file(str(blob))
    if found != digest:
        raise Unfit("its picture has other bytes")
    try:
        return measure(blob, "it") if isinstance(blob, bytes) else measure_file(blob, "it", digest)
    except OpFailed as error:
        raise Unfit(str(error).replace("`it`", "its picture")) from None


def measured_anew(record: Record, media: Media) -> Record:
    """A record with what was measured of its picture here. Raises Unfit for frames outside the picture."""
    for left, top, width, height in record.frames:
        if left + width > media.width or top + height > media.height:
            raise Unfit("its frames are outside its picture")
    return replace(record, media=media)


def take_record(data: bytes, key: str, blob: bytes | Path) -> Record:
    """The record of a document and its picture, both proven, and measured here. Raises Unfit, OSError."""
    record = read_record(data, key)
    return measured_anew(record, prove_picture(blob, record.media.digest))


def keep_taken(record: Record, records: Records, blobs: Blobs) -> Record:
    """Keeps a record of another machine, its picture being here, unless its key has one whose picture is here too.
    Returns the one that is kept. What it cost was paid elsewhere: no ledger hears of it. Raises UsageError."""
    first = records.put(record)
    if first.media.digest != record.media.digest and not blobs.has(first.media.digest):
        records.replace(record)
        first = record
    if first == record:
        records.note_all({foreign_name(record.key): {"digest": record.media.digest}})
    return first


def take_instead(record: Record, records: Records) -> None:
    """Keeps a record of another machine in place of the one that its key has. Raises UsageError."""
    records.replace(record)
    records.note_all({foreign_name(record.key): {"digest": record.media.digest}})
