"""`assetforge build`: makes everything, or what is selected, up to date."""

import os
from typing import TYPE_CHECKING, Any, Literal

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Declined, Dollars, Run, Whole, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.cli.progress import Progress
    from assetforge.gate import Options
    from assetforge.model import Report
    from assetforge.plan.forecast import Forecast
    from assetforge.project import Project


@click.command("build", short_help="Make everything up to date.")
@shared.selection
@click.option(
    "--on-miss",
    type=click.Choice(["call", "draft", "fail"]),
    help="What to do about a picture that nobody has: buy it (call, the default), draw a placeholder, "
    "or stop before anything is done.",
)
@shared.draft
@click.option("--locked", is_flag=True, help="Only what the lock has: call nobody, leave the lock alone.")
@click.option("--max-cost", type=Dollars(), metavar="USD", help="Start no call that could take the build past this.")
@click.option("--yes", "-y", is_flag=True, help="Spend without asking, up to the limits there are.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done (= plan).")
@click.option("--overwrite", is_flag=True, help="Replace files of yours that are in the way.")
@click.option("--reencode", is_flag=True, help="Write every output again; buys nothing.")
@click.option("--rebuy-lost", is_flag=True, help="Buy pinned pictures again whose bytes are nowhere; asks first.")
@click.option("--retry-refused", is_flag=True, help="Ask again for what a provider found unfit before.")
@click.option("--fail-fast", is_flag=True, help="Start nothing more after the first failure.")
@shared.verify
@shared.profile
@click.option("--remote", metavar="URL", help="Share with this remote; `none` for no remote.")
@click.option("-j", "--jobs", type=Whole(), metavar="N", help="Pictures worked on here at once.")
@shared.variables
@shared.common_with("Each call as it starts, each file on a terminal too; all problems.")
@pass_run
def command(run: Run, /, variables: tuple[tuple[str, str], ...], dry_run: bool, **given: Any) -> int:
    """Makes everything, or what is selected, up to date.

    SELECT is a name or a glob (icon*), an instance (icon[theme=dark]), tag:NAME or output:GLOB; a + after it adds
    what depends on it, a ! before it takes away.
    """
    options = _options(run, given)
    project = run.open(dict(variables))
    if dry_run:
        from assetforge.cli.commands.plan import show_plan

        return show_plan(run, project, options)
    before = _lock_of(run, project)
    report, progress = _build(run, project, options)
    from assetforge.cli.summary import summarise

    wrote = progress.placed or report.emitted or _lock_of(run, project) != before
    run.outputs["changed"] = "true" if wrote else "false"
    return summarise(run, report, progress)


def _lock_of(run: Run, project: "Project") -> bytes | None:
    """The bytes of the lock; None where there is none, or nobody who is told whether it changed."""
    from assetforge.workspace import lock_name

    if not run.console.has_runner:
        return None
    try:
        with open(os.path.join(project.root.path, lock_name(project.file)), "rb") as file:
            return file.read()
    except OSError:
        return None


def _options(run: Run, given: dict[str, Any]) -> "Options":
    from assetforge.gate import Options

    on_miss: Literal["call", "draft", "fail"] = given["on_miss"] or ("draft" if given["draft"] else "call")
    if given["draft"] and on_miss != "draft":
        raise UsageError(f"--draft and --on-miss {on_miss} exclude each other")
    if given["locked"] and on_miss == "draft":
        raise UsageError("--locked and drafts exclude each other: a draft is never in the lock")
    if given["locked"] and given["rebuy_lost"]:
        raise UsageError("--locked and --rebuy-lost exclude each other: one buys, the other never does")
    kept = (
        "select",
        "locked",
        "max_cost",
        "yes",
        "reencode",
        "rebuy_lost",
        "retry_refused",
        "fail_fast",
        "verify",
        "profile",
        "jobs",
        "remote",
    )
    return Options(
        on_miss=on_miss, guard="overwrite" if given["overwrite"] else "ask",
        consent=_consent(run) if run.console.can_ask else None, **{name: given[name] for name in kept},
    )  # fmt: skip


def _consent(run: Run) -> Any:
    def ask(forecast: "Forecast", told: str) -> bool:
        for purchase in forecast.purchases[:10]:
            price = "price unknown" if purchase.price is None else f"${purchase.price:,.4f}"
            run.console.tell(f"  {purchase.step}#{purchase.candidate}  {price}")
        if len(forecast.purchases) > 10:
            run.console.tell(f"  and {len(forecast.purchases) - 10:,} more")
        if not click.confirm(f"{told}. Go on?", default=False, err=True):
            raise Declined("nothing was bought")
        return True

    return ask


def _build(run: Run, project: "Project", options: "Options") -> "tuple[Report, Progress]":
    import asyncio

    from assetforge.cli.interrupts import Interrupts
    from assetforge.cli.progress import open_progress
    from assetforge.run.stop import Stop

    stop = Stop()
    with open_progress(run.console, run.shown) as progress, Interrupts(stop, progress) as interrupts:

        async def work() -> "Report":
            with interrupts.waking(asyncio.get_running_loop()):
                return await project.build(options, progress.hear, stop)

        try:
            return asyncio.run(work()), progress
        except Exception:
            # What was heard of money until then is said, though there is no summary.
            progress.leave()
            if not run.console.as_json:
                run.show("warning", progress.warnings)
            raise
