"""Which pictures a build may ask for, where somebody said so of each; unaware of limits of money."""

from collections.abc import Mapping
from dataclasses import dataclass

NOT_APPROVED = "nobody has approved it"
ONCE_MORE = "what was approved is one call: approve it again to ask once more"
# Two ways to add up one price may differ in their last digit.
CENT_PART = 1e-9
HELD_BACK = "its last call failed, and nobody asked for it again"
ASK_FOR_IT = "press Enter in the terminal, or `Build again` on the page"


@dataclass(frozen=True, slots=True)
class Approval:
    """`approved` are the paid keys that may be asked for, each with the price in US dollars at which that was said;
    None where all may. `withheld` are those that may not, whatever else is said."""

    approved: Mapping[str, float] | None = None
    withheld: frozenset[str] = frozenset()

    def names(self, key: str) -> bool:
        """Whether a key may be asked for at some price."""
        return key not in self.withheld and (self.approved is None or key in self.approved)

    def refusal(self, keys: tuple[str, ...], each: float | None) -> str | None:
        """Why a call for these keys may not be made, at a price for each; None where it may."""
        if self.withheld.intersection(keys):
            return HELD_BACK
        if self.approved is None:
            return None
        prices = [self.approved.get(key) for key in keys]
        is_said = each is not None and all(price is not None and each <= price + CENT_PART for price in prices)
        return None if is_said else NOT_APPROVED

    @property
    def is_for_single_calls(self) -> bool:
        """Whether somebody said so of each call: of none he said that it may be made twice."""
        return self.approved is not None


EVERYTHING = Approval()
