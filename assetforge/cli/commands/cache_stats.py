"""`assetforge cache stats`: what is in the store, what it cost, and who uses it."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import folder_of, show_rows


@click.command("stats", short_help="Say what is in the store, what it cost, and who uses it.")
@shared.common
@pass_run
def command(run: Run) -> int:
    """Says how much of the store was paid for, and what that cost; what is made again for nothing; which projects on
    this machine use how much of it, and what none uses. Reads no picture, and changes nothing."""
    from assetforge.inventory import take_inventory
    from assetforge.report.inventoried import (
        gone_problems,
        kind_rows,
        part_rows,
        stats_object,
        unread_problems,
        use_rows,
        weigh,
    )

    folder = folder_of(run)
    inventory = take_inventory(folder)
    parts = weigh(folder)
    warnings = [*gone_problems(inventory.uses), *unread_problems(inventory.uses)]
    if run.console.as_json:
        return run.emit("cache stats", stats_object(folder, inventory, parts), warnings=warnings)
    run.console.print(str(folder))
    for table in (kind_rows(inventory), part_rows(parts), use_rows(inventory)):
        if table:
            run.console.print()
            show_rows(run, table)
    run.show("warning", warnings)
    return 0
