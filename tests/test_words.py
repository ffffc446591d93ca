"""Money as people read it: rounded where it was spent, and never below what it may come to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.words import money, money_range, most

NOISE = 1e-10


def dollars(text: str) -> float:
    return float(re.sub(r"[$,]", "", text))


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        (0.0, "$0.00"), (0.0289, "$0.0289"), (0.02891, "$0.0290"), (0.1249, "$0.13"), (0.12, "$0.12"), (1.0, "$1.00"),
        (0.09999, "$0.10"), (0.00004, "$0.0001"), (0.1 + 0.2, "$0.30"), (3 * 0.0289, "$0.0867"),
        (1234.561, "$1,234.57"),
    ],
)  # fmt: skip
def test_at_most_is_rounded_up_at_the_last_place(usd: float, told: str) -> None:
    assert most(usd) == told


@given(st.floats(0, 1e6))
def test_at_most_is_never_less_and_hardly_more(usd: float) -> None:
    shown = dollars(most(usd))
    assert usd - NOISE <= shown <= usd + (0.0001 if usd < 0.0999 else 0.01) + NOISE


@given(st.integers(0, 10**8).map(lambda cents: cents / 100))
def test_what_needs_no_rounding_is_told_alike(usd: float) -> None:
    assert dollars(most(usd)) == dollars(money(usd)) == usd


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_range_ends_where_nothing_can_be_more(low: float, more: float) -> None:
    assert dollars(money_range(low, low + more).split(" to ")[-1]) >= low + more - NOISE
