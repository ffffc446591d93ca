"""`assetforge gallery`: every asset with its picture, as a folder that opens from disk."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from assetforge.cli import options as shared
from assetforge.cli.options import MOST_PORTS, Dollars, Run, Whole, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.cli.console import Console
    from assetforge.cli.display import Room, Row
    from assetforge.errors import Problem
    from assetforge.events import Event
    from assetforge.gallery.folder import Written
    from assetforge.gallery.gathering import Gathered
    from assetforge.gallery.previews import Tell
    from assetforge.project import Project


@click.command("gallery", short_help="Show every asset with its picture, as a page.")
@shared.selection
@click.option("--out", metavar="DIR", help="The folder to write, instead of assetforge-gallery beside the manifest.")
@click.option("--serve", is_flag=True, help="Serve the page on this machine instead: it keeps itself up to date.")
@click.option("--port", type=Whole(MOST_PORTS), metavar="N", help="The served page's port, instead of 4343.")
@click.option("--max-cost", type=Dollars(), metavar="USD", help="What may be spent from the served page.")
@shared.variables
@shared.common
@pass_run
def command(
    run: Run, /, select: tuple[str, ...], out: str | None, variables: tuple[tuple[str, str], ...], **given: Any
) -> int:
    """Writes a page with every asset: its picture, state, prompt, cost, each step before and after, and candidates
    side by side. It is one folder, opens from disk, and asks nobody for anything. Builds and spends nothing.

    A second run writes only what changed. What else is in the folder stays. With SELECT the page is of a part, says
    so, and takes the place of the whole one: give it a folder of its own with --out.

    With --serve no folder is written: the page is shown from here, follows what other commands do, and picks, rerolls
    and keeps pictures as those do. Pictures are bought only with --max-cost, each at the price that is shown."""
    if given["serve"]:
        return _serve(run, [*select, *([out] if out else [])], dict(variables), given)
    for option in ("port", "max_cost"):
        if given[option] is not None:
            raise UsageError(f"--{option.replace('_', '-')} is for --serve")
    from assetforge.gallery.folder import INDEX, mark_of, require_place, write_folder
    from assetforge.gallery.gathering import gather
    from assetforge.graph.select import select as choose

    project = run.open(dict(variables))
    names = choose(project.graph(), select) if select else None
    folder, shown = _folder(run, project, out)
    require_place(project, folder, shown)
    problems: list[Problem] = [*project.graph().warnings]
    with _telling(run.console) as tell:
        gathered = gather(project, lambda event: _keep(event, problems), names, tell=tell)
    page = _page(gathered, " ".join(select) or None, mark_of(project.root, project.manifest.file, folder))
    written = write_folder(Path(folder), page, gathered.pictures, shown=shown)
    line = line_for_git(run, project, folder) if written.is_new else ""
    return _tell(run, gathered, written, f"{shown}/{INDEX}".replace(os.sep, "/"), problems, line)


def _serve(run: Run, unfit: Sequence[str], variables: Mapping[str, str], given: Mapping[str, Any]) -> int:
    """The same page, live."""
    import asyncio

    from assetforge.cli.commands.watch import INTERRUPTED, open_page
    from assetforge.cli.session import Session, run_session
    from assetforge.cli.watching import Terminal
    from assetforge.gate import Options
    from assetforge.watch.followed import shown_by
    from assetforge.watch.purse import Purse
    from assetforge.watch.rounds import Looking

    if unfit:
        raise UsageError(f"--serve shows everything: `{unfit[0]}` is for a folder", hint="filter on the page")
    page = open_page(run, given["port"])
    purse = None if given["max_cost"] is None else Purse(given["max_cost"])
    session = Session(run.open(variables), Options(), Looking(), shown_by, purse, page)
    asyncio.run(run_session(session, Terminal(run, lambda report, placed: "")))  # noqa: ARG005 - it makes nothing
    return INTERRUPTED


def _folder(run: Run, project: "Project", out: str | None) -> tuple[str, str]:
    """Where the gallery goes, and how somebody here writes that."""
    from assetforge.gallery.folder import DEFAULT

    if out is None:
        return os.path.join(project.root.path, DEFAULT), run.shown(DEFAULT)
    if not out:
        raise UsageError("--out needs a folder", hint="leave it out, or name one")
    return os.path.abspath(os.path.join(run.start, out)), os.path.normpath(os.path.join(run.start, out))


def _keep(event: "Event", problems: "list[Problem]") -> None:
    from assetforge.events import Warned

    if isinstance(event, Warned):
        problems.append(event.problem)


@contextmanager
def _telling(console: "Console") -> "Iterator[Tell]":
    """Gives who counts pictures on a terminal as they are made."""
    from assetforge.gallery.previews import nobody

    if not console.is_live or console.as_json:
        yield nobody
        return
    from assetforge.cli.screen import Screen

    counted = [0, 0]

    def tell(done: int, total: int) -> None:
        counted[:] = max(done, counted[0]), total

    def draw(_: "Room") -> "list[Row]":
        told = "{:,} of {:,} pictures made".format(*counted) if counted[1] else "looking"
        return [((told, "faint"),)]

    screen = Screen(console, draw)
    try:
        yield tell
    finally:
        screen.close()


def _page(gathered: "Gathered", part: str | None, of: str) -> str:
    from assetforge.gallery.cards import page_object
    from assetforge.gallery.page import render

    return render(page_object(gathered.title, gathered.cards, part=part, of=of)).html


def _tell(
    run: Run, gathered: "Gathered", written: "Written", index: str, problems: "list[Problem]", line: str
) -> int:
    from assetforge.gallery.cards import State
    from assetforge.words import count

    number = Counter(card.state for card in gathered.cards)
    states = {state: number[state] for state in get_args(State)}
    if run.console.as_json:
        told = {"index": index, "assets": len(gathered.cards), "states": states, "pictures": len(gathered.pictures),
                "written": written.written, "removed": written.removed}  # fmt: skip
        return run.emit("gallery", told, warnings=problems)
    run.show("warning", problems)
    parts = [f"{states[state]:,} {state}" for state in states if states[state]]
    more = f" ({', '.join(parts)})" if len(parts) > 1 or states["failed"] else ""
    run.console.print(f"{index}: {count(len(gathered.cards), 'asset')}{more}, {_changed(written)}")
    if line:
        run.console.tell(line)
    return 0


def _changed(written: "Written") -> str:
    from assetforge.words import count

    removed = f", {count(written.removed, 'file')} removed" if written.removed else ""
    return (f"{count(written.written, 'file')} written" if written.written else "nothing to write") + removed


def line_for_git(run: Run, project: "Project", folder: str) -> str:
    """What to add to which file so that git does not see a folder, "" where it does not."""
    from assetforge.gallery.folder import INDEX
    from assetforge.git import is_ignored, open_repository

    real, root = os.path.realpath(folder), project.root.real
    try:
        repository = open_repository(real)
    except UsageError:  # there is no git, or no repository
        return ""
    if not repository.prefix or is_ignored(repository, INDEX):
        return ""
    if real.startswith(root + os.sep):
        path, ignored = os.path.relpath(real, root), run.shown(".gitignore")
    else:
        path, ignored = repository.prefix, "the .gitignore at the top of its repository"
    return f"git sees it: add `{path.replace(os.sep, '/').rstrip('/')}/` to {ignored}"
