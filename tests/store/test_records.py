"""Laws of the records: the first one wins, nothing is evicted, looking makes nothing."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import diskcache
import pytest

from assetforge.model import Media, Record
from assetforge.store.record_format import SIZE_LIMIT, encode_record
from assetforge.store.records import Records

ROOT = Path(__file__).parents[2]
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


def key_of(number: int) -> str:
    return f"{number:064x}"


def test_a_record_that_could_not_be_read_again_is_not_written(tmp_path: Path, records: Records) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        records.put(replace(RECORD, media=replace(MEDIA, width=0)))
    assert list(tmp_path.iterdir()) == []


def test_the_first_record_of_a_key_wins(records: Records) -> None:
    assert records.put(RECORD) == RECORD
    assert records.put(replace(RECORD, model="another")) == RECORD
    assert records.get(RECORD.key) == RECORD
    records.replace(replace(RECORD, model="another"))
    assert records.get(RECORD.key) == replace(RECORD, model="another")


def test_a_record_that_need_not_be_durable_is_read_by_others_and_the_next_one_is(tmp_path: Path) -> None:
    with closing(Records(tmp_path / "records")) as first, closing(Records(tmp_path / "records")) as second:
        assert first.put(RECORD, durable=False) == RECORD
        assert second.get(RECORD.key) == RECORD
        assert first._cache.sqlite_synchronous == 1
        first.put(replace(RECORD, key=key_of(1)))
        assert first._cache.sqlite_synchronous == 2
        assert second._cache.reset("sqlite_synchronous") == 2


def test_many_are_found_at_once(records: Records) -> None:
    kept = [records.put(replace(RECORD, key=key_of(number))) for number in range(5)]
    assert records.get_many(key_of(number) for number in range(3, 9)) == {record.key: record for record in kept[3:]}
    assert list(records.keys()) == [record.key for record in kept]


@pytest.mark.parametrize("key", ["", "media:" + "d" * 64, "A" * 64])
def test_only_action_keys_are_looked_up(records: Records, key: str) -> None:
    with pytest.raises(ValueError, match="not an action key"):
        records.get(key)


def test_facts_never_mix_with_records(records: Records) -> None:
    records.put(RECORD)
    records.remember(RECORD.key, {"width": 1})
    records.remember(f"media:{MEDIA.digest}", {"pixels": "e" * 64, "size": [1, 2.5, None]})
    assert records.get(RECORD.key) == RECORD
    assert records.recall(RECORD.key) == {"width": 1}
    assert records.recall(f"media:{MEDIA.digest}") == {"pixels": "e" * 64, "size": [1, 2.5, None]}
    assert records.recall("media:") is None
    assert list(records.keys()) == [RECORD.key]
    with pytest.raises(ValueError, match="too large"):
        records.remember("large", {"x": "x" * SIZE_LIMIT})


def test_looking_makes_nothing_and_imports_nothing(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        from assetforge.store.records import Records
        records = Records(Path(sys.argv[1]))
        assert records.get("a" * 64) is None
        assert records.get_many(["a" * 64]) == {}
        assert records.recall("media:x") is None
        assert list(records.keys()) == []
        records.close()
        assert "diskcache" not in sys.modules
        """
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "records")], cwd=ROOT, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_default_eviction_never_drops_a_record(tmp_path: Path) -> None:
    """Settings of whoever opened the database before persist in it, and would evict at the next write."""
    folder = tmp_path / "records"
    with diskcache.Cache(
        str(folder), eviction_policy="least-recently-used", size_limit=1, cull_limit=10, statistics=1,
        sqlite_synchronous=0, disk_min_file_size=0,
    ):  # fmt: skip
        pass
    records = Records(folder)
    for number in range(200):
        records.replace(replace(RECORD, key=key_of(number)))
    assert len(records.get_many(map(key_of, range(200)))) == 200
    records.close()
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        settings = dict(connection.execute("SELECT key, value FROM Settings"))
    expected = {"eviction_policy": "none", "cull_limit": 0, "statistics": 0, "sqlite_synchronous": 2}
    assert {name: settings[name] for name in expected} == expected
    assert settings["size_limit"] > 2**60
    assert [path.name for path in folder.iterdir()] == ["cache.db"], "small values never become files"


RACING = """
import sys
from dataclasses import replace
from pathlib import Path
from assetforge.store.record_format import decode_record
from assetforge.store.records import Records

records = Records(Path(sys.argv[1]))
record = replace(decode_record(sys.stdin.buffer.readline()), model=sys.argv[2])
for number in range(40):
    print(records.put(replace(record, key=f"{number:064x}")).model, flush=True)
records.close()
"""

PUTTING = """
import sys
from dataclasses import replace
from pathlib import Path
from assetforge.store.record_format import decode_record
from assetforge.store.records import Records

records = Records(Path(sys.argv[1]))
record = decode_record(sys.stdin.buffer.readline())
number = len(list(records.keys()))
while True:
    key = f"{number:064x}"
    records.put(replace(record, key=key, ingredients=(("prompt", key * 100),)))
    print(key, flush=True)
    number += 1
"""


def started(code: str, *arguments: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    child.stdin.write(encode_record(RECORD) + b"\n")
    child.stdin.flush()
    return child


def test_two_processes_racing_on_one_key_agree_on_one_record(tmp_path: Path, records: Records) -> None:
    children = [started(RACING, str(tmp_path / "records"), name) for name in ("first", "second")]
    told = [child.communicate()[0].decode().split() for child in children]
    kept = records.get_many(map(key_of, range(40)))
    assert [child.returncode for child in children] == [0, 0]
    assert told[0] == told[1] == [kept[key_of(number)].model for number in range(40)]


@pytest.mark.slow
def test_a_killed_process_leaves_no_bad_record_and_loses_none(tmp_path: Path, records: Records) -> None:
    told: list[str] = []
    for _ in range(4):
        with started(PUTTING, str(tmp_path / "records")) as child:
            assert child.stdout is not None
            told += [child.stdout.readline().decode().strip() for _ in range(20)]
            child.send_signal(signal.SIGKILL)
            told += child.stdout.read().decode().split()
    whole = [key for key in told if len(key) == 64]
    found = records.get_many(records.keys())
    assert set(whole) <= set(found)
    assert set(found) == set(records.keys())
    assert all(record.ingredients == (("prompt", key * 100),) for key, record in found.items())
