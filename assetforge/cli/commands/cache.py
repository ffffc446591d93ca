"""`assetforge cache`: looks after the store, which all projects of a user share."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.console import columns
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from assetforge.report.stored import Row

WRONG = 1


class Parts(click.Group):
    """The commands of a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from assetforge.words import did_you_mean

        names = self.list_commands(ctx)
        if args[0] not in names:
            hint = did_you_mean(args[0], names, "commands")
            raise UsageError(f"there is no command `{self.name} {args[0]}`", hint=hint)
        run = ctx.find_object(Run)
        if run is not None:
            run.command = f"{self.name} {args[0]}"
        return super().resolve_command(ctx, args)


@click.group("cache", cls=Parts, short_help="Look after the store.", invoke_without_command=True)
@shared.common
@click.pass_context
def command(context: click.Context) -> int:
    """Looks after the store: every picture that was bought, what is known of it, and what it cost. All projects on
    this machine share it, so that these work anywhere."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return UsageError.exit_code
    return 0


@command.command("verify", short_help="Is everything there and good? Exit with 1 if not.")
@shared.common
@pass_run
def verify(run: Run) -> int:
    """Looks at every picture, every record and every line of the ledger. A picture whose bytes have changed is
    dropped, and said; nothing else is changed. Exits with 1 and the list of what is wrong."""
    from assetforge.report.stored import audit_object, lines, problems, rows, unlisted, unread
    from assetforge.store import audit
    from assetforge.store.ledger import FILE

    folder = _folder(run)
    found = audit.verify(folder)
    errors = problems(found)
    warnings = unread(found.unreadable, str(folder / FILE), "what they tell of money is in no sum")
    warnings += unlisted(found)
    code = 0 if found.is_sound else WRONG
    if run.console.as_json:
        return run.emit("cache verify", audit_object(found), code, warnings=warnings, errors=errors)
    _table(run, rows(found))
    for line in lines(found):
        run.console.print(line)
    run.show("warning", warnings)
    run.show("error", errors)
    return code


@command.command("repair", short_help="Make records again from the ledger and the pictures.")
@shared.common
@pass_run
def repair(run: Run) -> int:
    """Makes the record of every bought picture that is here and has none, from the ledger, so that it is not bought
    again. A damaged database is moved aside before. Pictures are not touched; run it as often as you like."""
    from assetforge import mend
    from assetforge.report.stored import done, gone_rows, repair_object, unread
    from assetforge.store.ledger import FILE

    folder = _folder(run)
    repaired = mend.repair(folder)
    warnings = unread(repaired.unreadable, str(folder / FILE), "pictures that only they name get no record")
    if run.console.as_json:
        return run.emit("cache repair", repair_object(repaired), warnings=warnings)
    _table(run, gone_rows(repaired))
    for line in done(repaired):
        run.console.print(line)
    run.show("warning", warnings)
    return 0


def _folder(run: Run) -> "Path":
    from assetforge.config import load_settings

    return load_settings(run.console.environ).cache_dir


def _table(run: Run, found: "Iterable[Row]") -> None:
    """Rows with the columns under each other."""
    listed = list(found)
    words = max((len(row.word) for row in listed), default=0)
    names = min(max((columns(row.name) for row in listed), default=0), 60)
    amounts = max((len(row.amount) for row in listed), default=0)
    for row in listed:
        padding = " " * max(names - columns(row.name), 0)
        amount = f"  {row.amount:>{amounts}}" if amounts else ""
        run.console.print_pieces(
            [(f"{row.word:<{words}}  {row.name}{padding}{amount}", ""), (f"  {row.why}", "faint")]
        )
