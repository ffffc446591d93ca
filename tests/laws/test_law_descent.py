"""What is told of a changed picture: something wherever the old one is remembered, and nothing where it is not."""

from hypothesis import assume, given
from hypothesis import strategies as st

from assetforge.errors import Where
from assetforge.model import Ingredients, Local, Picture, Size, Source
from assetforge.ops.table import OPS
from assetforge.plan.action import apply, leaf
from assetforge.plan.ancestry import Part, fact_of, new_parts, read_fact
from assetforge.plan.descent import picture_changes
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


def file(shown: str) -> Picture:
    return leaf(picture("file", "png", Size(64, 64), shown), source=Source(f"file:{shown}", f"{shown}.png", HERE))


def made(one: Picture, step: Step, *more: Picture, instance: str = "hero") -> Picture:
    op, value = step
    tables = {"blur": {"radius": value}, "overlay": {"image": "@x", "opacity": value / 10}}
    local = Local(f"{instance}:{op}", instance, op, op, None, (), HERE)
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
    told = picture_changes(before.made, now, "hero", Memory(before))
    assert bool(told) is (before.made != now.made)
    assert len(set(told)) == len(told)


@given(pictures, pictures)
def test_what_is_not_remembered_is_not_told(before: Picture, now: Picture) -> None:
    assume(before.made not in {made for made, _ in new_parts(now, set())})  # what is still there needs no memory
    assert picture_changes(before.made, now, "hero", Memory()) == ()


@given(st.lists(steps, max_size=6), st.integers(0, 5), st.integers(4, 9))
def test_one_changed_parameter_is_all_that_is_told(chain: list[Step], place: int, value: int) -> None:
    place = min(place, len(chain))
    old, new = ([*chain[:place], ("blur", radius), *chain[place:]] for radius in (value, value + 1))
    before, now = file("a"), file("a")
    for step in old:
        before = made(before, step)
    for step in new:
        now = made(now, step)
    told = picture_changes(before.made, now, "hero", Memory(before))
    assert told == (f"step `blur`: radius {value} -> {value + 1}",)
    assert picture_changes(before.made, now, "card", Memory(before)) == (f"`hero`: {told[0]}",)


@given(pictures, pictures)
def test_each_part_is_remembered_once(one: Picture, other: Picture) -> None:
    known: set[tuple[str, str]] = set()
    found = [made for each in (one, other, one) for made, _ in new_parts(each, known)]
    assert len(found) == len(set(found))
    assert {one.made, other.made} <= set(found)


def test_a_memory_that_goes_in_a_circle_tells_nothing() -> None:
    before, now = made(file("a"), ("blur", 1)), made(file("a"), ("blur", 2))
    memory = Memory(before)
    memory.facts[before.made]["inputs"] = [before.made]
    assert picture_changes(before.made, now, "hero", memory) == ()


def test_a_new_version_of_an_operation_is_told() -> None:
    before = now = made(file("a"), ("blur", 1))
    memory = Memory(before)
    memory.facts["older"] = memory.facts[before.made] | {"op": "blur@0"}
    told = picture_changes("older", now, "hero", memory)
    assert told == (f"step `blur`: its version changed from 0 to {OPS['blur'].version}",)


def test_a_long_value_is_not_repeated() -> None:
    def shown(text: str) -> Picture:
        params = OPS["text"].params.model_validate({"text": text})
        return apply("text", params, (file("a"),), Local("hero:text", "hero", "text", "text", params, (), HERE))

    before, now = shown("so " * 1000), shown("on " * 1000)
    assert picture_changes(before.made, now, "hero", Memory(before)) == ("step `text`: text changed",)


def test_of_a_large_sheet_some_pictures_are_looked_into_and_the_rest_counted() -> None:
    def sheet(radius: int) -> Picture:
        parts = [made(file(f"{number}"), ("blur", radius), instance=f"icon[n={number}]") for number in range(200)]
        return apply(
            "atlas", OPS["atlas"].params(), tuple(parts), Local("all:atlas", "all", "atlas", "atlas", None, (), HERE)
        )

    before = sheet(1)
    told = picture_changes(before.made, sheet(2), "all", Memory(before))
    assert told == (
        "step `atlas`: 184 more pictures changed",
        "`icon[n=0]`, `icon[n=1]` and 14 more: step `blur`: radius 1 -> 2",
    )
