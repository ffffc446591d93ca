"""Counts, lists, the closest name, durations and money as people read them; unaware of their subject."""

from collections.abc import Iterable, Sequence
from math import ceil


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 asset`, `2 assets`, `10,000 assets`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def ticked(names: Iterable[str], last: str = "and") -> str:
    """Names in backticks, as a list in a sentence: `a`, `b` and `c`."""
    shown = [f"`{name}`" for name in names]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def some(names: Sequence[str], limit: int = 8) -> str:
    """The first names in backticks, and how many more there are."""
    if len(names) <= limit:
        return ticked(names)
    return f"{', '.join(f'`{name}`' for name in names[:limit])} and {len(names) - limit:,} more"


def waits_for(names: Sequence[str]) -> str:
    """`waits for` some names: the same words wherever something is not known yet."""
    return f"waits for {some(names, 4)}"


def left_behind(paths: Sequence[str]) -> str:
    """Files that are there and belong to nothing, and what to do about them."""
    files = count(len(paths), "file")
    return f"{files} left that the manifest no longer has: {some(paths, 4)}; see `assetforge clean --stale`"


def orphaned(names: Sequence[str]) -> str:
    """Lines of the lock that are of nothing any more, and what to do about them."""
    return f"the lock has {count(len(names), 'line')} of what is gone: {some(names)}; see `assetforge clean --stale`"


def closest(name: str, options: Iterable[str]) -> str | None:
    """The option most like `name`, or None when none is near enough to be a slip of the fingers."""
    import difflib

    names = list(options)
    near = difflib.get_close_matches(name.lower(), [option.lower() for option in names], n=1, cutoff=0.6)
    return next((option for option in names if near and option.lower() == near[0]), None)


def did_you_mean(name: str, options: Sequence[str], kind: str) -> str:
    """A hint for an unknown name: the closest one, else a list of what there is."""
    near = closest(name, options)
    if near:
        return f"did you mean `{near}`?"
    return f"{kind}: {some(sorted(options))}" if options else f"there are no {kind} yet"


def money(usd: float) -> str:
    """US dollars with as many places as the amount needs: $0.0053, $0.21, $12.40."""
    if usd == 0:
        return "$0.00"
    return f"${usd:,.4f}" if abs(usd) < 0.1 else f"${usd:,.2f}"


def most(usd: float) -> str:
    """The same of an amount that nothing may pass: never less than it is."""
    if usd == 0:
        return money(0)
    unit = 10_000 if abs(usd) < 0.1 else 100
    # Sums have noise in their last digits, which is no money.
    return money(ceil(round(usd * unit, 6)) / unit)


def money_range(low: float, high: float) -> str:
    """One amount, or the two ends of a range."""
    return most(high) if abs(high - low) < 0.00005 else f"{money(low)} to {most(high)}"


def current(assets: int) -> str:
    """`2 assets current`; of none, why."""
    return f"{count(assets, 'asset')} current" if assets else "the manifest has no assets"


def nothing_to_do(assets: int, warnings: int = 0) -> str:
    """What a build says that found everything current, and of how many warnings it says nothing more."""
    told = f"nothing to do: {current(assets)}" if assets else current(assets)
    return f"{told}; {count(warnings, 'warning')}: see `assetforge plan`" if warnings else told


def seconds(duration: float) -> str:
    """`0.3 s`, `42 s`, `3 min 12 s`."""
    if duration < 10:
        return f"{duration:.1f} s"
    if duration < 60:
        return f"{duration:.0f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


def byte_size(size: int) -> str:
    """`812 B`, `24 kB`, `1.3 MB`, `2.4 GB`, in powers of ten as file managers and web tools count."""
    if size < 1_000:
        return f"{size} B"
    if size < 999_500:
        return f"{size / 1_000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB" if size < 999_950_000 else f"{size / 1_000_000_000:,.1f} GB"
