"""What it would cost to buy the pictures that placeholders stand in for; unaware of who wants to know."""

from assetforge.model import Drafted, Fresh, Paid
from assetforge.plan.price import Prices
from assetforge.plan.walk import PaidState, Walk


def price_of_drafts(walk: Walk, prices: Prices) -> float | None:
    """US dollars at most, for every candidate that nobody has of the steps that are drafted; None where nobody knows
    the price of one. Steps that ask for one and the same picture count once."""
    drafted: dict[str, PaidState] = {}
    for (name, _), state in walk.paid.items():
        if isinstance(state.decision, Drafted):
            drafted.setdefault(name, state)
    found: dict[str, float | None] = {}
    for name, state in drafted.items():
        price = _price(walk, name, state, prices)
        key = state.action.key if state.action else name
        before = found.get(key, 0.0)
        found[key] = None if price is None or before is None else max(price, before)
    every = list(found.values())
    return None if None in every else sum(price or 0.0 for price in every)


def _price(walk: Walk, name: str, state: PaidState, prices: Prices) -> float | None:
    step = walk.graph.steps[name]
    assert isinstance(step, Paid)
    sent = len(step.pictures) + (step.mask is not None)
    each = prices.estimate_for(step.settings, state.size, prompt=step.prompt, pictures=sent)
    known = (walk.paid.get((name, number)) for number in range(1, step.n + 1))
    there = sum(one is not None and isinstance(one.decision, Fresh) for one in known)
    return None if each is None else each * (step.n - there)
