"""What a page tells of assets: one card an instance, as plain data; unaware of HTML and of where pictures come from.

Sizes are pixels and bytes, money is US dollars, dates are ISO dates. Field names are those of the page's JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from assetforge import __version__
from assetforge.report.excerpt import harmless

SCHEMA = 1

# What a card's badge says. `fresh`: manifest, lock and files agree. `stale`: a build would do something. `draft`: a
# placeholder is at the path of an output. `failed`: it can't be made. Of a try that failed nothing is kept but that a
# provider refused the picture, or may have billed a call that gave none: who has seen more of it tells more.
State = Literal["fresh", "stale", "draft", "failed"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the page. `thumb` and `full` are URLs relative to the page; `full` is the picture itself where a
    browser shows its format, else a preview. Of what stands between two steps, and is no file, `format` is "" and
    `bytes` is 0. `draft` says that a placeholder went into it."""

    digest: str
    width: int
    height: int
    format: str
    bytes: int
    thumb: str
    full: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image of a paid step. `word` is the state's, as `explain` says it; `cost` is what it cost, `price` the most
    that buying it would cost, each None where there is no such thing or nobody knows.

    `earlier` says that the picture is of the request before: then `cost`, `key`, `digest`, `date` and `by` are that
    picture's. Whatever has a cost has a key and a digest, be its bytes here or not: with both the same it was paid
    for once."""

    number: int
    picked: bool
    word: str
    reasons: tuple[str, ...] = ()
    picture: Shown | None = None
    key: str | None = None
    digest: str | None = None
    cost: float | None = None
    price: float | None = None
    date: str = ""
    by: str = ""
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One link of the chain. `step` is what commands call it (`hero[theme=dark]:edit`), `name` its own part of that,
    `kind` is `generate`, `edit` or an operation's name. `before` is the picture that it began with, `after` what came
    of it (of a paid step: the picked candidate), each None where there is none to show; `earlier` says that it comes
    of the request before the present one. `prompt` and `diff` (its change since the lock, as pairs of ` `, `-` or `+`
    and words) are of paid steps."""

    step: str
    name: str
    kind: str
    inputs: tuple[str, ...]
    size: str | None
    word: str
    reasons: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()
    asked: str | None = None
    prompt: str | None = None
    diff: tuple[tuple[str, str], ...] = ()
    before: Shown | None = None
    after: Shown | None = None
    earlier: bool = False
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One output. `word` is its state as `explain` says it, `yours` where the user's own file is in its place;
    `notes` tell what its file says of its origin."""

    path: str
    word: str
    reasons: tuple[str, ...] = ()
    picture: Shown | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate that could be bought. Who approves it says `key` and `price` again; `key` is "" while the request
    is known only when something before it is made: then it can't be approved yet. `price` is the most it can cost,
    None where nobody knows."""

    step: str
    candidate: int
    key: str
    price: float | None
    size: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """One instance. `file` and `line` say where the manifest has it. `word` is the state as `list` says it, with its
    `reasons`, and for a failure what to do as `hint`. `picture` stands for the whole: its first output, else its last
    picture. `cost` is what its present pictures cost, None where nobody knows; `low` and `high` are what a build
    would spend on it, `unpriced` how many calls of unknown price come on top."""

    name: str
    asset: str
    state: State
    word: str
    file: str
    line: int
    axes: Mapping[str, str] = field(default_factory=dict)
    alt: str | None = None
    tags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    hint: str | None = None
    picture: Shown | None = None
    files: tuple[File, ...] = ()
    stages: tuple[Stage, ...] = ()
    cost: float | None = 0.0
    low: float = 0.0
    high: float = 0.0
    unpriced: int = 0
    offers: tuple[Offer, ...] = ()


def card_object(card: Card) -> dict[str, Any]:
    """A card as JSON."""
    return asdict(card)


def page_object(
    title: str, cards: Iterable[Card], live: Mapping[str, Any] | None = None, *, part: str | None = None, of: str = ""
) -> dict[str, Any]:
    """A whole page as JSON. `live` says what a served page may do, None where it is only looked at; `part` what was
    selected, None where that is everything; `of` tells its folder from that of another manifest."""
    told = [card_object(card) for card in cards]
    return {
        "schema": SCHEMA, "title": harmless(title), "version": __version__, "part": part and harmless(part), "of": of,
        "cards": told, "live": live,
    }  # fmt: skip
