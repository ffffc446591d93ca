"""`assetforge pick`: which candidate is used, written into the manifest."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.choose.proposal import Proposal


MOST_DIGITS = 9


@click.command("pick", short_help="Use another candidate: sets `pick` in the manifest.")
@click.argument("asset", metavar="ASSET[:STEP]")
@click.argument("number", metavar="N")
@shared.common
@pass_run
def command(run: Run, asset: str, number: str) -> int:
    """Uses candidate N of ASSET, which is a name or one instance like icon[item=sword,theme=dark]; of ASSET:STEP,
    that of an edit. Sets `pick` in the file that defines the asset, and first says what the next build will buy for
    it: picking is free, and paid edits after it are bought for the new picture. Builds nothing."""
    from assetforge.choose.proposal import propose_pick

    return tell_and_write(run, "pick", propose_pick(run.open(), asset, _read(number)))


def _read(text: str) -> int:
    """The number of a candidate. Raises UsageError for any other text."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise UsageError(f"`{text}` is not the number of a candidate", hint="candidates are numbered from 1")
    return int(text)


def tell_and_write(run: Run, command: str, proposal: "Proposal") -> int:
    """Says what a proposal costs, writes it, and says where."""
    from assetforge.choose.proposal import write
    from assetforge.report.chosen import chosen_object, costs, summary

    console = run.console
    run.project = proposal.project
    if console.as_json:
        write(proposal)
        return run.emit(command, chosen_object(proposal), warnings=proposal.kept)
    for line in costs(proposal):
        console.print(line)
    write(proposal)
    for line in summary(proposal, run.shown(proposal.file)):
        console.print(line)
    run.show("warning", proposal.kept)
    return 0
