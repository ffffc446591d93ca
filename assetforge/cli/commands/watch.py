"""`assetforge watch`: builds whenever something changes that a build has read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from assetforge.cli import options as shared
from assetforge.cli.options import MOST_PORTS, Dollars, Run, Whole, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    import socket

    from assetforge.cli.watching import Terminal
    from assetforge.project import Project

INTERRUPTED = 130


@click.command("watch", short_help="Build whenever something changes.")
@shared.selection
@click.option("--live", is_flag=True, help="Buy what is missing, within --max-cost.")
@click.option("--max-cost", type=Dollars(), metavar="USD", help="What may be spent for as long as it runs.")
@click.option("--serve", is_flag=True, help="Show all pictures on a page that keeps itself up to date.")
@click.option("--port", type=Whole(MOST_PORTS), metavar="N", help="The page's port, instead of 4343.")
@click.option("--exec", "command_line", metavar="CMD", help="Run this after each build that changed a file.")
@click.option("--remote", metavar="URL", help="Share with this remote; `none` for no remote.")
@click.option("-j", "--jobs", type=Whole(), metavar="N", help="Pictures worked on here at once.")
@shared.variables
@shared.common_with("Each call as it starts, each file on a terminal too; all problems.")
@pass_run
def command(run: Run, /, variables: tuple[tuple[str, str], ...], command_line: str | None, **given: Any) -> int:
    """Builds, and again whenever a file changes that a build has read: the manifest, what it includes, data,
    templates, source pictures, fonts. Placeholders stand in for pictures that are not bought yet, until `build` buys
    them, or --live does. Enter builds again, also what failed before; Ctrl-C ends it.

    SELECT is as for `build`.
    """
    from assetforge.cli.afterwards import read_command
    from assetforge.cli.summary import round_line
    from assetforge.cli.watching import Terminal

    _check(given)
    words = read_command(command_line) if command_line is not None else ()
    page = open_page(run, given["port"]) if given["serve"] else None
    project = run.open(dict(variables))
    terminal = Terminal(run, round_line)
    import asyncio

    asyncio.run(_watch(terminal, project, given, words, page))
    return INTERRUPTED


def open_page(run: Run, port: int | None) -> "socket.socket":
    """A socket for the page. Raises UsageError where there can't be one."""
    from assetforge.live.extra import require_extra

    require_extra(f"assetforge {run.command}")
    from assetforge.live.serving import listen

    return listen(port)


def _check(given: Mapping[str, Any]) -> None:
    """Raises UsageError for options that need each other."""
    if given["live"] and given["max_cost"] is None:
        raise UsageError("--live buys pictures, and needs a limit", hint="pass --max-cost with the most it may cost")
    if given["max_cost"] is not None and not (given["live"] or given["serve"]):
        hint = "pass --live to buy what is missing, or --serve to approve it on the page"
        raise UsageError("--max-cost alone buys nothing: a watch draws placeholders", hint=hint)
    if given["port"] is not None and not given["serve"]:
        raise UsageError("--port is for --serve")


async def _watch(
    terminal: "Terminal",
    project: "Project",
    given: Mapping[str, Any],
    words: tuple[str, ...],
    page: "socket.socket | None",
) -> None:
    from assetforge.cli.session import Session, run_session
    from assetforge.gate import Options
    from assetforge.watch.followed import followed_by
    from assetforge.watch.purse import Purse
    from assetforge.watch.rounds import Buying, Drafting, Rounds

    options = Options(select=given["select"], remote=given["remote"], jobs=given["jobs"])
    purse = None if given["max_cost"] is None else Purse(given["max_cost"])
    rounds: Rounds = Buying(options, purse) if given["live"] and purse is not None else Drafting(options)
    await run_session(Session(project, options, rounds, followed_by, purse, page, words), terminal)
