"""What pictures are billed as: tokens by the vendor's formula, dollars by its prices. Unaware of answers."""

from assetforge.simulate.call import Call, Document, SentFile
from assetforge.simulate.models import Model

CHARACTERS_A_TOKEN = 4
PATCH, MOST_PATCHES, LONG_SIDE = 32, 1_536, 1_024


def usage(call: Call, model: Model) -> Document:
    """What the pictures drawn for a call are billed as; what is sent is billed once for each of them."""
    drawn = len(call.images)
    made = model.tokens(call.size, model.quality(call.fields.get("quality"))) * drawn
    text = max(1, len(call.prompt) // CHARACTERS_A_TOKEN) * drawn
    sent = sum(map(patches, call.pictures)) * drawn
    return {
        "total_tokens": text + sent + made,
        "input_tokens": text + sent,
        "output_tokens": made,
        "input_tokens_details": {"text_tokens": text, "image_tokens": sent},
    }


def patches(file: SentFile) -> int:
    """Input tokens of a picture, as users measured them: squares of 32 pixels, small pictures scaled up to twice
    their size towards 1024, no side more than three times the other, 1,536 in all."""
    long, short = max(file.width, file.height), min(file.width, file.height)
    scale = min(2.0, max(1.0, LONG_SIDE / long))
    broad = -(-round(long * scale) // PATCH)
    high = max(-(-round(short * scale) // PATCH), -(-broad // 3))
    return min(MOST_PATCHES, broad * high)


def cost(call: Call, model: Model) -> float | None:
    """US dollars for the pictures drawn; None where the model has no public price."""
    if model.prices is None:
        return None if call.images else 0.0
    used, prices = usage(call, model), model.prices
    sent = used["input_tokens_details"]
    spent = sent["text_tokens"] * prices.text + sent["image_tokens"] * prices.pictures
    return float(spent + used["output_tokens"] * prices.made) / 1_000_000
