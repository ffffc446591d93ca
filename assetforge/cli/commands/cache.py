"""`assetforge cache`: looks after the store, which all projects of a user share; each of its commands is a module of
its own beside this one.
"""

import importlib

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run
from assetforge.errors import UsageError

# In the order of need.
PARTS = ("stats", "verify", "repair", "gc", "push", "pull", "export", "import")


class Parts(click.Group):
    """The commands of a command, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in PARTS:
            return None
        module = importlib.import_module(f"assetforge.cli.commands.cache_{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from assetforge.words import did_you_mean

        if args[0] not in PARTS:
            hint = did_you_mean(args[0], PARTS, "commands")
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
