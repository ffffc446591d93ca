"""Plain tar files (POSIX.1-1988 ustar): regular files only, with bytes that depend on names and contents alone;
unaware of what is in them.

Read here and not by a library that knows every kind of tar: an entry that is no regular file is told and passed over,
and nothing but names and sizes is read of what is not wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 512
# As every tar program fills up what it writes.
RECORD = 20 * BLOCK
MOST_MEMBERS = 1_000_000
MOST_BYTES = 8**11 - 1
_MAGIC = b"ustar\x0000"
_REGULAR = (b"0", b"\0")
# What POSIX.1-2001 says besides of the entry that follows, or of all: times and owners, which nobody asks for here.
# A longer name than an entry's own would be in there too: such an entry is taken by its short one.
_REMARKS = (b"x", b"g")


class TarError(ValueError):
    """It is no tar, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry: its name as it stands there, where its bytes begin, and how many there are. `is_file` says whether it
    is a regular file."""

    name: str
    offset: int
    size: int
    is_file: bool


class TarWriter:
    """Writes members one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0

    def add(self, name: str, data: bytes) -> None:
        """Writes a file of mode 0644, of nobody and of no time. Raises OSError, ValueError for a name past 100 ASCII
        characters and for what is over 8 GiB."""
        if len(name) > 100 or len(data) > MOST_BYTES:
            raise ValueError(f"`{name}` has no place in a tar")
        self._write(_header(name.encode("ascii"), len(data)))
        self._write(data)
        self._write(bytes(-len(data) % BLOCK))

    def close(self) -> None:
        """Writes the end."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self._size % RECORD))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._size += len(data)


def _header(name: bytes, size: int) -> bytes:
    parts = (
        name.ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", b"%011o\0" % size, b"00000000000\0",
        b" " * 8, b"0", bytes(100), _MAGIC, bytes(32), bytes(32), b"0000000\0", b"0000000\0", bytes(155), bytes(12),
    )  # fmt: skip
    block = b"".join(parts)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def members(file: BinaryIO) -> Iterator[Member]:
    """What is in a tar, by its headers only. Raises TarError where they can't be read or the file ends too early, and
    past a million members; OSError."""
    end = file.seek(0, 2)
    offset = count = 0
    while True:
        file.seek(offset)
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise TarError("it ends too early" if offset else "it is no tar")
        if not any(block):
            return
        member = _member(block, offset + BLOCK)
        if member.offset + member.size > end:
            raise TarError(f"it ends in the middle of `{member.name}`")
        count += 1
        if count > MOST_MEMBERS:
            raise TarError(f"it has more than {MOST_MEMBERS:,} files")
        if block[156:157] not in _REMARKS:
            yield member
        offset = member.offset + member.size + -member.size % BLOCK


def _member(block: bytes, offset: int) -> Member:
    if _number(block[148:156]) != sum(block[:148] + b" " * 8 + block[156:]):
        raise TarError("it is no tar" if offset == BLOCK else "it is damaged")
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].split(b"\0", 1)[0] + b"/" + name
    return Member(
        name.decode("utf-8", "backslashreplace"), offset, _number(block[124:136]), block[156:157] in _REGULAR
    )


def _number(told: bytes) -> int:
    """A number in octal digits, as POSIX writes it; the larger ones that GNU writes in binary have no place here."""
    digits = told.strip(b" \0")
    if not digits or not all(48 <= digit < 56 for digit in digits):
        raise TarError("it is no tar")
    return int(digits, 8)


def read_member(file: BinaryIO, member: Member, limit: int) -> bytes | None:
    """A member's bytes, None where there are more than `limit`. Raises OSError."""
    if member.size > limit:
        return None
    file.seek(member.offset)
    return file.read(member.size)
