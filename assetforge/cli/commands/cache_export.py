"""`assetforge cache export`: what a project, or the whole store, has, as a file for another machine."""

import os
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.cli.store import folder_of
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.exporting import Exported

WRONG = 1


@click.command("export", short_help="Write what another machine needs into a file.")
@click.argument("file", metavar="FILE.tar")
@shared.selection
@click.option("--all", "everything", is_flag=True, help="The whole store, not one project.")
@click.option("--paid-only", is_flag=True, help="Leave out what is made again for nothing.")
@shared.common
@pass_run
def command(run: Run, file: str, select: tuple[str, ...], everything: bool, paid_only: bool) -> int:
    """Writes the pictures that the project's lock names into a tar, with what is known of them: those that were
    bought, and the outputs. `cache import` takes it on another machine, which then builds the project without a call.
    The same lock and store give the same bytes."""
    from assetforge.report.shipped import export_object, export_problems, export_words, unlocked_problems

    if everything and select:
        raise UsageError("--all takes no selection", hint="leave out one of them")
    path = os.path.normpath(os.path.join(run.start, file))
    exported = _export_all(run, path, paid_only) if everything else _export(run, path, select, paid_only)
    errors, warnings = export_problems(exported), unlocked_problems(exported)
    code = WRONG if errors else 0
    if run.console.as_json:
        return run.emit("cache export", export_object(file, exported), code, warnings=warnings, errors=errors)
    run.console.print(export_words(file, exported))
    run.show("warning", warnings)
    run.show("error", errors)
    return code


def _export_all(run: Run, path: str, paid_only: bool) -> "Exported":
    from assetforge.exporting import export_store
    from assetforge.store.use import in_use

    folder = folder_of(run)
    if not folder.is_dir():
        raise UsageError(f"there is no store in `{folder}`", hint="build a project first")
    with in_use(folder):
        return export_store(folder, path, free=not paid_only)


def _export(run: Run, path: str, select: tuple[str, ...], paid_only: bool) -> "Exported":
    from assetforge.exporting import export_lock, needed_by
    from assetforge.graph.select import select as choose

    project = run.open()
    graph = project.graph()
    with project.at_work(), project.workspace() as space:
        if not space.lock.lines:
            raise UsageError(
                "the project has no lock, which says what to export", hint="run `assetforge build` first"
            )
        return export_lock(space, needed_by(graph, choose(graph, select)), path, free=not paid_only)
