"""Is this machine ready to build? What `assetforge doctor` finds, one fact a line; unaware of how it is shown.

Nothing here touches the network, but for `ask`, which is given where that is wanted. Nothing is changed.
"""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from assetforge import __version__
from assetforge.config import MAX_USD, read_dollars
from assetforge.errors import AssetforgeError, Problem
from assetforge.gate import DEFAULT_CONFIRM_USD
from assetforge.graph.requests import provider_tables
from assetforge.manifest.load import Manifest
from assetforge.model import Graph
from assetforge.project import MANIFEST_NAME, Project
from assetforge.providers.catalog import BUILT_IN
from assetforge.providers.spec import ProviderTable
from assetforge.report.checkup_git import git_findings
from assetforge.report.checkup_providers import Ask, Used, provider_findings, used_models
from assetforge.report.checkup_remote import remote_findings
from assetforge.report.checkup_settings import LIMIT, Readable
from assetforge.report.checkup_store import store_findings
from assetforge.report.finding import Finding, fail, ok, warn
from assetforge.run.shelf import now
from assetforge.store.layout import open_store
from assetforge.store.month import Month
from assetforge.words import count, money, most, ticked
from assetforge.workspace import lock_name

EXTRAS = {"remote": ("obstore",), "simulate": ("starlette", "uvicorn", "python-multipart")}
DISTRIBUTION = "assetforge-build"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. `project` is None where there is none; `ask` is how providers are asked, None for not at
    all; `today` is an ISO date."""

    environ: Mapping[str, str]
    readable: Readable
    project: Project | None
    today: str
    ask: Ask | None = None


def findings(patient: Patient) -> Iterator[Finding]:
    """Everything, in the order of what stands on what."""
    yield from _versions()
    settings = patient.readable.settings
    yield from patient.readable.told
    yield from store_findings(settings.cache_dir)
    manifest, graph = None, None
    if patient.project is None:
        yield ok("manifest", f"there is no {MANIFEST_NAME} here or in a folder above")
    else:
        manifest, graph, told = _read(patient.project)
        yield told
    if patient.project is not None and manifest is not None:
        root, asks = patient.project.root, patient.ask is not None
        yield from remote_findings(root, manifest, settings, patient.environ, asks=asks)
        yield from git_findings(root.path, lock_name(patient.project.file))
    tables, used = _providers(manifest, graph)
    for name, table in tables.items():
        models = used.get(name) if used else None
        yield from provider_findings(name, table, models, settings=settings, patient=patient)
    if patient.readable.knows_limits:
        yield from _limits(patient, manifest)
    yield _month(patient.readable)


def _versions() -> Iterator[Finding]:
    pillow = _version("pillow") or "missing"
    yield ok("versions", f"assetforge {__version__}, Python {platform.python_version()}, Pillow {pillow}")
    for extra, parts in EXTRAS.items():
        missing = [name for name in parts if _version(name) is None]
        if not missing:
            yield ok("versions", f"extra `{extra}` is installed")
        elif len(missing) == len(parts):
            yield ok("versions", f"extra `{extra}` is not installed")
        else:
            told = f"extra `{extra}` lacks {ticked(missing)}"
            yield warn("versions", told, f"run `pip install '{DISTRIBUTION}[{extra}]'`")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _read(project: Project) -> tuple[Manifest | None, Graph | None, Finding]:
    """The manifest and its steps, as far as they can be read, and what is to be said of them."""
    manifest = None
    try:
        manifest = project.manifest
        graph = project.graph()
    except AssetforgeError as error:
        first, *others = error.problems
        more = f", and {count(len(others), 'mistake')} more" if others else ""
        return manifest, None, Finding("fail", "manifest", Problem(first.message + more, first.where, first.hint))
    assets, instances = len(manifest.table.asset), len(graph.instances)
    parts = [count(assets, "asset")] + ([count(instances, "instance")] if instances != assets else [])
    told = f"`{project.file}`: {', '.join(parts)}, {count(len(graph.steps), 'step')}"
    if graph.warnings:
        told += f", {count(len(graph.warnings), 'warning')}: run `assetforge plan`"
    return manifest, graph, ok("manifest", told)


def _providers(
    manifest: Manifest | None, graph: Graph | None
) -> tuple[dict[str, ProviderTable], Mapping[str, Used] | None]:
    """The providers to look at, and what is used of each; None where nobody can tell. Without a manifest it is the
    one that a new manifest would ask."""
    if manifest is None:
        return {"openai": BUILT_IN["openai"]}, None
    tables, _ = provider_tables(manifest)
    used = None if graph is None else used_models(graph)
    wanted = {*manifest.table.provider, *(used or ())} or {"openai"}
    return {name: table for name, table in tables.items() if name in wanted}, used


# --- money --------------------------------------------------------------------------------------------------------


def _limits(patient: Patient, manifest: Manifest | None) -> Iterator[Finding]:
    """The limits that are in force before any flag, each with where it comes from."""
    path, user = patient.readable.file, patient.readable.user
    budget = manifest.table.budget if manifest else None
    limits = {
        f"`{path}`": user.max_usd_per_build,
        MAX_USD: read_dollars(LIMIT, patient.environ),
        "`[budget]` of the manifest": budget.max_usd_per_build if budget else None,
    }
    lowest = _lowest(limits)
    yield ok("money", f"a build spends at most {lowest}" if lowest else "a build has no limit of its own")
    confirm = {f"`{path}`": user.confirm_usd, "`[budget]` of the manifest": budget.confirm_usd if budget else None}
    asks = _lowest(confirm) or f"{money(DEFAULT_CONFIRM_USD)} (by default)"
    yield ok("money", f"a build asks before it spends more than {asks}")


def _lowest(limits: Mapping[str, float | None]) -> str:
    """The lowest limit and whose it is; "" where there is none."""
    given = [(limit, where) for where, limit in limits.items() if limit is not None]
    if not given:
        return ""
    limit, where = min(given)
    return f"{most(limit)} ({where})"


def _month(readable: Readable) -> Finding:
    """What is spent of this month, and of its limit where that is known."""
    limit = readable.user.max_usd_per_month
    try:
        with open_store(readable.settings.cache_dir, _nobody) as store:
            booked = Month(store.ledger, store.inflight, store.month_lock, limit or 0.0, now).booked()
    except (AssetforgeError, OSError) as error:
        return fail("money", f"the ledger can't be read: {error}", "run `assetforge cache verify`")
    spent = f"{money(booked.total)} of this month is spent, under way or perhaps billed"
    if limit is None:
        return ok("money", f"{spent}; there is no limit for a month" if readable.knows_limits else spent)
    told = f"{spent}, of at most {most(limit)} (`{readable.file}`)"
    if booked.total >= limit:
        return warn("money", told, "wait for the next month, or raise `max_usd_per_month`")
    return ok("money", told)


def _nobody(digest: str) -> None:
    """Nothing is read that could be dropped."""
