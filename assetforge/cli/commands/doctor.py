"""`assetforge doctor`: is this machine ready to build?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.config import Settings
    from assetforge.project import Project
    from assetforge.providers.access import Access
    from assetforge.providers.spec import ProviderTable
    from assetforge.report.finding import Finding

WRONG = 1
STYLES = {"ok": "good", "warn": "warning", "fail": "error"}


@click.command("doctor", short_help="Is this machine ready to build?")
@click.option(
    "--online", is_flag=True, help="Ask each provider for its models, with your key, and the remote; that is free."
)
@shared.common
@pass_run
def command(run: Run, online: bool) -> int:
    """Looks at versions, your settings, the store, the manifest, and each provider's trust, key, models and prices,
    and tells which limits of money are in force. Changes nothing, and without --online calls nobody. Exits with 1
    where something fails."""
    from datetime import date

    from assetforge.report.checkup import Patient, findings
    from assetforge.report.checkup_settings import readable_settings

    today = date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    readable = readable_settings(run.console.environ)
    project = _project(run, readable.settings)
    patient = Patient(run.console.environ, readable, project, today, _ask if online else None)
    found = list(findings(patient))
    code = WRONG if any(one.level == "fail" for one in found) else 0
    if run.console.as_json:
        return run.emit("doctor", {"well": code == 0, "findings": [_object(run, one) for one in found]}, code)
    for one in found:
        if one.level != "ok" or not run.console.quiet:
            _tell(run, one)
    return code


def _project(run: Run, settings: "Settings") -> "Project | None":
    """The project that is meant, None where there is none."""
    try:
        return run.open(settings=settings)
    except UsageError:
        if run.manifest is not None:
            raise
        return None


def _ask(access: "Access", table: "ProviderTable") -> Mapping[str, str | None]:
    import asyncio

    from assetforge.providers.listing import ask_models

    return asyncio.run(ask_models(access, table))


def _tell(run: Run, one: "Finding") -> None:
    (told,) = run.told([one.problem])
    place = f"{told.file}:{told.place.line}:{told.place.column}: " if told.place else ""
    run.console.print_pieces(
        [(f"{one.level:<4}", STYLES[one.level]), (f"  {one.subject}: {place}{told.message}", "")]
    )
    if told.hint:
        run.console.print_pieces([("      hint:", "hint"), (f" {told.hint}", "")])


def _object(run: Run, one: "Finding") -> dict[str, Any]:
    (told,) = run.objects([one.problem])
    return {"level": one.level, "subject": one.subject, **told}
