"""A purse holds over any number of builds, one after the other or beside each other, whatever they tell of."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assetforge.events import CallStarted, Event
from assetforge.model import Report, Size
from assetforge.watch.purse import Portion, Purse

LIMIT, TINY = 2.0, 1e-9
STARTED = CallStarted("call", "hero:generate", Size(1024, 1024), (1,))
shares = st.floats(0, 1)


class Spending(RuleBasedStateMachine):
    """Builds that begin and end in any order, each of which spends at most its portion, as a budget has it."""

    def __init__(self) -> None:
        super().__init__()
        self.purse = Purse(LIMIT)
        self.open: list[Portion] = []
        self.billed = 0.0

    @rule(amount=st.floats(0, 5))
    def begin(self, amount: float) -> None:
        portion = self.purse.open(amount)
        assert 0 <= portion.amount <= amount
        self.open.append(portion)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 99), spent=shares, doubtful=shares)
    def end_with_a_report(self, which: int, spent: float, doubtful: float) -> None:
        portion = self.open.pop(which % len(self.open))
        paid = portion.amount * spent
        lost = (portion.amount - paid) * doubtful
        self.billed += paid + lost
        portion.settle(replace(Report(), spent=paid, doubtful=lost))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 99), share=shares)
    def end_without_one(self, which: int, share: float) -> None:
        portion = self.open.pop(which % len(self.open))
        heard: list[Event] = []
        portion.hearing(heard.append)(STARTED)
        assert heard == [STARTED]
        self.billed += portion.amount * share
        portion.settle(None)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 99))
    def end_before_anything_was_asked(self, which: int) -> None:
        before = self.purse.spent
        self.open.pop(which % len(self.open)).settle(None)
        assert self.purse.spent == before

    @invariant()
    def what_was_billed_and_what_may_be_is_never_over_the_limit(self) -> None:
        under_way = sum(portion.amount for portion in self.open)
        assert self.billed <= self.purse.spent + TINY
        assert self.purse.spent + under_way + self.purse.left <= LIMIT + TINY
        assert self.purse.left >= 0


TestSpending = Spending.TestCase


@given(st.lists(st.floats(0, 10), max_size=6))
def test_a_build_that_cost_more_than_it_should_have_leaves_nothing_for_others(costs: list[float]) -> None:
    purse, total = Purse(LIMIT), 0.0
    for cost in costs:
        portion = purse.open(purse.left)
        portion.settle(replace(Report(), spent=cost))
        total += cost
        assert purse.left <= max(LIMIT - total, 0) + TINY
