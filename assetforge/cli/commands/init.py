"""`assetforge init`: a first manifest to learn from; never overwrites."""

import os
from importlib import resources
from typing import Literal

import click

from assetforge.cli import options as shared
from assetforge.cli.commands.schema import NAME as SCHEMA_NAME
from assetforge.cli.commands.schema import write_schema
from assetforge.cli.options import Run, pass_run
from assetforge.errors import AssetforgeError, UsageError

Told = Literal["wrote", "left alone"]


@click.command("init", short_help="Begin: a commented assets.toml and an editor schema.")
@click.option(
    "--template",
    type=click.Choice(["site", "icons", "localized"]),
    default="site",
    show_default=True,
    help="What to begin with.",
)
@shared.common
@pass_run
def command(run: Run, template: str) -> int:
    """Begins a project here: a commented assets.toml, and the schema that editors complete from. Never overwrites."""
    path = os.path.join(run.start, run.manifest or "assets.toml")
    if os.path.isdir(path):
        raise UsageError(f"`{path}` is a folder", hint="name the manifest, like -m assets.toml")
    folder = os.path.dirname(path) or "."
    text = resources.files("assetforge.cli").joinpath("templates", f"{template}.toml").read_text("utf-8")
    done: dict[str, Told] = {}
    try:
        done[path] = _write(path, text)
        run.manifest, run.folder = path, None
        schema = os.path.join(folder, SCHEMA_NAME)
        done[schema] = "left alone" if os.path.lexists(schema) else "wrote"
        if done[schema] == "wrote":
            write_schema(run)
    except OSError as error:
        raise AssetforgeError(f"`{error.filename or path}` can't be written: {error.strerror}") from None
    _tell(run, path, {os.path.normpath(name).replace(os.sep, "/"): what for name, what in done.items()})
    return 0


def _write(path: str, text: str) -> Told:
    """Writes a file that is not there."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return "left alone"
    return "wrote"


def _tell(run: Run, path: str, done: dict[str, Told]) -> None:
    if run.console.as_json:
        run.emit("init", {"files": [{"path": name, "what": what} for name, what in done.items()]})
        return
    for name, what in done.items():
        run.console.print(f"{what} {name}" + (", which is there already" if what == "left alone" else ""))
    given = os.path.relpath(path, run.start).replace(os.sep, "/")
    where = "" if given == "assets.toml" else f" -m {given}"
    run.console.tell(
        f"next: `assetforge{where} build --draft` draws placeholders for nothing; "
        f"`assetforge{where} plan` tells the cost"
    )
