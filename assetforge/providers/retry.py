"""What a failed call means, and how long to wait before it is asked again; pure, but for the clock handed in.

The classes are those of `spec.CallFailed`, told by code, then type, then message, then status, since gateways
rewrite codes and keep messages. Nothing that may have been billed is asked again, but for two plain 500s.
"""

import asyncio
import math
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from assetforge.providers.spec import CallFailed, Category
from assetforge.words import count

MAX_TRIES = 6
MAX_WAITING = 600.0
MAX_DOUBTFUL = 2
_MAX_WORDS, _MAX_NAME = 500, 100

_REWORD = "change the prompt or the pictures"
_MONEY = "add credit, or raise the limit, where the provider keeps your account"
_KEY = "check that the key is valid and belongs to this provider"
_VERIFY = "verify the organization where the provider keeps your account"
_ADDRESS = "check `base_url`, the paths, `query` and `model`"
_SETTING = "change the setting that the provider names"
_SMALLER = "send smaller pictures, or fewer"
_LATER = "try again later, or lower `concurrency`"
_AGAIN = "build again to ask once more"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `doubtful` marks one that passes, but whose price stays reserved; `last` is the category
    when tries are used up, where that is another. `reason` and `moderation` are as `CallFailed` has them."""

    category: Category
    message: str
    hint: str | None = None
    doubtful: bool = False
    crowded: bool = False
    last: Category | None = None
    reason: str = ""
    moderation: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Time and chance. `now` is in seconds since 1970; `chance` gives 0 up to, not including, 1."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a call was asked again, how many seconds that took, and how many tries were doubtful."""

    retried: int = 0
    waited: float = 0.0
    doubtful: int = 0


Meaning = tuple[Category, str | None]

_MODERATION = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "content_filter",
        "contentfilter",
        "responsibleaipolicyviolation",
    }
)
_CODES: Mapping[str, Meaning] = {
    "rate_limit_exceeded": ("passing", None),
    "slow_down": ("passing", None),
    **dict.fromkeys(_MODERATION, ("refused", _REWORD)),
    "invalid_value": ("refused", None),
    "invalid_type": ("refused", None),
    "invalid_image_file": ("refused", None),
    "invalid_input_fidelity_model": ("refused", None),
    "unknown_parameter": ("refused", None),
    "duplicate_parameter": ("refused", None),
    "insufficient_quota": ("everything", _MONEY),
    "credit_balance_exhausted": ("everything", _MONEY),
    "organization_spend_limit_exceeded": ("everything", _MONEY),
    "project_spend_limit_exceeded": ("everything", _MONEY),
    "organization_usage_limit_exceeded": ("everything", _MONEY),
    "billing_hard_limit_reached": ("everything", _MONEY),
    "invalid_api_key": ("everything", _KEY),
}

_TYPES: Mapping[str, Meaning] = {
    "insufficient_quota": ("everything", _MONEY),
    "authentication_error": ("everything", _KEY),
    "image_generation_user_error": ("refused", None),
}

_UNFIT = re.compile(r"safety_violations|safety system|content policy|content management policy|responsibleaipolicy")
_MESSAGES: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile(r"exceeded your current quota|billing hard limit"), ("everything", _MONEY)),
    (re.compile(r"insufficient (?:quota|balance|credit)"), ("everything", _MONEY)),
    (re.compile(r"organization must be verified"), ("everything", _VERIFY)),
    (re.compile(r"incorrect api key"), ("everything", _KEY)),
    (_UNFIT, ("refused", _REWORD)),
)


def classify(
    status: int, body: Mapping[str, Any] | None, content_type: str = "", *, veil: Callable[[str], str] = str
) -> Verdict:
    """What a failed answer means; `body` is its JSON, None where there is none that can be read. `veil` takes
    secrets out of a stranger's words.

    Codes and their meaning are the vendor's as of 2026-11-22, and what gateways were seen to make of them.
    """
    error = error_of(body)
    category, hint = _meaning(status, error, readable=body is not None)
    name = next((text for text in (error.code, error.kind) if text and text != str(status)), "")
    told = error.words or _wordless(content_type if body is None else "")
    reason = f"{status} {veil(name)[:_MAX_NAME]}".strip()
    doubtful = status == 500 and category == "passing"
    moderation = category == "refused" and _is_moderation(status, error)
    return Verdict(
        category,
        # Veiled before anything is taken away: what a key lacks an end of is not known for one.
        f"{reason}: {_unstopped(veil(told)[:_MAX_WORDS])}{veil(error.details)[:_MAX_WORDS]}",
        hint or (_REWORD if moderation else _hint_of_status(status, category)),
        doubtful=doubtful,
        crowded=category == "passing" and (status == 429 or error.code.lower() in _CODES),
        last="maybe_billed" if doubtful else None,
        reason=reason,
        moderation=moderation,
    )


def _wordless(content_type: str) -> str:
    """What is said of a body that says nothing; its type is "" where it was JSON, or has none."""
    if content_type.lower() in ("text/html", "application/xhtml+xml"):
        return "an HTML page instead of an answer"
    return f"a body of type {one_line(content_type)}" if content_type else "no reason given"


def _unstopped(words: str) -> str:
    """A sentence without its period; one that is cut off keeps its dots."""
    return words if words.endswith("..") else words.removesuffix(".")


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider says of an error, each "" where it doesn't: its code, the code inside it that Azure adds, its
    type, its words, and what was found unfit."""

    code: str = ""
    inner: str = ""
    kind: str = ""
    words: str = ""
    details: str = ""


def error_of(body: Mapping[str, Any] | None) -> Told:
    """What is told by an envelope, a plain `error`, a `detail`, or a body without an envelope."""
    outer = body or {}
    error = outer.get("error")
    if not isinstance(error, Mapping):
        words = error or outer.get("detail") or outer.get("message")
        return Told(code=one_line(outer.get("code")), kind=one_line(outer.get("type")), words=_words(words))
    inner = error.get("innererror") or error.get("inner_error")
    inner = inner if isinstance(inner, Mapping) else {}
    return Told(
        one_line(error.get("code")),
        one_line(inner.get("code")),
        one_line(error.get("type")),
        one_line(error.get("message")),
        _details(error.get("moderation_details"), inner.get("content_filter_results")),
    )


def _words(told: object) -> str:
    """A message, or the messages of a list of mistakes as FastAPI gives it."""
    if not isinstance(told, list):
        return one_line(told)
    parts = [one_line(each.get("msg") or each.get("message")) if isinstance(each, Mapping) else one_line(each)
             for each in told]  # fmt: skip
    return "; ".join(dict.fromkeys(part for part in parts if part)) or one_line(told)


def _details(moderation: object, filters: object) -> str:
    """Stage and categories of a moderation; Azure has the categories as filters that did or did not apply."""
    parts = []
    names: list[object] = []
    if isinstance(moderation, Mapping):
        stage, found = moderation.get("moderation_stage"), moderation.get("categories")
        parts += [f"stage: {one_line(stage)}"] if stage else []
        names += found if isinstance(found, list) else []
    if isinstance(filters, Mapping):
        names += [name for name, each in filters.items() if isinstance(each, Mapping) and each.get("filtered")]
    parts += [f"categories: {', '.join(map(one_line, names))}"] if names else []
    return f" ({'; '.join(parts)})" if parts else ""


def _meaning(status: int, error: Told, *, readable: bool) -> Meaning:
    known = _CODES.get(error.code.lower()) or _CODES.get(error.inner.lower()) or _TYPES.get(error.kind.lower())
    said = next((meaning for pattern, meaning in _MESSAGES if pattern.search(error.words.lower())), None)
    return known or said or _meaning_of_status(status, readable=readable)


def _is_moderation(status: int, error: Told) -> bool:
    """Whether a refusal is of what was asked for, not of how; a code that says how outranks the words."""
    codes = {error.code.lower(), error.inner.lower()}
    if codes & _CODES.keys():
        return bool(codes & _MODERATION)
    return status == 451 or bool(error.details or _UNFIT.search(error.words.lower()))


def _meaning_of_status(status: int, *, readable: bool) -> Meaning:
    if status in (429, 503) or (status == 500 and readable):
        return "passing", None
    if status in (408, 409) or status >= 500 or 200 <= status < 300:
        return "maybe_billed", _AGAIN
    if status in (401, 403):
        return "everything", _KEY
    if status == 402:
        return "everything", _MONEY
    if status in (404, 405) or status < 400:
        return "stop", _ADDRESS
    return "refused", _REWORD if status == 451 else None


def _hint_of_status(status: int, category: Category) -> str:
    """What to do about an error that says nothing more."""
    if category == "passing":
        return _AGAIN if status == 500 else _LATER
    return _SMALLER if status == 413 else _SETTING


def one_line(value: object) -> str:
    """A stranger's words on one line, without what a terminal would obey; "" for None."""
    line = " ".join("" if value is None else str(value).split())
    return "".join(character for character in line if character.isprintable())


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that `retry-after-ms` or `Retry-After` (seconds or a date) ask for; None where neither can be read."""
    for name, read in _WAITS:
        with suppress(KeyError, ValueError, OverflowError):
            wait = read(headers[name].strip(), now)
            if math.isfinite(wait):
                return max(0.0, wait)
    return None


_WAITS: tuple[tuple[str, Callable[[str, float], float]], ...] = (
    ("retry-after-ms", lambda text, now: float(text) / 1000),  # noqa: ARG005
    ("retry-after", lambda text, now: float(text)),  # noqa: ARG005
    ("retry-after", lambda text, now: parsedate_to_datetime(text).timestamp() - now),
)


def next_wait(tries: Tries, verdict: Verdict, *, asked: float | None, chance: float) -> float | None:
    """Seconds to wait before the next try; None where there is none.

    Without a word from the provider 2 s, doubled each time, at most 60 s, shortened by up to half; what a
    provider asks for is lengthened by up to a tenth, so that those it sent away don't all come back at once.
    """
    if verdict.category != "passing" or tries.retried + 1 >= MAX_TRIES:
        return None
    if verdict.doubtful and tries.doubtful >= MAX_DOUBTFUL:
        return None
    if asked is None:
        wait = min(60.0, 2.0 * 2**tries.retried) * (1 - chance / 2)
    else:
        wait = asked * (1 + chance / 10)
    return wait if tries.waited + wait <= MAX_WAITING else None


def after_wait(tries: Tries, verdict: Verdict, wait: float) -> Tries:
    """The count with one more try behind it."""
    return Tries(tries.retried + 1, tries.waited + wait, tries.doubtful + verdict.doubtful)


def giving_up(tries: Tries, verdict: Verdict) -> CallFailed:
    """The error of a call that is not asked again. A doubtful one may have been billed."""
    asked = f" ({count(tries.retried + 1, 'try', 'tries')})" if tries.retried else ""
    return CallFailed(
        verdict.last or verdict.category,
        verdict.message + asked,
        verdict.hint,
        reason=verdict.reason,
        moderation=verdict.moderation,
    )
