"""`assetforge plan`: what a build would do, why, and what it would cost; writes nothing."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run, plan_options
from assetforge.errors import NotCurrent, Problem
from assetforge.report.excerpt import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assetforge.events import Event
    from assetforge.gate import Options
    from assetforge.project import Project
    from assetforge.report.foreseen import Foreseen
    from assetforge.report.planned import Row

FAILS = 1
STYLES = {"buy": "warning", "may buy": "warning", "lost": "error", "fails": "error", "current": "faint"}


@click.command("plan", short_help="Say what a build would do, and what it would cost.")
@shared.selection
@click.option("--exit-code", "tells", is_flag=True, help="Exit with 3 when there is something to do.")
@click.option("--remote", "asks_remote", is_flag=True, help="Look at what the shared remote has, too.")
@shared.draft
@shared.verify
@shared.profile
@shared.variables
@shared.common_with("Current assets too, and each call's size, price, key and uploads; all problems.")
@pass_run
def command(
    run: Run,
    select: tuple[str, ...],
    tells: bool,
    asks_remote: bool,
    draft: bool,
    verify: bool,
    profile: str | None,
    variables: tuple[tuple[str, str], ...],
) -> int:
    """Says what a build would do: per asset what and why, calls and their cost, and which of your files would be
    sent where. Writes nothing; asks nobody, but with --remote the remote that machines share."""
    project = run.open(dict(variables))
    options = plan_options(select, profile, draft=draft, verify=verify)
    return show_plan(run, project, options, tells=tells, asks_remote=asks_remote)


def show_plan(
    run: Run, project: "Project", options: "Options", *, tells: bool = False, asks_remote: bool = False
) -> int:
    """Prints a plan and returns the exit code."""
    from assetforge.events import Warned
    from assetforge.report.foreseen import look_ahead
    from assetforge.report.planned import foreseen_object

    warned: list[Problem] = []

    def hear(event: "Event") -> None:
        if isinstance(event, Warned):
            warned.append(event.problem)

    seen = look_ahead(project, options, hear, asks_remote=asks_remote)
    warnings = (*seen.graph.warnings, *seen.forecast.remarks, *warned, *seen.lacking)
    code = FAILS if seen.problems else NotCurrent.exit_code if tells and not seen.is_current else 0
    if run.console.as_json:
        return run.emit("plan", foreseen_object(seen), code, warnings=warnings, errors=seen.problems)
    _print(run, seen)
    run.show("warning", warnings)
    run.show("error", seen.problems)
    return code


def _print(run: Run, seen: "Foreseen") -> None:
    from assetforge.report.planned import calls_of, emit_rows, remarks, rows
    from assetforge.words import count, nothing_to_do

    console = run.console
    every = list(rows(seen))
    current = sum(row.word == "current" for row in every)
    every += emit_rows(seen)
    listed = every if console.verbose else [row for row in every if row.word != "current"]
    table(run, listed, (lambda name: calls_of(seen, name)) if console.verbose else None)
    told = [nothing_to_do(current)] if seen.is_current else []
    if not seen.is_current and current and not console.verbose:
        told = [f"{count(current, 'asset')} current"]
    told += remarks(seen)
    for line in told:
        console.print(line)
    cells = [(row.word, row.instance, row.why, row.price) for row in listed]
    run.add_table("assetforge plan", ("what", "asset", "why", "cost"), cells, lead=told)


def table(run: Run, listed: "list[Row]", more: "Callable[[str], Iterable[str]] | None" = None) -> None:
    """Rows with the columns under each other. `more` gives lines to show below an instance."""
    words = max((len(row.word) for row in listed), default=0)
    names = min(max((columns(row.instance) for row in listed), default=0), 60)
    prices = max((len(row.price) for row in listed), default=0)
    for row in listed:
        padding = " " * max(names - columns(row.instance), 0)
        price = f"  {row.price:>{prices}}" if prices else ""
        why = f"  {row.why}" if row.why else ""
        run.console.print_pieces(
            [
                (f"{row.word:<{words}}", STYLES.get(row.word, "")),
                (f"  {row.instance}{padding if price or why else ''}", ""),
                (price if why or row.price else "", ""),
                (why, "faint"),
            ]
        )
        for line in more(row.instance) if more else ():
            run.console.print(f"{' ' * words}    {line}", "faint")
