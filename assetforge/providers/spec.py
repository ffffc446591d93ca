"""What a provider is: `submit` asks and leaves the answer's bytes in a durable note, `collect` reads them.

A call outlives its process: whoever finds a note whose body is whole can `collect` it without asking again, so
that what was paid for is never lost, and a provider that answers hours later fits the same two steps. Unaware of
the graph, of keys and of the store.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, Field

from assetforge.entry import Entry
from assetforge.errors import Problem
from assetforge.model import Size
from assetforge.words import ticked

# Names of headers and queries as RFC 9110, 5.6.2 has tokens; values in what every server reads alike.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)+\Z")
# What a request is made of, who asks and where to, is not for the manifest to say.
OWN_HEADERS = frozenset({"host", "authorization", "api-key", "x-api-key", "cookie", "connection", "upgrade", "te",
                         "trailer", "expect", "keep-alive", "accept", "accept-encoding"})  # fmt: skip
QUALITIES = ("low", "medium", "high", "xhigh", "max", "standard", "hd", "auto")
_SECRETS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"})
_WHERE_KEYS_GO = "the key goes where `auth` and `api_key_env` say"
OWN_PREFIXES = ("proxy-", "content-", "transfer-")


def _check_path(path: str) -> str:
    if not _PLAIN_PATH.match(path) or "/../" in f"{path}/" or "/./" in f"{path}/":
        raise ValueError(f"`{path}` is not a plain path; write it like /images/generations")
    return path


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _TOKEN.match(name):
            raise ValueError(f"`{name}` is not the name of a header")
        if name.lower() in OWN_HEADERS or name.lower().startswith(OWN_PREFIXES):
            hint = _WHERE_KEYS_GO if name.lower() in _SECRETS else "leave it out: each request has its own"
            raise ValueError(f"the header `{name}` may not be set here; {hint}")
        if value != value.strip() or not all(" " <= character <= "~" for character in value):
            raise ValueError(f"the header `{name}` holds characters that no header has")
    return headers


def _check_qualities(prices: Any) -> Any:
    for name in prices if isinstance(prices, dict) else ():
        if name not in QUALITIES:
            raise ValueError(f"`{name}` is not a quality; use {ticked(QUALITIES, 'or')}")
    return prices


ApiPath = Annotated[str, AfterValidator(_check_path)]
Headers = Annotated[dict[str, str], AfterValidator(_check_headers)]
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PriceTable(Entry):
    """`[provider.NAME.price."MODEL"]`: what a model costs there, in US dollars. What is left out is as in the table
    of assetforge itself; `per_image` is a flat price, for all qualities or by quality, and all there is then."""

    text_input: Usd | None = Field(None, description="For a million tokens of text sent.")
    image_input: Usd | None = Field(None, description="For a million tokens of pictures sent.")
    image_output: Usd | None = Field(None, description="For a million tokens of pictures made.")
    per_image: Annotated[Usd | dict[str, Usd] | None, AfterValidator(_check_qualities)] = Field(
        None, description="For each picture, or one for each quality."
    )


class ProviderTable(Entry):
    """`[provider.NAME]`: who is asked and how; nothing of it but the kind is in a key."""

    kind: str
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(default=3, ge=1, le=256)
    requests_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    images_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    max_n_per_request: int = Field(default=1, ge=1, le=10)
    timeout_seconds: float = Field(default=600, gt=0, le=7200)
    retry_maybe_billed: int = Field(default=0, ge=0, le=5)
    auth: Literal["bearer", "api-key"] = "bearer"
    headers: Headers = Field(default={})
    query: dict[str, str] = Field(default={})
    generations_path: ApiPath = "/images/generations"
    edits_path: ApiPath = "/images/edits"
    price: dict[str, PriceTable] = Field(default={})


@dataclass(frozen=True, slots=True)
class Retry:
    """A try that failed and is made again after `seconds`. `crowded`: the provider said that it was too much at
    once; `doubtful`: it may have been billed all the same."""

    reason: str
    seconds: float
    crowded: bool = False
    doubtful: bool = False


class Asking(Protocol):
    """What a build has to do with a call while it is made."""

    async def admit(self) -> None:
        """Returns when a request may leave: awaited before each try, and the last thing before it. Whatever leaves
        without it is not known to have left."""

    def again(self, retry: Retry) -> None:
        """A try failed and is made again after its wait. Raises CallFailed where it may not be."""

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Waits so long before the next try, with the provider's own `sleep`."""

    def arriving(self) -> AbstractContextManager[None]:
        """Held while an answer comes in: a request's slot is free when it is here, so all else gives way to it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture to send: its bytes, its format (`png` or `jpeg`), and a file name without a path."""

    name: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """One request as a provider gets it: every value bound, `n` candidates of it, pictures encoded.

    `ground` is nothing that is asked for, but what a placeholder should do as the prompt says: the colour of the
    background that is cut out of the picture afterwards (`#rrggbbaa`, or `auto` for any), "" where none is."""

    operation: Literal["generate", "edit"]
    model: str
    prompt: str
    size: Size
    quality: str
    background: str
    format: str
    compression: int | None = None
    moderation: str = "auto"
    n: int = 1
    pictures: tuple[Upload, ...] = ()
    mask: Upload | None = None
    candidates: tuple[int, ...] = (1,)
    ground: str = ""


class Note(Protocol):
    """Where a call's answer is kept: `body` is a file that exists whole or not at all, `folder` is private to
    the call, `facts` is the JSON the note was made with, and `add` puts more into it, durably."""

    @property
    def body(self) -> Path: ...
    @property
    def folder(self) -> Path: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    def add(self, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an answer held: image files in the note's folder, in order, and what the provider said of them. `faults`
    say what is wrong with the images that it held besides, which can't be given. `cut` is one that ended early: what
    it lacks was made, and may have been billed. `remarks` are worth a warning; `simulated` pictures are for a
    rehearsal. `digests` are those of image files that are known already."""

    images: tuple[Path, ...]
    usage: Mapping[str, int] = field(default_factory=dict)
    request: str = ""
    faults: tuple[str, ...] = ()
    cut: bool = False
    remarks: tuple[str, ...] = ()
    simulated: bool = False
    digests: Mapping[Path, str] = field(default_factory=dict)


Category = Literal["refused", "stop", "everything", "passing", "maybe_billed"]


# The reason of a call whose answer came and could not be kept: nothing else will be, until there is room.
UNWRITTEN = "unwritten"


# That of an answer with simulated pictures, which have no place in a store of real ones.
SIMULATED = "simulated"
# Why a call failed whose answer is whole, and links to pictures that can't be fetched just now.
UNFETCHED = "unfetched"
# Answers that are left as they came, for the next build to go on with.
KEPT = frozenset({UNWRITTEN, UNFETCHED})


class CallFailed(Exception):  # noqa: N818 - told apart by `category`
    """A call that gave nothing.

    `refused`: this request is refused and never billed. `stop`: no more calls to this provider (`everything`:
    to none: money or rights are gone). `passing`: surely not billed, tries are used up. `maybe_billed`: nobody
    can say; never asked again in the same build. `answer` is what is known of an answer that was paid for, and
    gave nothing. `reason` is equal for refusals of one kind (status and code), "" where there was no answer;
    `moderation` says that the prompt or the result was found unfit. `cost` is what the `answer` cost in US dollars,
    as far as it was reckoned.
    """

    def __init__(
        self,
        category: Category,
        message: str,
        hint: str | None = None,
        *,
        answer: Delivery | None = None,
        reason: str = "",
        moderation: bool = False,
    ) -> None:
        super().__init__(message)
        self.category = category
        self.hint = hint
        self.answer = answer
        self.reason = reason
        self.moderation = moderation
        self.cost: float | None = None


class Provider(Protocol):
    """One named provider, opened for a build."""

    name: str
    kind: str
    concurrency: int
    max_n_per_request: int

    def ready(self) -> Problem | None:
        """What a call would lack (a key, trust), found without the network; None where nothing is missing."""

    async def submit(self, order: Order, note: Note, asking: Asking) -> None:
        """Asks, and leaves the whole answer durably in the note. Raises CallFailed."""

    async def collect(self, note: Note) -> Delivery:
        """Reads the images out of a note's answer into files of its folder. Raises CallFailed."""

    async def close(self) -> None:
        """Lets go of connections."""
