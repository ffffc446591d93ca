"""The remote of a project, opened as this run may use it, and its leases; nobody is asked yet."""

import hashlib
import socket
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from assetforge.errors import Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.gate import Options
from assetforge.plan.forecast import Forecast
from assetforge.remotes import RemotePlace, is_fork_run
from assetforge.run.tiers import Tiers
from assetforge.sharing.place import find_place, is_allowed, missing_keys
from assetforge.store.leases import Leases
from assetforge.store.remote import open_remote
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shared:
    """The remote as this run may use it: `tiers` is None where there is none, or none that can be used. `barred` says
    that it may not be used until the user does something, `remark` why else it is not."""

    tiers: Tiers | None = None
    barred: Problem | None = None
    remark: Problem | None = None


def open_shared(space: Workspace, asked: str | None) -> Shared:
    """The remote of a project; `asked` is what the command line names. Nobody is asked yet. Raises UsageError and
    ManifestError for what names none."""
    place, named_by = find_place(space.root, space.manifest, space.settings, asked)
    if place is None:
        return Shared()
    if space.shelf.rehearsal:
        told = f"the remote `{place.url}` is left alone: this store is for a rehearsal"
        return Shared(remark=Problem(told, None))
    if named_by is not None and not is_allowed(space.settings, place):
        told = f"the remote `{place.url}` is not trusted"
        return Shared(barred=Problem(told, named_by, f"run `assetforge trust {place.url}`"))
    try:
        remote = open_remote(place)
    except UsageError as error:
        return Shared(barred=replace(error.problems[0], where=named_by))
    return Shared(Tiers(remote, space.shelf.blobs, writes=_may_write(space, place)))


def _may_write(space: Workspace, place: RemotePlace) -> bool:
    return not (place.is_web or space.manifest.table.cache.remote_mode == "read-only" or is_fork_run(space.environ))


def tell_of_remote(shared: Shared, forecast: Forecast, options: Options, listen: Listener) -> None:
    """Says why a remote is not used, where it may have what is missing. Nothing is bought that a remote may have
    which only waits to be trusted, unless the user said to go on. Raises UsageError."""
    if not (missing_keys(forecast) or forecast.lost):
        return
    if shared.barred is not None and options.on_miss == "call" and not (options.yes or options.locked):
        raise UsageError.of(
            [replace(shared.barred, message=f"{shared.barred.message}: what others bought is not seen")]
        )
    for problem in filter(None, (shared.barred, shared.remark)):
        listen(Warned(replace(problem, message=f"{problem.message}: what others bought is not seen")))


def leases_of(tiers: Tiers, data: Path) -> Leases | None:
    """Leases for a build on a store, None where nothing may be written."""
    if not tiers.writes:
        return None
    return Leases(tiers.remote, owner_of(data), lost=lambda error: tiers.give_up("lease", str(error)))


def owner_of(data: Path) -> str:
    """Names one store on one running machine: a copy of it, in another container or elsewhere, is another."""
    data.mkdir(parents=True, exist_ok=True)
    found = data.stat()
    try:
        machine = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        machine = str(uuid.getnode())
    told = f"{machine} {socket.gethostname()} {found.st_dev} {found.st_ino}"
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]
