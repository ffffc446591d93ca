"""What a call costs, by the token formula and a dated table of prices; unaware of budgets.

The output tokens of gpt-image-2 are a closed formula of size and quality, checked against published prices
(docs/design.md, Money). An estimate is exact for a generation but for the prompt's tokens.
"""

from dataclasses import dataclass

from assetforge.model import Call, Size

PER_MILLION = 1_000_000
PICTURE_TOKENS = 1_536
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, and the factor of each quality. As of 2026-11-22."""

    text_in: float
    picture_in: float
    picture_out: float
    factors: dict[str, int]


PRICES = {"gpt-image-2": Price(5.0, 8.0, 30.0, {"low": 16, "medium": 48, "high": 96})}
ALIASES = {"gpt-image-2-2026-04-21": "gpt-image-2"}


def price_of(kind: str, model: str) -> Price | None:
    """The price of a model, None where nobody published one. A draft has no price: it costs nothing."""
    return PRICES.get(ALIASES.get(model, model)) if kind == "images-api" else None


def output_tokens(price: Price, size: Size, quality: str) -> int:
    """Tokens of one picture. A quality that the formula does not know, as `auto`, counts as the dearest."""
    factor = price.factors.get(quality, max(price.factors.values()))
    long, short = max(size), min(size)
    scaled = (2 * factor * short + long) // (2 * long)
    return -(-factor * scaled * (2_000_000 + size.width * size.height) // 4_000_000)


def estimate(call: Call) -> float | None:
    """US dollars for one candidate, at most; None where the price is unknown."""
    return estimate_for(call.settings.kind, call.settings.model, call.size, quality=call.settings.quality,
                        prompt=call.prompt, pictures=len(call.pictures))  # fmt: skip


def estimate_for(kind: str, model: str, size: Size, *, quality: str, prompt: str, pictures: int) -> float | None:
    """The same from its parts, for a step whose inputs are not known yet."""
    if kind == "draft":
        return 0.0
    price = price_of(kind, model)
    if price is None:
        return None
    text = -(-len(prompt) // CHARACTERS_A_TOKEN) * price.text_in
    sent = pictures * PICTURE_TOKENS * price.picture_in
    return (text + sent + output_tokens(price, size, quality) * price.picture_out) / PER_MILLION


def cost_of(kind: str, model: str, usage: dict[str, int]) -> float | None:
    """US dollars of a finished call by what the provider says it used; None where it says nothing."""
    price = price_of(kind, model)
    if price is None or not usage.get("output_tokens"):
        return 0.0 if kind == "draft" else None
    text = usage.get("input_text_tokens", 0)
    pictures = usage.get("input_image_tokens", max(usage.get("input_tokens", 0) - text, 0))
    spent = text * price.text_in + pictures * price.picture_in + usage["output_tokens"] * price.picture_out
    return spent / PER_MILLION
