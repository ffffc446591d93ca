"""Promise 3, nothing is lost: a store without room, and one that may not be written.

A call is not made when its answer would find no room. An answer that came stays whole on the disk, and the next build
that can stores it, without a second payment. All of it from the command line, as a user meets it.
"""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from assetforge.store.records import Records
from tests.images_server import ImagesServer
from tests.promises.processes import wait_until
from tests.promises.site import ONE, Site, make_site
from tests.soak.accounts import check_outputs, settle
from tests.soak.command import build, end, start
from tests.soak.crashes import noise

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no room can be set aside on this system"),
]

MIB = 1 << 20
# The answer for a picture of 1024x640 gets 2.6 MiB set aside; one of noise has 2.5.
LIMIT = 3 * MIB
FIVE = "[provider.openai]\nconcurrency = 5\n" + ONE.replace('"A lighthouse"', '"A {{ item }}"').replace(
    "prompt", 'matrix.item = ["bus", "car", "tram", "van", "cab"]\nprompt', 1
).replace("hero.png", "{{ item }}.png")


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer(draw=noise) as running:
        yield running


def finished(site: Site, server: ImagesServer, calls: int) -> None:
    """The next build makes all current with no call more than these, and the books are in order."""
    told = build(site)
    assert told.code == 0, told.text
    assert len(server.calls) == calls
    check_outputs(site)
    settle(site, server)


# --- files that may not grow: one limit hits one stage ---


def test_without_room_for_the_answer_no_call_is_made(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, FIVE)
    told = build(site, limit=2 * MIB)
    assert told.code == 1
    assert "the store has no room for the answer" in told.text
    assert "make room, or set ASSETFORGE_CACHE_DIR" in told.text
    assert server.calls == []
    finished(site, server, 5)


def test_an_answer_larger_than_its_room_is_told_of_and_asked_for_by_the_next_build(
    server: ImagesServer, tmp_path: Path
) -> None:
    server.script(size="1280x1280")
    site = make_site(tmp_path, server)
    told = build(site, limit=LIMIT)
    assert told.code == 1
    assert "the answer could not be written" in told.text
    assert "it may have been billed" in told.text
    told = build(site)
    assert told.code == 0
    assert "can't be used" in told.text
    assert len(server.calls) == 2
    check_outputs(site)


def test_whole_pictures_of_an_answer_that_found_no_room_are_kept(server: ImagesServer, tmp_path: Path) -> None:
    """Three come in one answer, the disk takes two and a half."""
    site = make_site(tmp_path, server, "[provider.openai]\nmax_n_per_request = 3\n" + ONE + "n = 3\n")
    assert build(site, limit=7 * MIB).code == 1
    assert server.calls == []  # there is no room for three
    server.script(size="1280x640")
    told = build(site, limit=8 * MIB)
    assert "the answer could not be written" in told.text
    told = build(site)
    assert told.code == 0, told.text
    assert [call.n for call in server.calls] == [3, 1]
    assert "the rest of the answer was cut off" in told.text
    check_outputs(site)


def full_ledger(site: Site) -> None:
    """A ledger that has room for half a line more."""
    site.cache.mkdir(parents=True, exist_ok=True)
    (site.cache / "ledger.jsonl").write_bytes((b" " * 1_023 + b"\n") * (LIMIT // 1_024 - 1) + b" " * 800 + b"\n")


@contextmanager
def full_records(site: Site) -> Iterator[int]:
    """Gives the limit at which a database can be opened, but a record finds no room: its journal is large already,
    and can't be shortened while somebody reads."""
    folder = site.cache / "records"
    journal, records = folder / "cache.db-wal", Records(folder)
    records.remember("first", {})
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM Cache").fetchall()
        while journal.stat().st_size < LIMIT:
            records.remember("filler", {"text": "x" * 100_000})
        before, other = journal.stat().st_size, Records(folder)
        other.recall("first")
        after = journal.stat().st_size
        other.close()
        yield after + (after - before) + 4_096
    records.close()


def test_an_answer_whose_line_finds_no_room_is_stored_by_the_next_build(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    full_ledger(site)
    told = build(site, limit=LIMIT)
    assert told.code == 1
    assert "the answer is paid for and kept, and could not be stored" in told.text
    assert "make room, and build again: nothing is paid twice" in told.text
    again = build(site, limit=LIMIT)
    assert again.code == 1
    assert "is kept, and can't be stored" in again.text
    assert len(server.calls) == 1
    finished(site, server, 1)


def test_an_answer_whose_record_finds_no_room_is_stored_by_the_next_build(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    with full_records(site) as limit:
        told = build(site, limit=limit)
        assert told.code == 1
        assert "the answer is paid for and kept, and could not be stored" in told.text
        again = build(site, limit=limit)
        assert again.code == 1
        assert "is kept, and can't be stored" in again.text
    assert len(server.calls) == 1
    finished(site, server, 1)


# --- a disk that is full ---


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(path: Path, leave: int = 0) -> None:
    """Takes all room there is but `leave` bytes."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize - leave
            if free < 4_096:
                break
            file.write(b"\0" * min(free, MIB))


def on_disk(tmp_path: Path, disk: Path, server: ImagesServer, manifest: str = ONE) -> Site:
    """A project whose store is on the small disk."""
    site = make_site(tmp_path, server, manifest)
    site.cache = disk / "cache"
    site.cache.mkdir()
    site.environ["ASSETFORGE_CACHE_DIR"] = str(site.cache)
    return site


@pytest.mark.parametrize("leave", [0, 4_096, 64 * 1024, MIB])
def test_on_a_full_disk_no_call_is_made(leave: int, server: ImagesServer, tmp_path: Path, disk: Path) -> None:
    site = on_disk(tmp_path, disk, server, FIVE)
    fill(disk / "filler", leave)
    told = build(site)
    assert told.code == 1
    assert "no space left on device" in told.text
    assert "room" in told.text
    assert server.calls == []
    (disk / "filler").unlink()
    finished(site, server, 5)


def test_a_disk_that_fills_up_during_calls_loses_no_answer(server: ImagesServer, tmp_path: Path, disk: Path) -> None:
    server.latency = 0.3
    site = on_disk(tmp_path, disk, server, FIVE)
    child = start(site)
    wait_until(lambda: len(server.calls) == 5)
    fill(disk / "filler")
    told = end(child)
    assert told.code == 1
    assert "the answer is paid for and kept, and could not be stored: " in told.text
    assert "make room, and build again: nothing is paid twice" in told.text
    again = build(site)
    assert again.code == 1
    assert "room" in again.text
    assert len(server.calls) == 5
    (disk / "filler").unlink()
    finished(site, server, 5)


def test_a_disk_that_is_never_free_for_long_loses_no_answer(server: ImagesServer, tmp_path: Path, disk: Path) -> None:
    """Somebody takes all room as soon as there is any, from a moment on that comes later each time."""
    site = on_disk(tmp_path, disk, server)
    for turn in range(5):
        site.write("assets.toml", ONE.replace("A lighthouse", f"Lighthouse {turn}"))
        before = len(server.calls)
        over = threading.Event()
        child = start(site)
        wait_until(lambda before=before: len(server.calls) > before)  # type: ignore[misc]
        greedy = threading.Thread(target=fill_until, args=(disk / "filler", over, turn * 0.01))
        greedy.start()
        end(child)
        over.set()
        greedy.join()
        (disk / "filler").unlink(missing_ok=True)
        finished(site, server, before + 1)


def fill_until(path: Path, over: threading.Event, seconds: float) -> None:
    over.wait(seconds)
    while not over.is_set():
        fill(path)


# --- a store that may not be written ---


def allow(folder: Path, mode: int, only: Callable[[Path], bool] = lambda path: True) -> None:
    """Sets the permissions of a folder and all folders in it."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir() and only(path):
            path.chmod(mode)


def test_in_a_store_that_may_not_be_written_no_call_is_made(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, FIVE)
    site.cache.mkdir()
    site.cache.chmod(0o555)
    told = build(site)
    assert told.code == 1
    assert f"`{site.cache}" in told.text
    assert "permission denied" in told.text
    assert "see that there is room and that you may write there" in told.text
    assert server.calls == []
    site.cache.chmod(0o755)
    assert build(site).code == 0
    assert len(server.calls) == 5


def test_in_a_used_store_that_may_not_be_written_no_call_is_made(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    assert build(site).code == 0
    site.edit("A lighthouse", "A ship")
    allow(site.cache, 0o555)
    told = build(site)
    assert told.code in (1, 2)
    assert f"`{site.cache}" in told.text
    assert len(server.calls) == 1
    allow(site.cache, 0o755)
    assert build(site).code == 0
    assert len(server.calls) == 2


def test_on_a_read_only_disk_no_call_is_made(server: ImagesServer, tmp_path: Path, disk: Path) -> None:
    site = on_disk(tmp_path, disk, server)
    assert build(site).code == 0
    site.edit("A lighthouse", "A ship")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    told = build(site)
    assert told.code in (1, 2)
    assert f"`{site.cache}" in told.text
    assert len(server.calls) == 1
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    finished(site, server, 2)


INSIDE = {
    "all of it": lambda path: True,
    "all but notes": lambda path: "inflight" not in path.parts,
    "blobs": lambda path: "blobs" in path.parts,
    "notes": lambda path: "inflight" in path.parts,
}


@pytest.mark.parametrize("inside", INSIDE)
def test_a_store_that_becomes_read_only_during_a_call_loses_no_answer_that_it_took(
    inside: str, server: ImagesServer, tmp_path: Path
) -> None:
    server.latency = 0.3
    site = make_site(tmp_path, server)
    assert build(site).code == 0
    site.edit("A lighthouse", "A ship")
    child = start(site)
    wait_until(lambda: len(server.calls) == 2)
    allow(site.cache, 0o555, INSIDE[inside])
    told = end(child)
    allow(site.cache, 0o755)
    assert told.code != 0
    arrived = any(site.cache.glob("inflight/*/*/body*"))
    assert ("the answer is paid for and kept" in told.text) == arrived
    assert arrived == (inside in ("all but notes", "blobs"))
    told = build(site)
    assert told.code == 0, told.text
    assert len(server.calls) == (2 if arrived else 3)
    assert arrived or "may have been billed" in told.text
    assert site.check() == []
