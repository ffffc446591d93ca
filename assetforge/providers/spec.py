"""What a provider is: `submit` asks and leaves the answer's bytes in a durable note, `collect` reads them.

A call outlives its process: whoever finds a note whose body is whole can `collect` it without asking again, so
that what was paid for is never lost, and a provider that answers hours later fits the same two steps. Unaware of
the graph, of keys and of the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from assetforge.entry import Entry
from assetforge.errors import Problem
from assetforge.model import Size


@dataclass(frozen=True, slots=True)
class Retry:
    """A try that failed and is made again after `seconds`. `crowded`: the provider said that it was too much at
    once; `doubtful`: it may have been billed all the same."""

    reason: str
    seconds: float
    crowded: bool = False
    doubtful: bool = False


Retrying = Callable[[Retry], None]


class ProviderTable(Entry):
    """`[provider.NAME]`: who is asked and how; nothing of it but the kind is in a key."""

    kind: str
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(default=3, ge=1, le=256)
    max_n_per_request: int = Field(default=1, ge=1, le=10)
    timeout_seconds: float = Field(default=600, gt=0, le=7200)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture to send: its bytes, its format (`png` or `jpeg`), and a file name without a path."""

    name: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """One request as a provider gets it: every value bound, `n` candidates of it, pictures encoded."""

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
    say what is wrong with the images that it held besides, which can't be given."""

    images: tuple[Path, ...]
    usage: Mapping[str, int] = field(default_factory=dict)
    request: str = ""
    faults: tuple[str, ...] = ()


class CallFailed(Exception):  # noqa: N818 - told apart by `category`
    """A call that gave nothing.

    `refused`: this request is refused and never billed. `stop`: no more calls to this provider (`everything`:
    to none: money or rights are gone). `passing`: surely not billed, tries are used up. `maybe_billed`: nobody
    can say; never asked again in the same build. `answer` is what is known of an answer that was paid for, and
    gave nothing.
    """

    def __init__(
        self,
        category: Literal["refused", "stop", "everything", "passing", "maybe_billed"],
        message: str,
        hint: str | None = None,
        *,
        answer: Delivery | None = None,
    ) -> None:
        super().__init__(message)
        self.category = category
        self.hint = hint
        self.answer = answer


class Provider(Protocol):
    """One named provider, opened for a build."""

    name: str
    kind: str
    concurrency: int
    max_n_per_request: int

    def ready(self) -> Problem | None:
        """What a call would lack (a key, trust), found without the network; None where nothing is missing."""

    async def submit(self, order: Order, note: Note, retrying: Retrying) -> None:
        """Asks, and leaves the whole answer durably in the note. Raises CallFailed."""

    async def collect(self, note: Note) -> Delivery:
        """Reads the images out of a note's answer into files of its folder. Raises CallFailed."""

    async def close(self) -> None:
        """Lets go of connections."""
