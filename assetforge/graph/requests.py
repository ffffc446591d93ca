"""How each paid step is asked for: settings by their order of precedence, and the model's rules for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from assetforge.entry import RENDERED, Invalid, problems_of
from assetforge.errors import Problem, Where
from assetforge.graph.sizes import MUCH, lost, planned_size
from assetforge.manifest.load import Manifest
from assetforge.manifest.schema import AssetTable, EditTable, ProfileTable
from assetforge.model import Paid, Settings, Size
from assetforge.providers.catalog import BUILT_IN, BUILT_IN_KINDS, keyed_kind, known_kind
from assetforge.providers.models import IMAGES_API, SUCCESSOR, check_order, rules_of
from assetforge.providers.spec import ProviderTable
from assetforge.words import did_you_mean

SHARED = ("provider", "model", "quality", "background", "moderation", "request_format", "request_compression")
FROZEN = {
    "model": "gpt-image-2",
    "quality": "medium",
    "background": "auto",
    "moderation": "auto",
    "request_format": "png",
}
DEFAULT_PROVIDER = "openai"
DEFAULT_SIZE = Size(1024, 1024)
LOSSY_COMPRESSION = 100
# How long before its end a model is warned of.
NOTICE_DAYS = 90


def provider_tables(manifest: Manifest) -> tuple[dict[str, ProviderTable], list[Problem]]:
    """Every provider by name: the built-in ones, changed and joined by `[provider.NAME]`; and what is wrong."""
    tables = dict(BUILT_IN)
    problems = []
    for name, raw in manifest.table.provider.items():
        start = BUILT_IN[name].model_dump(exclude_unset=True) if name in BUILT_IN else {}
        try:
            tables[name] = ProviderTable.model_validate(start | raw, context=RENDERED)
        except Invalid as error:
            base = manifest.where("provider", name)
            problems += problems_of(error, raw, subject=f"provider `{name}`", where=base, model=ProviderTable)
            continue
        if not known_kind(tables[name].kind):
            place = manifest.where("provider", name, "kind")
            hint = did_you_mean(tables[name].kind, sorted(BUILT_IN_KINDS), "kinds")
            problems.append(Problem(f"there is no provider kind `{tables[name].kind}`", place, hint))
    return tables, problems


@dataclass(frozen=True, slots=True)
class Requests:
    """The manifest's providers, defaults and profile, from which a step's settings are read."""

    manifest: Manifest
    tables: Mapping[str, ProviderTable]
    profile: str | None
    _settings: dict[tuple[str | int | None, ...], Settings] = field(default_factory=dict)

    def settings(self, asset: AssetTable, step: EditTable | None) -> Settings:
        """Profile, then step, then asset, then `[defaults]`, then the frozen defaults."""
        levels = (self._profile(), step, asset, self.manifest.table.defaults)
        given = tuple(
            next((value for level in levels if (value := getattr(level, name, None)) is not None), None)
            for name in SHARED
        )
        if given not in self._settings:
            self._settings[given] = self._settled(dict(zip(SHARED, given, strict=True)))
        return self._settings[given]

    def _settled(self, given: Mapping[str, str | int | None]) -> Settings:
        chosen = {name: FROZEN.get(name) if value is None else value for name, value in given.items()}
        provider = str(chosen["provider"] or DEFAULT_PROVIDER)
        table = self.tables.get(provider)
        form = str(chosen["request_format"])
        compression = chosen["request_compression"]
        return Settings(
            provider=provider,
            kind=keyed_kind(table.kind) if table is not None and known_kind(table.kind) else "",
            model=str(chosen["model"]),
            quality=str(chosen["quality"]),
            background=str(chosen["background"]),
            moderation=str(chosen["moderation"]),
            format=form,
            compression=int(compression)
            if compression is not None
            else LOSSY_COMPRESSION
            if form == "jpeg"
            else None,
        )

    def origin(self, name: str, step: EditTable | None, asset: AssetTable, place: Where, base: Where) -> Where:
        """Where a setting of a step is written: `place` is the step's table, `base` the asset's."""
        if getattr(self._profile(), name, None) is not None and self.profile:
            return self.manifest.where("profile", self.profile, name)
        for table, where in ((step, place), (asset, base)):
            if table is not None and name in table.model_fields_set:
                return Where(where.file, (*where.key, name))
        if getattr(self.manifest.table.defaults, name, None) is not None:
            return self.manifest.where("defaults", name)
        return Where(place.file, place.key)

    def plan(self, settings: Settings, size: Size | None, asked: str | None) -> Size | None:
        """The size to ask for: `request_size`, else planned from the size wanted; None while that is unknown."""
        if asked is not None:
            return Size.parse(asked)
        return None if size is None else planned_size(size, rules_of(settings.kind, settings.model))

    def _profile(self) -> ProfileTable | None:
        return self.manifest.table.profile[self.profile] if self.profile else None


@dataclass(frozen=True, slots=True)
class Flawed:
    """A rule of the model that a step breaks: the setting at fault, and what to say."""

    setting: str
    message: str
    hint: str | None


def flaws_of(step: Paid) -> list[Flawed]:
    """What is wrong with a step by its model's rules, all at once, before anything is asked."""
    settings = step.settings
    rules = rules_of(settings.kind, settings.model)
    if rules is None:
        return []
    found = check_order(
        rules, operation=step.operation, prompt=step.prompt, size=step.request_size, quality=settings.quality,
        background=settings.background, format=settings.format, compression=settings.compression,
        moderation=settings.moderation, pictures=len(step.pictures), mask=step.mask is not None,
    )  # fmt: skip
    return [Flawed(flaw.setting, flaw.message, flaw.hint) for flaw in found]


def model_warning(settings: Settings, today: str) -> tuple[str, str] | None:
    """What to say, and a hint, of a model whose rules nobody knows here, and of one that is shut down or soon will
    be; None of all others. `today` is an ISO date, "" where nobody says which."""
    if settings.kind != "images-api":
        return None
    rules = rules_of(settings.kind, settings.model)
    if rules is None:
        told = f"model `{settings.model}` is not known here, so its rules are not checked"
        lasting = [known.name for known in IMAGES_API.values() if known.shutdown is None]
        return told, did_you_mean(settings.model, lasting, "known models")
    if rules.shutdown is None or not today:
        return None
    left = (date.fromisoformat(rules.shutdown) - date.fromisoformat(today)).days
    hint = f"use `{SUCCESSOR}`"
    if left <= 0:
        return f"`{rules.name}` was shut down on {rules.shutdown}: a call for it will fail", hint
    return (f"`{rules.name}` is shut down on {rules.shutdown}", hint) if left <= NOTICE_DAYS else None


def size_warning(wanted: Size, asked: Size) -> str | None:
    """What the user should know of a planned size; None where it is fine."""
    if asked.width < wanted.width or asked.height < wanted.height:
        return f"`{wanted}` is larger than the model draws: `{asked}` is asked for and scaled up"
    share = lost(wanted, asked)
    if share > MUCH:
        return f"`{wanted}` is cut from `{asked}`, which loses {share:.0%} of the picture"
    return None
