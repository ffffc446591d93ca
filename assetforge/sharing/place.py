"""Which remote a project shares, and what is missing that it may have; nobody is asked."""

import os
from dataclasses import replace

from assetforge.config import Settings
from assetforge.errors import ManifestError, UsageError, Where
from assetforge.manifest.load import Manifest
from assetforge.model import Drafted, Paid, Stale
from assetforge.paths import Root
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
        return _as_it_is(read_place(written, root.path)), where
    except UsageError as error:
        raise ManifestError([replace(error.problems[0], where=where)]) from None


def _as_it_is(place: RemotePlace) -> RemotePlace:
    """A folder by the path that links lead to: a repository's own link must not lead past what was trusted."""
    return replace(place, url=os.path.realpath(place.url)) if place.scheme == "file" else place


def is_allowed(settings: Settings, place: RemotePlace) -> bool:
    """Whether a manifest may name it: only what the user trusts. A folder of its own repository is a stranger's too,
    and what it holds would be in the user's store, for all projects."""
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
