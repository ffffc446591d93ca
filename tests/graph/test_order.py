"""Steps come after what they need, whatever the order they were made in; a circle is told as the path it takes."""

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import Where
from assetforge.graph.order import in_order
from assetforge.model import Link, Local, Step


def steps_of(needs: Mapping[str, list[str]]) -> dict[str, Step]:
    """One step for each instance, of the same name."""
    return {
        name: Local(name, name, name, "flatten", None, tuple(map(Link, inputs)), Where(""))
        for name, inputs in needs.items()
    }


@st.composite
def without_circles(draw: st.DrawFn) -> dict[str, list[str]]:
    names = [str(number) for number in range(draw(st.integers(1, 12)))]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:index]), max_size=3)) if index else []
        for index, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


@given(without_circles())
def test_every_step_comes_after_its_inputs_and_none_is_lost(needs: dict[str, list[str]]) -> None:
    ordered, problems = in_order(steps_of(needs), {})
    assert not problems
    places = {name: place for place, name in enumerate(ordered)}
    assert places.keys() == needs.keys()
    assert all(places[needed] < places[name] for name, inputs in needs.items() for needed in inputs)


@given(st.permutations(["a", "b", "c", "d"]))
def test_steps_that_need_nothing_keep_their_order(names: list[str]) -> None:
    assert list(in_order(steps_of({name: [] for name in names}), {})[0]) == names


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3)))
def test_a_circle_is_told_exactly_where_there_is_one(needs: dict[str, list[str]]) -> None:
    """An input that is not there is no circle: whoever could not make it has said so."""
    _, problems = in_order(steps_of(needs), {})
    assert bool(problems) == any(name in reached(name, needs) for name in needs)
    for problem in problems:
        path = problem.message.removeprefix("references go in a circle: `").removesuffix("`").split(" -> ")
        assert path[0] == path[-1]
        assert all(after in needs[before] for before, after in pairwise(path))


def reached(start: str, needs: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(needs.get(start, []))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, [])
    return found


def test_a_circle_is_told_from_the_reference_that_is_written_first() -> None:
    steps = steps_of({"moon": ["star"], "star": ["sun"], "sun": ["moon"]})
    here = Where("assets.toml", ("asset", "sun", "source"))
    there = Where("assets.toml", ("asset", "moon", "source"))
    _, (problem,) = in_order(steps, {("x", "sun"): there, ("sun", "moon"): here, ("moon", "star"): there})
    assert problem.message == "references go in a circle: `sun -> moon -> star -> sun`"
    assert problem.where == here


def test_a_chain_may_be_longer_than_python_recurses() -> None:
    names = [str(number) for number in range(20_000)]
    needs = {name: [after] for name, after in pairwise(names)} | {names[-1]: []}
    ordered, problems = in_order(steps_of(needs), {})
    assert not problems
    assert list(ordered) == names[::-1]
