"""The kinds of provider there are: built in, or installed under the entry point `assetforge.providers`.

A plugin is loaded only when a build names its kind. It is a callable `(name, table, access)` that gives a
`Provider`; where the origin of its `base_url` isn't trusted, `access` holds a problem and no key.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import cast

from assetforge.config import Settings
from assetforge.errors import UsageError
from assetforge.providers.access import find_access
from assetforge.providers.spec import Provider, ProviderTable
from assetforge.words import ticked

GROUP = "assetforge.providers"
BUILT_IN_KINDS = ("images-api", "draft")

BUILT_IN: Mapping[str, ProviderTable] = MappingProxyType(
    {"openai": ProviderTable(kind="images-api"), "draft": ProviderTable(kind="draft")}
)


def open_provider(name: str, table: ProviderTable, settings: Settings, environ: Mapping[str, str]) -> Provider:
    """The provider of a table, opened for one build. Raises UsageError for a kind that there is not."""
    if table.kind == "images-api":
        from assetforge.providers.images_api import ImagesApi

        return ImagesApi(name, table, find_access(name, table, settings, environ))
    if table.kind == "draft":
        from assetforge.providers.draft import DraftProvider

        return DraftProvider(name, table)
    plugin = _get_plugin(table.kind)
    try:
        make = plugin.load()
        return cast(Provider, make(name, table, find_access(name, table, settings, environ)))
    except Exception as error:
        message = f"the provider kind `{table.kind}` can't be loaded: {type(error).__name__}: {error}"
        raise UsageError(message, hint="install it again, or ask its authors") from error


def known_kind(kind: str) -> bool:
    """Whether a kind is built in or installed; loads nothing."""
    return kind in BUILT_IN_KINDS or _find_plugin(kind) is not None


def keyed_kind(kind: str) -> str:
    """A kind as it enters keys: a plugin's with its distribution's version. Raises UsageError."""
    if kind in BUILT_IN_KINDS:
        return kind
    distribution = _get_plugin(kind).dist
    return f"{kind}@{distribution.version if distribution else 0}"


def _find_plugin(kind: str) -> EntryPoint | None:
    return next(iter(entry_points(group=GROUP, name=kind)), None)


def _get_plugin(kind: str) -> EntryPoint:
    plugin = _find_plugin(kind)
    if plugin is None:
        kinds = sorted({*BUILT_IN_KINDS, *(entry.name for entry in entry_points(group=GROUP))})
        raise UsageError(f"there is no provider kind `{kind}`", hint=f"use {ticked(kinds, 'or')}")
    return plugin
