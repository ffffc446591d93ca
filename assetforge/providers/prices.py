"""What models cost by their vendors' lists, as of the date in `prices.json`; unaware of requests and budgets.

`prices.json` names its sources. Nothing is read from it before a price is asked for.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from assetforge.model import Size

FILE = "prices.json"
PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens."""

    text_input: float
    image_input: float
    image_output: float


@dataclass(frozen=True, slots=True)
class Formula:
    """Output tokens by the area of a picture and a factor of each quality."""

    factors: tuple[tuple[str, int], ...]

    def tokens(self, size: Size, quality: str) -> float:
        """Tokens of one picture. A quality without a factor, as `auto`, counts as the dearest."""
        known = dict(self.factors)
        factor = known.get(quality) or max(known.values())
        long, short = max(size), min(size)
        scaled = (2 * factor * short + long) // (2 * long)
        return -(-factor * scaled * (2_000_000 + size.width * size.height) // 4_000_000)


@dataclass(frozen=True, slots=True)
class Table:
    """Output tokens of each size and quality there is."""

    counts: tuple[tuple[Size, str, float], ...]

    def tokens(self, size: Size, quality: str) -> float:
        """Tokens of one picture. A size or a quality that is not in the table counts as the dearest."""
        of_size = [entry for entry in self.counts if entry[0] == size] or self.counts
        of_both = [entry for entry in of_size if entry[1] == quality] or of_size
        return max(count for _, _, count in of_both)


Output = Formula | Table


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs. `output` is None where nobody says how many tokens a picture has."""

    rates: Rates
    output: Output | None


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by model, as of an ISO date; `aliases` are other names of the same models."""

    as_of: str
    models: Mapping[str, Price]
    aliases: Mapping[str, str]

    def name_of(self, model: str) -> str:
        """The name under which a model's price stands."""
        return self.aliases.get(model, model)

    def price_of(self, model: str) -> Price | None:
        """The price of a model, None where nobody published one."""
        return self.models.get(self.name_of(model))


@cache
def shipped_prices() -> PriceList:
    """The list that ships with assetforge."""
    text = resources.files("assetforge.providers").joinpath(FILE).read_text("utf-8")
    return read_prices(json.loads(text))


def read_prices(document: Any) -> PriceList:
    """A price list from its JSON. Raises ValueError for anything that is not as it should be."""
    as_of, entries, aliases = (_take(document, name, kind) for name, kind in
                               (("as_of", str), ("models", dict), ("aliases", dict)))  # fmt: skip
    if _take(document, "currency", str) != "USD":
        raise ValueError("prices are in US dollars")
    models = {name: _read_price(entry) for name, entry in entries.items()}
    for alias, name in aliases.items():
        if name not in models or alias in models:
            raise ValueError(f"`{alias}` is not another name of a model")
    return PriceList(as_of, MappingProxyType(models), MappingProxyType(aliases))


def _read_price(entry: Any) -> Price:
    given = _take(entry, "usd_per_million", dict)
    rates = Rates(*(_amount(given[name]) for name in ("text_input", "image_input", "image_output")))
    output = entry["output"]
    return Price(rates, None if output is None else _read_output(output, rates))


def _read_output(output: Any, rates: Rates) -> Output:
    if "factors" in output:
        return Formula(tuple((quality, int(_amount(factor))) for quality, factor in output["factors"].items()))
    if "tokens" in output:
        return Table(tuple(_entries(output["tokens"])))
    # Published dollars are rounded: half of their last place more is the most that they can stand for.
    more = _amount(output["rounded_to"]) / 2
    dollars = _entries(_take(output, "usd", dict))
    return Table(tuple((size, how, (usd + more) * PER_MILLION / rates.image_output) for size, how, usd in dollars))


def _entries(sizes: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[Size, str, float]]:
    for size, qualities in sizes.items():
        for quality, number in qualities.items():
            yield Size.parse(size), quality, _amount(number)


def _take(document: Any, name: str, kind: type) -> Any:
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, kind) or not found:
        raise ValueError(f"`{name}` is missing, or is not a {kind.__name__}")
    return found


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"`{value}` is not an amount")
    return value
