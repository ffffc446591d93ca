"""`assetforge list`: the instances and their state."""

import click

from assetforge.cli import options as shared
from assetforge.cli.commands.plan import table
from assetforge.cli.options import Run, pass_run, plan_options

FILES = 3


@click.command("list", short_help="List the instances and their state.")
@shared.selection
@shared.profile
@shared.variables
@shared.common_with("All files of each asset, not the first 3.")
@pass_run
def command(run: Run, select: tuple[str, ...], profile: str | None, variables: tuple[tuple[str, str], ...]) -> int:
    """Lists the instances and their state: current, restore (missing, but the bytes are known), make, may make, buy,
    may buy, draft (a placeholder is there), lost (pinned, and the bytes are nowhere) or fails."""
    from assetforge.project import nothing
    from assetforge.report.foreseen import look_ahead
    from assetforge.report.planned import Row, files_of, listed_object, state_of

    seen = look_ahead(run.open(dict(variables)), plan_options(select, profile), nothing)
    if run.console.as_json:
        return run.emit("list", {"assets": listed_object(seen)}, warnings=seen.graph.warnings)
    listed = []
    for outlook in seen.forecast.outlooks.values():
        paths = files_of(seen, outlook.instance)
        shown = paths if run.console.verbose else paths[:FILES]
        more = f" and {len(paths) - len(shown):,} more" if len(paths) > len(shown) else ""
        files = ", ".join(map(run.shown, shown)) + more
        listed.append(Row(state_of(seen, outlook), outlook.instance, files, ""))
    table(run, listed)
    return 0
