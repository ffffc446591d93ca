"""What is told of a changed picture: something wherever the old one is remembered, and nothing where it is not."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assetforge.errors import Where
from assetforge.model import Ingredients, Local, Picture, Size, Source
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS, PUBLIC
from assetforge.plan.action import apply, leaf
from assetforge.plan.ancestry import Names, Part, fact_of, is_bytes, names_in, new_parts, read_fact
from assetforge.plan.descent import picture_changes
from tests.ops.ops_params import INPUTS, PARAMS
from tests.plan.known_pictures import picture

HERE = Where("assets.toml")
Step = tuple[str, int]


class Memory:
    """Remembers what pictures were made of, as documents."""

    def __init__(self, *pictures: Picture) -> None:
        self.facts = {made: fact_of(part) for one in pictures for made, part in new_parts(one, set())}

    def part(self, made: str) -> Part | None:
        return read_fact(self.facts.get(made))

    def bought(self, key: str) -> Ingredients:
        return ()


def changes(
    before: Picture, now: Picture, instance: str = "hero", *, memory: Memory | None = None, names: Names | None = None
) -> tuple[str, ...]:
    """What is told where all is remembered that a picture was made of, or what is given."""
    remembered = Memory(before) if memory is None else memory
    called = names_in(before) if names is None else names
    return picture_changes(before.made, now, instance=instance, memory=remembered, names=called)


def file(shown: str, name: str = "") -> Picture:
    source = Source(f"file:{name or shown}", f"{name or shown}.png", HERE)
    return leaf(picture("file", "png", Size(64, 64), shown), source=source)


def made(one: Picture, step: Step, *more: Picture, instance: str = "hero", name: str = "") -> Picture:
    op, value = step
    tables = {"blur": {"radius": value}, "overlay": {"image": "@x", "opacity": value / 10}}
    local = Local(f"{instance}:{name or op}", instance, name or op, op, None, (), HERE)
    return apply(op, OPS[op].params.model_validate(tables.get(op, {})), (one, *more), local)


steps = st.tuples(st.sampled_from(["blur", "grayscale", "flip"]), st.integers(1, 3))
pictures: st.SearchStrategy[Picture] = st.recursive(
    st.builds(file, st.sampled_from("abc")),
    lambda inner: st.one_of(
        st.builds(made, inner, steps),
        st.builds(lambda one, other, value: made(one, ("overlay", value), other), inner, inner, st.integers(1, 3)),
        st.builds(lambda parts: apply("atlas", OPS["atlas"].params(), tuple(parts)), st.lists(inner, min_size=1)),
    ),
    max_leaves=6,
)


@given(pictures, pictures)
def test_a_changed_picture_has_a_reason_and_only_a_changed_one(before: Picture, now: Picture) -> None:
    told = changes(before, now)
    assert bool(told) is (before.made != now.made)
    assert len(set(told)) == len(told)


@given(pictures, pictures)
def test_what_is_not_remembered_is_not_told(before: Picture, now: Picture) -> None:
    # What is still there needs no memory, nor do bytes, which are made from nothing.
    assume(not is_bytes(before.made) and before.made not in {made for made, _ in new_parts(now, set())})
    assert changes(before, now, memory=Memory(), names={}) == ()


@given(st.lists(steps, max_size=6), st.integers(0, 5), st.integers(4, 9))
def test_one_changed_radius_is_all_that_is_told(chain: list[Step], place: int, value: int) -> None:
    place = min(place, len(chain))
    old, new = ([*chain[:place], ("blur", radius), *chain[place:]] for radius in (value, value + 1))
    before, now = chained(file("a"), old), chained(file("a"), new)
    told = changes(before, now)
    assert told == (f"step `blur`: radius {value} -> {value + 1}",)
    assert changes(before, now, "card") == (f"`hero`: {told[0]}",)


def chained(picture: Picture, chain: list[Step]) -> Picture:
    for step in chain:
        picture = made(picture, step)
    return picture


# --- every parameter of every step ---


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """A step, one of its parameters, and two tables that differ in it."""
    op = draw(st.sampled_from([name for name in PUBLIC if name != "grayscale"]))
    before, other = draw(PARAMS[op]), draw(PARAMS[op])
    key = draw(st.sampled_from(sorted(before.keys() | other.keys()) or ["none"]))
    now = {name: value for name, value in before.items() if name != key}
    return op, key, before, now | ({key: other[key]} if key in other else {})


@settings(max_examples=400)
@given(edits(), st.lists(steps, max_size=2), st.lists(steps, max_size=2), st.booleans())
def test_one_changed_parameter_is_all_that_is_told(
    edit: tuple[str, str, dict[str, Any], dict[str, Any]], below: list[Step], above: list[Step], on_a_sheet: bool
) -> None:
    op, key, *tables = edit
    more = [file(f"more {number}") for number in range(INPUTS.get(op, 1) - 1)]
    found = []
    for table in tables:
        local = Local(f"hero:{op}", "hero", op, op, None, (), HERE)
        try:
            params = OPS[op].params.model_validate(table)
            one = apply(op, params, (chained(file("a"), below), *more), local)
        except (ValidationError, OpFailed):
            assume(False)
        assume(one.op == op)  # it is of the wanted size already, and vanished
        one = chained(one, above)
        found.append(apply("atlas", OPS["atlas"].params(), (file("b"), one, file("b"))) if on_a_sheet else one)
    before, now = found
    assume(before.made != now.made)
    (told,) = changes(before, now)
    assert told.startswith(f"step `{op}`: {key} ")


# --- files by their names ---

NAMES = st.sampled_from(["art", "logo", "sky"])
SHOWN = st.sampled_from(["red", "green"])


@given(NAMES, SHOWN, NAMES, SHOWN, st.lists(steps, max_size=2), st.none() | st.tuples(NAMES, SHOWN))
def test_a_source_in_place_of_another_is_never_told_as_changed(
    was: str, had: str, name: str, shown: str, chain: list[Step], beside: tuple[str, str] | None
) -> None:
    def whole(one: Picture) -> Picture:
        more = () if beside is None else (file(beside[1], beside[0]),)
        return made(chained(one, chain), ("overlay" if more else "flip", 1), *more)

    before, now = whole(file(had, was)), whole(file(shown, name))
    told = changes(before, now)
    other, shows = beside or ("", "")
    is_clear = shows != had or other == was
    if had == shown:
        assert told == ()
    elif name == was:
        assert told == (f"source `{name}.png` {'changed' if is_clear else 'is new or changed'}",)
    else:
        assert f"source `{name}.png` changed" not in told
        assert told == (f"source `{name}.png` in place of `{was}.png`",) or not is_clear


def test_bytes_that_nobody_named_are_another_source_s_or_its_own() -> None:
    assert changes(file("a"), file("b"), names={}) == ("source `b.png` is new or changed",)


def test_a_second_picture_in_place_of_another_is_told_with_its_step() -> None:
    before, now = (made(file("a"), ("overlay", 5), file(other)) for other in "bc")
    assert changes(before, now) == ("step `overlay`: source `c.png` in place of `b.png`",)


# --- steps by their names ---


def named(*chain: tuple[str, int, str]) -> Picture:
    picture = file("a")
    for op, value, name in chain:
        picture = made(picture, (op, value), name=name)
    return picture


def test_steps_that_are_gone_are_told_each_by_its_name() -> None:
    flips, none = named(("flip", 1, "flip"), ("flip", 1, "f2"), ("blur", 1, "")), named(("blur", 1, ""))
    assert changes(flips, none) == ("step `flip` removed", "step `f2` removed")


def test_steps_of_one_name_that_are_gone_are_counted() -> None:
    before = chained(file("a"), [("blur", 1), ("flip", 1), ("blur", 2)])
    assert changes(before, chained(file("a"), [("flip", 1)])) == ("2 steps `blur` removed",)


def test_a_step_that_changed_and_moved_is_one_step() -> None:
    before, now = chained(file("a"), [("blur", 2), ("flip", 1)]), chained(file("a"), [("flip", 1), ("blur", 4)])
    assert changes(before, now) == ("step `blur`: now after step `flip`", "step `blur`: radius 2 -> 4")


def test_of_two_steps_of_one_operation_the_names_say_which_is_which() -> None:
    before = named(("blur", 1, "soft"), ("blur", 5, "mist"))
    assert changes(before, named(("blur", 6, "mist"))) == ("step `mist`: radius 5 -> 6", "step `soft` removed")
    swapped = named(("blur", 5, "mist"), ("blur", 1, "soft"))
    assert changes(before, swapped) == ("step `mist`: now first",)


# --- what is remembered ---


@given(pictures, pictures)
def test_each_part_is_remembered_once(one: Picture, other: Picture) -> None:
    known: set[str] = set()
    found = [made for each in (one, other, one) for made, _ in new_parts(each, known)]
    assert len(found) == len(set(found))
    assert {made for made in (one.made, other.made) if not is_bytes(made)} <= set(found)


def test_a_memory_that_goes_in_a_circle_tells_nothing() -> None:
    before, now = made(file("a"), ("blur", 1)), made(file("a"), ("blur", 2))
    memory = Memory(before)
    memory.facts[before.made]["inputs"] = [before.made]
    assert changes(before, now, memory=memory) == ()


def test_a_new_version_of_an_operation_is_told() -> None:
    before = now = made(file("a"), ("blur", 1))
    memory = Memory(before)
    memory.facts["older"] = memory.facts[before.made] | {"op": "blur@0"}
    told = picture_changes("older", now, instance="hero", memory=memory, names={})
    assert told == (f"step `blur`: its version changed from 0 to {OPS['blur'].version}",)


def test_a_long_value_is_not_repeated() -> None:
    def shown(text: str) -> Picture:
        params = OPS["text"].params.model_validate({"text": text})
        return apply("text", params, (file("a"),), Local("hero:text", "hero", "text", "text", params, (), HERE))

    assert changes(shown("so " * 1000), shown("on " * 1000)) == ("step `text`: text changed",)


# --- sheets ---


def sheet(*parts: Picture) -> Picture:
    return apply("atlas", OPS["atlas"].params(), parts, Local("all:atlas", "all", "atlas", "atlas", None, (), HERE))


def test_of_a_large_sheet_some_pictures_are_looked_into_and_the_rest_counted() -> None:
    def icons(radius: int) -> Picture:
        parts = [made(file(f"{number}"), ("blur", radius), instance=f"icon[n={number}]") for number in range(200)]
        return sheet(*parts)

    assert changes(icons(1), icons(2), "all") == (
        "step `atlas`: 184 more pictures changed",
        "`icon[n=0]`, `icon[n=1]` and 14 more: step `blur`: radius 1 -> 2",
    )


def test_a_picture_that_is_on_a_sheet_more_often_is_told() -> None:
    once, twice = sheet(file("a"), file("b")), sheet(file("a"), file("b"), file("a"))
    assert changes(once, twice, "all") == ("step `atlas`: `a.png` added",)
    assert changes(twice, once, "all") == ("step `atlas`: `a.png` removed",)
    assert changes(once, sheet(file("b"), file("a")), "all") == ("step `atlas`: the order of its pictures changed",)


def test_pictures_of_a_sheet_are_told_apart_by_their_files() -> None:
    before, now = sheet(file("a"), file("b"), file("c")), sheet(file("b2", "b"), file("c2", "c"), file("d"))
    assert set(changes(before, now, "all")) == {
        "source `b.png` changed",
        "source `c.png` changed",
        "step `atlas`: source `d.png` in place of `a.png`",
    }
