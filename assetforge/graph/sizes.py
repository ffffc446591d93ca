"""Which size to ask for, so that the size wanted can be cut from the answer with the least lost and paid for."""

from functools import lru_cache

from assetforge.model import Size
from assetforge.providers.models import ModelRules, legal_sizes

LITTLE = 0.02
MUCH = 0.20


def lost(wanted: Size, asked: Size) -> float:
    """The share of `asked` that fitting it to `wanted`'s shape cuts away, 0 to 1."""
    across, down = wanted.width * asked.height, wanted.height * asked.width
    return 1 - min(across, down) / max(across, down)


@lru_cache(maxsize=4096)
def planned_size(wanted: Size, rules: ModelRules | None) -> Size:
    """The size to ask a model for. Of the legal sizes that cover `wanted` and lose at most 2 %, the one with the
    fewest pixels; if none, the one that loses least, then the fewest pixels; if none covers it, the largest that
    loses at most 2 %, or else the one that loses least. Without rules, the size wanted."""
    if rules is None:
        return wanted
    every = legal_sizes(rules)
    covering = [size for size in every if size.width >= wanted.width and size.height >= wanted.height]
    fitting = [size for size in covering if lost(wanted, size) <= LITTLE]
    if fitting:
        return min(fitting, key=lambda size: (_area(size), lost(wanted, size)))
    if covering:
        return min(covering, key=lambda size: (lost(wanted, size), _area(size)))
    little = [size for size in every if lost(wanted, size) <= LITTLE]
    if little:
        return min(little, key=lambda size: (-_area(size), lost(wanted, size)))
    return min(every, key=lambda size: (lost(wanted, size), -_area(size)))


def _area(size: Size) -> int:
    return size.width * size.height
