"""`assetforge spend`: what was paid, from the ledger of the store, in all projects."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.report.excerpt import columns

if TYPE_CHECKING:
    from assetforge.report.spending import By, Spending


@click.command("spend", short_help="Say what was paid.")
@click.option("--since", metavar="DATE", help="From a day on, or a month: 2026-11-01, 2026-11.")
@click.option(
    "--by",
    type=click.Choice(["project", "asset", "model", "month", "day"]),
    help="Add up by this, not by month and project.",
)
@shared.common
@pass_run
def command(run: Run, since: str | None, by: "By | None") -> int:
    """Says what was paid, in all projects on this machine, and what calls without an answer may have cost besides.
    Dates are of UTC. Works anywhere, reads the ledger of the store, writes nothing."""
    from assetforge.config import load_settings
    from assetforge.report.spending import add_up, first_day, remarks, spending_object
    from assetforge.report.stored import unread
    from assetforge.store.layout import open_store
    from assetforge.store.month import Month

    settings = load_settings(run.console.environ)
    limit = settings.max_usd_per_month
    now = datetime.now(UTC).isoformat()
    with open_store(settings.cache_dir) as store:
        told = add_up(store.ledger, by, "" if since is None else first_day(since))
        booked = Month(store.ledger, store.inflight, store.month_lock, limit or 0.0, lambda: now).booked()
        warnings = unread(told.unreadable, str(store.ledger.path), "what they tell of money is in no sum here")
    if run.console.as_json:
        return run.emit("spend", spending_object(told, now[:7], booked, limit), warnings=warnings)
    run.show("warning", warnings)
    if told.rows:
        _print(run, told)
    else:
        run.console.print(f"nothing was paid since {told.since}" if told.since else "nothing was paid yet")
    for line in remarks(told, booked, limit):
        run.console.print(line)
    return 0


def _print(run: Run, told: "Spending") -> None:
    """The table under its headings: names to the left, numbers to the right."""
    from assetforge.report.spending import cells

    listed = list(cells(told))
    names = [max(map(columns, column)) for column in zip(*(row[0] for row in listed), strict=True)]
    numbers = [max(map(len, column)) for column in zip(*(row[1] for row in listed), strict=True)]
    for number, row in enumerate(listed):
        left = "  ".join(name + " " * (width - columns(name)) for name, width in zip(row[0], names, strict=True))
        right = "  ".join(f"{text:>{width}}" for text, width in zip(row[1], numbers, strict=True))
        style = "" if number else "faint"
        run.console.print_pieces([(f"{left}  {right}", style), (f"  {row[2]}" if row[2] else "", "faint")])
