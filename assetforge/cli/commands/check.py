"""`assetforge check`: do manifest, lock and files agree? For CI; without network and store."""

from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import NotCurrent, Problem

if TYPE_CHECKING:
    from assetforge.check import Checked
    from assetforge.events import Event
    from assetforge.project import Project


@click.command("check", short_help="Do manifest, lock and files agree? Exit with 3 if not.")
@click.option("--lock-only", is_flag=True, help="Not the files: for outputs that git ignores.")
@shared.variables
@shared.common_with("Each picture and file of an asset that has placeholders; all warnings.")
@pass_run
def command(run: Run, lock_only: bool, variables: tuple[tuple[str, str], ...]) -> int:
    """Says whether manifest, lock and files agree. Calls nobody, needs no store, writes nothing; exits with 3 and
    the list of what does not agree, with what would have to be bought for it."""
    from assetforge.check import cost_of
    from assetforge.events import Warned
    from assetforge.report.disagreeing import cost_object, disagreement_object

    project = run.open(dict(variables))
    warned: list[Problem] = []

    def hear(event: "Event") -> None:
        if isinstance(event, Warned):
            warned.append(event.problem)

    seen = project.checked(files=not lock_only, listen=hear)
    found, warnings = seen.disagreements, (*project.graph().warnings, *warned)
    code = NotCurrent.exit_code if found else 0
    if run.console.as_json:
        told = {
            "current": not found,
            "disagreements": [disagreement_object(one) for one in found],
            "cost": cost_object(cost_of(found)),
            "orphans": list(seen.orphans),
        }
        return run.emit("check", told, code, warnings=warnings)
    run.show("warning", warnings)
    _tell(run, project, seen)
    return code


def _tell(run: Run, project: "Project", seen: "Checked") -> None:
    """The list, and what to do; in GitHub Actions annotations at the assets' lines and a table as well."""
    from assetforge.report.disagreeing import as_problems, lines_of
    from assetforge.words import current, orphaned

    found, instances = seen.disagreements, project.graph().instances
    assets = None if run.console.verbose else {name: instance.asset for name, instance in instances.items()}
    lines = lines_of(found, assets)
    for subject, reason in lines:
        run.console.print(f"{subject}: {reason}")
    if not run.console.quiet:
        if not found:
            run.console.print(current(len(instances)))
        if seen.orphans:
            run.console.print(orphaned(seen.orphans))
    lead = [current(len(instances))]
    if found:
        problem = _problem(project, seen)
        run.show_only("error", [problem])
        run.annotate("error", as_problems(found))
        lead = [problem.message, f"hint: {problem.hint}"]
    run.add_table("assetforge check", ("what", "why"), lines, lead=lead)


def _problem(project: "Project", seen: "Checked") -> Problem:
    from assetforge.check import cost_of
    from assetforge.words import count
    from assetforge.workspace import lock_name

    name = lock_name(project.file)
    told = f"manifest, lock and files do not agree on {count(len(seen.disagreements), 'thing')}"
    told = told if seen.has_lock else f"there is no `{name}`, so {told}"
    buying = cost_of(seen.disagreements).told or "nothing would have to be bought"
    return Problem(f"{told}; {buying}", None, "run `assetforge build`, and commit the lock and the files")
