"""`assetforge check`: do manifest, lock and files agree? For CI; without network and store."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import NotCurrent, Problem

if TYPE_CHECKING:
    from assetforge.check import Disagreement
    from assetforge.events import Event
    from assetforge.project import Project


@click.command("check", short_help="Do manifest, lock and files agree? Exit with 3 if not.")
@click.option("--lock-only", is_flag=True, help="Not the files: for outputs that git ignores.")
@shared.variables
@shared.common_with("Each picture and file of an asset that has placeholders; all warnings.")
@pass_run
def command(run: Run, lock_only: bool, variables: tuple[tuple[str, str], ...]) -> int:
    """Says whether manifest, lock and files agree. Calls nobody, needs no store, writes nothing; exits with 3 and
    the list of what does not agree."""
    from assetforge.events import Warned
    from assetforge.words import current

    project = run.open(dict(variables))
    warned: list[Problem] = []

    def hear(event: "Event") -> None:
        if isinstance(event, Warned):
            warned.append(event.problem)

    found = project.check(files=not lock_only, listen=hear)
    warnings = (*project.graph().warnings, *warned)
    code = NotCurrent.exit_code if found else 0
    if run.console.as_json:
        listed = [{"instance": one.instance, "subject": one.subject, "reason": one.reason} for one in found]
        return run.emit("check", {"current": not found, "disagreements": listed}, code, warnings=warnings)
    run.show("warning", warnings)
    if found:
        _tell(run, project, found)
    elif not run.console.quiet:
        run.console.print(current(len(project.graph().instances)))
    return code


def _tell(run: Run, project: "Project", found: "list[Disagreement]") -> None:
    """The list, and what to do; in GitHub Actions annotations at the assets' lines and a table as well."""
    from assetforge.check import gathered
    from assetforge.words import count

    graph = project.graph()
    instances = graph.instances
    lines = (
        [(one.subject, one.reason) for one in found]
        if run.console.verbose
        else gathered(found, {name: instance.asset for name, instance in instances.items()})
    )
    for subject, reason in lines:
        run.console.print(f"{subject}: {reason}")
    told = f"manifest, lock and files do not agree on {count(len(found), 'thing')}"
    hint = "run `assetforge build`, and commit the lock and the files"
    run.show_only("error", [Problem(told, None, hint)])
    if run.console.in_github:
        from assetforge.cli.github import add_table

        wrong: dict[str, list[str]] = {}
        for one in found:
            wrong.setdefault(one.instance, []).append(f"{one.subject}: {one.reason}")
        places = {name: instance.where for name, instance in instances.items()}
        places |= {name: emit.where for name, emit in graph.emits.items()}
        run.annotate("error", [Problem("; ".join(what), places[name]) for name, what in wrong.items()])
        add_table(run.console.environ, "assetforge check", ("what", "why"), lines)
