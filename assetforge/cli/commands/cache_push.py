"""`assetforge cache push`: send what the lock names to the remote."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run


@click.command("push", short_help="Send what the lock names to the remote.")
@click.option("--remote", metavar="URL", help="This remote, whatever is said elsewhere.")
@shared.common
@pass_run
def command(run: Run, remote: str | None) -> int:
    """Sends every picture that the project's lock names and the store has to the remote, where it is not there yet:
    for a remote that came later than the pictures, or that could not be written to."""
    from assetforge.carrying import push
    from assetforge.cli.carried import show_carried

    project = run.open()
    with project.at_work(), project.workspace() as space:
        return show_carried(run, "push", push(space, remote))
