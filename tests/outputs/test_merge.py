"""Three locks merged into one: what one side changed is that side's, and nothing that either side bought is lost."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.model import Media, Record
from assetforge.outputs.lock import Lock, LockLine, lock_text, parse_lock
from assetforge.outputs.merge import merge_lines

Lines = Mapping[str, LockLine]

# Few names and few pictures, so that two sides often meet at one place.
digests = st.integers(1, 4).map(lambda number: f"{number:064x}")


def record(key: str, digest: str) -> Record:
    return Record(key, Media(digest, "0" * 64, 8, 8, "png", 9), kind="images-api", model="m", made="2026-01-02")


def file(key: str, digest: str) -> Record:
    return Record(key, Media(digest, "0" * 64, 8, 8, "png", 9))


paths = st.sampled_from(["a.png", "b.png"])
lines = st.builds(
    LockLine,
    st.dictionaries(
        st.sampled_from(["generate", "edit"]),
        st.dictionaries(st.integers(1, 3), st.builds(record, digests, digests), min_size=1, max_size=2),
        max_size=2,
    ),
    st.dictionaries(paths, st.builds(file, digests, digests), max_size=2),
    st.dictionaries(digests, digests, max_size=1),
    st.dictionaries(st.sampled_from(["list.json"]), digests, max_size=1),
)
NAMES = ["hero", "night", "icon[item=a:1]", "emit:list", "aside:1:hero", "aside:2:hero", "aside:1:aside:1:hero"]
locks = st.dictionaries(st.sampled_from(NAMES), lines, max_size=4)
laws = settings(max_examples=150)


def text(base: Lines, ours: Lines, theirs: Lines) -> str:
    """The merged lock, of three that were written and read."""
    sides = (parse_lock(lock_text(side)) for side in (base, ours, theirs))
    return lock_text(merge_lines(*sides).lines)


def bought(lock: Lines) -> set[tuple[str, str]]:
    """Each paid picture by its key and digest."""
    steps = [candidates for line in lock.values() for candidates in line.steps.values()]
    return {(one.key, one.media.digest) for candidates in steps for one in candidates.values()}


def files(lock: Lines) -> set[tuple[str, str]]:
    """Every file that a lock knows, by path and digest."""
    return {(path, digest) for path, found in Lock(lock).digests().items() for digest in found}


# --- one side ---


@given(locks, locks)
@laws
def test_what_one_side_changed_is_that_sides(base: Lines, side: Lines) -> None:
    assert text(base, side, base) == text(base, base, side) == text(base, side, side) == lock_text(side)


@given(locks, lines, lines)
@laws
def test_lines_of_their_own_are_all_kept(base: Lines, one: LockLine, other: LockLine) -> None:
    assert text(base, {**base, "x": one}, {**base, "y": other}) == lock_text({**base, "x": one, "y": other})


@given(lines, lines)
@laws
def test_a_line_that_one_side_removed_goes_unless_the_other_changed_it(before: LockLine, after: LockLine) -> None:
    expected = {} if before == after else {"hero": after}
    assert text({"hero": before}, {}, {"hero": after}) == lock_text(expected)
    assert text({"hero": before}, {"hero": after}, {}) == lock_text(expected)


# --- both sides ---


@given(locks, locks, locks)
@laws
def test_nothing_that_a_side_bought_or_wrote_in_a_line_that_both_changed_is_lost(
    base: Lines, ours: Lines, theirs: Lines
) -> None:
    merged = merge_lines(base, ours, theirs).lines
    for name in ("night", "icon[item=a:1]", "emit:list"):  # of these the locks have set nothing aside
        sides = [{name: side[name]} for side in (ours, theirs) if name in side]
        if len(sides) < 2 or any(side == {name: base.get(name)} for side in sides):
            continue
        found = {one: line for one, line in merged.items() if one == name or one.endswith(f":{name}")}
        assert bought(found) == bought(sides[0]) | bought(sides[1])
        assert files(found) == files(sides[0]) | files(sides[1])
        for side in sides:
            for path, output in side[name].outputs.items():
                assert Lock(merged).output(name, path, key=output.key) is not None
            for step, candidates in side[name].steps.items():
                for one in candidates.values():
                    assert one.media.digest in {it.media.digest for it in Lock(merged).paid(name, step, one.key)}


@given(locks, locks, locks)
@laws
def test_which_side_is_ours_decides_nothing_but_whose_places_stay(base: Lines, ours: Lines, theirs: Lines) -> None:
    one, other = merge_lines(base, ours, theirs).lines, merge_lines(base, theirs, ours).lines
    assert bought(one) == bought(other)
    assert files(one) == files(other)
    for name in ("hero", "night", "icon[item=a:1]", "emit:list"):
        assert (name in one) == (name in other)
        if name in one:
            for path, digest in one[name].emitted.items():
                here, there = (side.get(name, LockLine()).emitted.get(path) for side in (ours, theirs))
                assert other[name].emitted.get(path) in {digest, here, there}


@given(locks, locks, locks)
@laws
def test_a_side_that_is_merged_again_changes_nothing(base: Lines, ours: Lines, theirs: Lines) -> None:
    once = merge_lines(base, ours, theirs).lines
    assert lock_text(merge_lines(base, once, theirs).lines) == lock_text(once)
    assert lock_text(merge_lines(base, once, once).lines) == lock_text(once)
    assert bought(merge_lines(ours, once, ours).lines) == bought(once)


@given(locks, locks, locks)
@laws
def test_a_merged_lock_is_read_as_it_was_made(base: Lines, ours: Lines, theirs: Lines) -> None:
    merge = merge_lines(base, ours, theirs)
    assert parse_lock(text(base, ours, theirs)) == merge.lines
    assert all(f"aside:1:{name}" in merge.lines for name in merge.doubled)


# --- what stays where ---


def line(**changes: Any) -> LockLine:
    told = {"steps": {"generate": {1: record("a" * 64, "b" * 64)}}, "outputs": {"a.png": file("c" * 64, "d" * 64)}}
    return LockLine(**{**told, **changes})


def test_both_sides_added_something_to_one_line_and_nothing_is_set_aside() -> None:
    ours = line(outputs={"a.png": file("c" * 64, "d" * 64), "b.png": file("1" * 64, "2" * 64)})
    theirs = line(steps={"generate": {1: record("a" * 64, "b" * 64), 2: record("3" * 64, "4" * 64)}})
    merge = merge_lines({"hero": line()}, {"hero": ours}, {"hero": theirs})
    assert merge.lines == {"hero": LockLine(theirs.steps, ours.outputs)}
    assert merge.doubled == ()


def test_where_both_changed_one_place_ours_stays_and_theirs_is_set_aside() -> None:
    ours = line(steps={"generate": {1: record("1" * 64, "2" * 64)}})
    theirs = line(steps={"generate": {1: record("3" * 64, "4" * 64)}})
    merge = merge_lines({"hero": line()}, {"hero": ours}, {"hero": theirs})
    assert merge.lines == {"hero": ours, "aside:1:hero": LockLine(theirs.steps)}
    assert merge.doubled == ("hero",)
    again = line(steps={"generate": {1: record("5" * 64, "6" * 64)}})
    third = merge_lines({"hero": line()}, merge.lines, {"hero": again})
    assert third.lines == {**merge.lines, "aside:2:hero": LockLine(again.steps)}


def test_candidates_of_one_request_are_joined_and_those_of_two_are_kept_apart() -> None:
    base = LockLine({"generate": {1: record("1" * 64, "1" * 64)}})
    more = LockLine({"generate": {**base.steps["generate"], 2: record("2" * 64, "2" * 64)}})
    last = LockLine({"generate": {**base.steps["generate"], 3: record("3" * 64, "3" * 64)}})
    other = LockLine({"generate": {1: record("4" * 64, "4" * 64)}})
    joined = LockLine({"generate": {**more.steps["generate"], **last.steps["generate"]}})
    assert merge_lines({"hero": base}, {"hero": more}, {"hero": last}).lines == {"hero": joined}
    apart = merge_lines({"hero": base}, {"hero": other}, {"hero": more}).lines
    assert apart == {"hero": other, "aside:1:hero": more}


def test_one_key_that_both_sides_bought_has_two_pictures() -> None:
    """Each machine has the bytes of its own, and takes the one that it has."""
    ours, theirs = (
        {"hero": LockLine({"generate": {1: record("1" * 64, digest)}})} for digest in ("2" * 64, "3" * 64)
    )
    merge = merge_lines({}, ours, theirs)
    found = Lock(merge.lines).paid("hero", "generate", "1" * 64)
    assert [one.media.digest for one in found] == ["2" * 64, "3" * 64]
    assert [one.media.digest for one in Lock(merge.lines).paid("other", "generate", "1" * 64)] == ["2" * 64, "3" * 64]
