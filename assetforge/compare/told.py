"""A comparison in lines for people and as an object for programs; unaware of where they go."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from assetforge.compare.changes import Change, How, Output
from assetforge.compare.comparing import Comparison
from assetforge.compare.reasons import Explained
from assetforge.compare.sentences import Sentence, joined, say
from assetforge.model import Media
from assetforge.words import byte_size, count, money

HOWS: tuple[How, ...] = get_args(How)
WORDS: dict[How, str] = {
    "candidates": "with other candidates",
    "accepted": "accepted for another request",
}


def title_of(told: Comparison) -> Sentence:
    """What was compared."""
    since = say("pictures changed since ", told.before.name)
    return since + say(", in ", told.after.name) if told.after.commit else since


def summary(told: Comparison) -> Sentence:
    """All in one line."""
    where = say(" from " if told.after.commit else " since ", told.before.name)
    where += say(" to ", told.after.name) if told.after.commit else ""
    if not told.changes:
        return say("no picture changed") + where
    hows = Counter(one.change.how for one in told.changes)
    parts = ", ".join(f"{hows[how]:,} {WORDS.get(how, how)}" for how in HOWS if hows[how])
    bill = bill_of(one.change for one in told.changes)
    return say(parts) + where + (f"; {bill}" if bill else "")


def bill_of(changes: Iterable[Change]) -> str:
    """What was bought, and for how much, "" where nothing was."""
    bought = [record for change in changes for record in change.bought]
    if not bought:
        return ""
    known = [record.cost for record in bought if record.cost is not None]
    pictures = count(len(bought), "picture")
    if not known:
        return f"{pictures} bought, at a price that is not known"
    more = "" if len(known) == len(bought) else f" and what {len(bought) - len(known):,} more cost"
    return f"{pictures} bought for {money(sum(known))}{more}"


def price_of(change: Change) -> str:
    """What was paid for a change, "" where nothing was bought for it."""
    if not change.bought:
        return ""
    return "price unknown" if change.cost is None else money(change.cost)


def why_of(one: Explained) -> Sentence:
    """Its reasons in one line; of what came what it shows."""
    if one.reasons:
        return joined(one.reasons, "; ")
    shown = one.change.shown
    media = (shown.after or shown.before) if shown else None
    return say(facts(media) if media else "")


def facts(media: Media) -> str:
    """A picture in words."""
    return f"{media.size} {media.format}, {byte_size(media.bytes)}"


# --- JSON -------------------------------------------------------------------------------------------------------


def comparison_object(told: Comparison) -> dict[str, Any]:
    """The whole as JSON."""
    return {
        "from": _side(told.before),
        "to": _side(told.after),
        "changes": [change_object(one) for one in told.changes],
        "summary": summary_object(told),
        "notes": list(map(str, told.notes)),
    }


def summary_object(told: Comparison) -> dict[str, Any]:
    """How many changed in which way; what was bought and paid."""
    hows = Counter(one.change.how for one in told.changes)
    costs = [record.cost for one in told.changes for record in one.change.bought]
    known = [cost for cost in costs if cost is not None]
    counts = {how.replace("-", "_"): hows[how] for how in HOWS}
    return {**counts, "bought": len(costs), "cost": sum(known), "unknown_costs": len(costs) - len(known)}


def change_object(one: Explained) -> dict[str, Any]:
    """One change as JSON."""
    change = one.change
    return {
        "instance": change.name,
        "was": change.former or None,
        "how": change.how,
        "reasons": list(map(str, one.reasons)),
        "prompts": [
            {"step": each.step, "before": each.before, "after": each.now, "diff": [list(run) for run in each.diff]}
            for each in one.prompts
        ],
        "outputs": [_output_object(output) for output in change.outputs],
        "bought": len(change.bought),
        "cost": change.cost,
    }


def _output_object(output: Output) -> dict[str, Any]:
    return {
        "path": output.path,
        "was": output.was or None,
        "how": output.how,
        "before": _media_object(output.before),
        "after": _media_object(output.after),
    }


def _media_object(media: Media | None) -> dict[str, Any] | None:
    if media is None:
        return None
    return {"digest": media.digest, "size": str(media.size), "format": media.format, "bytes": media.bytes}


def _side(side: Any) -> dict[str, Any]:
    return {"name": side.name, "commit": side.commit or None, "lock": side.lock if side.has_lock else None}


def rows(told: Comparison) -> Iterator[tuple[str, str, str, str]]:
    """Each change as what, which, why and for how much."""
    for one in told.changes:
        yield one.change.how, one.change.name, str(why_of(one)), price_of(one.change)
