"""Laws of a database that somebody else wrote: it is only data, and told in words where it is damaged."""

import os
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assetforge.errors import UsageError
from assetforge.model import Media, Record
from assetforge.store.record_format import encode_record
from assetforge.store.records import Records, safe_disk

MEDIA = Media(digest="d" * 64, pixels="e" * 64, width=1024, height=768, format="png", bytes=54321)
RECORD = Record(
    key="a" * 64,
    media=MEDIA,
    kind="images-api",
    model="gpt-image-2",
    cost=0.0421,
    made="2026-11-22",
    usage={"output_tokens": 1056},
    request="req_1",
    ingredients=(("prompt", "ein Haus, 雪"), ("inputs", ["f" * 64, {"op": "crop", "at": 0.5}])),
)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records")
    yield opened
    opened.close()


@pytest.fixture
def crafted(tmp_path: Path, records: Records) -> Iterator[sqlite3.Connection]:
    """The database of `records`, in the hands of somebody who writes what they like."""
    records.put(RECORD)
    records.close()
    with closing(sqlite3.connect(tmp_path / "records" / "cache.db", isolation_level=None)) as connection:
        yield connection


class Trap:
    """Unpickled, it makes a folder: the proof that code of a value ran."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["sqlite_temp_store_directory", "disk_fetch", "_disk", "get"])
def test_settings_that_are_not_diskcache_s_are_refused(
    crafted: sqlite3.Connection, records: Records, name: str
) -> None:
    crafted.execute("INSERT INTO Settings VALUES (?, 'x')", (name,))
    with pytest.raises(UsageError, match="settings that are not"):
        records.get(RECORD.key)


def test_a_folder_that_diskcache_would_expand_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
    with pytest.raises(UsageError, match="name of a variable"):
        Records(tmp_path / "$ELSEWHERE").put(RECORD)


def set_row(connection: sqlite3.Connection, **columns: object) -> None:
    assignments = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE Cache SET {assignments}", tuple(columns.values()))


def test_a_pickled_value_never_runs_and_counts_as_absent(
    tmp_path: Path, crafted: sqlite3.Connection, records: Records
) -> None:
    trap = tmp_path / "ran"
    for columns in (
        {"mode": 4, "value": pickle.dumps(Trap(trap))},
        {"mode": 4, "value": None, "filename": "x.val"},
        {"mode": 1, "value": pickle.dumps(Trap(trap))},
    ):
        (tmp_path / "records" / "x.val").write_bytes(pickle.dumps(Trap(trap)))
        set_row(crafted, **columns)
        assert records.get(RECORD.key) is None
        assert not trap.exists()


def test_a_pickled_key_never_runs_and_hides_no_other(
    tmp_path: Path, crafted: sqlite3.Connection, records: Records
) -> None:
    trap = tmp_path / "ran"
    insert = "INSERT INTO Cache (rowid, key, raw, mode, value) VALUES (?, ?, ?, 1, ?)"
    crafted.execute(insert, (100, pickle.dumps(Trap(trap)), 0, b""))
    crafted.execute(insert, (101, b"f" * 64, 1, b""))
    crafted.execute(insert, (102, "f" * 64, 0, b""))
    crafted.execute(insert, (103, 7, 1, b""))
    assert list(records.keys()) == [RECORD.key]
    assert records.get("f" * 64) is None
    assert not trap.exists()


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_a_file_name_is_neither_read_nor_removed(
    tmp_path: Path, crafted: sqlite3.Connection, records: Records, mode: int
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(encode_record(RECORD))
    set_row(crafted, mode=mode, filename="../outside.txt", value=None)
    assert records.get(RECORD.key) is None
    assert records.put(replace(RECORD, model="new")) == replace(RECORD, model="new")
    set_row(crafted, filename=str(outside))
    records.replace(RECORD)
    assert records.get(RECORD.key) == RECORD
    assert outside.read_bytes() == encode_record(RECORD)


@pytest.mark.parametrize(
    "value", ["text", 5, 0.5, None, b"", b"{}", b"\xff", encode_record(replace(RECORD, key="b" * 64))]
)
def test_an_entry_that_does_not_validate_counts_as_absent_and_is_written_anew(
    crafted: sqlite3.Connection, records: Records, value: object
) -> None:
    set_row(crafted, value=value)
    assert records.get(RECORD.key) is None
    assert records.put(RECORD) == RECORD
    assert records.get(RECORD.key) == RECORD


def test_a_record_of_a_newer_release_is_refused_in_words(crafted: sqlite3.Connection, records: Records) -> None:
    newer = b'{"v":2}'
    set_row(crafted, value=newer)
    for ask in (records.get, lambda _: records.put(RECORD)):
        with pytest.raises(UsageError, match="newer assetforge"):
            ask(RECORD.key)
    assert crafted.execute("SELECT value FROM Cache").fetchall() == [(newer,)]


@pytest.mark.parametrize("columns", [{"mode": 0}, {"mode": 2}, {"mode": 4}, {"mode": None}, {"filename": "x.val"}])
def test_a_sound_value_in_a_row_of_another_kind_counts_as_absent(
    crafted: sqlite3.Connection, records: Records, columns: dict[str, object]
) -> None:
    set_row(crafted, **columns)
    assert records.get(RECORD.key) is None


def test_the_disk_takes_text_keys_and_bytes_values_only(tmp_path: Path) -> None:
    disk = safe_disk()(str(tmp_path))
    for key in (b"a", 1, 0.5, ("a",), None):
        with pytest.raises(TypeError):
            disk.put(key)
    for value in ("a", 1, bytearray(b"a"), None):
        with pytest.raises(TypeError):
            disk.store(value, False)
    large = b"x" * (1 << 20)
    assert disk.store(large, False) == (0, 1, None, large)
    with pytest.raises(TypeError):
        disk.filename()


@pytest.mark.parametrize("data", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path: Path, records: Records, data: bytes) -> None:
    path = tmp_path / "records" / "cache.db"
    path.parent.mkdir()
    path.write_bytes(data)
    for ask in (records.get, lambda _: records.put(RECORD), lambda _: list(records.keys()), records.recall):
        with pytest.raises(UsageError, match="is damaged") as told:
            ask(RECORD.key)
        (problem,) = told.value.problems
        assert str(path) in problem.message
        assert problem.hint == "run `assetforge cache repair`: it moves it aside, and makes it anew"
    assert path.read_bytes() == data


def test_tables_that_are_not_diskcache_s_are_refused_in_words(tmp_path: Path, records: Records) -> None:
    (tmp_path / "records").mkdir()
    with closing(sqlite3.connect(tmp_path / "records" / "cache.db")) as connection:
        connection.execute("CREATE TABLE Settings (colour)")
    with pytest.raises(UsageError, match="can't be used"):
        records.get(RECORD.key)
