"""Sentences in parts: words of ours, and between them names, paths and revisions, which may hold any mark. Unaware of
how a form tells the one from the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """`pairs` are words of ours, each with the name that stands behind it, "" for none. As text, names are in
    backticks."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __add__(self, more: "Sentence | str") -> "Sentence":
        following = say(more).pairs if isinstance(more, str) else more.pairs
        if not self.pairs or not following or self.pairs[-1][1]:
            return Sentence(self.pairs + following)
        (last, _), (first, name) = self.pairs[-1], following[0]
        return Sentence((*self.pairs[:-1], (last + first, name), *following[1:]))

    def __str__(self) -> str:
        return "".join(f"{words}`{name}`" if name else words for words, name in self.pairs)

    @property
    def plain(self) -> str:
        """As text without marks."""
        return "".join(words + name for words, name in self.pairs)

    def has(self, text: str) -> bool:
        """Whether words of ours have a text."""
        return any(text in words for words, _ in self.pairs)


def say(words: str, name: str = "") -> Sentence:
    """Words of ours, with a name behind them."""
    return Sentence(((words, name),) if words or name else ())


def joined(parts: Iterable[Sentence], between: str) -> Sentence:
    """Several as one, with something between them."""
    whole = Sentence()
    for part in parts:
        whole = whole + between + part if whole.pairs else part
    return whole


def listed(names: Sequence[str], limit: int, last: str = "and") -> Sentence:
    """The first names, and how many more there are."""
    shown = [say("", name) for name in names[:limit]]
    if len(names) > limit:
        return joined(shown, ", ") + f" {last} {len(names) - limit:,} more"
    return joined((joined(shown[:-1], ", "), shown[-1]), f" {last} ") if len(shown) > 1 else joined(shown, "")
