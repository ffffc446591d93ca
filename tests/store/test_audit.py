"""Laws of `verify`: whatever is missing or damaged in a store is found, and what is sound is left alone."""

import os
import pickle
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assetforge.errors import UsageError
from assetforge.store.audit import verify
from assetforge.store.note import quarantine
from assetforge.store.notes import Notes, dead
from tests.store.purchases import Buyer, key_of, picture


@pytest.fixture
def buyer(tmp_path: Path) -> Buyer:
    """A store with three pictures of two calls."""
    found = Buyer(tmp_path / "store")
    found.buy(picture(1), first=1)
    found.buy(picture(2), picture(3), first=10)
    return found


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def test_nothing_is_sound_and_stays_nothing(tmp_path: Path) -> None:
    assert verify(tmp_path / "store").is_sound
    assert list(tmp_path.iterdir()) == []


def test_a_sound_store_is_counted_and_left_alone(buyer: Buyer) -> None:
    before = files(buyer.folder / "blobs") | files(buyer.folder / "ledger.jsonl")
    found = verify(buyer.folder)
    assert found.is_sound
    assert (found.pictures, found.records) == (3, 3)
    assert found.size == sum(len(picture(number)) for number in (1, 2, 3))
    assert files(buyer.folder / "blobs") | files(buyer.folder / "ledger.jsonl") == before


def test_a_flipped_bit_is_found_and_its_picture_is_gone_afterwards(buyer: Buyer) -> None:
    record = buyer.all_records()[key_of(10)]
    buyer.flip(record.media.digest)
    found = verify(buyer.folder)
    assert [(one.key, one.digest, one.step, one.cost) for one in found.damaged] == [
        (key_of(10), record.media.digest, "hero[n=10]:generate", 0.03)
    ]
    assert (found.gone, found.is_sound) == ((), False)
    again = verify(buyer.folder)
    assert (again.damaged, again.gone, again.is_sound) == ((), found.damaged, False)


def test_a_damaged_picture_is_told_of_for_each_that_needs_it_and_of_others_as_far_as_is_known(buyer: Buyer) -> None:
    (same,) = buyer.buy(picture(1), first=40)
    buyer.flip(same.media.digest)
    stray = buyer.blobs.put(b"of nobody", durable=True)
    buyer.flip(stray)
    (new,) = buyer.buy(picture(7), first=11)
    old = buyer.all_records()[key_of(11)]
    buyer.flip(old.media.digest)
    buyer.records.replace(new)
    buyer.records.close()
    told = {(one.digest, one.key): one.step for one in verify(buyer.folder).damaged}
    assert told == {
        (same.media.digest, key_of(1)): "hero[n=1]:generate",
        (same.media.digest, key_of(40)): "hero[n=40]:generate",
        (stray, ""): "",
        (old.media.digest, key_of(11)): "hero[n=10]:generate",
    }


def test_bought_pictures_that_the_ledger_does_not_name_are_told_and_are_nothing_wrong(buyer: Buyer) -> None:
    record = buyer.all_records()[key_of(1)]
    buyer.free(50, "rendition")
    buyer.records.put(replace(record, key=key_of(60), cost=0.0))
    buyer.records.put(replace(record, key=key_of(61), by="by hand"))
    buyer.records.put(replace(record, key=key_of(62), cost=None))
    buyer.records.close()
    assert [one.key for one in verify(buyer.folder).unlisted] == [key_of(62)]
    buyer.ledger.path.unlink()
    found = verify(buyer.folder)
    assert [(one.key, one.cost) for one in found.unlisted] == [
        (key_of(1), 0.06),
        (key_of(10), 0.03),
        (key_of(11), 0.03),
        (key_of(62), None),
    ]
    assert found.is_sound


def test_a_call_whose_price_stands_in_the_ledger_is_in_a_sum(buyer: Buyer) -> None:
    """Also where a build was killed before it could say which bytes it gave."""
    lines = buyer.ledger.path.read_bytes().splitlines(keepends=True)
    buyer.ledger.path.write_bytes(b"".join(line for line in lines if b'"stored"' not in line))
    assert verify(buyer.folder).unlisted == ()


def test_a_picture_that_was_bought_again_is_not_missed(buyer: Buyer) -> None:
    old = buyer.all_records()[key_of(1)]
    buyer.blobs.path(old.media.digest).unlink()
    assert not verify(buyer.folder).is_sound
    (new,) = buyer.buy(picture(7), first=1)
    buyer.records.replace(new)
    assert verify(buyer.folder).is_sound


def test_a_record_that_the_ledger_does_not_know_needs_its_picture_too(buyer: Buyer) -> None:
    record = replace(buyer.all_records()[key_of(1)], key=key_of(99), by="by hand")
    buyer.records.put(replace(record, media=replace(record.media, digest="d" * 64)))
    assert [(one.key, one.digest) for one in verify(buyer.folder).gone] == [(key_of(99), "d" * 64)]


@pytest.mark.parametrize("kind", ["rendition", "placeholder", "draft"])
def test_what_is_made_again_for_nothing_is_no_loss(buyer: Buyer, kind: str) -> None:
    buyer.free(50, kind)
    assert verify(buyer.folder).is_sound


def test_pictures_without_a_record_are_found(buyer: Buyer) -> None:
    shutil.rmtree(buyer.folder / "records")
    found = verify(buyer.folder)
    assert [one.key for one in found.unrecorded] == [key_of(1), key_of(10), key_of(11)]
    assert (found.gone, found.is_sound) == ((), False)


def test_a_call_that_is_being_stored_is_not_without_a_record(buyer: Buyer) -> None:
    shutil.rmtree(buyer.folder / "records")
    for call in (1, 2):
        folder = buyer.folder / "inflight" / f"{call:032x}" / f"{call:032x}"
        folder.mkdir(parents=True)
        (folder / "note.json").write_bytes(b'{"facts":{},"v":1}')
    found = verify(buyer.folder)
    assert (found.unrecorded, found.unfinished, found.is_sound) == ((), 2, True)


def test_what_is_no_picture_was_never_one_to_miss(buyer: Buyer) -> None:
    buyer.buy(picture(5), None, first=20)
    assert verify(buyer.folder).is_sound


def test_lines_that_can_t_be_read_are_counted(buyer: Buyer) -> None:
    with buyer.ledger.path.open("ab") as file:
        file.write(b'{"v":1}\nnonsense\n')
    found = verify(buyer.folder)
    assert (found.unreadable, found.is_sound) == (2, True)


def test_quarantine_and_dead_builds_are_told_and_are_nothing_wrong(buyer: Buyer) -> None:
    living = Notes.open(buyer.folder / "inflight")
    headers = {"x-request-id": "req_7", "openai-version": "2020-10-01"}
    note = living.begin({"step": "hero#1", "price": 0.04, "keys": [key_of(1), key_of(2)], "headers": headers})
    note.body.write_bytes(b"<html>")
    size = 6 + (note.folder / "note.json").stat().st_size
    folder = quarantine(note, "it is no picture")
    living.begin({"step": "hero#2"})
    found = verify(buyer.folder)
    (held,) = found.quarantined
    assert (held.call, held.step, held.reason, held.price) == (note.call, "hero#1", "it is no picture", 0.08)
    assert held.headers == headers
    assert held.size == size + (folder / "reason.json").stat().st_size
    assert (found.unfinished, found.is_sound) == (0, True)
    living.close()
    assert verify(buyer.folder).unfinished == 1
    (left,) = dead(buyer.folder / "inflight")
    left.finish()


@pytest.mark.parametrize("name", ["note.json", "reason.json"])
def test_a_quarantined_call_of_which_nobody_knows_is_listed(buyer: Buyer, name: str) -> None:
    living = Notes.open(buyer.folder / "inflight")
    folder = quarantine(living.begin({"step": "hero#1"}), "why")
    living.close()
    (folder / name).write_bytes(b"\xff")
    (held,) = verify(buyer.folder).quarantined
    assert (held.call, held.price, held.headers) == (folder.name, None, {})
    assert (held.step, held.reason) == (("", "why") if name == "note.json" else ("hero#1", ""))


def test_names_that_are_no_digests_and_links_are_no_pictures(buyer: Buyer, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"of the user")
    for name in ("notes.txt", "ab", f"{'a' * 64}.tmp"):
        (buyer.folder / "blobs" / name).write_bytes(b"x")
    (buyer.folder / "blobs" / "bb").mkdir()
    (buyer.folder / "blobs" / "bb" / ("b" * 64)).symlink_to(outside)
    (buyer.folder / "blobs" / "bb" / ("c" * 64)).write_bytes(b"elsewhere")
    assert verify(buyer.folder).pictures == 3
    assert outside.read_bytes() == b"of the user"


class Trap:
    """Unpickled, it makes a folder: the proof that code of a value ran."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_crafted_database_is_only_data(buyer: Buyer, tmp_path: Path) -> None:
    trap, outside = tmp_path / "ran", tmp_path / "outside.val"
    outside.write_bytes(pickle.dumps(Trap(trap)))
    with closing(sqlite3.connect(buyer.folder / "records" / "cache.db", isolation_level=None)) as connection:
        change = "UPDATE Cache SET mode = ?, value = ?, filename = ? WHERE key = ?"
        connection.execute(change, (4, pickle.dumps(Trap(trap)), None, key_of(1)))
        connection.execute(change, (4, None, "../../outside.val", key_of(10)))
        connection.execute(
            "INSERT INTO Cache (key, raw, mode, value) VALUES (?, 0, 4, ?)", (outside.read_bytes(), b"")
        )
    found = verify(buyer.folder)
    assert (found.unsound, found.database) == ((key_of(1), key_of(10)), "")
    assert [one.key for one in found.unrecorded] == [key_of(1), key_of(10)]
    assert not trap.exists()
    assert outside.exists()


@pytest.mark.parametrize("data", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_database_that_is_none_is_told_and_hides_nothing_else(buyer: Buyer, data: bytes) -> None:
    (buyer.folder / "records" / "cache.db").write_bytes(data)
    found = verify(buyer.folder)
    assert "cache.db` is damaged" in found.database
    assert len(found.unrecorded) == found.pictures == 3


def test_damage_inside_the_database_is_found(buyer: Buyer) -> None:
    path = buyer.folder / "records" / "cache.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'Cache_expire_time'")
    assert "cache.db` is damaged" in verify(buyer.folder).database


def test_what_a_newer_release_wrote_is_told_in_words(buyer: Buyer) -> None:
    with buyer.ledger.path.open("ab") as file:
        file.write(b'{"v":2}\n')
    with pytest.raises(UsageError, match="newer assetforge"):
        verify(buyer.folder)
