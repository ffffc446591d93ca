"""Laws of the blobs: whole or not there, proven when read, kept once."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.digest import digest_bytes
from assetforge.store.blobs import Blobs

ROOT = Path(__file__).parents[2]

PUTTING = """
import os, sys
from pathlib import Path
from assetforge.store.blobs import Blobs

blobs = Blobs(Path(sys.argv[1]), print)
source = Path(sys.argv[1]).with_name("source")
print("ready", flush=True)
while True:
    blobs.put(os.urandom(1 << 20), durable=False)
    source.write_bytes(os.urandom(1 << 20))
    blobs.put_file(source, durable=True)
"""


def opened(folder: Path) -> tuple[Blobs, list[str]]:
    dropped: list[str] = []
    return Blobs(folder / "blobs", dropped.append), dropped


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@given(data=st.binary(max_size=4096), durable=st.booleans())
def test_what_was_put_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes, durable: bool) -> None:
    blobs, dropped = opened(tmp_path_factory.mktemp("store"))
    digest = blobs.put(data, durable=durable)
    assert digest == digest_bytes(data)
    assert blobs.read(digest) == data
    assert blobs.has(digest) == (data != b"")
    assert dropped == []


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_copied_under_its_digest_and_stays_where_it_is(tmp_path: Path, durable: bool) -> None:
    blobs, _ = opened(tmp_path)
    source = tmp_path / "picture.png"
    source.write_bytes(os.urandom(3 << 20))
    digest = blobs.put_file(source, durable=durable)
    assert blobs.read(digest) == source.read_bytes()
    assert not os.path.samefile(source, blobs.path(digest))


def test_a_blob_is_a_read_only_file_in_a_folder_of_its_first_digits(tmp_path: Path) -> None:
    blobs, _ = opened(tmp_path)
    digest = blobs.put(b"picture", durable=True)
    assert blobs.path(digest) == tmp_path / "blobs" / digest[:2] / digest
    assert stat.S_IMODE(blobs.path(digest).stat().st_mode) == 0o444
    assert [path.name for path in blobs.path(digest).parent.iterdir()] == [digest]


@pytest.mark.parametrize("durable", [True, False])
def test_a_blob_that_is_there_is_kept_and_a_durable_one_is_young_again(tmp_path: Path, durable: bool) -> None:
    blobs, _ = opened(tmp_path)
    path = blobs.path(blobs.put(b"picture", durable=False))
    os.utime(path, (1, 1))
    before = path.stat()
    after = blobs.path(blobs.put(b"picture", durable=durable)).stat()
    assert after.st_ino == before.st_ino
    assert (after.st_mtime_ns > before.st_mtime_ns) is durable


@pytest.mark.parametrize("damage", [b"", b"pictur", b"Picture", b"picture and more"])
def test_a_damaged_blob_is_dropped_and_said_when_it_is_read(tmp_path: Path, damage: bytes) -> None:
    blobs, dropped = opened(tmp_path)
    digest = blobs.put(b"picture", durable=False)
    overwrite(blobs.path(digest), damage)
    assert blobs.read(digest) is None
    assert dropped == [digest]
    assert list(blobs.path(digest).parent.iterdir()) == []
    assert blobs.read(digest) is None
    assert dropped == [digest]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe makes the moment that is needed")
def test_a_good_blob_that_takes_a_damaged_one_s_place_meanwhile_is_not_dropped(tmp_path: Path) -> None:
    """A pipe stands for the damaged blob, so that the good one comes surely after reading began."""
    blobs, _ = opened(tmp_path)
    digest = blobs.put(b"picture", durable=False)
    path = blobs.path(digest)
    path.unlink()
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(blobs.read, digest)
        with path.open("wb") as damaged:
            damaged.write(b"Picture")
            path.unlink()
            blobs.put(b"picture", durable=True)
        assert reading.result() is None
    assert blobs.read(digest) == b"picture"


@pytest.mark.parametrize("damage", [b"", b"Picture"])
def test_putting_the_bytes_again_heals_a_damaged_blob(tmp_path: Path, damage: bytes) -> None:
    blobs, dropped = opened(tmp_path)
    digest = blobs.put(b"picture", durable=False)
    overwrite(blobs.path(digest), damage)
    blobs.put(b"picture", durable=True)
    assert blobs.read(digest) == b"picture"
    assert dropped == []


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "\u0660" * 64]
)
def test_only_digests_name_blobs(tmp_path: Path, name: str) -> None:
    blobs, _ = opened(tmp_path)
    for ask in (blobs.path, blobs.has, blobs.read):
        with pytest.raises(ValueError, match="not a SHA-256"):
            ask(name)


def test_looking_makes_nothing(tmp_path: Path) -> None:
    blobs, _ = opened(tmp_path)
    assert not blobs.has("a" * 64)
    assert blobs.read("a" * 64) is None
    assert list(tmp_path.iterdir()) == []


def test_a_durable_blob_is_flushed_even_where_an_undurable_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    blobs, _ = opened(tmp_path)
    digest = blobs.put(b"picture", durable=False)
    monkeypatch.setattr(os, "fsync", noted)
    blobs.put(b"picture", durable=True)
    path = blobs.path(digest)
    assert {path.stat().st_ino, path.parent.stat().st_ino, path.parent.parent.stat().st_ino} <= set(flushed)


@pytest.mark.slow
def test_a_killed_process_leaves_no_bad_blob(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    for _ in range(4):
        command = [sys.executable, "-c", PUTTING, str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.15)
            child.send_signal(signal.SIGKILL)
    blobs, dropped = opened(tmp_path)
    names = [path.name for path in folder.glob("*/*") if not path.name.startswith(".")]
    assert names
    assert all(blobs.read(name) is not None for name in names)
    assert dropped == []
