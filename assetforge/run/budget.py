"""What may still be spent: every call's price is reserved before it leaves, and settled when it is known."""

from dataclasses import dataclass, field

from assetforge.words import most

SAY_THE_PRICE = 'say what it costs, in `[provider.NAME.price."MODEL"]`'


@dataclass(slots=True)
class Budget:
    """US dollars. `limit` is None where there is none; `name` says where it stands. Calls under way count with what
    they may cost at most.

    `spent` is what answers cost, `unknown` how many of them nobody knows the cost of (they count with their price).
    `doubtful` is what calls may have cost that gave nothing, and `unanswered` how many these are.
    """

    limit: float | None
    name: str = ""
    spent: float = 0.0
    unknown: int = 0
    doubtful: float = 0.0
    unanswered: int = 0
    _reserved: dict[str, float] = field(default_factory=dict)

    def reserve(self, call: str, price: float | None) -> str | None:
        """Sets a call's price aside; says why not where the limit could be passed."""
        if self.limit is None:
            self._reserved[call] = price or 0.0
            return None
        if price is None:
            return f"its price is not known, and {self.name or 'the limit'} needs known prices"
        total = self.spent + self.doubtful + sum(self._reserved.values()) + price
        if total > self.limit + 1e-9:
            where = f" ({self.name})" if self.name else ""
            return f"it could cost {most(price)}, which would pass the limit of {most(self.limit)}{where}"
        self._reserved[call] = price
        return None

    def hint(self, price: float | None) -> str:
        """What to do where a call was refused."""
        return SAY_THE_PRICE if price is None else f"raise {self.name}" if self.name else "raise the limit"

    def settle(self, call: str, cost: float | None) -> None:
        """A call gave something: its cost takes the place of what was reserved; an unknown one counts as that."""
        reserved = self._reserved.pop(call, 0.0)
        self.unknown += cost is None
        self.spent += reserved if cost is None else cost

    def lose(self, call: str) -> None:
        """A call gave nothing, and may have been billed."""
        self.book(self._reserved.pop(call, 0.0))

    def book(self, price: float | None) -> None:
        """The same of a call whose price was not reserved here, as one of a build that died."""
        self.unanswered += 1
        self.doubtful += price or 0.0

    def release(self, call: str) -> None:
        """A call ended that surely was not billed."""
        self._reserved.pop(call, None)
