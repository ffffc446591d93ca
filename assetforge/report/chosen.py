"""A pick or a reroll as lines for people and as an object for programs, in the same words."""

from collections.abc import Iterable, Iterator
from typing import Any

from assetforge.check import cost_of, lost
from assetforge.choose.proposal import Proposal
from assetforge.choose.target import named
from assetforge.errors import Problem
from assetforge.plan.forecast import Forecast
from assetforge.plan.lost import ADOPT, FETCH, PULL, is_by_hand
from assetforge.report.planned import purchase_object
from assetforge.words import count, money_range, some


def costs(proposal: Proposal) -> Iterator[str]:
    """What the next build would buy for it and for what is made from it, before anything is written."""
    if proposal.unbought:
        unbought = _steps(step for step, _ in proposal.unbought)
        yield f"candidate {proposal.decision.value} is not bought yet: {unbought}"
    forecast = proposal.forecast
    yield from _nowhere(forecast)
    if not forecast.purchases:
        if not forecast.lost:
            yield "the next build buys nothing for this"
        return
    sure = sum(item.sure for item in forecast.purchases)
    maybe = len(forecast.purchases) - sure
    what = count(sure, "picture") if sure else f"perhaps {count(maybe, 'picture')}"
    more = f", and perhaps {maybe:,} more" if sure and maybe else ""
    price = money_range(forecast.low, forecast.high)
    if forecast.unpriced:
        is_all = forecast.unpriced == len(forecast.purchases)
        price = "price unknown" if is_all else f"{price}, and more of unknown price"
    yield f"the next build buys {what} for this{more}: {_steps(item.step for item in forecast.purchases)}, {price}"


def _nowhere(forecast: Forecast) -> Iterator[str]:
    """Pictures that are pinned and needed for it, and not here, by what brings them back: a build that finds them
    nowhere fails."""
    again = f"{FETCH}, or build with --rebuy-lost, {cost_of(lost(forecast)).price}"
    found: dict[str, list[str]] = {}
    for (step, _), what in forecast.lost.items():
        remedy = PULL if what.pointer else ADOPT if is_by_hand(what) else again
        found.setdefault(remedy, []).append(step)
    for remedy, steps in found.items():
        yield f"the bytes of {count(len(steps), 'picture')} are not here: {_steps(steps)}; {remedy}"


def _steps(names: Iterable[str]) -> str:
    return some(list(dict.fromkeys(map(named, names))), 4)


def summary(proposal: Proposal, file: str) -> Iterator[str]:
    """What was written, where; `file` is the manifest as somebody here writes it."""
    decision, name = proposal.decision, proposal.target.name
    if not proposal.is_change:
        yield f"`{decision.key}` of `{name}` is {decision.value} already"
        return
    line = line_of(proposal)
    yield f"{name}: {decision.key} = {decision.value}, in {file}" + (f":{line}" if line else "")
    if decision.chain:
        yield f"step `{proposal.target.step}` comes from chain `{decision.chain}`, which is as it was"


def line_of(proposal: Proposal) -> int | None:
    """The line that has the value."""
    where = proposal.project.manifest.where(*proposal.decision.place, part="key")
    place = proposal.project.place_of(Problem("", where))
    return place.line if place else None


def chosen_object(proposal: Proposal) -> dict[str, Any]:
    """The same as JSON."""
    decision, target, forecast = proposal.decision, proposal.target, proposal.forecast
    sure = sum(item.sure for item in forecast.purchases)
    return {
        "asset": target.asset,
        "instance": target.instance,
        "step": target.step,
        "key": decision.key,
        "value": decision.value,
        "changed": proposal.is_change,
        "file": proposal.file,
        "line": line_of(proposal),
        "steps": list(proposal.steps),
        "unbought": [{"step": step, "candidate": number} for step, number in proposal.unbought],
        "lost": [
            {"step": step, "candidate": number, "price": one.price}
            for (step, number), one in zip(forecast.lost, lost(forecast), strict=True)
        ],
        "calls": {"buy": sure, "may_buy": len(forecast.purchases) - sure},
        "cost": {"low": forecast.low, "high": forecast.high, "unpriced": forecast.unpriced},
        "purchases": [purchase_object(item) for item in forecast.purchases],
    }
