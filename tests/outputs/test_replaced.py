"""What the lock had before is written down as it was, once it is gone, and nothing else is."""

from pathlib import Path

from assetforge.model import Media, Record
from assetforge.outputs.lock import LockLine
from assetforge.outputs.replaced import FILE, keep_pictures, keep_replaced, read_replaced


def record(digit: str, key: str = "a") -> Record:
    """A picture, told from others by a hexadecimal digit."""
    media = Media(digit * 64, digit * 64, 8, 8, "png", 9)
    return Record(key * 64, media, kind="images-api", model="m", cost=0.5, made="2026-01-02")


def line(*records: Record, step: str = "generate") -> LockLine:
    return LockLine({step: dict(enumerate(records, 1))})


def kept(folder: Path) -> list[tuple[str, LockLine]]:
    return list(read_replaced(folder))


def test_what_lines_have_no_more_is_kept(tmp_path: Path) -> None:
    before = {"hero": line(record("1"), record("2")), "ship": line(record("3")), "gone": line(record("4"))}
    keep_replaced(tmp_path, before, {"hero": line(record("2"), record("5")), "ship": before["ship"]})
    assert kept(tmp_path) == [("gone", line(record("4"))), ("hero", line(record("1")))]


def test_a_picture_that_is_pinned_for_another_request_is_kept_with_its_own_key(tmp_path: Path) -> None:
    keep_replaced(tmp_path, {"hero": line(record("1", "a"))}, {"hero": line(record("1", "b"))})
    assert kept(tmp_path) == [("hero", line(record("1", "a")))]


def test_a_picture_of_a_step_that_is_gone_is_kept(tmp_path: Path) -> None:
    keep_replaced(tmp_path, {"hero": line(record("1"))}, {"hero": line(record("1"), step="edit")})
    assert kept(tmp_path) == [("hero", line(record("1")))]


def test_nothing_is_written_where_nothing_went(tmp_path: Path) -> None:
    before = {"hero": line(record("1"))}
    keep_replaced(tmp_path, before, {"hero": line(record("1"), record("2")), "ship": line(record("3"))})
    assert not (tmp_path / FILE).exists()
    assert kept(tmp_path) == []


def test_rows_are_added_in_their_order(tmp_path: Path) -> None:
    for digit in "123":
        keep_pictures(tmp_path, {"b": line(record(digit)), "a": line(record(digit))})
    assert [name for name, _ in kept(tmp_path)] == ["a", "b"] * 3
    assert [each.steps["generate"][1].media.digest[0] for _, each in kept(tmp_path)] == list("112233")


def test_a_row_is_there_once(tmp_path: Path) -> None:
    one, two = {"hero": line(record("1"))}, {"hero": line(record("2"))}
    for before, after in ((one, two), (two, one), (one, two), (two, {}), (one, {})):
        keep_replaced(tmp_path, before, after)
    assert kept(tmp_path) == [("hero", line(record("1"))), ("hero", line(record("2")))]
    size = (tmp_path / FILE).stat().st_size
    keep_pictures(tmp_path, one)
    assert (tmp_path / FILE).stat().st_size == size


def test_rows_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    keep_pictures(tmp_path, {"hero": line(record("1"))})
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"hero": {"steps": 3}}\n[1]\nnull\n{"hero": \xff\n{"torn": {"steps"')
    keep_pictures(tmp_path, {"ship": line(record("2"))})
    assert [name for name, _ in kept(tmp_path)] == ["hero", "ship"]
