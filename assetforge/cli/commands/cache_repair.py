"""`assetforge cache repair`: makes records again from the ledger and the pictures."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import folder_of, show_rows


@click.command("repair", short_help="Make records again from the ledger and the pictures.")
@shared.common
@pass_run
def command(run: Run) -> int:
    """Makes the record of every bought picture that is here and has none, from the ledger, so that it is not bought
    again. A damaged database is moved aside before. Pictures are not touched; run it as often as you like."""
    from assetforge import mend
    from assetforge.report.stored import done, gone_rows, repair_object, unread
    from assetforge.store.ledger import FILE

    folder = folder_of(run)
    repaired = mend.repair(folder)
    warnings = unread(repaired.unreadable, str(folder / FILE), "pictures that only they name get no record")
    if run.console.as_json:
        return run.emit("cache repair", repair_object(repaired), warnings=warnings)
    show_rows(run, gone_rows(repaired))
    for line in done(repaired):
        run.console.print(line)
    run.show("warning", warnings)
    return 0
