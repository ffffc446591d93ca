"""Taking a file that another machine made of its store; each picture and each record is proven here, and taken whole
or not at all. Unaware of projects: which pictures are theirs, their locks say.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from assetforge.adopting import BLOB_LIMIT, Unfit, keep_taken, measured_anew, prove_picture, read_record
from assetforge.errors import UsageError
from assetforge.model import Media
from assetforge.store.folders import make_folder
from assetforge.store.layout import REHEARSAL, Store, open_store
from assetforge.store.parcel import Parcel, blob_name, opening, record_name
from assetforge.store.record_format import SIZE_LIMIT
from assetforge.store.tar import Member, read_member
from assetforge.store.use import in_use

REHEARSED = "it holds simulated pictures, and this store is for real ones"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken: how many pictures and records, and their bytes; how many of each were here; and what was not
    taken by its name, with the reason."""

    pictures: int
    records: int
    size: int
    pictures_here: int
    records_here: int
    refused: dict[str, str]


@dataclass(slots=True)
class _Taking:
    """The work on one file. `media` are what the pictures are that were looked at, by digest."""

    file: BinaryIO
    store: Store
    media: dict[str, Media] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    size: int = 0
    pictures: int = 0
    records: int = 0
    pictures_here: int = 0
    records_here: int = 0


def import_file(folder: Path, path: str) -> Imported:
    """Takes a file into a store, which is made where there is none. Raises UsageError for one that can't be read or
    holds simulated pictures, AssetforgeError where something is being removed, OSError."""
    with opening(path) as (file, parcel), in_use(folder), open_store(folder) as store:
        if parcel.is_rehearsal and not (folder / REHEARSAL).exists():
            raise UsageError(f"`{path}` can't be taken: {REHEARSED}")
        taking = _Taking(file, store, refused=dict(parcel.misplaced))
        _take_all(taking, parcel)
    return Imported(
        taking.pictures, taking.records, taking.size, taking.pictures_here, taking.records_here,
        dict(sorted(taking.refused.items())),
    )  # fmt: skip


def _take_all(taking: _Taking, parcel: Parcel) -> None:
    """Pictures first: nothing refers to bytes that are not yet safe."""
    for digest, member in sorted(parcel.blobs.items()):
        try:
            _take_blob(taking, digest, member)
        except Unfit as error:
            taking.refused[blob_name(digest)] = str(error)
    for key, member in sorted(parcel.records.items()):
        try:
            _take_record(taking, key, member)
        except Unfit as error:
            taking.refused[record_name(key)] = str(error)


def _take_blob(taking: _Taking, digest: str, member: Member) -> None:
    blobs = taking.store.blobs
    if blobs.verified(digest) is not None:
        taking.pictures_here += 1
        return
    if member.size > BLOB_LIMIT:
        raise Unfit("its picture is too large")
    with _spooled(taking, digest, member) as spool:
        taking.media[digest] = prove_picture(spool, digest)
        blobs.take(spool, digest, durable=True)
    taking.pictures += 1
    taking.size += member.size


@contextmanager
def _spooled(taking: _Taking, digest: str, member: Member) -> Iterator[Path]:
    """A member's bytes as a file beside the blobs; it is gone when the block ends."""
    folder = taking.store.folder / "blobs"
    make_folder(folder)
    descriptor, name = tempfile.mkstemp(prefix=f".{digest[:12]}.", suffix=".tmp", dir=folder)
    try:
        taking.file.seek(member.offset)
        left = member.size
        with os.fdopen(descriptor, "wb") as spool:
            while left and (piece := taking.file.read(min(left, _PIECE))):
                spool.write(piece)
                left -= len(piece)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _take_record(taking: _Taking, key: str, member: Member) -> None:
    store = taking.store
    data = read_member(taking.file, member, SIZE_LIMIT)
    if data is None:
        raise Unfit("it is too large for a record")
    record = read_record(data, key)
    digest = record.media.digest
    known = store.records.get(key)
    if known is not None and store.blobs.has(known.media.digest):
        taking.records_here += 1
        return
    if not store.blobs.has(digest):
        raise Unfit("its picture is not here")
    media = taking.media.get(digest) or prove_picture(store.blobs.path(digest), digest)
    keep_taken(measured_anew(record, media), store.records, store.blobs)
    taking.records += 1
