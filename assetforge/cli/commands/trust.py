"""`assetforge trust`: which origins prompts, pictures and a key may go to; said here, never in a repository."""

import re
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.config import Settings

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@click.command("trust", short_help="Let prompts and a key go to an origin; without one, list them.")
@click.argument("origin", required=False)
@click.option("--key", metavar="ENV", help="The variable that holds the key for it (its name, never the key).")
@shared.common
@pass_run
def command(run: Run, origin: str | None, key: str | None) -> int:
    """Lets prompts, pictures and the key in the variable ENV go to ORIGIN (like https://relay.example). This is kept
    outside the repository, for you alone. Without ORIGIN, lists what is trusted."""
    from assetforge.config import Trust, add_trust, is_loopback, load_settings, origin_of

    settings = load_settings(run.console.environ)
    if origin is None:
        if key is not None:
            raise UsageError("`--key` needs an origin that it may go to")
        _list(run, settings)
        return 0
    found = origin_of(origin)
    if not found.startswith("https:") and not is_loopback(found):
        raise UsageError(f"`{found}` is not https", hint="use https: a key may not travel in the clear")
    if key is not None and not VARIABLE.match(key):
        # Not repeated: it may be the key itself.
        raise UsageError("`--key` is not the name of a variable", hint="put the key into one, and name that")
    try:
        add_trust(settings.config_dir, Trust(found, key))
    except OSError as error:
        raise UsageError(f"`{settings.config_dir}` can't be written: {error.strerror}") from None
    if run.console.as_json:
        run.console.emit("trust", {"added": {"origin": found, "key": key}})
        return 0
    what = f"prompts, pictures and the key in `{key}`" if key else "prompts and pictures"
    run.console.tell(f"{what} may go to {found}")
    if key is not None and not run.console.environ.get(key):
        run.console.tell(f"`{key}` is not set yet")
    return 0


def _list(run: Run, settings: "Settings") -> None:
    known = list(dict.fromkeys(settings.trusted))
    if run.console.as_json:
        run.console.emit("trust", {"trusted": [{"origin": one.origin, "key": one.key_env} for one in known]})
        return
    for one in known:
        run.console.print(f"{one.origin}" + (f"  with the key in `{one.key_env}`" if one.key_env else ""))
