"""Where a picture would cost less if it were asked for at another size, and cut; unaware of how that is told.

What a model charges for a size is not what its area suggests: at one quality a square costs more than a wide picture
of the same height. Only planned sizes are looked at: a `request_size` is a choice.
"""

from dataclasses import dataclass
from functools import lru_cache

from assetforge.graph.sizes import lost
from assetforge.model import Paid, Size
from assetforge.plan.forecast import Forecast
from assetforge.plan.price import Prices, ranked_sizes
from assetforge.providers.models import ModelRules, rules_of
from assetforge.providers.prices import Output

# By the vendor's formula a longer picture is nearly always a little cheaper: only what is worth a thought is said,
# as that a square cut from a picture of 3:2 saves 22 %.
LEAST_SAVED = 0.21
MOST_CUT = 0.34
# US dollars that pictures which are alike have to save together to be worth a line of a plan.
LEAST_TOGETHER = 0.05


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A legal size that covers the one wanted, the share of it that fitting cuts away, and what a picture costs at
    most that is asked for like this, in US dollars."""

    size: Size
    cut: float
    price: float


@dataclass(frozen=True, slots=True)
class Hint:
    """Pictures that would be asked for at `asked` and cost `price` together, and would cost `cheaper_price` at
    `cheaper`, in US dollars; `cut` is the share of each that fitting to `wanted` would cut away."""

    wanted: Size
    asked: Size
    cheaper: Size
    cut: float
    pictures: int
    price: float
    cheaper_price: float


def cheaper_sizes(forecast: Forecast) -> tuple[Hint, ...]:
    """What could be saved on the pictures that would be bought, in one hint for all that are alike; of sums that are
    worth a line."""
    found: dict[tuple[Size, Size, Size], Hint] = {}
    for item in forecast.purchases:
        step = forecast.walk.graph.steps[item.step]
        assert isinstance(step, Paid)
        other = cheaper_size(forecast.prices, step)
        if other is None or item.price is None or step.size is None or step.request_size is None:
            continue
        group = (step.size, step.request_size, other.size)
        so_far = found.get(group, Hint(*group, other.cut, 0, 0.0, 0.0))
        found[group] = Hint(
            *group, other.cut, so_far.pictures + 1, so_far.price + item.price, so_far.cheaper_price + other.price
        )
    return tuple(hint for hint in found.values() if hint.price - hint.cheaper_price >= LEAST_TOGETHER)


def cheaper_size(prices: Prices, step: Paid) -> Cheaper | None:
    """The cheapest size that a step could be asked for at, where that saves something worth saying."""
    if not step.planned or step.size is None or step.request_size is None:
        return None
    settings, wanted, asked = step.settings, step.size, step.request_size
    rules = rules_of(settings.kind, settings.model)
    tariffs = prices.tariffs(settings.provider, settings.kind, settings.model)
    output = tariffs[0].output if tariffs else None
    size = _search(output, rules, settings.quality, wanted=wanted, asked=asked) if output and rules else None
    if size is None:
        return None
    sent = len(step.pictures) + (step.mask is not None)
    now, then = (prices.estimate_for(settings, one, prompt=step.prompt, pictures=sent) for one in (asked, size))
    is_worth_it = now is not None and then is not None and then <= now * (1 - LEAST_SAVED)
    return Cheaper(size, lost(wanted, size), then) if is_worth_it and then is not None else None


@lru_cache(maxsize=4096)
def _search(output: Output, rules: ModelRules, quality: str, *, wanted: Size, asked: Size) -> Size | None:
    """The cheapest legal size that covers the one wanted and loses at most a third; of several the one that loses
    least. None where it would not save a fifth of what is made."""
    width, height = wanted
    found: list[Size] = []
    most = output.tokens(asked, quality) * (1 - LEAST_SAVED)
    for tokens, size in ranked_sizes(output, rules, quality):
        if tokens > most:
            break
        across, down = size
        if across >= width and down >= height and lost(wanted, size) <= MOST_CUT:
            found.append(size)
            most = tokens
    return min(found, key=lambda size: (lost(wanted, size), size), default=None)
