"""Groups of commands, each of which is a module of its own and imported when it is asked for."""

import importlib
from typing import Any

import click

from assetforge.cli.options import Run
from assetforge.errors import UsageError
from assetforge.words import did_you_mean


class Commands(click.Group):
    """Commands by their names, in the order of need: `--help` of one does not load the others. Those of a command
    have its name before theirs, as `cache gc`, and `cache_gc` is their module."""

    def __init__(self, *arguments: Any, names: tuple[str, ...], owner: str = "", **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._names = names
        self._owner = owner

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._names:
            return None
        module = f"{self._owner} {cmd_name}".strip().replace(" ", "_").replace("-", "_")
        command: click.Command = importlib.import_module(f"assetforge.cli.commands.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        whole = f"{self._owner} {args[0]}".strip()
        if args[0] not in self._names:
            hint = did_you_mean(args[0], self._names, "commands")
            raise UsageError(f"there is no command `{whole}`", hint=hint)
        run = ctx.find_object(Run)
        if run is not None:
            run.command = whole
        return super().resolve_command(ctx, args)
