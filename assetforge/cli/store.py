"""What the commands that look after the store share: where it is, tables of what is in it, and asking before anything
goes.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assetforge.cli.options import Declined, Run
from assetforge.errors import BudgetError
from assetforge.report.excerpt import columns

if TYPE_CHECKING:
    from assetforge.report.stored import Row

WIDEST = 60


def folder_of(run: Run) -> Path:
    """The user's store. Raises UsageError for settings that are wrong."""
    from assetforge.config import load_settings

    return load_settings(run.console.environ).cache_dir


def show_rows(run: Run, found: "Iterable[Row]") -> None:
    """Rows with the columns under each other."""
    listed = list(found)
    words = max((len(row.word) for row in listed), default=0)
    names = min(max((columns(row.name) for row in listed), default=0), WIDEST)
    amounts = max((len(row.amount) for row in listed), default=0)
    for row in listed:
        padding = " " * max(names - columns(row.name), 0)
        amount = f"  {row.amount:>{amounts}}" if amounts else ""
        name = f"  {row.name}{padding}" if names else ""
        why = [(f"  {row.why}", "faint")] if row.why else []
        run.console.print_pieces([(f"{row.word:<{words}}{name}{amount}", ""), *why])


def ask(run: Run, question: str, told: str, hint: str, declined: str) -> None:
    """Returns where somebody says yes. Raises BudgetError, which says what was `told` and what to do, where there is
    nobody to ask, and Declined."""
    if not run.console.can_ask:
        raise BudgetError(told, hint=hint)
    if not click.confirm(question, default=False, err=True):
        raise Declined(declined)
