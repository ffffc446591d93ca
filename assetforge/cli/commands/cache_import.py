"""`assetforge cache import`: takes a file that `cache export` wrote on another machine."""

import os

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import folder_of

WRONG = 1


@click.command("import", short_help="Take such a file into the store.")
@click.argument("file", metavar="FILE.tar")
@shared.common
@pass_run
def command(run: Run, file: str) -> int:
    """Takes the pictures and records of a file that `cache export` wrote. Each is proven first, and what is here
    already stays as it is; run it as often as you like. Exits with 1 where something in it is not taken. What the
    pictures had cost is no spending of yours."""
    from assetforge.importing import import_file
    from assetforge.report.shipped import import_object, import_problems, import_words

    imported = import_file(folder_of(run), os.path.normpath(os.path.join(run.start, file)))
    errors = import_problems(imported)
    code = WRONG if errors else 0
    if run.console.as_json:
        return run.emit("cache import", import_object(imported), code, errors=errors)
    run.console.print(import_words(imported))
    run.show("error", errors)
    return code
