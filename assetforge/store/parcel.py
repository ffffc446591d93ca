"""What a file that carries a part of a store looks like: a plain tar with `assetforge.json`, which says what it is,
`blobs/aa/<digest>` and `records/<key>`, in this order; unaware of what is to be carried.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from assetforge import atomic
from assetforge.errors import UsageError
from assetforge.store import documents
from assetforge.store.tar import BLOCK, Member, TarError, TarWriter, members, read_member

MARK = "assetforge.json"
VERSION = 1
MARK_LIMIT = 4_096
_BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})", re.ASCII)
_RECORD = re.compile(r"records/([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a file holds: blobs by digest, records by key, and by name what has no place in one, with the reason.
    `is_rehearsal` says that its pictures are simulated."""

    blobs: dict[str, Member] = field(default_factory=dict)
    records: dict[str, Member] = field(default_factory=dict)
    misplaced: dict[str, str] = field(default_factory=dict)
    is_rehearsal: bool = False


def blob_name(digest: str) -> str:
    """Where a blob is in a file."""
    return f"blobs/{digest[:2]}/{digest}"


def record_name(key: str) -> str:
    """Where a record is in a file."""
    return f"records/{key}"


@contextmanager
def writing(path: str, *, is_rehearsal: bool) -> Iterator[TarWriter]:
    """A file to write blobs, and then records, to; it takes the place of a parcel that is there when the block ends
    well, durably. Raises UsageError where something else is there, or nothing can be written, OSError."""
    if os.path.lexists(path) and not _is_parcel(path):
        raise UsageError(f"`{path}` is there, and is no export", hint="give another name, or move it away")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(atomic.replacing(path, durable=True))
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            hint = "give the name of a file in a folder that is there, and that you may write to"
            told = f"`{path}` can't be written: {(error.strerror or str(error)).lower()}"
            raise UsageError(told, hint=hint) from None
        tar = TarWriter(file)
        tar.add(MARK, documents.encode(VERSION, {"rehearsal": is_rehearsal}) + b"\n")
        yield tar
        tar.close()


def _is_parcel(path: str) -> bool:
    """Whether a regular file begins as one that was written here."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with open(path, "rb") as file:
        return file.read(BLOCK).startswith(MARK.encode() + b"\0")


@contextmanager
def opening(path: str) -> Iterator[tuple[BinaryIO, Parcel]]:
    """A file, and what is in it by its names alone. Raises UsageError for what is no tar, not whole, or of a newer
    release."""
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"`{path}` is not a regular file")
            if file.read(2) == b"\x1f\x8b":
                raise UsageError(f"`{path}` is compressed", hint="unpack it with `gunzip` first")
            yield file, _read(file)
    except TarError as error:
        raise UsageError(f"`{path}` can't be read: {error}") from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        if error.filename != path:
            raise
        raise UsageError(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None


def _read(file: BinaryIO) -> Parcel:
    parcel = Parcel()
    is_rehearsal = False
    for packed in members(file):
        # As `tar cf FILE .` names everything.
        member = replace(packed, name=packed.name.removeprefix("./"))
        blob, record = _BLOB.fullmatch(member.name), _RECORD.fullmatch(member.name)
        if not member.is_file:
            if not _is_folder(member.name):
                parcel.misplaced[member.name] = "it is not a regular file"
        elif member.name == MARK:
            is_rehearsal = _is_rehearsal(file, member)
        elif blob is not None:
            _place(parcel, parcel.blobs, blob[2], member)
        elif record is not None:
            _place(parcel, parcel.records, record[1], member)
        else:
            parcel.misplaced[member.name] = "it has no place in an export"
    return Parcel(parcel.blobs, parcel.records, parcel.misplaced, is_rehearsal)


def _is_folder(name: str) -> bool:
    """Whether a name is that of a folder that other tar programs write down."""
    return re.fullmatch(r"(blobs/([0-9a-f]{2}/)?|records/)?", name) is not None


def _place(parcel: Parcel, found: dict[str, Member], name: str, member: Member) -> None:
    if name in found:
        parcel.misplaced[member.name] = "it comes twice, and the first one counts"
    else:
        found[name] = member


def _is_rehearsal(file: BinaryIO, member: Member) -> bool:
    told = documents.decode(read_member(file, member, MARK_LIMIT) or b"", version=VERSION, what="the export")
    return told is not None and told.get("rehearsal") is True
