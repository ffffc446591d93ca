"""`assetforge history`: every picture that an asset has had."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run

if TYPE_CHECKING:
    from assetforge.report.pinned import Row

Piece = tuple[str, str]
SHOWN = 100


@click.command("history", short_help="Every picture that an asset has had.")
@click.argument("asset", metavar="ASSET[:STEP]")
@shared.variables
@shared.common_with("Whole prompts.")
@pass_run
def command(run: Run, asset: str, variables: tuple[tuple[str, str], ...]) -> int:
    """Lists every picture of ASSET that the lock and this machine know of, of each generation and edit (or only of
    STEP) the newest first: key, date, cost, model, size, how it came, and what changed in the prompt. `restore` takes
    the key."""
    from assetforge.pins.history import history
    from assetforge.pins.named import paid_steps
    from assetforge.report.pinned import past_object, rows

    project = run.open(dict(variables))
    graph = project.graph()
    with project.workspace() as space:
        listed = list(rows(history(space, paid_steps(graph, asset))))
    if run.console.as_json:
        return run.emit("history", {"pictures": [past_object(row) for row in listed]}, warnings=graph.warnings)
    for line in _lines(listed, whole=run.console.verbose):
        run.console.print_pieces(line)
    if not listed:
        run.console.print(f"no picture of {asset} yet")
    return 0


def _lines(listed: "list[Row]", *, whole: bool) -> Iterator[list[Piece]]:
    from assetforge.cli.commands.explain import diff_pieces
    from assetforge.report.pinned import facts_of

    step = ""
    told: set[tuple[str, str | None]] = set()
    for row in listed:
        if row.past.step.id != step:
            step = row.past.step.id
            yield [(step, "good")]
        yield [(f"  {facts_of(row)}", "")]
        if row.prompt is None or (row.past.request, row.prompt) in told:
            continue
        told.add((row.past.request, row.prompt))
        if row.diff and not whole:
            yield [("            ", ""), *diff_pieces(row.diff)]
        elif whole or not row.diff:
            yield [(f"            {_shown(row.prompt, whole=whole)}", "faint")]


def _shown(prompt: str, *, whole: bool) -> str:
    text = " ".join(prompt.split())
    return text if whole or len(text) <= SHOWN else f"{text[:SHOWN]}…"
