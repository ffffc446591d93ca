"""What things are called is kept by output, for the very picture that it was made of, and lost without harm."""

import marshal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.model import Picture
from assetforge.outputs.names import NAME, NamesKept, keep_names
from assetforge.plan.ancestry import MOST_NAMES, Name, Names, name_of, names_in
from assetforge.plan.descent import picture_changes
from tests.laws.test_law_descent import Memory, changes, file, pictures, sheet

WORDS = st.text("ab/.", min_size=1, max_size=6)
NAMES = st.dictionaries(
    WORDS, st.lists(st.builds(Name, WORDS, st.just("") | WORDS), min_size=1, max_size=4).map(tuple), max_size=4
)


@given(
    st.dictionaries(WORDS, st.tuples(WORDS, NAMES), max_size=4),
    st.dictionaries(WORDS, st.tuples(WORDS, NAMES), max_size=4),
)
def test_the_last_names_of_each_output_are_found_for_its_picture_alone(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[str, tuple[str, Names]],
    second: dict[str, tuple[str, Names]],
) -> None:
    folder = tmp_path_factory.mktemp("state")
    keep_names(folder, first, set())
    keep_names(folder, second, first.keys())
    kept = NamesKept(folder)
    for path, (made, names) in (first | second).items():
        assert kept.find(path, made) == names
        assert kept.find(path, f"{made}x") == {}


def test_names_of_outputs_that_nobody_knows_any_more_are_forgotten(tmp_path: Path) -> None:
    keep_names(tmp_path, {path: ("x", {"y": (Name("a.png"),)}) for path in ("a", "b")}, set())
    keep_names(tmp_path, {}, {"b"})
    kept = NamesKept(tmp_path)
    assert [bool(kept.find(path, "x")) for path in ("a", "b")] == [False, True]


@pytest.mark.parametrize(
    "data", [b"", b"no", marshal.dumps((9, [])), marshal.dumps((1, [("a", 5)])), marshal.dumps(3)]
)
def test_names_that_can_t_be_read_are_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(data)
    assert NamesKept(tmp_path).find("a", "x") == {}
    keep_names(tmp_path, {"b": ("x", {"y": (Name("b.png"),)})}, set())
    assert NamesKept(tmp_path).find("b", "x") == {"y": (Name("b.png"),)}


@given(pictures)
def test_all_that_has_a_name_is_named(whole: Picture) -> None:
    waiting = [whole]
    names = names_in(whole)
    for one in waiting:
        assert not name_of(one).text or name_of(one) in names[one.made]
        waiting += one.inputs


def test_of_a_very_large_sheet_the_rest_is_told_without_names() -> None:
    before = sheet(*(file(f"{number}") for number in range(MOST_NAMES + 1)))
    assert len(names_in(before)) == MOST_NAMES
    now = sheet(*before.inputs[:-1], file("other", f"{MOST_NAMES}"))
    assert changes(before, now, "all") == (f"source `{MOST_NAMES}.png` is new or changed",)
    told = picture_changes(before.made, now, instance="all", memory=Memory(before), names={})
    assert told == (f"source `{MOST_NAMES}.png` is new or changed",)
