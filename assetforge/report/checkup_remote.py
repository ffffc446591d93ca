"""Can the remote of a project be used? Which one is meant, whether it is trusted, and, where that is wished for,
whether it answers.
"""

import secrets
from collections.abc import Iterator, Mapping

from assetforge.config import Settings
from assetforge.errors import AssetforgeError
from assetforge.manifest.load import Manifest
from assetforge.paths import Root
from assetforge.remotes import is_fork_run
from assetforge.report.finding import Finding, fail, ok, warn
from assetforge.sharing.place import find_place, is_allowed
from assetforge.store.remote import INSTALL, Remote, RemoteTrouble, open_remote

SUBJECT = "remote"


def remote_findings(
    root: Root, manifest: Manifest, settings: Settings, environ: Mapping[str, str], *, asks: bool
) -> Iterator[Finding]:
    """What there is to say of the remote; it is spoken to where `asks`."""
    try:
        place, named_by = find_place(root, manifest, settings, None)
        if place is None:
            yield ok(SUBJECT, "none is named: nothing is shared with other machines")
            return
        remote = open_remote(place)
    except AssetforgeError as error:
        yield fail(SUBJECT, str(error), error.problems[0].hint or INSTALL)
        return
    if named_by is not None and not is_allowed(settings, place):
        yield fail(SUBJECT, f"`{place.url}` is not trusted", f"run `assetforge trust {place.url}`")
        return
    may_write = not (place.is_web or manifest.table.cache.remote_mode == "read-only" or is_fork_run(environ))
    yield ok(SUBJECT, f"`{place.url}`" + ("" if may_write else ", which is only read here"))
    if asks:
        yield from _answers(remote, writes=may_write)


def _answers(remote: Remote, *, writes: bool) -> Iterator[Finding]:
    name = f"doctor/{secrets.token_hex(8)}"
    try:
        remote.has(name)
        yield ok(SUBJECT, "it can be read")
        if writes:
            first, second = remote.create(name, b"1"), remote.create(name, b"2")
            remote.delete([name])
            if first and not second:
                yield ok(SUBJECT, "it can be written to, and holds leases")
            else:
                yield warn(SUBJECT, "it can be written to, and holds no leases: two machines may both pay")
    except RemoteTrouble as error:
        yield fail(SUBJECT, f"`{remote.place.url}`: {error}", "see docs/remote.md for what it needs")
