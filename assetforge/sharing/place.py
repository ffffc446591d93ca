"""Which remote a project shares, and what is missing that it may have; nobody is asked."""

import os
from contextlib import suppress
from dataclasses import replace

from assetforge.config import Settings
from assetforge.errors import ManifestError, UsageError, Where
from assetforge.manifest.load import Manifest
from assetforge.model import Drafted, Paid, Stale
from assetforge.paths import PathError, Root
from assetforge.plan.forecast import Forecast
from assetforge.remotes import OFF, RemotePlace, is_trusted, read_place


def find_place(
    root: Root, manifest: Manifest, settings: Settings, asked: str | None
) -> tuple[RemotePlace | None, Where | None]:
    """The remote that is meant, and its place in the manifest where that names it: flag, then environment, then
    manifest, then the user's file. Raises UsageError, ManifestError."""
    here = asked or settings.remote
    if here is not None:
        return (None if here == OFF else read_place(here, os.getcwd())), None
    written = manifest.table.cache.remote
    if written is None:
        own = settings.own_remote
        return (read_place(own, os.path.expanduser("~")) if own and own != OFF else None), None
    where = manifest.where("cache", "remote")
    try:
        return read_place(written, root.path), where
    except UsageError as error:
        raise ManifestError([replace(error.problems[0], where=where)]) from None


def is_allowed(root: Root, settings: Settings, place: RemotePlace) -> bool:
    """Whether a manifest may name it: a folder of its own repository, or what the user trusts."""
    if place.scheme == "file":
        with suppress(PathError):
            root.writable(os.path.relpath(place.url, root.path).replace(os.sep, "/") + "/blobs")
            return True
    return is_trusted(place, (one.origin for one in settings.trusted))


def missing_keys(forecast: Forecast) -> list[str]:
    """The paid keys, as far as they are known, that neither lock nor store has; pictures that are drawn for nothing
    are no matter of a remote."""
    found = []
    for (name, _), state in forecast.walk.paid.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Paid)
        if step.settings.kind != "draft" and isinstance(state.decision, Stale | Drafted) and state.action is not None:
            found.append(state.action.key)
    return found
