"""What a failed call means for those after it: a row of equal refusals, a refusal to remember, the words for it."""

from dataclasses import dataclass, field

from assetforge.errors import Problem
from assetforge.model import Paid
from assetforge.providers.spec import CallFailed
from assetforge.run.asking import Wish
from assetforge.run.counter import Counter
from assetforge.run.purchase import TEXT_LIMIT
from assetforge.run.shelf import now
from assetforge.store.refusals import Refusal, judge_of

MOST_ALIKE = 3


@dataclass(slots=True)
class Rows:
    """How often in a row each provider refused alike: what it takes of nobody is no fault of one prompt."""

    _rows: dict[str, tuple[str, int]] = field(default_factory=dict)

    def good(self, provider: str) -> None:
        """A call was answered: what was refused before has nothing to do with the next one."""
        self._rows.pop(provider, None)

    def bad(self, provider: str, error: CallFailed) -> bool:
        """Counts a failure; whether the provider should be asked no more."""
        if error.category != "refused" or error.moderation or not error.reason:
            self._rows.pop(provider, None)
            return False
        before, number = self._rows.get(provider, ("", 0))
        number = number + 1 if before == error.reason else 1
        self._rows[provider] = (error.reason, number)
        return number >= MOST_ALIKE


def remember_refusal(counter: Counter, wish: Wish, error: CallFailed) -> None:
    """Remembers that a request was found unfit, for its key, its moderation and its provider."""
    judge = judge_of(wish.provider.kind, counter.origins[wish.provider.name])
    for action in wish.actions:
        moderation = wish.step.settings.moderation
        counter.refusals.add(Refusal(action.key, moderation, judge, str(error)[:TEXT_LIMIT], now()[:10]))


def problem_of(step: Paid, error: CallFailed, hint: str | None) -> Problem:
    """What is said of a step whose call gave nothing."""
    told = f"`{step.id}`: {error}"
    if error.answer is not None:
        told += f"; it was paid for (request {error.answer.request})" if error.answer.request else "; it was paid for"
    elif error.category == "maybe_billed":
        told += "; it may have been billed"
    return Problem(told, step.where, hint)
