"""Which size to ask for, so that the size wanted can be cut from the answer with the least lost and paid for."""

from functools import lru_cache

from assetforge.model import Size
from assetforge.providers.models import ModelRules, legal_sizes

MUCH = 0.20


def lost(wanted: Size, asked: Size) -> float:
    """The share of `asked` that fitting it to `wanted`'s shape cuts away, 0 to 1."""
    across, down = wanted.width * asked.height, wanted.height * asked.width
    return 1 - min(across, down) / max(across, down)


@lru_cache(maxsize=4096)
def planned_size(wanted: Size, rules: ModelRules | None) -> Size:
    """The size to ask a model for. Of the legal sizes that cover `wanted` and lose at most 2 %, the one with the
    fewest pixels; if none, the one that loses least, then the fewest pixels; if none covers it, of those that lose
    at most 2 % the one with the most left after fitting, or else the one that loses least. Without rules, the size
    wanted."""
    if rules is None:
        return wanted
    every = legal_sizes(rules)
    covering = [size for size in every if size.width >= wanted.width and size.height >= wanted.height]
    fitting = [size for size in covering if _is_little(wanted, size)]
    if fitting:
        return min(fitting, key=lambda size: (_area(size), lost(wanted, size)))
    if covering:
        return min(covering, key=lambda size: (lost(wanted, size), _area(size)))
    little = [size for size in every if _is_little(wanted, size)]
    if little:
        return min(little, key=lambda size: (-_left(wanted, size), _area(size)))
    return min(every, key=lambda size: (lost(wanted, size), -_area(size)))


def _is_little(wanted: Size, asked: Size) -> bool:
    """Whether fitting loses at most 2 %, in whole numbers: 0.02 is none that a computer holds."""
    across, down = wanted.width * asked.height, wanted.height * asked.width
    return min(across, down) * 50 >= max(across, down) * 49


def _left(wanted: Size, asked: Size) -> int:
    """A measure of what fitting leaves of a size, the same for all sizes asked."""
    return min(wanted.width * asked.height, wanted.height * asked.width)


def _area(size: Size) -> int:
    return size.width * size.height
