"""The tables of `assets.toml` and what each may hold, key by key as docs/manifest.md has them.

What needs other tables to be judged (references, names of providers, parameters of steps) is judged in `graph`.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from assetforge.entry import Entry
from assetforge.model import Size

ASSET_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
RESERVED = frozenset({"asset", "data", "format", "height", "width"})
# What emits see beside variables and axes.
EMIT_NAMES = frozenset({"outputs", "project"})


def _size(value: Any) -> Any:
    if not re.fullmatch(r"[0-9]{1,9}x[0-9]{1,9}", str(value), re.ASCII) or not min(Size.parse(str(value))):
        raise ValueError(f'`{value}` is not a size; write it like "1024x1024"')
    if max(Size.parse(value)) > LONGEST:
        raise ValueError(f"`{value}` has a side over {LONGEST:,} pixels")
    return value


LONGEST = 16_384
SizeText = Annotated[str, BeforeValidator(_size)]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[Whole, Field(ge=1, le=100)]
Side = Annotated[Whole, Field(ge=1, le=LONGEST)]
Percent = Annotated[Whole, Field(ge=0, le=100)]
Quality = Annotated[Whole, Field(ge=1, le=100)]
Fit = Literal["cover", "contain", "fill"]
OutputFit = Literal["cover", "contain", "fill", "inside", "outside"]
Position = str | list[Number]
Dollars = Annotated[Number, Field(ge=0)]


class RequestTable(Entry):
    """How a paid step is asked for: the settings that `[defaults]`, an asset and an `edit` share."""

    provider: str | None = Field(None, description="A name under [provider], or the built-in openai or draft.")
    model: str | None = Field(None, description="The model's name, as the provider knows it.")
    quality: str | None = Field(None, description="low, medium (default) or high, as the model has them.")
    background: str | None = Field(None, description="auto (default), opaque or transparent.")
    moderation: str | None = Field(None, description="auto (default) or low; in no key.")
    request_format: Literal["png", "jpeg"] | None = Field(None, description="What the API is asked for (png).")
    request_compression: Percent | None = Field(None, description="0 to 100, with jpeg only.")


class ChecksTable(Entry):
    """`checks` of an output: what it has to be, or its asset fails."""

    transparent: Flag | None = Field(None, description="Whether any pixel lets something through.")
    max_bytes: Annotated[Whole, Field(ge=1)] | None = Field(None, description="The most the file may have.")
    no_upscale: Flag = Field(False, description="It has the size it asks for: nothing is scaled up.")
    min_contrast: Annotated[Number, Field(ge=1, le=21)] | None = Field(
        None, description="The least contrast of its lightest and darkest part, as WCAG counts it: 4.5."
    )


class OutputSettings(Entry):
    """What an output is beside its path: also `[defaults.output]`."""

    width: Side | list[Side] | None = Field(None, description="Pixels, or a list: one file for each.")
    height: Side | list[Side] | None = Field(None, description="Pixels, or a list: one file for each.")
    fit: OutputFit | None = Field(None, description="How the picture fits width x height (cover).")
    position: Position | None = Field(None, description="Where to crop: center, top-left ... or [x, y].")
    format: str | list[str] | None = Field(
        None, description="png, jpg, webp, avif, gif, ico or icns; a list makes several."
    )
    quality: Quality | dict[str, Quality] | None = Field(None, description="1 to 100, or one for each format.")
    lossless: Flag | None = Field(None, description="webp without loss.")
    effort: Annotated[Whole, Field(ge=0, le=9)] | None = Field(None, description="0 (fast) to 9 (small).")
    max_bytes: Annotated[Whole, Field(ge=1)] | None = Field(
        None, description="The most the file may have: quality goes down until it fits."
    )
    metadata: Literal["provenance", "keep", "strip"] | None = Field(
        None, description="provenance (default): that a model drew it; keep: the source's own; strip: nothing."
    )
    sizes: Annotated[list[Side], Field(min_length=1)] | None = Field(
        None, description="Of ico (16, 32, 48) and icns, in pixels."
    )
    checks: ChecksTable | None = Field(None, description="What it has to be, or its asset fails.")


class OutputTable(OutputSettings):
    """One output, or one for each combination of its lists."""

    path: str = Field(description="From output_dir; its ending is the format. Of a family, the folder.")
    family: str | None = Field(
        None, description="A set of files: favicon, pwa, apple-app-icon, android-launcher or open-graph."
    )
    color: str | None = Field(None, description="The ground of a family's files that need one.")


class DefaultsTable(RequestTable):
    """`[defaults]`."""

    request_size: SizeText | None = Field(None, description="Asked for instead of the planned size.")
    output: OutputSettings | None = Field(None, description="Output settings for all.")


class EditTable(RequestTable):
    """The step `edit`, beside its op and id."""

    prompt: str | None = Field(None, description="What to change, a template.")
    prompt_file: str | None = Field(None, description="A template file, from the root.")
    images: list[str] | None = Field(None, description="More pictures: files or references, 16 in all.")
    mask: str | dict[str, Any] | list[dict[str, Any]] | None = Field(None, description="What to edit.")
    preserve: Flag = Field(False, description="Keep the original's pixels outside the mask's edited part.")
    feather: Annotated[Whole, Field(ge=0, le=254)] = Field(0, description="Pixels of blend with preserve.")
    size: SizeText | None = Field(None, description="Recompose to this size; else the input's is kept.")
    request_size: SizeText | None = Field(None, description="Asked for instead of the planned size.")
    n: Count = Field(1, description="Candidates to buy.")
    pick: Count = Field(1, description="Which one is used.")
    revision: Annotated[Whole, Field(ge=0)] = Field(0, description="Raise it to buy again.")
    fit: Fit | None = Field(None, description="With size: how the answer is fitted to it.")
    position: Position | None = Field(None, description="With size: where to crop.")


class AssetTable(RequestTable):
    """One `[asset.NAME]`."""

    prompt: str | None = Field(None, description="What to draw, a template.")
    prompt_file: str | None = Field(None, description="A template file, from the root.")
    source: str | list[str] | None = Field(None, description="A file, or @another asset's final image.")
    images: list[str] | None = Field(None, description="Pictures the prompt refers to: files or references.")
    size: SizeText | None = Field(None, description="What you get, like 1536x1024 (default 1024x1024).")
    fit: Fit | None = Field(None, description="How the answer is fitted to size (cover).")
    position: Position | None = Field(None, description="Where to crop: center, top-left ... or [x, y].")
    request_size: SizeText | None = Field(None, description="Asked for instead of the planned size.")
    n: Count | None = Field(None, description="Candidates to buy (1).")
    pick: Count | None = Field(None, description="Which one is used (1).")
    revision: Annotated[Whole, Field(ge=0)] | None = Field(None, description="Raise it to buy again (0).")
    steps: list[dict[str, Any]] = Field([], description="The edit chain, in order.")
    output: str | OutputTable | None = Field(None, description="The file to write.")
    outputs: list[str | OutputTable] | None = Field(None, description="The files to write.")
    vars: dict[str, Any] = Field({}, description="Template variables of this asset.")
    meta: dict[str, Any] = Field({}, description="A free table.")
    alt: str | None = Field(None, description='A description for people; "" is decorative.')
    tags: list[str] = Field([], description="Labels for selection.")


class AssetEntry(AssetTable):
    """An asset as written: with its matrix."""

    never_templates = frozenset({"matrix", "exclude", "overrides", "steps", "tags", "vars"})

    matrix: dict[str, str | list[Any]] = Field({}, description="Axes: lists, or names of data.")
    exclude: list[dict[str, Any]] = Field([], description="Combinations left out.")
    overrides: list[dict[str, Any]] = Field([], description="Settings for some instances: when, then keys.")


class ProjectTable(Entry):
    """`[project]`."""

    name: str | None = Field(None, description="What the project is called.")
    requires: str | None = Field(None, description="Versions of assetforge that will do, like >=1.0.")
    output_dir: str = Field(".", description="Outputs are relative to it.")
    include: list[str] = Field([], description="More manifests, or globs of them.")


class BudgetTable(Entry):
    """`[budget]`, US dollars."""

    max_usd_per_build: Dollars | None = Field(None, description="No call is started that could pass it.")
    confirm_usd: Dollars | None = Field(None, description="Above it a build asks (1.00).")


class CacheTable(Entry):
    """`[cache]`."""

    remote: str | None = Field(None, description="A shared store: s3://, gs://, az://, https:// or a folder.")
    remote_mode: Literal["read-write", "read-only"] = Field("read-write", description="May it be written to?")
    originals: str | None = Field(None, description="A folder of bought pictures, one file a digest.")


class ProfileTable(Entry):
    """`[profile.NAME]`: wins over assets and steps; writes no lock."""

    provider: str | None = None
    model: str | None = None
    quality: str | None = None
    background: str | None = None
    moderation: str | None = None
    output_dir: str | None = None


class EmitTable(Entry):
    """One `[emit.NAME]`: a file made from the facts of outputs."""

    never_templates = frozenset({"matrix", "exclude"})

    output: str = Field(description="The file to write, from the root.")
    template: str | None = Field(None, description="A file, or builtin:typescript and so on; none: a JSON list.")
    select: str | list[str] | None = Field(None, description="Which assets, as on the command line (all).")
    matrix: dict[str, str | list[Any]] = Field(
        {}, description="Axes, one file for each cell: lists, or names of data."
    )
    exclude: list[dict[str, Any]] = Field([], description="Combinations left out.")


class IncludedFile(Entry):
    """What an included file may hold."""

    vars: dict[str, Any] = Field({}, description="Template variables.")
    data: dict[str, Any] = Field({}, description="Lists for axes and templates.")
    chain: dict[str, list[dict[str, Any]]] = Field({}, description="Steps under a name.")
    asset: dict[str, dict[str, Any]] = Field({}, description="The assets.")
    emit: dict[str, dict[str, Any]] = Field({}, description="Files made from the facts of outputs.")


class ManifestFile(IncludedFile):
    """The whole of `assets.toml`."""

    project: ProjectTable = Field(default_factory=ProjectTable)
    defaults: DefaultsTable = Field(default_factory=DefaultsTable)
    provider: dict[str, dict[str, Any]] = Field({}, description="Who draws.")
    budget: BudgetTable = Field(default_factory=BudgetTable)
    cache: CacheTable = Field(default_factory=CacheTable)
    profile: dict[str, ProfileTable] = Field({}, description="Settings by name, for --profile.")
