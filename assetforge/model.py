"""Frozen dataclasses that the stages hand to each other, in the order of a build's life; no I/O, no decisions.

Sizes are pixels, money is US dollars, digests are SHA-256 in hexadecimal, paths are relative to the root with
`/` unless a name says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from assetforge.errors import Problem, Where


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Reads `1536x1024`. Raises ValueError."""
        width, cross, height = text.partition("x")
        if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            raise ValueError(f"`{text}` is not a size like 1024x1024")
        return cls(int(width), int(height))


@dataclass(frozen=True, slots=True)
class Media:
    """What is known of an encoded image. `pixels` is the digest of its decoded pixels, "" while nobody asked."""

    digest: str
    pixels: str
    width: int
    height: int
    format: str
    bytes: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


# --- the graph: what is to be made, before any ingredient is known --------------------------------------------


class Link(NamedTuple):
    """An input of a step: another step's image; of a paid step, which candidate (from 1)."""

    step: str
    candidate: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a paid step is asked for. `provider` is the table's name, `kind` what it is: only that is keyed."""

    provider: str
    kind: str
    model: str
    quality: str
    background: str
    moderation: str
    format: str
    compression: int | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A drawn part of a mask: the part to be edited. Fractions where no coordinate is over 1, else pixels."""

    kind: Literal["rect", "ellipse", "polygon"]
    points: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the project that pictures are made from: a picture, or the font of a text."""

    id: str
    path: str
    where: Where
    inputs: tuple[Link, ...] = ()
    holds: Literal["picture", "font"] = "picture"


@dataclass(frozen=True, slots=True)
class Paid:
    """A generation or an edit: what costs money.

    `size` is what the user gets, None for an edit that keeps its input's size. `request_size` is what is asked
    for, None where that is known only with the input; it is `planned` where nobody wrote it. `inputs` are the
    pictures sent, in order. `ground` is the colour that is cut out of the answer afterwards, as `cutout` has it, ""
    where none is: only placeholders heed it.
    """

    id: str
    instance: str
    name: str
    operation: Literal["generate", "edit"]
    prompt: str
    settings: Settings
    size: Size | None
    request_size: Size | None
    pictures: tuple[Link, ...]
    mask: Link | tuple[Shape, ...] | None
    n: int
    pick: int
    revision: int
    where: Where
    planned: bool = False
    ground: str = ""

    @property
    def inputs(self) -> tuple[Link, ...]:
        return (*self.pictures, self.mask) if isinstance(self.mask, Link) else self.pictures


@dataclass(frozen=True, slots=True)
class Local:
    """One local step: an operation of the op table with its parameters (a frozen pydantic model)."""

    id: str
    instance: str
    name: str
    op: str
    params: Any
    inputs: tuple[Link, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Rendition:
    """One output file: its path, how the picture is scaled and encoded for it, and what is checked of it (`checks`, a
    frozen pydantic model, written at `checked`). `family` names the set of files that it is one of."""

    id: str
    instance: str
    path: str
    scale: Any | None
    encoding: Any
    inputs: tuple[Link, ...]
    where: Where
    checks: Any | None = None
    checked: Where | None = None
    family: str = ""


Step = Source | Paid | Local | Rendition


@dataclass(frozen=True, slots=True)
class Instance:
    """An asset in one cell of its matrix. `axes` maps an axis to its value, `cell` to what it shows."""

    name: str
    asset: str
    axes: Mapping[str, Any]
    cell: Mapping[str, str]
    alt: str | None
    tags: tuple[str, ...]
    meta: Mapping[str, Any]
    paid: tuple[str, ...]
    outputs: tuple[str, ...]
    final: Link
    where: Where


@dataclass(frozen=True, slots=True)
class Emit:
    """A file made from the facts of outputs: one `[emit.NAME]` in one cell of its matrix. `name` is `emit:NAME` with
    its cell, `template` a template file's path, `builtin:NAME`, or "" for the JSON list; `selected` are instances in
    manifest order."""

    name: str
    path: str
    template: str
    selected: tuple[str, ...]
    axes: Mapping[str, Any]
    where: Where


@dataclass(frozen=True, slots=True)
class Graph:
    """Every step after those it needs, and the instances and emits in manifest order. `output_dir` is what outputs
    are relative to, "" for the root."""

    steps: Mapping[str, Step]
    instances: Mapping[str, Instance]
    warnings: tuple[Problem, ...] = ()
    emits: Mapping[str, Emit] = field(default_factory=dict)
    output_dir: str = ""


# --- the plan: actions with their keys, and what is decided of them ---------------------------------------------

Ingredients = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image before it is decoded: bytes that exist, or an operation on other pictures.

    `made` is its identity in rendition keys: byte digests, operations and their versions. `media` is set where
    it is a file's or a provider's very bytes. `size` is None where only the pixels can tell it. `step` is what a
    manifest asks for it by, or the file that it is, and `action` the candidate that it is, for who has to tell of
    it: two pictures are one whoever asked for them.
    """

    made: str
    size: Size | None
    media: Media | None = None
    op: str = ""
    params: Any = None
    inputs: tuple["Picture", ...] = ()
    models: tuple[str, ...] = ()
    draft: bool = False
    step: Local | Source | None = field(default=None, compare=False)
    action: "Action | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider is asked for: one paid step bound to its inputs, which are pictures still to encode. `ground`
    is for placeholders, as in the step."""

    operation: Literal["generate", "edit"]
    settings: Settings
    prompt: str
    size: Size
    pictures: tuple[Picture, ...] = ()
    mask: Picture | None = None
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One candidate of a paid step, or one rendition, with all its ingredients bound."""

    key: str
    step: str
    candidate: int
    ingredients: Ingredients


@dataclass(frozen=True, slots=True)
class Look:
    """What a page can show before a picture is there: its dominant colour (`#rrggbb`), and a tiny picture of it as a
    data URL."""

    color: str
    placeholder: str


@dataclass(frozen=True, slots=True)
class Record:
    """What an action gave: the constructive trace that is cached.

    `made` is an ISO date, "" where it says nothing. `cost` is None where nobody knows it; `by` says how a picture
    came to be where it was not bought. Of outputs only: `look`, None while nobody asked, and of a sheet the `frames`
    of its pictures, as left, top, width, height in pixels.
    """

    key: str
    media: Media
    kind: str = ""
    model: str = ""
    cost: float | None = 0.0
    estimated: bool = False
    made: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    request: str = ""
    ingredients: Ingredients = ()
    by: Literal["", "by hand", "accepted"] = ""
    look: Look | None = None
    frames: tuple[tuple[int, int, int, int], ...] = ()


Origin = Literal["lock", "store", "remote", "file"]


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nothing to make. `origin` says who knew."""

    record: Record
    origin: Origin


@dataclass(frozen=True, slots=True)
class Stale:
    """To be made, with every reason there is."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Its key is known only when other steps are made."""

    waiting_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Pinned by the lock and needed, but its bytes are nowhere; or only a Git LFS `pointer` to them is, at this
    path."""

    record: Record
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """Missing, and a placeholder stands in for it; `record` is the placeholder's, None while it is not drawn."""

    record: Record | None
    reasons: tuple[str, ...]


Decision = Fresh | Stale | Unknown | Lost | Drafted


# --- what a build tells ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """An asset that could not be made, or an emit that could not be written, and why."""

    instance: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did. `placed` are paths of outputs, `emitted` those of files made from their facts; `spent` and
    `saved` are US dollars; `doubtful` is what the `unanswered` calls may have cost, which gave nothing;
    `left_behind` are paths of files that the manifest no longer has; `draft_price` is the most that buying what is
    drafted would cost in US dollars, None where nobody knows."""

    made: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    emitted: tuple[str, ...] = ()
    reused: Mapping[Origin, int] = field(default_factory=dict)
    current: int = 0
    drafted: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    skipped: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    calls: int = 0
    bought: int = 0
    spent: float = 0.0
    unknown_costs: int = 0
    doubtful: float = 0.0
    unanswered: int = 0
    saved: float = 0.0
    seconds: float = 0.0
    stopped: str = ""
    interrupted: bool = False
    left_behind: tuple[str, ...] = ()
    draft_price: float | None = 0.0
