"""Calls that may have been billed for pictures that are still missing, as the ledger has them; unaware of cards."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assetforge.errors import Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.plan.forecast import Forecast
from assetforge.store.ledger import Entry, Ledger
from assetforge.words import count, money


@dataclass(frozen=True, slots=True)
class Doubts:
    """Calls that gave nothing, by the keys that they were for."""

    calls: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)

    def of(self, keys: Iterable[str]) -> Iterator[str]:
        """What is said of those for some keys."""
        found = list({entry.call: entry for key in keys for entry in self.calls.get(key, ())}.values())
        if not found:
            return
        costs = [entry.cost for entry in found if entry.cost is not None]
        price = f"up to {money(sum(costs))}" if len(costs) == len(found) else "at a price that nobody knows"
        last = max(entry.time[:10] for entry in found)
        if len(found) == 1:
            yield f"the last call may have been billed on {last}, {price}"
        else:
            yield f"{count(len(found), 'call')} may have been billed, the last on {last}, {price}"


def doubts_in(ledger: Ledger, forecast: Forecast, listen: Listener) -> Doubts:
    """Those for what a build would buy. A ledger that can't be read is told of, and tells nothing."""
    missing = {item.key for item in forecast.purchases if item.key}
    found: dict[str, tuple[Entry, ...]] = {}
    if not missing:
        return Doubts()
    try:
        entries, _ = ledger.costs(0)
    except UsageError as error:
        for problem in error.problems:
            listen(Warned(Problem(problem.message, problem.where, problem.hint)))
        return Doubts()
    for entry in entries:
        for key in missing.intersection(entry.keys):
            # What came of a later call settles it.
            found[key] = (*found.get(key, ()), entry) if entry.event == "unanswered" else ()
    return Doubts(found)
