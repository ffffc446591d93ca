"""`assetforge clean`: removes outputs that are ours and unchanged."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Declined, Run, pass_run
from assetforge.errors import AssetforgeError, BudgetError


@click.command("clean", short_help="Remove outputs that are ours and unchanged.")
@click.option("--stale", is_flag=True, help="Only those that the manifest no longer has.")
@click.option("--yes", "-y", is_flag=True, help="Remove without asking.")
@shared.variables
@shared.common
@pass_run
def command(run: Run, stale: bool, yes: bool, variables: tuple[tuple[str, str], ...]) -> int:
    """Removes outputs: only files that were made here, or that the lock names, and that nobody changed since. Their
    bytes are kept in the store, so that the next build brings them back for nothing."""
    from assetforge.clean import clean, find_cleanable
    from assetforge.words import count

    project = run.open(dict(variables))
    console = run.console
    graph = project.graph()
    with project.workspace() as space:
        kept = project.graphs() if stale else []
        found = find_cleanable(space, kept)
        if found.ours and not yes:
            for path in found.ours:
                console.tell(f"  {run.shown(path)}")
            _ask(run, count(len(found.ours), "file"))
        try:
            with project.at_work():
                cleaned = clean(space, graph, found.ours)
        except OSError as error:
            raise AssetforgeError(f"the outputs can't be removed: {error}") from None
    left = {**found.left, **cleaned.files.left}
    if console.as_json:
        told = {"removed": list(cleaned.files.ours), "left": left, "forgotten": list(cleaned.forgotten)}
        return run.emit("clean", told, warnings=graph.warnings)
    for path in cleaned.files.ours:
        console.tell(f"removed {run.shown(path)}")
    for path, reason in left.items():
        console.tell(f"left {run.shown(path)}: {reason}")
    if cleaned.forgotten:
        console.tell(f"forgot {count(len(cleaned.forgotten), 'line')} of the lock")
    console.print(f"{count(len(cleaned.files.ours), 'file')} removed")
    return 0


def _ask(run: Run, files: str) -> None:
    if not run.console.can_ask:
        raise BudgetError(f"{files} would be removed", hint="pass --yes")
    if not click.confirm(f"remove {files}?", default=False, err=True):
        raise Declined("nothing was removed")
