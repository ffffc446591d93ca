"""`assetforge cache verify`: is everything in the store there, and good?"""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import folder_of, show_rows

WRONG = 1


@click.command("verify", short_help="Is everything there and good? Exit with 1 if not.")
@shared.common
@pass_run
def command(run: Run) -> int:
    """Looks at every picture, every record and every line of the ledger. A picture whose bytes have changed is
    dropped, and said; nothing else is changed. Exits with 1 and the list of what is wrong."""
    from assetforge.report.stored import audit_object, lines, problems, rows, unlisted, unread
    from assetforge.store import audit
    from assetforge.store.ledger import FILE

    folder = folder_of(run)
    found = audit.verify(folder)
    errors = problems(found)
    warnings = unread(found.unreadable, str(folder / FILE), "what they tell of money is in no sum")
    warnings += unlisted(found)
    code = 0 if found.is_sound else WRONG
    if run.console.as_json:
        return run.emit("cache verify", audit_object(found), code, warnings=warnings, errors=errors)
    show_rows(run, rows(found))
    for line in lines(found):
        run.console.print(line)
    run.show("warning", warnings)
    run.show("error", errors)
    return code
