"""Two locks compared: what differs is told once and by its kind, and what shows the same is no change."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.compare.changes import Change, compare_lines
from assetforge.compare.reasons import MOST_PAIRS, prompt_diff
from assetforge.model import Media, Record
from assetforge.outputs.lock import LockLine

Lines = Mapping[str, LockLine]
laws = settings(max_examples=150)


def digest(number: int) -> str:
    return f"{number:064x}"


def file(bytes_: int, pixels: int = 0, *, form: str = "png", side: int = 8) -> Record:
    """An output with these bytes, which shows what others with the same pixels show."""
    return Record(digest(99), Media(digest(bytes_), digest(pixels or bytes_), side, side, form, 9))


def picture(key: int, bytes_: int, *, cost: float | None = 0.25, by: str = "", kind: str = "images-api") -> Record:
    media = Media(digest(bytes_), digest(bytes_), 8, 8, "png", 9)
    return Record(digest(key), media, kind=kind, model="m", made="2026-01-02", cost=cost, by=by)  # type: ignore[arg-type]


def one(bought: int, shown: int, **more: Record) -> LockLine:
    """A picture that was bought, and its file."""
    outputs = {"hero.png": file(shown)} | {name.replace("_", "."): record for name, record in more.items()}
    return LockLine({"generate": {1: picture(bought, bought)}}, outputs)


def told(before: Lines, after: Lines) -> dict[str, str]:
    return {change.name: change.how for change in compare_lines(before, after)}


def only(before: Lines, after: Lines) -> Change:
    (found,) = compare_lines(before, after)
    return found


names = st.sampled_from(["hero", "day", "night", "icon[item=a]", "emit:list", "aside:1:hero"])
lines = st.builds(
    LockLine,
    st.dictionaries(
        st.sampled_from(["generate", "edit"]),
        st.dictionaries(st.integers(1, 3), st.builds(picture, st.integers(1, 4), st.integers(1, 4)), min_size=1),
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(["a.png", "b.png"]), st.builds(file, st.integers(1, 4), st.integers(1, 3)), max_size=2
    ),
)
locks = st.dictionaries(names, lines, max_size=4)


@laws
@given(locks)
def test_a_lock_does_not_differ_from_itself(lock: Lines) -> None:
    assert compare_lines(lock, lock) == []


@laws
@given(locks, locks)
def test_every_asset_is_told_of_at_most_once_and_under_a_name_that_is_there(before: Lines, after: Lines) -> None:
    found = compare_lines(before, after)
    named = [change.name for change in found]
    assert named == sorted(set(named))
    for change in found:
        assert not change.name.startswith(("emit:", "aside:"))
        assert (change.name in after) == (change.how != "removed")
        assert (change.was or change.name) in before or change.how == "added"


@laws
@given(locks, locks)
def test_each_picture_is_paid_for_once_and_none_that_was_there(before: Lines, after: Lines) -> None:
    bought = [record.media.digest for change in compare_lines(before, after) for record in change.bought]
    pinned = {r.media.digest for line in before.values() for c in line.steps.values() for r in c.values()}
    assert len(bought) == len(set(bought))
    assert not pinned & set(bought)


@laws
@given(locks, locks)
def test_turned_round_what_came_has_gone(before: Lines, after: Lines) -> None:
    there, back = told(before, after), told(after, before)
    assert {n for n, how in there.items() if how == "added"} == {n for n, how in back.items() if how == "removed"}


def test_what_shows_the_same_in_other_bytes_was_only_encoded_again() -> None:
    before, after = one(1, 5), replace(one(1, 5), outputs={"hero.png": file(6, pixels=5)})
    assert told({"hero": before}, {"hero": after}) == {"hero": "re-encoded"}
    assert told({"hero": before}, {"hero": replace(after, outputs={"hero.png": file(6)})}) == {"hero": "changed"}


def test_one_file_that_changed_is_a_change_whatever_the_others_are() -> None:
    before = one(1, 5, small_webp=file(7, form="webp"))
    after = replace(before, outputs={"hero.png": file(5), "small.webp": file(8, form="webp")})
    change = only({"hero": before}, {"hero": after})
    assert change.how == "changed"
    assert [output.path for output in change.outputs] == ["small.webp"]


def test_files_that_come_and_go_are_changes_and_one_that_moves_is_not() -> None:
    before = {"hero": one(1, 5)}
    assert told(before, {"hero": one(1, 5, more_png=file(9))}) == {"hero": "changed"}
    moved = {"hero": replace(one(1, 5), outputs={"art/hero.png": file(5)})}
    change = only(before, moved)
    assert change.how == "renamed"
    assert [(output.was, output.path) for output in change.outputs] == [("hero.png", "art/hero.png")]


def test_an_asset_with_the_same_pictures_under_another_name_was_renamed() -> None:
    change = only({"hero": one(1, 5)}, {"cover": replace(one(1, 5), outputs={"cover.png": file(5)})})
    assert (change.how, change.was, change.cost, change.bought) == ("renamed", "hero", 0, ())


def test_a_renamed_asset_that_changed_as_well_is_known_by_what_was_bought_for_it() -> None:
    change = only({"hero": one(1, 5)}, {"cover": one(1, 6)})
    assert (change.how, change.was) == ("changed", "hero")


def test_of_two_that_share_what_was_bought_none_is_taken_for_the_other() -> None:
    before = {"a": one(1, 5), "b": one(1, 6)}
    assert told(before, {"c": one(1, 7), "d": one(1, 8)}) == {
        "a": "removed",
        "b": "removed",
        "c": "added",
        "d": "added",
    }


def test_two_that_swapped_names_did_nothing_else() -> None:
    """Seen by their files, which are where they were; so are three that changed places in a circle."""
    lines = {name: replace(one(n, n), outputs={f"{n}.png": file(n)}) for n, name in enumerate("abc", 1)}
    a, b, c = lines.values()
    swapped = compare_lines(lines, {"a": b, "b": a, "c": c})
    assert [(change.name, change.how, change.was) for change in swapped] == [
        ("a", "renamed", "b"),
        ("b", "renamed", "a"),
    ]
    circle = compare_lines(lines, {"a": b, "b": c, "c": a})
    assert [(change.how, change.was) for change in circle] == [("renamed", was) for was in "bca"]
    moved_up = compare_lines(lines, {"b": a, "c": b, "d": c})
    assert [(change.how, change.was) for change in moved_up] == [("renamed", was) for was in "abc"]


def test_of_equal_pictures_the_one_at_the_same_path_is_meant_and_else_none_in_particular() -> None:
    a, b = (replace(one(1, 5), outputs={path: file(5)}) for path in ("a.png", "b.png"))
    again = [replace(line, outputs={path: file(6, pixels=5) for path in line.outputs}) for line in (b, a)]
    found = compare_lines({"x": a, "y": b}, dict(zip("vw", again, strict=True)))
    assert [(change.name, change.former) for change in found] == [("v", "y"), ("w", "x")]
    elsewhere = (replace(a, outputs={path: file(5)}) for path in ("c.png", "d.png"))
    found = compare_lines({"x": a, "y": b}, dict(zip("vw", elsewhere, strict=True)))
    assert [(change.how, change.former, {change.was, *change.perhaps}) for change in found] == [
        ("renamed", "", {"x", "y"})
    ] * 2


def test_what_a_merge_set_aside_is_in_the_bill() -> None:
    theirs = LockLine({"generate": {1: picture(2, 2)}})
    for ours, how in ((one(1, 5), "candidates"), (one(1, 6), "changed")):
        change = only({"hero": one(1, 5)}, {"hero": ours, "aside:1:hero": theirs})
        assert (change.how, change.cost, change.aside) == (how, 0.25, 1)
    lock = {"hero": one(1, 5), "aside:1:hero": theirs}
    assert compare_lines(lock, lock) == []


def test_another_candidate_is_told_where_no_file_shows_it() -> None:
    more = replace(one(1, 5), steps={"generate": {1: picture(1, 1), 2: picture(2, 2)}})
    change = only({"hero": one(1, 5)}, {"hero": more})
    assert (change.how, change.cost) == ("candidates", 0.25)


def test_of_what_has_no_file_the_picture_that_was_bought_counts() -> None:
    before, after = (LockLine({"generate": {1: picture(n, n)}}) for n in (1, 2))
    change = only({"hero": before}, {"hero": after})
    assert change.how == "changed"
    assert change.shown is not None
    assert (change.shown.before, change.shown.after) == (
        before.steps["generate"][1].media,
        after.steps["generate"][1].media,
    )


def test_a_picture_that_was_accepted_or_restored_is_told_and_costs_nothing() -> None:
    for bytes_, how in ((1, "accepted"), (2, "candidates")):
        after = replace(one(1, 5), steps={"generate": {1: picture(2, bytes_, by="accepted")}})
        change = only({"hero": one(1, 5)}, {"hero": after})
        assert (change.how, change.bought) == (how, ())


def test_what_was_made_by_hand_or_drawn_was_not_bought() -> None:
    for record in (picture(2, 2, by="by hand"), picture(2, 2, kind="draft")):
        assert only({}, {"hero": LockLine({"generate": {1: record}})}).bought == ()


def test_a_cost_that_nobody_knows_is_not_zero() -> None:
    assert only({}, {"hero": LockLine({"generate": {1: picture(2, 2, cost=None)}})}).cost is None


def test_the_largest_file_stands_for_the_asset() -> None:
    before = one(1, 5, large_png=file(7, side=64))
    after = one(2, 6, large_png=file(8, side=64))
    shown = only({"hero": before}, {"hero": after}).shown
    assert shown is not None
    assert shown.path == "large.png"


# --- prompts ---

words = st.lists(st.sampled_from(["a", "lighthouse", "at", "dawn", "dusk", "flat"]), max_size=12).map(" ".join)


@laws
@given(words, words)
def test_a_prompt_s_change_holds_both_prompts(before: str, now: str) -> None:
    runs = prompt_diff(before, now)
    assert " ".join(text for mark, text in runs if mark in " -") == before
    assert " ".join(text for mark, text in runs if mark in " +") == now


def test_two_long_prompts_are_compared_in_no_time() -> None:
    """Word by word these would take minutes; both ends that are the same are still told."""
    middle = int(MOST_PAIRS**0.5) * 20
    before = "begin " + " ".join(f"a{n}" for n in range(middle)) + " end"
    now = "begin " + " ".join(f"b{n}" for n in range(middle)) + " end"
    runs = prompt_diff(before, now)
    assert [mark for mark, _ in runs] == [" ", "-", "+", " "]
    assert (runs[0][1], runs[-1][1]) == ("begin", "end")
