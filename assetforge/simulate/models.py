"""The models there are: what each takes, until when, and what its pictures cost in tokens and dollars.

Unaware of requests. It shares nothing with `providers`: the rules are written down again from the vendor's
documents, so that an error of ours is not an error of both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

LANDSCAPE, SQUARE, PORTRAIT = "1536x1024", "1024x1024", "1024x1536"


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    text: float
    pictures: float
    made: float


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Without `sizes` any size by rule. Tokens of a picture: by `factors` and the formula, or `table`."""

    name: str
    released: str
    shutdown: str | None = None
    qualities: tuple[str, ...] = ("low", "medium", "high")
    formats: tuple[str, ...] = ("png", "jpeg", "webp")
    sizes: tuple[str, ...] = ()
    transparent: bool = False
    fidelity: tuple[str, ...] = ()
    markup: bool = False
    reseller: bool = False
    prices: Prices | None = None
    factors: Mapping[str, int] = field(default_factory=dict)
    table: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """As `GET /v1/models` lists it."""
        created = int(datetime.fromisoformat(self.released).replace(tzinfo=UTC).timestamp())
        owner = "reseller" if self.reseller else "system"
        told = {"id": self.name, "object": "model", "created": created, "owned_by": owner}
        return told | {"shutdown_date": self.shutdown}

    def quality(self, asked: object) -> str:
        """The quality that a picture is made in."""
        if asked in (None, "", "auto"):
            return "medium" if self.reseller else "high"
        return str(asked)

    def tokens(self, size: str, quality: str) -> int:
        """Output tokens of one picture (the published formula; section 4 of the vendor facts for older models)."""
        if self.table:
            return self.table[size][quality]
        width, _, height = size.partition("x")
        return area_tokens(int(width), int(height), self.factors[quality])


def area_tokens(width: int, height: int, factor: int) -> int:
    """Output tokens by the published formula; `factor` stands for the quality."""
    long, short = max(width, height), min(width, height)
    scaled = (2 * factor * short + long) // (2 * long)
    return -(-factor * scaled * (2_000_000 + width * height) // 4_000_000)


_FIXED = (SQUARE, LANDSCAPE, PORTRAIT)
_TWO = Prices(text=5, pictures=8, made=30)
_SECOND = Model("gpt-image-2", "2026-04-21", prices=_TWO, factors={"low": 16, "medium": 48, "high": 96})
# Factors of 2.6 are not published; those of 2.5 are the best guess.
_LATER = Model(
    "gpt-image-2.5-sunburst",
    "2026-09-08",
    qualities=("low", "medium", "high", "xhigh", "max"),
    transparent=True,
    markup=True,
    prices=_TWO,
    factors={"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96},
)
_FIFTEEN = Model(
    "gpt-image-1.5",
    "2025-12-16",
    "2026-12-01",
    sizes=_FIXED,
    transparent=True,
    fidelity=("low", "high"),
    prices=Prices(text=5, pictures=8, made=32),
    table={
        SQUARE: {"low": 272, "medium": 1056, "high": 4160},
        PORTRAIT: {"low": 408, "medium": 1584, "high": 6240},
        LANDSCAPE: {"low": 400, "medium": 1568, "high": 6208},
    },
)
# Its token counts are not published: these give the published prices of its pictures.
_MINI = replace(
    _FIFTEEN,
    name="gpt-image-1-mini",
    released="2025-10-06",
    fidelity=("low",),
    prices=Prices(text=2, pictures=2.5, made=8),
    table={
        SQUARE: {"low": 625, "medium": 1375, "high": 4500},
        PORTRAIT: {"low": 750, "medium": 1875, "high": 6500},
        LANDSCAPE: {"low": 750, "medium": 1875, "high": 6500},
    },
)
_RESOLD = replace(_SECOND, name="gpt-image-2-c", formats=("png", "jpeg"), reseller=True, prices=None)

MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        _SECOND,
        replace(_SECOND, name="gpt-image-2-2026-04-21"),
        _RESOLD,
        _FIFTEEN,
        replace(_FIFTEEN, name="chatgpt-image-latest"),
        _MINI,
        _LATER,
        replace(_LATER, name="gpt-image-2.5-sunburst-2026-09-08"),
        replace(_LATER, name="gpt-image-2.5-flare"),
        replace(_LATER, name="gpt-image-2.5-flare-2026-09-08"),
        replace(_LATER, name="gpt-image-2.6-sunburst", released="2026-11-04"),
        replace(_LATER, name="gpt-image-2.6-flare", released="2026-11-04"),
    )
}
