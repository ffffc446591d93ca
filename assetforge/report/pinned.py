"""Pictures that a person chose, and those there were, as rows and lines for people and as objects for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assetforge.pins.history import Past, short_keys
from assetforge.pins.pinning import Pin
from assetforge.plan.difference import word_diff
from assetforge.plan.forecast import Forecast
from assetforge.words import count, money, money_range, some

# Steps that are named of those that a build would buy something for.
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One picture of a step. `key` has the digits that tell it from the others; `diff` is the prompt's change since
    the request before, pairs of ` `, `-` or `+` and words; `prompt` is None where it is not known."""

    past: Past
    key: str
    how: tuple[str, ...]
    prompt: str | None
    diff: tuple[tuple[str, str], ...]


def rows(pasts: Sequence[Past]) -> Iterator[Row]:
    """Pictures in the order given: of each step the newest first."""
    short = short_keys(pasts)
    for past, before in zip(pasts, _prompts_before(pasts), strict=True):
        is_changed = past.prompt is not None and before is not None and before != past.prompt
        diff = tuple(word_diff(before, past.prompt)) if is_changed and before and past.prompt else ()
        yield Row(past, short[past.key], _how(past), past.prompt, diff)


def _prompts_before(pasts: Sequence[Past]) -> list[str | None]:
    """Of each picture the prompt of the request before its own, as far as one is known."""
    found: list[str | None] = []
    known: dict[str, list[tuple[str, str]]] = {}  # by step, of the last two requests the newer one first
    for past in reversed(pasts):
        last = known.setdefault(past.step.id, [])
        found.append(next((prompt for request, prompt in last if request != past.request), None))
        if past.prompt is not None:
            others = [one for one in last if one[0] != past.request]
            known[past.step.id] = [(past.request, past.prompt), *others[:1]]
    return found[::-1]


def _how(past: Past) -> tuple[str, ...]:
    """How a picture came, and what has become of it."""
    record = past.record
    came = record.by if record.by == "by hand" else "drawn" if record.kind == "draft" else "bought"
    facts = (
        came,
        "accepted" if past.accepted else "",
        "in the lock" if past.pinned else "",
        "" if past.is_here else "its bytes are not here",
    )
    return tuple(fact for fact in facts if fact)


def facts_of(row: Row) -> str:
    """A picture in one line."""
    record = row.past.record
    cost = "price unknown" if record.cost is None else money(record.cost)
    size = str(record.media.size) if record.media.width else "size unknown"
    model = "" if record.kind == "draft" else record.model
    told = [row.key, record.made[:10], cost, model, size]
    told += [f"#{row.past.candidate}"] if row.past.step.n > 1 or row.past.candidate > 1 else []
    return "  ".join([*filter(None, told), ", ".join(row.how)])


def past_object(row: Row) -> dict[str, Any]:
    """A picture as JSON."""
    past, record = row.past, row.past.record
    known = record.media if record.media.width else None
    return {
        "instance": past.step.instance,
        "step": past.step.id,
        "key": past.key,
        "short": row.key,
        "digest": past.digest,
        "date": record.made or None,
        "cost": record.cost,
        "model": record.model or None,
        "size": str(known.size) if known else None,
        "format": known.format if known else None,
        "candidate": past.candidate or None,
        "how": row.how[0],
        "accepted": past.accepted,
        "pinned": past.pinned or None,
        "here": past.is_here,
        "prompt": row.prompt,
        "diff": [list(run) for run in row.diff],
    }


def pin_object(pin: Pin) -> dict[str, Any]:
    """What was pinned, as JSON."""
    record = pin.record
    told = {"step": pin.step.id, "candidate": pin.number, "key": record.key, "digest": record.media.digest}
    return told | {"by": record.by}


def bill(forecast: Forecast) -> Iterator[str]:
    """What the next build would buy, in a line where it would buy anything."""
    bought = forecast.purchases
    if bought:
        price = "a price that is not known" if forecast.unpriced == len(bought) else _price(forecast)
        steps = list(dict.fromkeys(item.step for item in bought))
        yield f"the next build would buy {count(len(bought), 'picture')} for {price}: {some(steps, SHOWN)}"


def _price(forecast: Forecast) -> str:
    more = " and more" if forecast.unpriced else ""
    return f"{money_range(forecast.low, forecast.high)}{more}"


def bill_object(forecast: Forecast) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "pictures": len(forecast.purchases),
        "low": forecast.low,
        "high": forecast.high,
        "unpriced": forecast.unpriced,
    }


def instances_of(pins: Iterable[Pin]) -> dict[str, list[Pin]]:
    """Pins by instance, in their order."""
    found: dict[str, list[Pin]] = {}
    for pin in pins:
        found.setdefault(pin.step.instance, []).append(pin)
    return found
