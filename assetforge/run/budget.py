"""What may still be spent: every call's price is reserved before it leaves, and settled when it is known."""

from dataclasses import dataclass, field

from assetforge.words import money


@dataclass(slots=True)
class Budget:
    """US dollars. `limit` is None where there is none. Calls under way count with what they may cost at most."""

    limit: float | None
    spent: float = 0.0
    unknown: int = 0
    _reserved: dict[str, float] = field(default_factory=dict)

    def reserve(self, call: str, price: float | None) -> str | None:
        """Sets a call's price aside; says why not where the limit could be passed."""
        if self.limit is None:
            self._reserved[call] = price or 0.0
            return None
        if price is None:
            return "its price is not known, and there is a budget"
        total = self.spent + sum(self._reserved.values()) + price
        if total > self.limit + 1e-9:
            return f"it could cost {money(price)}, which would pass the budget of {money(self.limit)}"
        self._reserved[call] = price
        return None

    def settle(self, call: str, cost: float | None) -> None:
        """A call ended: what it cost takes the place of what was reserved; an unknown cost counts as that."""
        reserved = self._reserved.pop(call, 0.0)
        self.unknown += cost is None
        self.spent += reserved if cost is None else cost

    def book(self, price: float | None) -> None:
        """A call that was not this build's may have been billed, and counts here."""
        self.unknown += 1
        self.spent += price or 0.0

    def release(self, call: str) -> None:
        """A call ended that surely was not billed."""
        self._reserved.pop(call, None)
