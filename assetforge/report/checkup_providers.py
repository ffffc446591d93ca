"""Can a provider be asked? Trust, key, models and prices, each told without the key; unaware of HTTP."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from assetforge.config import Settings
from assetforge.graph.requests import FROZEN, model_warning
from assetforge.model import Graph, Paid
from assetforge.model import Settings as Request
from assetforge.plan.price import Prices
from assetforge.providers.access import Access, find_access
from assetforge.providers.spec import ProviderTable
from assetforge.report.finding import Finding, fail, ok, warn

# The requests that are made of one provider, by model.
Used = Mapping[str, Request]
Ask = Callable[[Access, ProviderTable], Mapping[str, str | None]]


class Patient(Protocol):
    """What is known besides the settings."""

    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def today(self) -> str: ...
    @property
    def ask(self) -> Ask | None: ...


def used_models(graph: Graph) -> dict[str, dict[str, Request]]:
    """Every model that a step asks for, by provider."""
    used: dict[str, dict[str, Request]] = {}
    for step in graph.steps.values():
        if isinstance(step, Paid):
            used.setdefault(step.settings.provider, {}).setdefault(step.settings.model, step.settings)
    return used


def provider_findings(
    name: str, table: ProviderTable, used: Used | None, *, settings: Settings, patient: Patient
) -> Iterator[Finding]:
    """What there is to say of a provider. Where nothing is asked of it, nothing fails."""
    subject = f"provider {name}"
    if table.kind == "draft":
        yield ok(subject, "draws here, for nothing")
        return
    access = find_access(name, table, settings, patient.environ)
    if name == "openai" and settings.openai_base_url and access.origin:
        yield ok(subject, f"its base URL is `{access.base_url}`: so says `OPENAI_BASE_URL`")
    tell = fail if used else warn
    is_trusted = any((one.origin, one.key_env) == (access.origin, table.api_key_env) for one in settings.trusted)
    problem = access.problem
    if not is_trusted and problem is not None:
        yield tell(subject, problem.message, problem.hint)
    else:
        yield ok(subject, f"`{access.origin}` is trusted with the key in `{table.api_key_env}`")
        yield (
            tell(subject, problem.message, problem.hint) if problem else ok(subject, f"`{table.api_key_env}` is set")
        )
    models = used or {FROZEN["model"]: _request(name, table)}
    yield from _models(subject, models, patient.today)
    yield from _prices(subject, name, models, Prices.of({name: table}, {name: access.origin}))
    if patient.ask is not None and problem is None and table.kind == "images-api":
        yield from _listed(subject, models, patient.ask, (access, table))


def _request(name: str, table: ProviderTable) -> Request:
    """What a new manifest would ask for."""
    return Request(
        provider=name, kind=table.kind, model=FROZEN["model"], quality=FROZEN["quality"],
        background=FROZEN["background"], moderation=FROZEN["moderation"], format=FROZEN["request_format"],
        compression=None,
    )  # fmt: skip


def _models(subject: str, models: Used, today: str) -> Iterator[Finding]:
    for model, request in sorted(models.items()):
        told = model_warning(request, today)
        if told is None:
            yield ok(subject, f"model `{model}`" + (" is known" if request.kind == "images-api" else ""))
        elif "was shut down" in told[0]:
            yield fail(subject, *told)
        else:
            yield warn(subject, *told)


def _prices(subject: str, name: str, models: Used, prices: Prices) -> Iterator[Finding]:
    for model, request in sorted(models.items()):
        tariffs = prices.tariffs(name, request.kind, model)
        if tariffs and all(tariff.per_image is not None or (tariff.rates and tariff.output) for tariff in tariffs):
            own = " and by the manifest" if (name, model) in prices.overrides else ""
            yield ok(subject, f"the price of `{model}` is known, as of {prices.as_of}{own}")
        else:
            hint = f'set `per_image` in `[provider.{name}.price."{model}"]`'
            yield warn(subject, f"the price of `{model}` is not known", hint)


def _listed(subject: str, models: Used, ask: Ask, whom: tuple[Access, ProviderTable]) -> Iterator[Finding]:
    from assetforge.providers.listing import ListingFailed

    try:
        listed = ask(*whom)
    except ListingFailed as error:
        yield (warn if error.harmless else fail)(subject, error.message, error.hint)
        return
    yield ok(subject, "the key is accepted")
    for model in sorted(models):
        if model not in listed:
            yield warn(
                subject, f"`{model}` is not in the provider's list of models", "check its name, and your rights"
            )
        elif listed[model] is not None:
            yield warn(subject, f"the provider will shut `{model}` down on {listed[model]}", "choose another model")
