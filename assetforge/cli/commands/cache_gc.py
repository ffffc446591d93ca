"""`assetforge cache gc`: removes from the store what no project uses."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import ask, folder_of, show_rows
from assetforge.errors import BudgetError

if TYPE_CHECKING:
    from assetforge.sweeping import Gone, Reach, Sweep


@click.command("gc", short_help="Remove what no project uses.")
@click.option("--paid", is_flag=True, help="What was paid for, too; shows what it costs to buy again.")
@click.option("--forget-gone", is_flag=True, help="Count projects that are not where they were as gone.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", "-y", is_flag=True, help="Remove without asking.")
@shared.common
@pass_run
def command(run: Run, paid: bool, forget_gone: bool, dry_run: bool, yes: bool) -> int:
    """Removes what no project uses any more: outputs and drafts, which are made again for nothing, and files that
    processes left which died. What was paid for, and what nobody knows, goes with --paid only, and never within a day
    after it came. Projects are those that were built on this machine; of each the lock counts that is there now, not
    those of other branches."""
    from assetforge.report.inventoried import gone_problems
    from assetforge.report.swept import gc_object, kept_words, sweep_rows, swept_words
    from assetforge.sweeping import carry_out, find_sweep

    folder = folder_of(run)
    reach: Reach = "paid" if paid else "free"
    gone: Gone = "forget" if forget_gone else "count"
    found = find_sweep(folder, reach, gone)
    warnings = [] if forget_gone else gone_problems(found.gone)
    if paid and found.is_unsure and not dry_run:
        raise BudgetError(
            "nobody can tell what the projects use that are not where they were, so nothing paid for is removed",
            hint="build those that moved; --forget-gone says that the others use nothing",
        )
    if not run.console.as_json:
        show_rows(run, sweep_rows(found))
        run.show("warning", warnings)
    if not (dry_run or yes or found.is_empty):
        _ask(run, found)
    swept = None if dry_run or found.is_empty else carry_out(folder, found, reach, gone)
    if run.console.as_json:
        return run.emit("cache gc", gc_object(found, swept), warnings=warnings)
    run.console.print(swept_words(found, swept))
    for line in kept_words(found, reach):
        run.console.print(line)
    return 0


def _ask(run: Run, found: "Sweep") -> None:
    from assetforge.report.swept import again, sum_words, would_words

    question = " ".join(filter(None, (f"remove {sum_words(found)}?", again(found))))
    ask(run, question, would_words(found), "pass --yes", "nothing was removed")
