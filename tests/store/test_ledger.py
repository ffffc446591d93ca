"""Laws of the ledger: every event of a paid call is on the disk, and no bad line hides a good one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assetforge.errors import UsageError
from assetforge.store.ledger import SIZE_LIMIT, Entry, Ledger

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
    estimated=True,
    title="Ada's site",
    provider="openai",
    kind="images-api",
    model="gpt-image-2",
    request="req_1",
)
INGREDIENTS = (
    (("prompt", "ein \u2028 Haus,\n雪"), ("inputs", ["f" * 64, {"event": "stored"}])),
    (("prompt", "zwei"), ("candidate", 2)),
)
LATER = "2026-11-22T10:00:05Z"

APPENDING = """
import sys
from pathlib import Path
from assetforge.store.ledger import Entry, Ledger

ledger = Ledger(Path(sys.argv[1]))
for number in range(50):
    entry = Entry(f"{sys.argv[2]}-{number}", (), "p", "i", "s" * 500, "2026-11-22T10:00:00Z")
    ledger.received(entry)
    ledger.stored(entry, time="2026-11-22T10:00:00Z", digests=())
"""

KILLED = """
import sys
from dataclasses import replace
from pathlib import Path
from assetforge.store.ledger import Entry, Ledger

ledger = Ledger(Path(sys.argv[1]))
large = ((("prompt", "x" * 200_000),),)
entry = Entry("killed", (), "p", "i", "s", "2026-11-22T10:00:00Z", ingredients=large)
print("begins", flush=True)
while True:
    ledger.stored(entry, time="2026-11-22T10:00:00Z", digests=())
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


def test_what_may_have_been_billed_is_told_apart_from_what_was_paid(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.received(ENTRY)
    ledger.unanswered(replace(ENTRY, call="c2", cost=0.08, digests=("c" * 64,), ingredients=INGREDIENTS))
    assert list(ledger.read()) == [ENTRY, replace(ENTRY, call="c2", cost=0.08, usage={}, event="unanswered")]
    assert ledger.events_of("c2") == {"unanswered"}


def test_ingredients_stand_where_bytes_are_named(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    entry = replace(ENTRY, ingredients=INGREDIENTS)
    ledger.received(entry)
    ledger.stored(entry, time=LATER, digests=("c" * 64, ""))
    received, stored = ledger.read()
    assert received == ENTRY
    assert stored.ingredients == INGREDIENTS
    assert stored.digests == ("c" * 64, "")


def test_ingredients_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for prompt in ("x" * SIZE_LIMIT, "雪" * (SIZE_LIMIT // 3)):
        ledger.stored(replace(ENTRY, ingredients=((("prompt", prompt),),)), time=LATER, digests=("c" * 64,))
    fits = ((("prompt", "x" * (SIZE_LIMIT - 2_000)),),)
    ledger.stored(replace(ENTRY, ingredients=fits), time=LATER, digests=("c" * 64,))
    assert [entry.ingredients for entry in ledger.read()] == [(), (), fits]
    assert max(map(len, (tmp_path / "ledger").read_bytes().splitlines())) <= SIZE_LIMIT


def test_text_that_only_describes_is_cut_and_never_in_the_way(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.received(replace(ENTRY, title="t" * 5_000, request="r" * 5_000, provider="p" * 5_000, model="m" * 5_000))
    (told,) = ledger.read()
    assert {len(text) for text in (told.title, told.request, told.provider, told.model)} == {1_000}


def test_a_line_of_the_first_release_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger(path).received(ENTRY)
    line = json.loads(path.read_bytes())
    for name in ("estimated", "ingredients", "title", "provider", "kind", "model", "request"):
        del line[name]
    path.write_text(json.dumps(line) + "\n", "utf-8")
    plain = Entry("c1", ENTRY.keys, ENTRY.project, ENTRY.instance, ENTRY.step, ENTRY.time, ENTRY.usage, ENTRY.cost)
    assert list(Ledger(path).read()) == [plain]


def told_in_pieces(path: Path, change: Callable[[Ledger], None]) -> list[list[str]]:
    """The calls that each look at a growing ledger finds."""
    ledger, offset, found = Ledger(path), 0, []
    for _ in range(3):
        change(ledger)
        entries, offset = ledger.costs(offset)
        found.append([f"{entry.call} {entry.event}" for entry in entries])
    assert offset == path.stat().st_size
    return found


def test_costs_are_each_told_once_as_the_ledger_grows(tmp_path: Path) -> None:
    def grow(ledger: Ledger) -> None:
        ledger.received(ENTRY)
        ledger.stored(replace(ENTRY, ingredients=INGREDIENTS), time=LATER, digests=("c" * 64,))
        ledger.unanswered(replace(ENTRY, call="c2"))

    assert told_in_pieces(tmp_path / "ledger", grow) == [["c1 received", "c2 unanswered"]] * 3


def test_costs_of_a_line_under_way_are_told_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    assert ledger.costs(0) == ([], 0)
    ledger.received(ENTRY)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-1])
    found, offset = ledger.costs(0)
    assert (found, offset) == ([ENTRY], len(whole))
    path.write_bytes(whole + whole)
    assert ledger.costs(offset) == ([ENTRY], 2 * len(whole))
    path.write_bytes(whole)
    assert ledger.costs(2 * len(whole)) == ([], 0)


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
        {"time": "20261122T100000Z"},
        {"time": "2026-W47-7T10:00:00Z"},
        {"call": None},
        {"title": 5},
        {"model": "m" * 1_001},
        {"estimated": 1},
        {"digests": [None]},
        {"ingredients": {}},
        {"ingredients": [["prompt", "x"]]},
        {"ingredients": [[[1, "x"]]]},
        {"ingredients": [[["prompt", "x" * 300_000]]]},
    ],
)
def test_a_line_that_does_not_validate_is_counted(tmp_path: Path, change: dict[str, Any]) -> None:
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


def test_lines_of_four_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    names = ("a", "b", "c", "d")
    children = [subprocess.Popen([sys.executable, "-c", APPENDING, str(path), name], cwd=ROOT) for name in names]
    assert [child.wait() for child in children] == [0] * 4
    ledger = Ledger(path)
    told = [(entry.call, entry.event) for entry in ledger.read()]
    calls = [f"{name}-{number}" for name in names for number in range(50)]
    assert sorted(told) == sorted((call, event) for call in calls for event in ("received", "stored"))
    assert ledger.unreadable == 0


def test_lines_of_threads_never_mix(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "store" / "ledger")
    calls = [f"c{number}" for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda call: ledger.received(replace(ENTRY, call=call)), calls))
    assert sorted(entry.call for entry in ledger.read()) == sorted(calls)
    assert ledger.unreadable == 0


def test_who_is_killed_while_writing_spoils_no_line_of_another(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    for number in range(8):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"begins\n"
        ledger.received(replace(ENTRY, call=f"before-{number}"))
        child.send_signal(signal.SIGKILL)
        ledger.received(replace(ENTRY, call=f"after-{number}"))
        child.communicate()
        assert child.returncode == -signal.SIGKILL
    ours = [entry.call for entry in ledger.read() if entry.call != "killed"]
    assert ours == [f"{when}-{number}" for number in range(8) for when in ("before", "after")]
