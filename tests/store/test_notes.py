"""Laws of the notes: durable before the call, found when the build is dead, never thrown away."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assetforge.errors import UsageError
from assetforge.providers import spec
from assetforge.store.note import quarantine
from assetforge.store.notes import Notes, dead

ROOT = Path(__file__).parents[2]

CALLING = """
import sys
from pathlib import Path
from assetforge.store.notes import Notes

notes = Notes.open(Path(sys.argv[1]))
note = notes.begin({"step": "hero#1", "keys": ["a" * 64]})
note.body.write_bytes(b"answer")
note.add(request="r1")
notes.begin({"step": "hero#2", "keys": []})
print("called", flush=True)
sys.stdin.readline()
"""

SCANNING = """
import sys
from pathlib import Path
from assetforge.store.notes import dead

print("ready", flush=True)
while True:
    for build in dead(Path(sys.argv[1])):
        build.finish()
"""


def started(code: str, folder: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def takes_the_protocol(note: spec.Note) -> spec.Note:
    return note


def test_a_note_is_what_a_provider_asks_for(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    note = takes_the_protocol(notes.begin({"step": "hero#1", "candidates": (1, 2)}))
    assert note.facts == {"step": "hero#1", "candidates": [1, 2]}
    assert note.body.parent == note.folder
    assert not note.body.exists()
    note.add(request="r1")
    assert note.facts == {"step": "hero#1", "candidates": [1, 2], "request": "r1"}
    notes.close()


def test_a_note_is_on_the_disk_before_begin_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note's bytes first, then its name, then every folder on the way down to it."""
    steps: list[tuple[str, int]] = []
    fsync, rename = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        fsync(descriptor)
        steps.append(("flushed", os.fstat(descriptor).st_ino))

    def renamed(source: str, target: str) -> None:
        steps.append(("renamed", os.stat(source).st_ino))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    notes = Notes.open(tmp_path / "store" / "inflight")
    note = notes.begin({"step": "hero#1"})
    written = (note.folder / "note.json").stat().st_ino
    assert steps.index(("flushed", written)) < steps.index(("renamed", written))
    assert steps.index(("renamed", written)) < steps.index(("flushed", note.folder.stat().st_ino))
    above = [note.folder.parent, tmp_path / "store" / "inflight", tmp_path / "store", tmp_path]
    assert {("flushed", folder.stat().st_ino) for folder in above} <= set(steps)

    steps.clear()
    note.add(request="r1")
    written = (note.folder / "note.json").stat().st_ino
    assert steps == [("flushed", written), ("renamed", written), ("flushed", note.folder.stat().st_ino)]
    notes.close()


def test_a_build_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    note = notes.begin({"step": "hero#1"})
    note.body.write_bytes(b"answer")
    note.drop()
    notes.close()
    assert list((tmp_path / "inflight").iterdir()) == []


def test_a_scratch_is_gone_with_its_build_however_that_ends(tmp_path: Path) -> None:
    inflight = tmp_path / "inflight"
    for ends_well in (True, False):
        notes = Notes.open(inflight)
        note = notes.begin_scratch({"keys": ("a",)})
        note.add(status=200)
        assert note.facts == {"keys": ["a"], "status": 200}
        note.body.write_bytes(b"drawn")
        if ends_well:
            notes.close()
        else:
            notes._claim.release()
            (left,) = dead(inflight)
            assert (left.notes, left.quarantined) == ((), ())
            left.finish()
        assert not any(inflight.iterdir())


def test_a_scratch_that_cannot_be_used_is_quarantined_like_any_note(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    note = notes.begin_scratch({})
    note.body.write_bytes(b"drawn")
    kept = quarantine(note, "broken")
    note.drop()
    notes.close()
    assert kept.name == note.call
    assert (kept / "body").read_bytes() == b"drawn"


def test_a_living_build_is_not_dead_in_its_own_process_either(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    notes.begin({"step": "hero#1"})
    assert list(dead(tmp_path / "inflight")) == []
    notes.close()
    (build,) = dead(tmp_path / "inflight")
    assert [note.facts for note in build.notes] == [{"step": "hero#1"}]
    build.finish()


def test_a_build_is_dead_when_its_process_is_and_only_one_finishes_it(tmp_path: Path) -> None:
    folder = tmp_path / "inflight"
    with started(CALLING, folder) as child:
        assert list(dead(folder)) == []
        child.send_signal(signal.SIGKILL)
        child.wait()
    (build,) = dead(folder)
    assert list(dead(folder)) == [], "its lock is held until it is finished"
    answered, asked = sorted(build.notes, key=lambda note: str(note.facts["step"]))
    assert answered.facts == {"step": "hero#1", "keys": ["a" * 64], "request": "r1"}
    assert answered.body.read_bytes() == b"answer"
    assert not asked.body.exists()

    answered.drop()
    build.finish()
    (again,) = dead(folder)
    assert [note.call for note in again.notes] == [asked.call], "a note that is not dealt with stays"
    again.notes[0].drop()
    again.finish()
    assert list(folder.iterdir()) == []


def test_quarantine_keeps_everything_and_the_reason(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    note = notes.begin({"step": "hero#1", "request": "r1"})
    note.body.write_bytes(b"<html>")
    kept = quarantine(note, "the answer is not JSON")
    notes.close()
    assert kept == tmp_path / "quarantine" / note.call
    assert (kept / "body").read_bytes() == b"<html>"
    assert json.loads((kept / "note.json").read_bytes())["facts"] == {"step": "hero#1", "request": "r1"}
    assert json.loads((kept / "reason.json").read_bytes())["reason"] == "the answer is not JSON"
    assert list((tmp_path / "inflight").iterdir()) == []


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"v":1}', b'{"v":1,"facts":[]}', b"\xff"])
def test_a_note_that_cannot_be_read_is_quarantined(tmp_path: Path, broken: bytes) -> None:
    notes = Notes.open(tmp_path / "inflight")
    bad, good = notes.begin({"step": "hero#1"}), notes.begin({"step": "hero#2"})
    (bad.folder / "note.json").write_bytes(broken)
    bad.body.write_bytes(b"answer")
    notes.close()
    (build,) = dead(tmp_path / "inflight")
    assert [note.call for note in build.notes] == [good.call]
    assert build.quarantined == (tmp_path / "quarantine" / bad.call,)
    assert (build.quarantined[0] / "body").read_bytes() == b"answer"
    assert (build.quarantined[0] / "note.json").read_bytes() == broken
    build.notes[0].drop()
    build.finish()
    assert list((tmp_path / "inflight").iterdir()) == []


def test_what_was_begun_or_dropped_by_half_is_no_call(tmp_path: Path) -> None:
    """A kill between making a call's folder and writing its note, or while a finished note is removed."""
    notes = Notes.open(tmp_path / "inflight")
    begun, dropped = notes.begin({}), notes.begin({})
    (begun.folder / "note.json").rename(begun.folder / ".note.json.k2j4.tmp")
    dropped.folder.rename(dropped.folder.with_name(f".dropped-{dropped.call}"))
    notes.close()
    (build,) = dead(tmp_path / "inflight")
    assert (build.notes, build.quarantined) == ((), ())
    build.finish()
    assert list((tmp_path / "inflight").iterdir()) == []
    assert not (tmp_path / "quarantine").exists()


def test_a_note_of_a_newer_release_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    notes = Notes.open(tmp_path / "inflight")
    note = notes.begin({})
    (note.folder / "note.json").write_bytes(b'{"v":2,"facts":{}}')
    notes.close()
    for _ in range(2):
        with pytest.raises(UsageError, match="newer assetforge"):
            list(dead(tmp_path / "inflight"))
    assert note.folder.exists()


def test_looking_for_dead_builds_makes_nothing(tmp_path: Path) -> None:
    assert list(dead(tmp_path / "inflight")) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_builds_that_open_and_close_never_meet_one_that_looks_for_dead_ones(tmp_path: Path) -> None:
    folder = tmp_path / "inflight"
    folder.mkdir()
    with started(SCANNING, folder) as child:
        for number in range(150):
            notes = Notes.open(folder)
            note = notes.begin({"number": number})
            assert note.folder.exists()
            note.drop()
            notes.close()
        assert child.poll() is None
        child.kill()
    for build in dead(folder):
        assert build.notes == ()
        build.finish()
    assert list(folder.iterdir()) == []
