"""Bytes are what their digest says: a source that was hashed is believed only while it is the same file."""

import os
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from assetforge.model import Media
from assetforge.noop import Facts, facts_of
from assetforge.paths import Root
from assetforge.run.bytes import Bytes, BytesGone
from assetforge.store.blobs import Blobs


def opened(root: Path, data: bytes) -> tuple[Path, Bytes, Media]:
    """A source file, and what reads it after it was hashed."""
    path = root / "photo.png"
    path.write_bytes(data)
    digest, facts = digest_bytes(data), facts_of(path.stat())

    def seen(name: str, of: str) -> Facts | None:
        return facts if (name, of) == ("photo.png", digest) else None

    found = Bytes(Blobs(root / "store", lambda _: None), Root(str(root)), {}, None, seen=seen)
    found.found(digest, "photo.png")
    return path, found, Media(digest, "", 1, 1, "png", len(data))


def test_a_source_is_read_where_it_is(tmp_path: Path) -> None:
    _, found, media = opened(tmp_path, b"as it was")
    assert found.read(media) == b"as it was"
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("other", [b"as it is!", b"something longer"])
def test_a_source_that_changed_since_it_was_hashed_is_not_taken_for_what_it_was(tmp_path: Path, other: bytes) -> None:
    path, found, media = opened(tmp_path, b"as it was")
    before = path.stat()
    path.write_bytes(other)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BytesGone):
        found.read(media)


def test_a_source_that_was_only_touched_is_still_what_it_was(tmp_path: Path) -> None:
    path, found, media = opened(tmp_path, b"as it was")
    os.utime(path, ns=(1, 1))
    assert found.read(media) == b"as it was"
