"""Laws of the ledger: every event of a paid call is on the disk, and no bad line hides a good one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.errors import UsageError
from assetforge.store.ledger import Entry, Ledger

ROOT = Path(__file__).parents[2]
ENTRY = Entry(
    call="c1",
    keys=("a" * 64, "b" * 64),
    project="/home/ada/site",
    instance="hero[theme=nacht, ÷]",
    step="hero#1",
    time="2026-11-22T10:00:00+00:00",
    usage={"output_tokens": 1056},
    cost=0.0421,
)
LATER = "2026-11-22T10:00:05Z"

APPENDING = """
import sys
from pathlib import Path
from assetforge.store.ledger import Entry, Ledger

ledger = Ledger(Path(sys.argv[1]))
for number in range(50):
    ledger.received(Entry(f"{sys.argv[2]}-{number}", (), "p", "i", "s" * 500, "2026-11-22T10:00:00Z"))
"""


def test_events_are_read_as_they_were_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "store" / "ledger")
    ledger.received(ENTRY)
    ledger.stored(ENTRY, time=LATER, digests=("c" * 64, "d" * 64))
    received, stored = ledger.read()
    assert received == ENTRY
    assert stored == replace(ENTRY, event="stored", time=LATER, digests=("c" * 64, "d" * 64), usage={}, cost=0.0)
    assert ledger.unreadable == 0


def test_the_sum_of_all_costs_is_what_was_spent(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for cost in (0.25, None, 0.5):
        ledger.received(replace(ENTRY, cost=cost))
        ledger.stored(replace(ENTRY, cost=cost), time=LATER, digests=("c" * 64,))
    assert sum(entry.cost or 0 for entry in ledger.read()) == 0.75
    assert [entry.cost for entry in ledger.read()].count(None) == 1


def test_the_events_of_a_call_are_those_that_can_be_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.events_of("c1") == frozenset()
    ledger.received(replace(ENTRY, call="c2", step="c1"))
    assert ledger.events_of("c1") == frozenset()
    ledger.received(ENTRY)
    assert ledger.events_of("c1") == {"received"}
    whole = (tmp_path / "ledger").read_bytes()
    ledger.stored(ENTRY, time=LATER, digests=())
    assert ledger.events_of("c1") == {"received", "stored"}
    (tmp_path / "ledger").write_bytes(whole[:-20])
    assert ledger.events_of("c1") == frozenset()


def test_no_ledger_is_an_empty_one_and_reading_makes_nothing(tmp_path: Path) -> None:
    assert list(Ledger(tmp_path / "store" / "ledger").read()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_line_is_no_event_and_spoils_no_later_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.received(ENTRY)
    whole = path.read_bytes()
    for cut in range(1, len(whole) - 1, 7):
        path.write_bytes(whole + whole[:cut])
        assert list(ledger.read()) == [ENTRY]
        assert ledger.unreadable == 0
        ledger.received(replace(ENTRY, call="c2"))
        assert [entry.call for entry in ledger.read()] == ["c1", "c2"]
        assert ledger.unreadable == 1


def test_a_last_line_that_lacks_only_its_end_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.received(ENTRY)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert list(ledger.read()) == [ENTRY]
    ledger.received(ENTRY)
    assert list(ledger.read()) == [ENTRY, ENTRY]


@pytest.mark.parametrize(
    "change",
    [
        {"v": 0},
        {"event": "refunded"},
        {"keys": "a" * 64},
        {"keys": ["a"]},
        {"cost": "0.1"},
        {"cost": -1},
        {"cost": True},
        {"usage": {"tokens": 0.5}},
        {"usage": []},
        {"time": "yesterday"},
        {"time": "2026-11-22T10:00:00"},
        {"time": "2026-11-22T10:00:00+02:00"},
        {"call": None},
    ],
)
def test_a_line_that_does_not_validate_is_counted(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.received(ENTRY)
    good = path.read_bytes()
    bad = json.dumps({**json.loads(good), **change}).encode() + b"\n"
    path.write_bytes(good + bad + b"\xff\xfe\n" + b"[" * 100_000 + b"\n" + b"\n" + good)
    assert list(ledger.read()) == [ENTRY, ENTRY]
    assert ledger.unreadable == 3


def test_a_line_of_a_newer_release_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b'{"v":2}\n')
    with pytest.raises(UsageError, match="newer assetforge"):
        list(Ledger(path).read())


def test_an_event_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="event of call"):
        Ledger(tmp_path / "ledger").received(replace(ENTRY, time="2026-11-22"))
    assert list(tmp_path.iterdir()) == []


def test_an_event_is_flushed_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[int, int]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        flushed.append((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "ledger"
    Ledger(path).received(ENTRY)
    assert (path.stat().st_ino, path.stat().st_size) in flushed
    assert tmp_path.stat().st_ino in {inode for inode, _ in flushed}


def test_lines_of_two_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    children = [subprocess.Popen([sys.executable, "-c", APPENDING, str(path), name], cwd=ROOT) for name in ("a", "b")]
    assert [child.wait() for child in children] == [0, 0]
    ledger = Ledger(path)
    calls = [entry.call for entry in ledger.read()]
    assert sorted(calls) == sorted(f"{name}-{number}" for name in ("a", "b") for number in range(50))
    assert ledger.unreadable == 0
