"""`assetforge cache pull`: fetch what the lock names from the remote."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run


@click.command("pull", short_help="Fetch what the lock names from the remote.")
@click.option("--remote", metavar="URL", help="This remote, whatever is said elsewhere.")
@shared.common
@pass_run
def command(run: Run, remote: str | None) -> int:
    """Fetches every picture that the project's lock names and the store has not, so that this machine can build, and
    change sizes and formats, without the remote. Exits with 1 where bought pictures are nowhere."""
    from assetforge.carrying import pull
    from assetforge.cli.carried import show_carried

    project = run.open()
    with project.at_work(), project.workspace() as space:
        return show_carried(run, "pull", pull(space, remote))
