"""`assetforge check`: do manifest, lock and files agree? For CI; without network and store."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import NotCurrent


@click.command("check", short_help="Do manifest, lock and files agree? Exit with 3 if not.")
@click.option("--lock-only", is_flag=True, help="Not the files: for outputs that git ignores.")
@shared.variables
@shared.common
@pass_run
def command(run: Run, lock_only: bool, variables: tuple[tuple[str, str], ...]) -> int:
    """Says whether manifest, lock and files agree. Calls nobody, needs no store, writes nothing; exits with 3 and
    the list of what does not agree."""
    from assetforge.words import count

    project = run.open(dict(variables))
    found = project.check(files=not lock_only)
    warnings = project.graph().warnings
    code = NotCurrent.exit_code if found else 0
    if run.console.as_json:
        listed = [{"instance": one.instance, "subject": one.subject, "reason": one.reason} for one in found]
        whole = {"root": run.root, "current": not found, "disagreements": listed, "warnings": run.objects(warnings)}
        run.console.emit("check", {**whole, "exit_code": code})
        return code
    run.show("warning", warnings)
    for one in found:
        run.console.print(f"{one.subject}: {one.reason}")
    if found:
        told = f"manifest, lock and files do not agree on {count(len(found), 'thing')}"
        raise NotCurrent(told, hint="run `assetforge build`, and commit the lock and the files")

    if not run.console.quiet:
        run.console.print(f"{count(len(project.graph().instances), 'asset')} current")
    return code
