"""`assetforge diff`: which pictures changed since a git revision."""

import os
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import NotCurrent, Problem, UsageError
from assetforge.report.excerpt import columns

if TYPE_CHECKING:
    from assetforge.compare.comparing import Comparison
    from assetforge.compare.page import Target
    from assetforge.compare.reasons import Explained
    from assetforge.git import Repository
    from assetforge.project import Project
    from assetforge.workspace import Workspace

STYLES = {"changed": "warning", "added": "added", "removed": "removed"}


@click.command("diff", short_help="Say which pictures changed since a git revision.")
@click.argument("revision", metavar="[REV]", default="HEAD")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown, fit for a comment on a pull request.")
@click.option("--html", "into", metavar="DIR", help="Write a page with both pictures of each change into DIR.")
@click.option("--exit-code", "tells", is_flag=True, help="Exit with 3 when something changed.")
@shared.variables
@shared.common_with("All warnings and errors, not the first 50 of each.")
@pass_run
def command(
    run: Run,
    revision: str,
    as_markdown: bool,
    into: str | None,
    tells: bool,
    variables: tuple[tuple[str, str], ...],
) -> int:
    """Says which pictures changed since REV (HEAD), and why; A..B compares two commits, A...B what changed in B since
    it left A. The locks are what is compared. Nothing is fetched, and nothing is written but DIR."""
    from assetforge.compare.comparing import compare
    from assetforge.compare.told import comparison_object
    from assetforge.events import Event, Warned
    from assetforge.gallery.opening import opened
    from assetforge.git import open_repository

    if into == "":
        raise UsageError("--html needs a folder", hint="name one")
    if run.console.as_json and as_markdown:
        raise UsageError("`--json` and `--markdown` are two forms of one thing", hint="leave one out")
    project = run.open(dict(variables))
    warned: list[Problem] = []

    def hear(event: Event) -> None:
        if isinstance(event, Warned):
            warned.append(event.problem)

    repository = open_repository(project.root.path)
    target = _target(run, project, into) if into is not None else None
    with opened(project, hear) as space:
        told = compare(project, space, repository, revision)
        page = _write_page(run, space, repository, told, target) if target is not None else None
    code = NotCurrent.exit_code if tells and told.changes else 0
    if run.console.as_json:
        return run.emit("diff", {**comparison_object(told), "page": page}, code, warnings=warned)
    _show(run, told, as_markdown=as_markdown)
    run.show("warning", warned)
    return code


def _target(run: Run, project: "Project", into: str) -> "Target":
    from assetforge.compare.page import Target

    folder = os.path.abspath(os.path.join(run.start, into))
    target = Target(project, folder, os.path.normpath(os.path.join(run.start, into)))
    target.require()
    return target


def _write_page(
    run: Run, space: "Workspace", repository: "Repository", told: "Comparison", target: "Target"
) -> dict[str, object]:
    """Writes the page and says where it is; the same for JSON."""
    from assetforge.cli.commands.gallery import line_for_git
    from assetforge.compare.page import write_page
    from assetforge.words import count

    page = write_page(space, repository, told, target)
    line = line_for_git(run, target.project, target.folder) if page.is_new else ""
    run.console.tell(f"wrote {page.path} with {count(page.pictures, 'picture')}")
    if page.lacking:
        run.console.tell(f"{count(page.lacking, 'picture')} left out, whose bytes are nowhere here", "warning")
    if line:
        run.console.tell(line)
    return {"path": page.path, "pictures": page.pictures, "lacking": page.lacking}


def _show(run: Run, told: "Comparison", *, as_markdown: bool) -> None:
    from assetforge.compare.markdown import as_markdown as markdown
    from assetforge.compare.told import rows, summary, title_of

    lead = [str(line) for line in (summary(told), *told.notes)]
    if as_markdown:
        run.console.print(markdown(told).rstrip("\n"))
    else:
        _table(run, told.changes)
        for line in lead:
            run.console.print(line)
    run.add_table(f"assetforge diff: {title_of(told)}", ("what", "asset", "why", "cost"), rows(told), lead=lead)


def _table(run: Run, changes: "tuple[Explained, ...]") -> None:
    """A line for each change, and of each prompt that changed what is other in it."""
    from assetforge.cli.commands.explain import diff_pieces
    from assetforge.compare.told import price_of, why_of

    words = max((len(one.change.how) for one in changes), default=0)
    names = min(max((columns(one.change.name) for one in changes), default=0), 60)
    prices = max((len(price_of(one.change)) for one in changes), default=0)
    for one in changes:
        how, name, price = one.change.how, one.change.name, price_of(one.change)
        padding = " " * max(names - columns(name), 0)
        run.console.print_pieces(
            [
                (f"{how:<{words}}", STYLES.get(how, "")),
                (f"  {name}{padding}", ""),
                (f"  {price:>{prices}}" if prices else "", ""),
                (f"  {why_of(one)}", "faint"),
            ]
        )
        for each in one.prompts:
            label = f"{each.step}: " if len(one.prompts) > 1 else ""
            run.console.print_pieces([(f"{' ' * words}    {label}", "faint"), *diff_pieces(each.diff)])
