"""`assetforge init`: a first manifest to learn from, and what git has to be told; never overwrites."""

import os
from importlib import resources

import click

from assetforge.cli import options as shared
from assetforge.cli.commands.schema import NAME as SCHEMA_NAME
from assetforge.cli.commands.schema import write_schema
from assetforge.cli.git_setup import Told, require_work_tree, set_up_git
from assetforge.cli.options import Run, pass_run
from assetforge.errors import AssetforgeError, Problem, UsageError
from assetforge.git import DRIVER

EVERY_CLONE = "every clone runs `assetforge init --git` once: git does not carry its settings from one to another"
NO_START = f"git can't start your own command to merge locks, `{DRIVER}`"
NO_START_HINT = f"correct it; or run `git config --unset {DRIVER}`, then `assetforge init --git`"


@click.command("init", short_help="Begin: a commented assets.toml and an editor schema.")
@click.option(
    "--template",
    type=click.Choice(["site", "icons", "localized"]),
    default="site",
    show_default=True,
    help="What to begin with.",
)
@click.option("--git", "with_git", is_flag=True, help="Set git up as well, also where assets.toml is there already.")
@shared.common
@pass_run
def command(run: Run, template: str, with_git: bool) -> int:
    """Begins a project here: a commented assets.toml, and the schema that editors complete from. Never overwrites.

    With --git, git learns to merge assets.lock: .gitattributes says so in the repository, .gitignore what is not
    committed, and the clone's own settings name the command, so every clone runs it once.
    """
    path = os.path.join(run.start, run.manifest or "assets.toml")
    if os.path.isdir(path):
        raise UsageError(f"`{path}` is a folder", hint="name the manifest, like -m assets.toml")
    folder = os.path.dirname(path) or "."
    if with_git:
        require_work_tree(folder)
    is_begun = with_git and os.path.lexists(path)
    done: dict[str, Told] = {}
    try:
        done |= {path: "left alone"} if is_begun else _begin(run, path, folder, template)
        done |= set_up_git(folder, _lock_name(path)) if with_git else {}
    except OSError as error:
        raise AssetforgeError(f"`{error.filename or path}` can't be written: {error.strerror}") from None
    _tell(run, {os.path.normpath(name).replace(os.sep, "/"): what for name, what in done.items()})
    if not run.console.as_json:
        if with_git:
            run.console.tell(EVERY_CLONE)
        if not is_begun:
            _tell_next(run, path)
    return 0


def _begin(run: Run, path: str, folder: str, template: str) -> dict[str, Told]:
    """The manifest and its schema. Raises OSError."""
    text = resources.files("assetforge.cli").joinpath("templates", f"{template}.toml").read_text("utf-8")
    done: dict[str, Told] = {path: _write(path, text)}
    run.manifest, run.folder = path, None
    schema = os.path.join(folder, SCHEMA_NAME)
    done[schema] = "left alone" if os.path.lexists(schema) else "wrote"
    if done[schema] == "wrote":
        write_schema(run)
    return done


def _lock_name(path: str) -> str:
    from assetforge.workspace import lock_name

    return lock_name(os.path.basename(path))


def _write(path: str, text: str) -> Told:
    """Writes a file that is not there."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return "left alone"
    return "wrote"


def _tell(run: Run, done: dict[str, Told]) -> None:
    warnings = [Problem(NO_START, None, NO_START_HINT)] if "does not start" in done.values() else []
    if run.console.as_json:
        files = [{"path": name, "what": what} for name, what in done.items()]
        run.emit("init", {"files": files}, warnings=warnings)
        return
    for name, what in done.items():
        run.console.print(_line(name, what))
    run.show("warning", warnings)


def _line(name: str, what: Told) -> str:
    if what == "left alone":
        known = "which is there already" if name.endswith((".toml", ".json")) else "which says it already"
        return f"{what} {name}, {known}"
    if what == "changed":
        return f"{what} {name}, whose command to merge locks would not start everywhere"
    return f"left alone {name}" if what == "does not start" else f"{what} {name}"


def _tell_next(run: Run, path: str) -> None:
    given = os.path.relpath(path, run.start).replace(os.sep, "/")
    where = "" if given == "assets.toml" else f" -m {given}"
    run.console.tell(
        f"next: `assetforge{where} build --draft` draws placeholders for nothing; "
        f"`assetforge{where} plan` tells the cost, and `assetforge{where} watch --serve` shows them all"
    )
