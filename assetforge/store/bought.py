"""The pictures that the ledger names, each with what was paid for it; unaware of where their bytes are."""

from dataclasses import dataclass

from assetforge.model import Ingredients
from assetforge.store.ledger import Entry, Ledger


@dataclass(frozen=True, slots=True)
class Bought:
    """One picture of one call. `stored` and `received` are the call's events, the second None where its line is lost;
    `shared` is how many pictures the call gave."""

    key: str
    digest: str
    ingredients: Ingredients
    shared: int
    stored: Entry
    received: Entry | None

    @property
    def cost(self) -> float | None:
        """Its share of what the call cost, in US dollars; None where nobody knows."""
        if self.received is None or self.received.cost is None:
            return None
        return self.received.cost / self.shared


def bought(ledger: Ledger) -> dict[str, list[Bought]]:
    """What was bought for each action key, the first one first. Raises UsageError for lines of a newer release."""
    received: dict[str, Entry] = {}
    found: dict[str, list[Bought]] = {}
    for entry in ledger.read():
        if entry.event == "received":
            received.setdefault(entry.call, entry)
        elif entry.event == "stored":
            for picture in _pictures(entry, received.get(entry.call)):
                found.setdefault(picture.key, []).append(picture)
    return found


def _pictures(stored: Entry, received: Entry | None) -> list[Bought]:
    """A call's usable pictures."""
    every = stored.ingredients or ((),) * len(stored.keys)
    parts = [part for part in zip(stored.keys, stored.digests, every, strict=False) if part[1]]
    return [Bought(key, digest, told, len(parts), stored, received) for key, digest, told in parts]
