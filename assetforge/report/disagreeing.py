"""What is not current, thing by thing, as lines for people, as annotations, and as objects for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assetforge.check import PLACEHOLDER, Cost, cost_of
from assetforge.errors import Disagreement, Problem
from assetforge.words import count


def lines_of(found: Sequence[Disagreement], asset_of: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """Pairs of what and why. With `asset_of`, which gives an instance's asset, one for each asset that has
    placeholders; an emit has none."""
    groups: dict[str, list[Disagreement]] = {}
    for one in found:
        groups.setdefault((asset_of or {}).get(one.instance, one.instance), []).append(one)
    is_short = asset_of is not None
    drafted = {asset: _drafted(members) for asset, members in groups.items() if is_short and _placeholders(members)}
    told: dict[tuple[str, str], None] = {}
    for one in found:
        asset = (asset_of or {}).get(one.instance, one.instance)
        told[(asset, drafted[asset]) if asset in drafted else (one.subject, one.reason + _price([one]))] = None
    return list(told)


def _placeholders(members: Iterable[Disagreement]) -> int:
    return sum(one.reason == PLACEHOLDER for one in members)


def _drafted(members: Sequence[Disagreement]) -> str:
    """What is said of an asset with placeholders."""
    files = _placeholders(members)
    return (PLACEHOLDER if files == 1 else f"{count(files, 'placeholder')} are there") + _price(members)


def _price(members: Iterable[Disagreement]) -> str:
    cost = cost_of(members)
    return f"; {'to buy' if cost.sure else 'may have to be bought'} {cost.price}" if cost.pictures else ""


def as_problems(found: Iterable[Disagreement]) -> list[Problem]:
    """One problem for each instance and emit, at its place."""
    wrong: dict[str, list[Disagreement]] = {}
    for one in found:
        wrong.setdefault(one.instance, []).append(one)
    return [
        Problem("; ".join(f"{subject}: {reason}" for subject, reason in lines_of(members)), members[0].where)
        for members in wrong.values()
    ]


def disagreement_object(one: Disagreement) -> dict[str, Any]:
    """One thing as JSON; money is US dollars."""
    return {
        "instance": one.instance,
        "subject": one.subject,
        "reason": one.reason,
        "buys": one.buys,
        "price": one.price,
    }


def cost_object(cost: Cost) -> dict[str, Any]:
    """What buying costs, as JSON: the keys of a plan's."""
    return {"low": cost.low, "high": cost.high, "unpriced": cost.unpriced}
