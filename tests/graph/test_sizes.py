"""The planned size against its definition in docs/manifest.md, by trying every legal size."""

from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetforge.graph.requests import size_warning
from assetforge.graph.sizes import lost, planned_size
from assetforge.model import Size
from assetforge.providers.models import IMAGES_API, is_legal, legal_sizes

RULES = IMAGES_API["gpt-image-2"]
EVERY = legal_sizes(RULES)
sides = st.one_of(st.integers(1, 5_000), st.integers(600, 2_100), st.integers(1, 250).map(lambda side: side * 16))
sizes = st.builds(Size, sides, sides)


def kept(wanted: Size, asked: Size) -> Fraction:
    """The share of a picture that is left when the largest part of the wanted shape is cut out of it."""
    shape, has = Fraction(wanted.width, wanted.height), Fraction(asked.width, asked.height)
    return min(shape / has, has / shape)


def by_definition(wanted: Size) -> Size:
    covering = [size for size in EVERY if size.width >= wanted.width and size.height >= wanted.height]
    near = [size for size in covering or EVERY if lost(wanted, size) < 0.021]
    little = [size for size in near if kept(wanted, size) >= Fraction(98, 100)]
    if covering:
        if little:
            return min(little, key=lambda size: (area(size), -kept(wanted, size)))
        return min(covering, key=lambda size: (-kept(wanted, size), area(size)))
    if little:
        return min(little, key=lambda size: (-kept(wanted, size) * area(size), area(size)))
    return min(EVERY, key=lambda size: (-kept(wanted, size), -area(size)))


def area(size: Size) -> int:
    return size.width * size.height


@settings(max_examples=10, deadline=None)
@given(sizes)
@example(Size(1024, 1024))
@example(Size(256, 256))
@example(Size(1200, 630))
@example(Size(3136, 3200))
@example(Size(8000, 4000))
@example(Size(4000, 400))
@example(Size(1, 16384))
def test_the_planned_size_is_the_one_that_its_definition_names(wanted: Size) -> None:
    assert planned_size(wanted, RULES) == by_definition(wanted)


@settings(max_examples=30, deadline=None)
@given(sizes)
def test_a_planned_size_is_legal_and_a_legal_size_is_planned_as_it_is(wanted: Size) -> None:
    planned = planned_size(wanted, RULES)
    assert is_legal(RULES, planned)
    assert planned_size(planned, RULES) == planned


@settings(max_examples=30, deadline=None)
@given(sizes)
def test_a_turned_picture_is_planned_turned(wanted: Size) -> None:
    planned, turned = planned_size(wanted, RULES), planned_size(Size(wanted.height, wanted.width), RULES)
    assert area(planned) == area(turned)
    assert lost(wanted, planned) == lost(Size(wanted.height, wanted.width), turned)


@settings(max_examples=30, deadline=None)
@given(sizes)
def test_what_is_lost_is_what_fitting_cuts_away(wanted: Size) -> None:
    planned = planned_size(wanted, RULES)
    assert abs(1 - float(kept(wanted, planned)) - lost(wanted, planned)) < 1e-9


def test_exactly_two_percent_is_little() -> None:
    """800 cut to 784 loses 2 %, a fraction that no binary number holds."""
    assert planned_size(Size(784, 2384), RULES) == Size(800, 2384) == by_definition(Size(784, 2384))


def test_a_model_without_rules_is_asked_for_the_size_wanted() -> None:
    assert planned_size(Size(123, 7), None) == Size(123, 7)


def test_more_than_a_fifth_lost_and_a_size_out_of_reach_are_said() -> None:
    assert size_warning(Size(1024, 1024), Size(1024, 1024)) is None
    assert size_warning(Size(1600, 200), Size(1632, 544)) is not None
    assert size_warning(Size(8000, 4000), Size(3840, 1920)) is not None


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_a_model_with_a_list_of_sizes_is_asked_for_one_of_them(wanted: Size) -> None:
    """The least is lost and scaled up, whatever is wanted."""
    fixed = IMAGES_API["gpt-image-1.5"]
    planned = planned_size(wanted, fixed)
    assert planned in legal_sizes(fixed)
    covering = [size for size in legal_sizes(fixed) if size.width >= wanted.width and size.height >= wanted.height]
    assert kept(wanted, planned) == max(kept(wanted, size) for size in covering or legal_sizes(fixed))
