"""A process that meets a lock again and again reads and writes what anybody would who meets it for the first time."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.outputs.lock import LockLine, lock_text, parse_lock
from assetforge.outputs.rows import Rows
from tests.laws.test_law_lock import locks

Lines = dict[str, LockLine]

FEWER = settings(max_examples=60)


@given(st.lists(locks, max_size=4))
@FEWER
def test_what_is_written_is_the_locks_text_whatever_was_written_before(versions: list[Lines]) -> None:
    rows = Rows()
    assert [rows.text(lines) for lines in versions] == [lock_text(lines) for lines in versions]


@given(st.lists(locks, max_size=4))
@FEWER
def test_what_is_read_is_what_the_text_says_whatever_was_read_before(versions: list[Lines]) -> None:
    rows = Rows()
    for lines in versions:
        assert rows.parse(lock_text(lines), "assets.lock") == lines


@given(locks, locks)
@FEWER
def test_reading_and_writing_take_turns(ours: Lines, theirs: Lines) -> None:
    rows = Rows()
    for lines in (ours, {**ours, **theirs}, theirs, ours):
        assert rows.text(lines) == lock_text(lines)
        assert rows.parse(lock_text({**lines, **theirs}), "assets.lock") == {**lines, **theirs}


@given(locks)
@FEWER
def test_a_lock_that_is_laid_out_otherwise_is_read_too_and_written_as_ever(lines: Lines) -> None:
    rows = Rows()
    told = rows.parse(json.dumps(json.loads(lock_text(lines)), indent=2), "assets.lock")
    assert told == lines
    assert rows.text(told) == lock_text(lines)


BREAKAGES: list[Callable[[str], str]] = [
    lambda text: text.replace('"version": 1', '"version": 2'),
    lambda text: text.replace('"digest"', '"digits"'),
    lambda text: text.replace("\n", "\n<<<<<<< ours\n", 1),
    lambda text: text[:-3],
    lambda text: text.replace("}}\n", "},,}\n"),
]


@pytest.mark.parametrize("broken", BREAKAGES)
def test_what_is_wrong_is_said_in_the_same_words(broken: Callable[[str], str]) -> None:
    record = {"key": "a" * 64, "digest": "b" * 64, "pixels": "c" * 64, "size": "8x8", "format": "png", "bytes": 7}
    row = json.dumps({"outputs": {"a.png": record}})
    text = f'{{"version": 1, "assets": {{\n"a": {row},\n"b": {row}\n}}}}\n'
    rows = Rows()
    assert set(rows.parse(text, "assets.lock")) == {"a", "b"}
    with pytest.raises(UsageError) as plain:
        parse_lock(broken(text), "assets.lock")
    with pytest.raises(UsageError) as again:
        rows.parse(broken(text), "assets.lock")
    assert again.value.problems == plain.value.problems
