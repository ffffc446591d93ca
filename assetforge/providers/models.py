"""The rules of each model, as of 2026-11-22; unaware of prices, of the network and of the manifest.

A new model is one more row of `IMAGES_API`. What a row says is the model's own rule, whoever serves it; where
documents disagree, the stricter one stands here. A model without a row has no rules: callers let it pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypedDict, Unpack

from assetforge.model import Size
from assetforge.words import count, ticked


@dataclass(frozen=True, slots=True)
class SizeRules:
    """Free sizes: sides are multiples of `multiple`, in pixels; long to short side is at most `max_ratio`."""

    multiple: int
    max_edge: int
    max_ratio: int
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What one model takes. Dates are ISO; `shutdown` is None where none is announced.

    `backgrounds` lists what may be asked besides `auto`; `response_format` is "" where it is not sent.
    """

    name: str
    released: str
    shutdown: str | None
    sizes: SizeRules | tuple[Size, ...]
    qualities: tuple[str, ...]
    backgrounds: tuple[str, ...]
    formats: tuple[str, ...]
    moderations: tuple[str, ...] = ("auto", "low")
    max_prompt_chars: int = 32_000
    max_pictures: int = 16
    max_picture_bytes: int = 50_000_000
    accepts_mask: bool = True
    response_format: str = ""

    @property
    def transparent(self) -> bool:
        """Whether the model can leave the background out."""
        return "transparent" in self.backgrounds


@dataclass(frozen=True, slots=True)
class Flaw:
    """A setting that a model would refuse, under its name in the manifest."""

    setting: str
    message: str
    hint: str | None = None


class Asked(TypedDict):
    """The settings of one request; `size` is None where it is known only with the input."""

    operation: Literal["generate", "edit"]
    prompt: str
    size: Size | None
    quality: str
    background: str
    format: str
    compression: int | None
    moderation: str
    pictures: int
    mask: bool


_GPT_IMAGE_2 = ModelRules(
    name="gpt-image-2",
    released="2026-04-21",
    shutdown=None,
    sizes=SizeRules(multiple=16, max_edge=3840, max_ratio=3, min_pixels=655_360, max_pixels=8_294_400),
    qualities=("low", "medium", "high", "auto"),
    backgrounds=("opaque",),  # transparency was shut off again on 2026-09-30
    formats=("png", "jpeg", "webp"),
)
# 2.6 takes gif and svg too, to accounts that were let in; nothing here could decode them.
_GPT_IMAGE_2_5 = replace(
    _GPT_IMAGE_2,
    name="gpt-image-2.5-sunburst",
    released="2026-09-08",
    qualities=("low", "medium", "high", "xhigh", "max", "auto"),
    backgrounds=("opaque", "transparent"),
)
_GPT_IMAGE_1_5 = ModelRules(
    name="gpt-image-1.5",
    released="2025-12-16",
    shutdown="2026-12-01",
    sizes=(Size(1024, 1024), Size(1536, 1024), Size(1024, 1536)),
    qualities=("low", "medium", "high", "auto"),
    backgrounds=("opaque", "transparent"),
    formats=("png", "jpeg", "webp"),
)
_DALL_E = ModelRules(
    name="dall-e-3",
    released="2023-11-06",
    shutdown="2026-05-12",
    sizes=(Size(1024, 1024), Size(1792, 1024), Size(1024, 1792)),
    # Any quality passes, also the default: what there is to hear of it is that it was shut down.
    qualities=("standard", "hd", "low", "medium", "high", "auto"),
    backgrounds=(),
    formats=("png",),
    moderations=("auto",),
    max_prompt_chars=4_000,
    max_pictures=0,
    accepts_mask=False,
    response_format="b64_json",
)

IMAGES_API: dict[str, ModelRules] = {
    rules.name: rules
    for rules in (
        _GPT_IMAGE_2,
        replace(_GPT_IMAGE_2, name="gpt-image-2-2026-04-21"),
        # A reseller's variant; it answers with links unless it is asked for the bytes.
        replace(
            _GPT_IMAGE_2,
            name="gpt-image-2-c",
            qualities=("low", "medium", "high"),
            backgrounds=(),
            formats=("png", "jpeg"),
            response_format="b64_json",
        ),
        _GPT_IMAGE_2_5,
        replace(_GPT_IMAGE_2_5, name="gpt-image-2.5-sunburst-2026-09-08"),
        replace(_GPT_IMAGE_2_5, name="gpt-image-2.5-flare"),
        replace(_GPT_IMAGE_2_5, name="gpt-image-2.5-flare-2026-09-08"),
        replace(_GPT_IMAGE_2_5, name="gpt-image-2.6-sunburst", released="2026-11-04"),
        replace(_GPT_IMAGE_2_5, name="gpt-image-2.6-flare", released="2026-11-04"),
        _GPT_IMAGE_1_5,
        replace(_GPT_IMAGE_1_5, name="gpt-image-1.5-2025-12-16"),
        replace(_GPT_IMAGE_1_5, name="chatgpt-image-latest"),
        replace(_GPT_IMAGE_1_5, name="gpt-image-1-mini", released="2025-10-06"),
        replace(_GPT_IMAGE_1_5, name="gpt-image-1", released="2025-04-23", shutdown="2026-10-23"),
        _DALL_E,
        replace(
            _DALL_E,
            name="dall-e-2",
            released="2022-11-03",
            sizes=(Size(256, 256), Size(512, 512), Size(1024, 1024)),
            max_prompt_chars=1_000,
            max_pictures=1,
            max_picture_bytes=4_000_000,
            accepts_mask=True,
        ),
    )
}
# What to ask for in place of a model that is shut down.
SUCCESSOR = "gpt-image-2"

_KINDS = {"images-api": IMAGES_API}


def rules_of(kind: str, model: str) -> ModelRules | None:
    """The rules of a model at a kind of provider; None for an unknown model, and for a kind without rules."""
    return _KINDS.get(kind, {}).get(model)


def check_order(rules: ModelRules, **asked: Unpack[Asked]) -> tuple[Flaw, ...]:
    """Everything in a request that the model would refuse, in the order of a request's settings."""
    return (
        *_check_prompt(rules, asked["prompt"]),
        *(_check_size(rules, asked["size"]) if asked["size"] else ()),
        *_check_choice("quality", asked["quality"], rules.qualities, rules.name),
        *_check_background(rules, asked["background"], asked["format"]),
        *_check_choice("request_format", asked["format"], rules.formats, rules.name),
        *_check_compression(asked["compression"], asked["format"]),
        *_check_choice("moderation", asked["moderation"], rules.moderations, rules.name),
        *_check_pictures(rules, asked),
    )


def is_legal(rules: ModelRules, size: Size) -> bool:
    """Whether a picture of that size may be asked for."""
    return next(_check_size(rules, size), None) is None


def legal_sizes(rules: ModelRules) -> tuple[Size, ...]:
    """Every size that may be asked for, narrow before wide, low before high."""
    return _sizes_of(rules.sizes)


@lru_cache(maxsize=8)
def _sizes_of(grid: SizeRules | tuple[Size, ...]) -> tuple[Size, ...]:
    if not isinstance(grid, SizeRules):
        return tuple(sorted(grid))
    edges = range(grid.multiple, grid.max_edge + 1, grid.multiple)
    return tuple(
        Size(width, height)
        for width in edges
        for height in edges
        if max(width, height) <= grid.max_ratio * min(width, height)
        and grid.min_pixels <= width * height <= grid.max_pixels
    )


def _check_prompt(rules: ModelRules, prompt: str) -> Iterator[Flaw]:
    if not prompt.strip():
        yield Flaw("prompt", "the prompt is empty")
    elif len(prompt) > rules.max_prompt_chars:
        most = f"{rules.max_prompt_chars:,}"
        yield Flaw("prompt", f"the prompt has {len(prompt):,} characters, `{rules.name}` takes at most {most}")


def _check_size(rules: ModelRules, size: Size) -> Iterator[Flaw]:
    grid = rules.sizes
    if not isinstance(grid, SizeRules):
        if size not in grid:
            yield Flaw("size", f"`{size}` is not a size of `{rules.name}`", f"sizes: {ticked(map(str, grid))}")
        return
    name, (short, long), pixels = rules.name, sorted(size), size.width * size.height
    if short % grid.multiple or long % grid.multiple:
        near = Size(_rounded(size.width, grid), _rounded(size.height, grid))
        hint = f"ask for `{near}`" if near != size and is_legal(rules, near) else None
        yield Flaw("size", f"the sides of `{size}` are not multiples of {grid.multiple}, as `{name}` wants", hint)
    if long > grid.max_edge:
        yield Flaw("size", f"`{size}` has a side over {grid.max_edge}, the longest that `{name}` draws")
    if long > grid.max_ratio * short:
        yield Flaw("size", f"`{size}` is longer than {grid.max_ratio}:1, the longest shape that `{name}` draws")
    if pixels < grid.min_pixels:
        least = f"`{name}` draws at least {grid.min_pixels:,}"
        yield Flaw("size", f"`{size}` has {pixels:,} pixels, {least}", "ask for more, and scale down")
    if pixels > grid.max_pixels:
        most = f"`{name}` draws at most {grid.max_pixels:,}"
        yield Flaw("size", f"`{size}` has {pixels:,} pixels, {most}", "ask for fewer, and scale up")


def _rounded(edge: int, grid: SizeRules) -> int:
    return max(1, -(-edge // grid.multiple)) * grid.multiple


def _check_choice(setting: str, value: str, choices: tuple[str, ...], model: str) -> Iterator[Flaw]:
    if value not in choices:
        noun = setting.removeprefix("request_")
        yield Flaw(setting, f"`{value}` is not a {noun} of `{model}`", f"use {ticked(choices, 'or')}")


def _check_background(rules: ModelRules, background: str, form: str) -> Iterator[Flaw]:
    if background == "transparent" and not rules.transparent:
        hint = "ask for a plain background, or use a model of the 2.5 or 2.6 family"
        yield Flaw("background", f"`{rules.name}` draws no transparent background", hint)
    elif background != "auto" and background not in rules.backgrounds:
        choices = ("auto", *rules.backgrounds)
        yield from _check_choice("background", background, choices, rules.name)
    if background == "transparent" and form == "jpeg":
        yield Flaw("request_format", "a `jpeg` has no transparent background", "use `png`")


def _check_compression(compression: int | None, form: str) -> Iterator[Flaw]:
    if compression is None:
        return
    if form == "png":
        yield Flaw("request_compression", "a `png` has no compression to ask for", "leave it out, or use `jpeg`")
    elif not 0 <= compression <= 100:
        yield Flaw("request_compression", f"`{compression}` is not a compression from 0 to 100")


def _check_pictures(rules: ModelRules, asked: Asked) -> Iterator[Flaw]:
    pictures = asked["pictures"]
    if asked["operation"] == "edit" and not pictures:
        yield Flaw("images", "an edit needs a picture to start from")
    if pictures > rules.max_pictures:
        sent = count(pictures, "picture")
        yield Flaw("images", f"the request has {sent}, `{rules.name}` takes at most {rules.max_pictures}")
    if asked["mask"] and asked["operation"] == "generate":
        yield Flaw("mask", "a generation takes no mask", "use a step `edit`")
    elif asked["mask"] and not rules.accepts_mask:
        yield Flaw("mask", f"`{rules.name}` takes no mask")
