"""`assetforge list`: the instances and their state."""

from dataclasses import replace

import click

from assetforge.cli import options as shared
from assetforge.cli.commands.plan import table
from assetforge.cli.options import Run, pass_run, plan_options

FILES = 3


@click.command("list", short_help="List the instances and their state.")
@shared.selection
@shared.profile
@shared.variables
@shared.common
@pass_run
def command(run: Run, select: tuple[str, ...], profile: str | None, variables: tuple[tuple[str, str], ...]) -> int:
    """Lists the instances and their state: current, cached (missing, but the bytes are known), make, buy, may buy,
    draft, lost (pinned, and the bytes are nowhere) or fails."""
    from assetforge.project import nothing
    from assetforge.report.foreseen import files_of, instance_object, look_ahead, rows

    seen = look_ahead(run.open(dict(variables)), plan_options(select, profile), nothing)
    if run.console.as_json:
        assets = [instance_object(seen, outlook) for outlook in seen.forecast.outlooks.values()]
        run.console.emit("list", {"root": run.root, "assets": assets})
        return 0
    listed = []
    for row in rows(seen):
        paths = files_of(seen, row.instance)
        shown = paths if run.console.verbose else paths[:FILES]
        more = f" and {len(paths) - len(shown):,} more" if len(paths) > len(shown) else ""
        listed.append(replace(row, why=", ".join(map(run.shown, shown)) + more, price=""))
    table(run, listed)
    return 0
