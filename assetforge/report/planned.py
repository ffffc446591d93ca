"""What was foreseen, as rows and lines for people and as an object for programs, in the same words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assetforge.emit.foresight import EmitOutlook
from assetforge.model import Drafted, Fresh, Instance, Paid, Rendition
from assetforge.plan.forecast import Forecast, Outlook, Purchase
from assetforge.plan.hints import Hint, cheaper_sizes
from assetforge.plan.lost import ADOPT, FETCH, PULL, can_be_bought_again, is_by_hand
from assetforge.report.cheaper import told_cheaper
from assetforge.report.foreseen import Foreseen
from assetforge.report.gathering import listed, without_name
from assetforge.words import count, left_behind, money, money_range, most, orphaned, some

REASONS = 2

# What a verdict is called wherever it is told.
WORDS: Mapping[str, str] = {
    "current": "current",
    "restore": "restore",
    "make": "make",
    "buy": "buy",
    "draft": "draft",
    "lost": "lost",
    "wrong": "fails",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One instance in a table."""

    word: str
    instance: str
    why: str
    price: str


def rows(seen: Foreseen) -> Iterator[Row]:
    """Every selected instance, in manifest order."""
    for outlook in seen.forecast.outlooks.values():
        yield Row(word_in(seen, outlook), outlook.instance, why_of(seen, outlook), _price_in(seen, outlook))


def emit_rows(seen: Foreseen) -> Iterator[Row]:
    """Every emit that tells of a selected instance, in manifest order."""
    for outlook in seen.emits:
        path = f"`{outlook.emit.path}`"
        about = outlook.reason if outlook.reason.startswith(path) else f"{path}: {outlook.reason}"
        why = about if outlook.reason else ""
        yield Row(WORDS.get(outlook.verdict, outlook.verdict), outlook.emit.name, why, "")


def why_of(seen: Foreseen, outlook: Outlook) -> str:
    """The first reasons, and how much of a request is not what was written."""
    asked = [step for step in _bought(seen, outlook) if step.size not in (None, step.request_size)]
    sizes = dict.fromkeys(
        f"{step.size}, asked for as {step.request_size}" for step in asked if step.request_size is not None
    )
    reasons = [without_name(reason, outlook.instance) for reason in reasons_of(seen.forecast, outlook)]
    return "; ".join([told_shortly(reasons), *sizes])


def _bought(seen: Foreseen, outlook: Outlook) -> list[Paid]:
    steps = (seen.graph.steps[name] for name in dict.fromkeys(item.step for item in outlook.purchases))
    return [step for step in steps if isinstance(step, Paid)]


def told_shortly(reasons: Sequence[str]) -> str:
    """The first reasons, and how many more there are."""
    more = f"; and {len(reasons) - REASONS:,} more" if len(reasons) > REASONS else ""
    return listed(reasons[:REASONS]) + more


def reasons_of(forecast: Forecast, outlook: Outlook) -> tuple[str, ...]:
    """Why an instance is what it is; of a draft, whether its placeholder is there."""
    if outlook.verdict != "draft":
        return outlook.reasons
    is_there = _is_drawn(forecast, forecast.walk.graph.instances[outlook.instance])
    return ("placeholder is there",) if is_there else ("placeholder to draw",)


def _is_drawn(forecast: Forecast, instance: Instance) -> bool:
    files = [forecast.walk.files[name].decision for name in instance.outputs]
    paid = [state.decision for (name, _), state in forecast.walk.paid.items() if name in instance.paid]
    drawn = all(isinstance(one, Fresh) or (isinstance(one, Drafted) and one.record is not None) for one in paid)
    return drawn and all(isinstance(one, Fresh) and one.origin == "file" for one in files)


def word_in(seen: Foreseen, outlook: Outlook) -> str:
    """What is said of an instance of a plan."""
    return word_of(outlook, is_new=outlook.instance in seen.unmade)


def word_of(outlook: Outlook, *, is_new: bool) -> str:
    """What is said of an instance. One that only waits for others buys nothing itself, and is made for sure where
    an output of it `is_new`; else it may turn out to be current."""
    if outlook.verdict != "maybe":
        return WORDS[outlook.verdict]
    return "may buy" if outlook.purchases else "make" if is_new else "may make"


def state_of(seen: Foreseen, outlook: Outlook) -> str:
    """The same for a list of what is there: a placeholder is a `draft` until the picture is made."""
    word = word_in(seen, outlook)
    has_placeholder = outlook.instance in seen.placeholders and word not in ("current", "lost", "fails")
    return "draft" if has_placeholder else word


def files_of(seen: Foreseen, instance: str) -> list[str]:
    """An instance's output paths."""
    steps = (seen.graph.steps[name] for name in seen.graph.instances[instance].outputs)
    return [step.path for step in steps if isinstance(step, Rendition)]


def price_of(purchases: tuple[Purchase, ...]) -> str:
    """What an instance's own pictures cost at most."""
    if not purchases:
        return ""
    known = sum(item.price or 0.0 for item in purchases)
    unknown = sum(item.price is None for item in purchases)
    if unknown:
        return "price unknown" if unknown == len(purchases) else f"{most(known)} and more"
    return most(known) if all(item.sure for item in purchases) else f"up to {most(known)}"


def _price_in(seen: Foreseen, outlook: Outlook) -> str:
    return f"{most(again)} to buy again" if (again := _again(seen, outlook)) else price_of(outlook.purchases)


def _again(seen: Foreseen, outlook: Outlook) -> float:
    """What an instance's lost pictures would cost, in US dollars; 0 where there are none, or nobody knows."""
    own = seen.graph.instances[outlook.instance].paid
    lost = (place for place, what in seen.forecast.lost.items() if place[0] in own and can_be_bought_again(what))
    calls = (seen.forecast.walk.paid[place].call for place in lost)
    return sum(seen.forecast.prices.estimate(call) or 0.0 for call in calls if call is not None)


def calls_of(seen: Foreseen, instance: str) -> Iterator[str]:
    """An instance's calls, a line each: what, size, price, key, and the project's own files that go along."""
    outlook = seen.forecast.outlooks.get(instance)
    for item in outlook.purchases if outlook else ():
        price = "price unknown" if item.price is None else most(item.price)
        size = str(item.size) if item.size else "size not known yet"
        key = f"key {item.key}" if item.key else "key not known yet"
        sent = [one.path for one in seen.uploads if one.step == item.step]
        yield f"{item.step}#{item.candidate}  {size}  {price}  {key}" + (f"  sends {some(sent)}" if sent else "")


def remarks(seen: Foreseen) -> Iterator[str]:
    """What concerns the build as a whole, a line each."""
    forecast = seen.forecast
    yield from _calls(seen)
    if seen.unlooked:
        yield f"at most: {count(seen.unlooked, 'key')} not looked up in {seen.remote}; see `assetforge plan --remote`"
    yield from map(_cheaper, cheaper_sizes(forecast))
    if forecast.drafts:
        yield f"{count(len(forecast.drafts), 'picture')} not bought: placeholders stand in"
    yield from _lost(forecast)
    files: dict[str, dict[str, None]] = {}
    for upload in seen.uploads:
        files.setdefault(upload.origin, {})[upload.path] = None
    for origin, paths in files.items():
        yield f"sends to {origin}: {some(list(paths))}"
    for group in forecast.shared:
        yield f"one picture for {some(list(group))}"
    for asset, number in seen.crowds:
        yield f"`{asset}` has {count(number, 'instance')}"
    if seen.left_behind:
        yield left_behind(seen.left_behind)
    elif seen.orphans:
        yield orphaned(seen.orphans)


def _lost(forecast: Forecast) -> Iterator[str]:
    """The pictures that are pinned and nowhere, by what brings them back."""
    hints = {"not pulled": PULL, "made by hand lost": ADOPT, "lost": f"{FETCH}, or build with --rebuy-lost"}
    found: dict[str, list[str]] = {}
    for (step, number), what in forecast.lost.items():
        word = "not pulled" if what.pointer else "made by hand lost" if is_by_hand(what) else "lost"
        found.setdefault(word, []).append(f"{step}#{number}")
    for word in sorted(found, key=list(hints).index):
        yield f"{count(len(found[word]), 'picture')} {word}: {some(found[word])}; {hints[word]}"


def _cheaper(hint: Hint) -> str:
    """One line for all pictures that are alike."""
    told = told_cheaper(
        str(hint.asked), str(hint.cheaper), hint.cut,
        price=hint.price / hint.pictures, cheaper_price=hint.cheaper_price / hint.pictures,
    )  # fmt: skip
    return f"{told} ({count(hint.pictures, 'picture')}: {money(hint.price - hint.cheaper_price)} less)"


def _calls(seen: Foreseen) -> Iterator[str]:
    forecast = seen.forecast
    sure = sum(item.sure for item in forecast.purchases)
    maybe = len(forecast.purchases) - sure
    if not forecast.purchases:
        return
    told = f"{count(sure, 'picture')} to buy"
    if maybe:
        told += f", and {maybe:,} that may have to be"
    total = (
        "price unknown" if forecast.unpriced == len(forecast.purchases) else money_range(forecast.low, forecast.high)
    )
    some_unknown = 0 < forecast.unpriced < len(forecast.purchases)
    yield f"{told}: {total}" + (f", and {count(forecast.unpriced, 'unknown price')}" if some_unknown else "")
    yield from _beyond(forecast, seen.limit, "the limit is {}")
    yield from _beyond(forecast, seen.month_left, "this month's limit leaves {}")


def _beyond(forecast: Forecast, limit: float | None, told: str) -> Iterator[str]:
    if limit is not None and forecast.high > limit:
        what = "not all of it" if forecast.low > limit else "perhaps not all of it"
        yield f"{told.format(most(limit))}: {what} would be bought"


# --- for programs -----------------------------------------------------------------------------------------------


def foreseen_object(seen: Foreseen) -> dict[str, Any]:
    """The plan as JSON. Paths are relative to the root, money is US dollars, null is an unknown price."""
    forecast = seen.forecast
    sure = sum(item.sure for item in forecast.purchases)
    return {
        "current": seen.is_current,
        "assets": [instance_object(seen, outlook, word_in(seen, outlook)) for outlook in forecast.outlooks.values()],
        "calls": {"buy": sure, "may_buy": len(forecast.purchases) - sure},
        "cost": {"low": forecast.low, "high": forecast.high, "unpriced": forecast.unpriced},
        "prices_as_of": forecast.prices.as_of,
        "cheaper_sizes": [_cheaper_object(hint) for hint in cheaper_sizes(forecast)],
        "remote": {"url": seen.remote, "not_looked_up": seen.unlooked} if seen.remote else None,
        "limit": seen.limit,
        "month_left": seen.month_left,
        "drafts": [{"step": step, "candidate": number} for step, number in forecast.drafts],
        "lost": [{"step": step, "candidate": number} for step, number in forecast.lost],
        "shared": [list(group) for group in forecast.shared],
        "uploads": [{"path": one.path, "step": one.step, "origin": one.origin} for one in seen.uploads],
        "orphans": list(seen.orphans),
        "left_behind": list(seen.left_behind),
        "crowds": [{"asset": asset, "instances": number} for asset, number in seen.crowds],
        "blocked": [failure.instance for failure in seen.blocked],
        "emits": [_emit_object(outlook) for outlook in seen.emits],
    }


def listed_object(seen: Foreseen) -> list[dict[str, Any]]:
    """The instances and their state as JSON."""
    return [instance_object(seen, one, state_of(seen, one)) for one in seen.forecast.outlooks.values()]


def instance_object(seen: Foreseen, outlook: Outlook, word: str) -> dict[str, Any]:
    """One instance as JSON."""
    instance = seen.graph.instances[outlook.instance]
    return {
        "instance": instance.name,
        "asset": instance.asset,
        "axes": dict(instance.cell),
        "tags": list(instance.tags),
        "outputs": files_of(seen, instance.name),
        "state": word,
        "reasons": list(reasons_of(seen.forecast, outlook)),
        "purchases": [purchase_object(item) for item in outlook.purchases],
    }


def _emit_object(outlook: EmitOutlook) -> dict[str, Any]:
    return {
        "emit": outlook.emit.name,
        "path": outlook.emit.path,
        "state": outlook.verdict,
        "reason": outlook.reason,
    }


def _cheaper_object(hint: Hint) -> dict[str, Any]:
    return {
        "wanted": str(hint.wanted),
        "asked": str(hint.asked),
        "cheaper": str(hint.cheaper),
        "cut": hint.cut,
        "pictures": hint.pictures,
        "price": hint.price,
        "cheaper_price": hint.cheaper_price,
    }


def purchase_object(item: Purchase) -> dict[str, Any]:
    """One picture that would be bought as JSON."""
    return {
        "step": item.step,
        "candidate": item.candidate,
        "key": item.key or None,
        "size": str(item.size) if item.size else None,
        "price": item.price,
        "sure": item.sure,
    }
