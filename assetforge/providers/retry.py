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
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from assetforge.providers.spec import CallFailed
from assetforge.words import count

Category = Literal["refused", "stop", "everything", "passing", "maybe_billed"]

MAX_TRIES = 6
MAX_WAITING = 600.0
MAX_DOUBTFUL = 2
_MAX_WORDS = 500

_REWORD = "change the prompt or the pictures"
_MONEY = "add credit, or raise the limit, where the provider keeps your account"
_KEY = "check that the key is valid and belongs to this provider"
_VERIFY = "verify the organization where the provider keeps your account"
_ADDRESS = "check `base_url` and `model`"
_AGAIN = "build again to ask once more"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `doubtful` marks one that passes, but whose price stays reserved."""

    category: Category
    message: str
    hint: str | None = None
    doubtful: bool = False
    crowded: bool = False


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

_CODES: Mapping[str, Meaning] = {
    "rate_limit_exceeded": ("passing", None),
    "slow_down": ("passing", None),
    "moderation_blocked": ("refused", _REWORD),
    "content_policy_violation": ("refused", _REWORD),
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

_MESSAGES: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile(r"exceeded your current quota|billing hard limit"), ("everything", _MONEY)),
    (re.compile(r"insufficient (?:quota|balance|credit)"), ("everything", _MONEY)),
    (re.compile(r"organization must be verified"), ("everything", _VERIFY)),
    (re.compile(r"incorrect api key"), ("everything", _KEY)),
    (re.compile(r"safety_violations|safety system|content policy"), ("refused", _REWORD)),
)


def classify(status: int, body: Mapping[str, Any] | None, content_type: str = "") -> Verdict:
    """What a failed answer means; `body` is its JSON, None where there is none that can be read.

    Codes and their meaning are the vendor's as of 2026-11-22, and what gateways were seen to make of them.
    """
    code, kind, words = error_of(body)
    category, hint = _meaning(status, code=code, kind=kind, words=words, readable=body is not None)
    name = next((text for text in (code, kind) if text and text != str(status)), "")
    if not words:
        words = "no reason given" if body is not None or not content_type else f"a body of type {content_type}"
    told = f"{status} {name}".strip()
    doubtful = status == 500 and category == "passing"
    return Verdict(category, f"{told}: {words}", hint, doubtful=doubtful, crowded=status == 429)


def error_of(body: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Code, type and message of an envelope, of a plain `error` or of a `detail`; "" where there is none."""
    error = (body or {}).get("error")
    if isinstance(error, Mapping):
        code, kind, words = (error.get(name) for name in ("code", "type", "message"))
        return _text(code), _text(kind), _text(words)
    return "", "", _text(error or (body or {}).get("detail") or (body or {}).get("message"))


def _meaning(status: int, *, code: str, kind: str, words: str, readable: bool) -> Meaning:
    known = _CODES.get(code) or _TYPES.get(kind)
    said = next((meaning for pattern, meaning in _MESSAGES if pattern.search(words.lower())), None)
    return known or said or _meaning_of_status(status, readable=readable)


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


def _text(value: object) -> str:
    """A provider's words on one line, without what a terminal would obey, and not endless."""
    line = " ".join("" if value is None else str(value).split())
    return "".join(character for character in line if character.isprintable())[:_MAX_WORDS]


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that `retry-after-ms` or `Retry-After` (seconds or a date) ask for; None where they don't."""
    try:
        if "retry-after-ms" in headers:
            wait = float(headers["retry-after-ms"]) / 1000
        elif headers.get("retry-after", "").replace(".", "", 1).strip().isdecimal():
            wait = float(headers["retry-after"])
        else:
            wait = parsedate_to_datetime(headers["retry-after"]).timestamp() - now
    except (KeyError, ValueError):
        return None
    return max(0.0, wait) if math.isfinite(wait) else None


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
    category: Category = "maybe_billed" if verdict.doubtful else verdict.category
    return CallFailed(category, verdict.message + asked, verdict.hint)
