"""What a call costs at most before it is made, and what it cost once its usage is known; unaware of budgets.

An estimate is an upper bound, so that a budget is never passed. The prompt counts a token for each byte: a tokenizer
that works on bytes can't make more. A picture that is sent counts as the most tokens that one was measured at
(community.openai.com, topic 1382940). What is made counts by the vendor's formula or table (`prices.json`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assetforge.config import OPENAI
from assetforge.model import Call, Settings, Size
from assetforge.providers.models import ModelRules, legal_sizes, rules_of
from assetforge.providers.prices import PER_MILLION, Output, Price, Rates, shipped_prices
from assetforge.providers.spec import PriceTable, ProviderTable

PICTURE_TOKENS = 1_536
# What a server may put around the prompt.
PROMPT_EXTRA_TOKENS = 32

# What a model without a price in the list is held to cost at least, where a manifest says that it costs less.
LEAST = "gpt-image-2"

# What two prices are compared at.
REFERENCE = Size(1024, 1024)

PerImage = float | dict[str, float] | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a model costs at one provider: by tokens, or flat for each picture. `rates` and `output` are None where
    nobody knows them."""

    rates: Rates | None
    output: Output | None
    per_image: PerImage = None


@dataclass(frozen=True, slots=True)
class Prices:
    """The price of every call, in US dollars: the list that ships with assetforge, changed by the providers' tables.

    A manifest may be a stranger's. So what it says of a model at `https://api.openai.com` is believed only where it
    is dearer than the list: of both, the higher counts, for estimates and for costs; a model that the list has no
    price for counts at least as gpt-image-2. Nobody can talk the user's limits away there. At any other origin, which
    the user has trusted by name, it is believed as it stands.
    """

    overrides: Mapping[tuple[str, str], PriceTable]
    guarded: frozenset[str]

    @classmethod
    def of(cls, tables: Mapping[str, ProviderTable], origins: Mapping[str, str]) -> "Prices":
        """The prices of some providers. `origins` are those that are asked, by provider."""
        overrides = {(name, model): own for name, table in tables.items() for model, own in table.price.items()}
        return cls(overrides, frozenset(name for name, origin in origins.items() if origin == OPENAI))

    @property
    def as_of(self) -> str:
        """The ISO date of the list."""
        return shipped_prices().as_of

    def estimate(self, call: Call) -> float | None:
        """US dollars for one candidate, at most; None where the price is unknown."""
        sent = len(call.pictures) + (call.mask is not None)
        return self.estimate_for(call.settings, call.size, prompt=call.prompt, pictures=sent)

    def estimate_for(self, settings: Settings, size: Size | None, *, prompt: str, pictures: int) -> float | None:
        """The same from its parts. A `size` of None counts as the dearest that the model draws; `pictures` counts
        all that are sent, a mask too."""
        if settings.kind == "draft":
            return 0.0
        rules = rules_of(settings.kind, settings.model)
        text = len(prompt.encode("utf-8", "surrogatepass")) + PROMPT_EXTRA_TOKENS
        found = [
            _estimate(
                tariff, (text, pictures * PICTURE_TOKENS), _size(tariff, rules, settings, size), settings.quality
            )
            for tariff in self.tariffs(settings.provider, settings.kind, settings.model)
        ]
        return _dearer(found)

    def cost_of(
        self, provider: str, kind: str, model: str, quality: str, usage: Mapping[str, int], images: int
    ) -> float | None:
        """US dollars of a finished call that gave some images, by what the provider says it used. A flat price
        counts whatever it says; None where it says nothing, or where the price is unknown."""
        if kind == "draft":
            return 0.0
        found = [_cost(tariff, quality, usage, images) for tariff in self.tariffs(provider, kind, model)]
        return _dearer(found)

    def disbelieved(self) -> tuple[tuple[str, str], ...]:
        """Providers and models of which the manifest says that they cost less than they do."""
        return tuple(key for key in sorted(self.overrides) if self._is_undercut(*key))

    def _is_undercut(self, provider: str, model: str) -> bool:
        if provider not in self.guarded:
            return False
        both = self.tariffs(provider, "images-api", model)
        found = [_estimate(tariff, (PER_MILLION, PER_MILLION), REFERENCE, "medium") for tariff in both]
        return len(found) == 2 and None not in found and (found[1] or 0.0) < (found[0] or 0.0)

    def tariffs(self, provider: str, kind: str, model: str) -> tuple[Tariff, ...]:
        """Every tariff of a model that counts: none, one, or two of which the dearer holds."""
        prices = shipped_prices()
        price = prices.price_of(model) if kind == "images-api" else None
        own = self.overrides.get((provider, model)) or self.overrides.get((provider, prices.name_of(model)))
        shipped = None if price is None else Tariff(price.rates, price.output)
        if own is None:
            return () if shipped is None else (shipped,)
        merged = _merged(price, own)
        if provider not in self.guarded:
            return (merged,)
        if shipped is None or shipped.output is None:
            least = prices.price_of(LEAST)
            shipped = Tariff(least.rates, least.output) if least else None
        return (merged,) if shipped is None else (shipped, merged)


def _dearer(found: Sequence[float | None]) -> float | None:
    """The highest of what several tariffs say; None where one of them, or nobody, knows."""
    known = [usd for usd in found if usd is not None]
    return max(known) if known and len(known) == len(found) else None


def _merged(price: Price | None, own: PriceTable) -> Tariff:
    shipped = price.rates if price else None
    told = (own.text_input, own.image_input, own.image_output)
    listed = (shipped.text_input, shipped.image_input, shipped.image_output) if shipped else (None, None, None)
    text, sent, made = (there if here is None else here for here, there in zip(told, listed, strict=True))
    rates = None if text is None or sent is None or made is None else Rates(text, sent, made)
    return Tariff(rates, price.output if price else None, own.per_image)


@lru_cache(maxsize=64)
def ranked_sizes(output: Output, rules: ModelRules, quality: str) -> tuple[tuple[float, Size], ...]:
    """A model's legal sizes with the tokens that a picture of them has, cheapest first."""
    return tuple(sorted((output.tokens(size, quality), size) for size in legal_sizes(rules)))


def _size(tariff: Tariff, rules: ModelRules | None, settings: Settings, size: Size | None) -> Size | None:
    """The size that counts; None where it is unknown and so is the model."""
    if size is not None or rules is None or tariff.output is None:
        return size
    return ranked_sizes(tariff.output, rules, settings.quality)[-1][1]


def _estimate(tariff: Tariff, sent: tuple[int, int], size: Size | None, quality: str) -> float | None:
    flat = _flat(tariff.per_image, quality)
    if flat is not None:
        return flat
    listed = None
    if tariff.rates is not None and tariff.output is not None and size is not None:
        listed = _dollars(tariff.rates, *sent, tariff.output.tokens(size, quality))
    if quality == "auto" and isinstance(tariff.per_image, dict):  # nobody knows what it will be
        return max((*tariff.per_image.values(), *([] if listed is None else [listed])), default=None)
    return listed


def _cost(tariff: Tariff, quality: str, usage: Mapping[str, int], images: int) -> float | None:
    flat = _flat(tariff.per_image, quality)
    if flat is not None:
        return flat * images
    if tariff.rates is None or not usage.get("output_tokens"):
        return None
    text = usage.get("input_text_tokens", 0)
    # What is not said to be text counts as pictures, which are dearer.
    pictures = max(usage.get("input_image_tokens", 0), usage.get("input_tokens", 0) - text)
    return _dollars(tariff.rates, text, pictures, usage["output_tokens"])


def _dollars(rates: Rates, text: float, pictures: float, made: float) -> float:
    return (text * rates.text_input + pictures * rates.image_input + made * rates.image_output) / PER_MILLION


def _flat(per_image: PerImage, quality: str) -> float | None:
    """The flat price of a picture; None where none is given for its quality, which then counts as listed."""
    return per_image.get(quality) if isinstance(per_image, dict) else per_image
