"""`assetforge cache`: looks after the store, which all projects of a user share; each of its commands is a module of
its own beside this one.
"""

import click

from assetforge.cli import options as shared
from assetforge.cli.groups import Commands
from assetforge.errors import UsageError

# In the order of need.
PARTS = ("stats", "verify", "repair", "gc", "push", "pull", "export", "import")


@click.group(
    "cache", cls=Commands, names=PARTS, owner="cache", short_help="Look after the store.", invoke_without_command=True
)
@shared.common
@click.pass_context
def command(context: click.Context) -> int:
    """Looks after the store: every picture that was bought, what is known of it, and what it cost. All projects on
    this machine share it, so that these work anywhere."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return UsageError.exit_code
    return 0
