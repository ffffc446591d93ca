"""`assetforge trust`: which origins prompts, pictures and a key may go to, and which remotes a manifest may name;
said here, never in a repository.
"""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.config import Settings, Trust

BUILT_IN = "built in"
VARIABLES = ("OPENAI_BASE_URL", "ASSETFORGE_TRUST")


@click.command("trust", short_help="Let prompts and a key go to an origin, or a remote be used.")
@click.argument("origin", required=False)
@click.option("--key", metavar="ENV", help="The variable that holds the key for it (its name, never the key).")
@click.option("--remove", is_flag=True, help="Trust it no longer.")
@shared.common
@pass_run
def command(run: Run, origin: str | None, key: str | None, remove: bool) -> int:
    """Lets prompts, pictures and the key in the variable ENV go to ORIGIN (like https://relay.example). This is kept
    outside the repository, for you alone. Without ORIGIN, lists what is trusted. Without --key, a key that may go
    there already still may. ORIGIN may be a remote too (like s3://bucket/folder, https://cdn.example/folder without
    --key, or an absolute folder): then manifests may name it, and what is below it, and no prompt goes there."""
    from assetforge.config import VARIABLE, is_loopback, load_settings

    settings = load_settings(run.console.environ)
    if origin is None:
        if key is not None or remove:
            raise UsageError(f"`{'--key' if key is not None else '--remove'}` needs an origin")
        _list(run, settings)
        return 0
    if remove:
        if key is not None:
            raise UsageError("--remove and --key exclude each other")
        return _remove(run, settings, origin)
    found = _read(origin, key)
    if not found.is_remote and not found.origin.startswith("https:") and not is_loopback(found.origin):
        raise UsageError(f"`{found.origin}` is not https", hint="use https: a key may not travel in the clear")
    if key is not None and not VARIABLE.fullmatch(key):
        # Not repeated: it may be the key itself.
        raise UsageError("`--key` is not the name of a variable", hint="put the key into one, and name that")
    return _add(run, settings, found)


def _read(text: str, key: str | None) -> "Trust":
    """What a text names; a folder by the path that links lead to, as a manifest's is. Raises UsageError."""
    from assetforge.config import trust_in

    return trust_in(os.path.realpath(text) if os.path.isabs(text) else text, key)


def _add(run: Run, settings: "Settings", trust: "Trust") -> int:
    from assetforge.config import add_trust, read_trusted

    origin, key = trust.origin, trust.key_env
    before = next((one.key_env for one in read_trusted(settings.config_dir) if one.origin == origin), None)
    may = key or before
    try:
        add_trust(settings.config_dir, replace(trust, key_env=may))
    except OSError as error:
        raise UsageError(f"`{settings.config_dir}` can't be written: {error.strerror}") from None
    if run.console.as_json:
        return run.emit("trust", {"added": {"origin": origin, "kind": _kind(trust), "key": may}})
    if trust.is_remote:
        run.console.tell(f"manifests may name {origin} as their remote")
        return 0
    what = f"prompts, pictures and the key in `{may}`" if may else "prompts and pictures"
    run.console.tell(f"{what} {'still ' if before and key in (None, before) else ''}may go to {origin}")
    if may is not None and not run.console.environ.get(may):
        run.console.tell(f"`{may}` is not set yet")
    return 0


def _remove(run: Run, settings: "Settings", text: str) -> int:
    from assetforge.config import remove_trust

    meant = _meant(text)
    try:
        gone = next((one for one in meant if remove_trust(settings.config_dir, one.origin)), None)
    except OSError as error:
        raise UsageError(f"`{settings.config_dir}` can't be written: {error.strerror}") from None
    if gone is None:
        origin = meant[0].origin
        built_in = any(one.origin == origin for one in settings.trusted)
        why = "is trusted by assetforge itself or by the environment" if built_in else "was not trusted"
        raise UsageError(f"`{origin}` {why}", hint="run `assetforge trust` for the list")
    if run.console.as_json:
        return run.emit("trust", {"removed": {"origin": gone.origin, "kind": _kind(gone)}})
    if gone.is_remote:
        run.console.tell(f"manifests may not name {gone.origin} as their remote any more")
        return 0
    run.console.tell(f"nothing may go to {gone.origin} any more")
    return 0


def _meant(text: str) -> "list[Trust]":
    """What a text may have been trusted as, the likeliest first; else it is a folder that became a link since, or the
    origin of a URL with a path and a key. Raises UsageError."""
    from assetforge.config import origin_of, trust_in
    from assetforge.remotes import is_web_url

    first = _read(text, None)
    second = replace(first, origin=origin_of(text)) if is_web_url(text) else trust_in(text, None)
    return [first, second]


def _kind(trust: "Trust") -> str:
    return "remote" if trust.is_remote else "origin"


def _list(run: Run, settings: "Settings") -> None:
    known = _sources(run, settings)
    listed = sorted(known, key=lambda one: (one.origin, one.key_env or ""))
    if run.console.as_json:
        told = [{"origin": one.origin, "kind": _kind(one), "key": one.key_env, "from": known[one]} for one in listed]
        run.emit("trust", {"trusted": told})
        return
    for one in listed:
        key = "  as a remote" if one.is_remote else f"  with the key in `{one.key_env}`" if one.key_env else ""
        source = known[one]
        by = "" if source is None else f"  ({source})" if source == BUILT_IN else f"  (by {source})"
        run.console.print_pieces([(f"{one.origin}{key}", ""), (by, "faint")])


def _sources(run: Run, settings: "Settings") -> "dict[Trust, str | None]":
    """What is trusted, and who says so: a variable, assetforge itself, or None for what was trusted here."""
    from assetforge.config import read_trusted, trusted_by_environment

    environ = run.console.environ
    known: dict[Trust, str | None] = dict.fromkeys(read_trusted(settings.config_dir))
    known |= dict.fromkeys((one for one in trusted_by_environment({}) if one not in known), BUILT_IN)
    for name in VARIABLES:
        said = trusted_by_environment({name: environ.get(name, "")})
        known |= dict.fromkeys((one for one in said if one not in known), name)
    return known
