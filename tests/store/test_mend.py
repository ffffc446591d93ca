"""Laws of `repair`: what the ledger and the pictures tell makes the records that were there."""

import os
import pickle
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.mend import repair
from assetforge.store.audit import verify
from assetforge.store.ledger import Entry
from assetforge.store.notes import Notes
from assetforge.store.record_format import encode_record
from tests.store.purchases import TIME, Buyer, key_of, picture
from tests.store.test_audit import Trap, files


@pytest.fixture
def buyer(tmp_path: Path) -> Buyer:
    found = Buyer(tmp_path / "store")
    found.buy(picture(1), first=1)
    found.buy(picture(2), None, picture(3), first=10)
    found.buy(picture(4), first=20, cost=None)
    return found


def forget(buyer: Buyer, *keys: str) -> None:
    """Takes records away, all where none is named."""
    if not keys:
        shutil.rmtree(buyer.folder / "records")
        return
    with closing(sqlite3.connect(buyer.folder / "records" / "cache.db", isolation_level=None)) as connection:
        for key in keys:
            connection.execute("DELETE FROM Cache WHERE key = ?", (key,))


def test_records_are_made_again_as_they_were(buyer: Buyer) -> None:
    before = buyer.all_records()
    forget(buyer)
    repaired = repair(buyer.folder)
    assert (repaired.made, repaired.there, repaired.gone, repaired.moved) == (4, 0, (), None)
    assert buyer.all_records() == before
    assert verify(buyer.folder).is_sound


def test_a_second_repair_changes_nothing(buyer: Buyer) -> None:
    forget(buyer, key_of(10))
    assert (repair(buyer.folder).made, repair(buyer.folder).made) == (1, 0)
    before = buyer.all_records()
    blobs = files(buyer.folder / "blobs")
    again = repair(buyer.folder)
    assert (again.made, again.there, again.gone) == (0, 4, ())
    assert (buyer.all_records(), files(buyer.folder / "blobs")) == (before, blobs)


def test_records_that_the_ledger_does_not_name_are_there_where_their_pictures_are(buyer: Buyer) -> None:
    buyer.free(50, "rendition")
    buyer.ledger.path.unlink()
    repaired = repair(buyer.folder)
    assert (repaired.made, repaired.there, repaired.gone) == (0, 4, ())


def test_a_record_that_is_there_stays_as_it_is(buyer: Buyer) -> None:
    other = replace(buyer.all_records()[key_of(1)], model="chosen", by="accepted")
    buyer.records.replace(other)
    buyer.records.close()
    assert repair(buyer.folder).there == 4
    assert buyer.all_records()[key_of(1)] == other


def test_the_first_picture_of_a_key_is_the_choice(buyer: Buyer) -> None:
    before = buyer.all_records()
    buyer.buy(picture(8), first=1)
    forget(buyer)
    repair(buyer.folder)
    assert buyer.all_records() == before


def test_where_the_first_picture_is_gone_a_later_one_takes_its_place(buyer: Buyer) -> None:
    first = buyer.all_records()[key_of(1)]
    buyer.buy(picture(8), first=1)
    buyer.blobs.path(first.media.digest).unlink()
    repaired = repair(buyer.folder)
    assert (repaired.made, repaired.there) == (1, 3)
    assert buyer.all_records()[key_of(1)].media.digest != first.media.digest
    assert verify(buyer.folder).is_sound


def test_a_picture_that_is_gone_or_damaged_gets_no_record_and_is_not_touched(buyer: Buyer) -> None:
    found = buyer.all_records()
    buyer.blobs.path(found[key_of(1)].media.digest).unlink()
    buyer.flip(found[key_of(10)].media.digest)
    forget(buyer)
    blobs = files(buyer.folder / "blobs")
    repaired = repair(buyer.folder)
    assert [(one.key, one.cost) for one in repaired.gone] == [(key_of(1), 0.06), (key_of(10), 0.03)]
    assert buyer.all_records().keys() == {key_of(12), key_of(20)}
    assert files(buyer.folder / "blobs") == blobs


def test_what_can_t_be_decoded_gets_no_record(buyer: Buyer) -> None:
    digest = buyer.blobs.put(b"no picture", durable=True)
    entry = Entry("f" * 32, (key_of(40),), "p", "i", "s", TIME)
    buyer.ledger.received(entry)
    buyer.ledger.stored(entry, time=TIME, digests=(digest,))
    assert [one.key for one in repair(buyer.folder).gone] == [key_of(40)]


def test_what_cost_nobody_told_stays_unknown(buyer: Buyer) -> None:
    lines = buyer.ledger.path.read_bytes().splitlines(keepends=True)
    buyer.ledger.path.write_bytes(b"".join(line for line in lines if b'"received"' not in line))
    forget(buyer)
    assert repair(buyer.folder).made == 4
    assert {(record.cost, record.made) for record in buyer.all_records().values()} == {(None, TIME[:10])}


@pytest.mark.parametrize("data", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_moved_aside_and_made_anew(buyer: Buyer, data: bytes) -> None:
    before = buyer.all_records()
    for number in (1, 2):
        (buyer.folder / "records" / "cache.db").write_bytes(data)
        repaired = repair(buyer.folder)
        assert repaired.moved == buyer.folder / f"records.damaged-{number}"
        assert (repaired.moved / "cache.db").read_bytes() == data
        assert buyer.all_records() == before


@pytest.mark.parametrize(
    "crafted",
    [
        "INSERT INTO Settings VALUES ('sqlite_temp_store_directory', 'x')",
        "ALTER TABLE Cache RENAME COLUMN mode TO colour",
        "DROP TABLE Settings; CREATE TABLE Settings (colour)",
    ],
)
def test_a_database_of_another_make_is_moved_aside(buyer: Buyer, crafted: str) -> None:
    before = buyer.all_records()
    with closing(sqlite3.connect(buyer.folder / "records" / "cache.db", isolation_level=None)) as connection:
        connection.executescript(crafted)
    assert verify(buyer.folder).database
    assert repair(buyer.folder).moved is not None
    assert buyer.all_records() == before
    assert verify(buyer.folder).is_sound


def test_a_crafted_database_runs_nothing_and_leads_nowhere(buyer: Buyer, tmp_path: Path) -> None:
    before = buyer.all_records()
    trap, outside = tmp_path / "ran", tmp_path / "outside.val"
    outside.write_bytes(encode_record(replace(before[key_of(10)], model="forged")))
    with closing(sqlite3.connect(buyer.folder / "records" / "cache.db", isolation_level=None)) as connection:
        change = "UPDATE Cache SET mode = ?, value = ?, filename = ? WHERE key = ?"
        connection.execute(change, (4, pickle.dumps(Trap(trap)), None, key_of(1)))
        connection.execute(change, (2, None, os.path.relpath(outside, buyer.folder / "records"), key_of(10)))
    assert repair(buyer.folder).made == 2
    assert buyer.all_records() == before
    assert not trap.exists()
    assert outside.exists()


def test_a_picture_behind_a_link_is_none(buyer: Buyer, tmp_path: Path) -> None:
    path = buyer.blobs.path(buyer.all_records()[key_of(1)].media.digest)
    os.rename(path, tmp_path / "elsewhere.png")
    path.symlink_to(tmp_path / "elsewhere.png")
    forget(buyer)
    assert [one.key for one in repair(buyer.folder).gone] == [key_of(1)]


def test_a_database_is_not_moved_while_a_build_is_at_work(buyer: Buyer) -> None:
    (buyer.folder / "records" / "cache.db").write_bytes(b"damaged" * 1_000)
    living = Notes.open(buyer.folder / "inflight")
    with pytest.raises(UsageError, match="a build is at work"):
        repair(buyer.folder)
    living.close()
    assert repair(buyer.folder).made == 4


def test_a_record_of_a_newer_release_is_left_alone(buyer: Buyer) -> None:
    with closing(sqlite3.connect(buyer.folder / "records" / "cache.db", isolation_level=None)) as connection:
        connection.execute("UPDATE Cache SET value = ?", (b'{"v":2}',))
    with pytest.raises(UsageError, match="newer assetforge"):
        repair(buyer.folder)
    assert not (buyer.folder / "records.damaged-1").exists()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(1, 5), min_size=1, max_size=3)), max_size=5))
def test_whatever_was_bought_comes_back(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, list[int]]]
) -> None:
    """Keys may be bought twice, pictures may be alike."""
    buyer = Buyer(tmp_path_factory.mktemp("store"))
    for first, colors in calls:
        buyer.buy(*map(picture, colors), first=first)
    before = buyer.all_records()
    shutil.rmtree(buyer.folder / "records", ignore_errors=True)
    assert repair(buyer.folder).made == len(before)
    assert buyer.all_records() == before
