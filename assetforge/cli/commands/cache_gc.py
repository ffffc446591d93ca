"""`assetforge cache gc`: removes from the store what no project uses."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import ask, folder_of, show_rows
from assetforge.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assetforge.errors import Problem
    from assetforge.sweeping import Gone, Reach, Sweep


# By --paid and --by-hand.
REACHES: "Mapping[tuple[bool, bool], Reach]" = {
    (False, False): "free",
    (True, False): "paid",
    (False, True): "by hand",
    (True, True): "all",
}


@click.command("gc", short_help="Remove what no project uses.")
@click.option("--paid", is_flag=True, help="What was paid for, too; shows what it costs to buy again.")
@click.option("--by-hand", is_flag=True, help="What was made by hand, too; nobody can make it again.")
@click.option("--forget-gone", is_flag=True, help="Count projects that are not where they were as gone.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", "-y", is_flag=True, help="Remove without asking.")
@shared.common
@pass_run
def command(run: Run, paid: bool, by_hand: bool, forget_gone: bool, dry_run: bool, yes: bool) -> int:
    """Removes what no project uses any more: outputs and drafts, which are made again for nothing, and files that
    processes left which died. What was paid for, and what nobody knows, goes with --paid only, what was made by hand
    with --by-hand only, and neither within a day after it came. Projects are those that were built on this machine;
    of each the lock counts that is there now, not those of other branches."""
    from assetforge.report.inventoried import gone_problems, unread_problems
    from assetforge.report.swept import gc_object, kept_words, sweep_rows, swept_words
    from assetforge.sweeping import carry_out, find_sweep

    folder = folder_of(run)
    reach = REACHES[paid, by_hand]
    gone: Gone = "forget" if forget_gone else "count"
    found = find_sweep(folder, reach, gone)
    warnings = [*gone_problems(found.counted), *unread_problems(found.unread)]
    if found.is_unsure and not dry_run:
        raise _unsure(found, warnings)
    if not run.console.as_json:
        show_rows(run, sweep_rows(found))
        run.show("warning", warnings)
    if not (dry_run or yes or found.is_empty):
        _ask(run, found)
    swept = None if dry_run or found.is_empty else carry_out(folder, found, reach, gone)
    if run.console.as_json:
        return run.emit("cache gc", gc_object(found, swept), warnings=warnings)
    run.console.print(swept_words(found, swept))
    for line in kept_words(found):
        run.console.print(line)
    return 0


def _unsure(found: "Sweep", problems: "Sequence[Problem]") -> BudgetError:
    """Why nothing goes that was paid for: first what --forget-gone could settle."""
    if all(use.known.is_nameless for use in found.counted):
        return BudgetError(f"nothing paid for is removed: {problems[0].message}", hint=problems[0].hint)
    return BudgetError(
        "nobody can tell what the projects use that are not where they were, so nothing is removed",
        hint="build those that moved; --forget-gone says that the others use nothing",
    )


def _ask(run: Run, found: "Sweep") -> None:
    from assetforge.report.swept import again, sum_words, would_words

    question = " ".join(filter(None, (f"remove {sum_words(found)}?", again(found))))
    ask(run, question, would_words(found), "pass --yes", "nothing was removed")
