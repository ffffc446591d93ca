"""`assetforge reroll`: another picture for the same request, by a revision in the manifest."""

import click

from assetforge.cli import options as shared
from assetforge.cli.commands.pick import tell_and_write
from assetforge.cli.options import Run, pass_run


@click.command("reroll", short_help="Ask for another picture: raises `revision` in the manifest.")
@click.argument("asset", metavar="ASSET[:STEP]")
@shared.common
@pass_run
def command(run: Run, asset: str) -> int:
    """Asks for another picture of ASSET, which is a name or one instance like icon[item=sword,theme=dark]; of
    ASSET:STEP, for another of an edit. Raises `revision` in the file that defines the asset, and first says what the
    next build will buy. Builds nothing, and what was bought before is kept."""
    from assetforge.choose.proposal import propose_reroll

    return tell_and_write(run, "reroll", propose_reroll(run.open(), asset))
