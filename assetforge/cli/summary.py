"""The end of a build, as people and programs read it: problems, then what was done."""

from assetforge.cli.options import Run
from assetforge.cli.progress import Progress
from assetforge.model import Report
from assetforge.report.built import failures_of, is_idle, lines, problems_of, report_object, spent, totals
from assetforge.words import count, money

FAILED = 1
OVER_BUDGET = 4
INTERRUPTED = 130


def exit_code(report: Report) -> int:
    """How the process ends after a build that was started."""
    if report.interrupted:
        return INTERRUPTED
    if report.stopped == "budget":
        return OVER_BUDGET
    return FAILED if report.failed else 0


def summarise(run: Run, report: Report, progress: Progress) -> int:
    """Prints what a build did and returns the exit code."""
    console = run.console
    warnings = (*report.warnings, *progress.warnings)
    run.outputs |= outputs_of(report)
    if console.as_json:
        failures = tuple(failure.problem for failure in report.failed)
        told = report_object(report, progress.placed)
        return run.emit(run.command, told, exit_code(report), warnings=warnings, errors=failures)
    failures = tuple(problems_of(report))
    run.show("warning", warnings)
    if warnings and failures:
        console.tell("")
    run.show("error", failures)
    if (warnings or failures) and not console.quiet:
        console.tell("")
    if not console.quiet:
        for line in lines(report, progress.placed):
            console.print(line)
    if report.interrupted:
        console.tell("interrupted: what was paid for is kept, and the next build goes on from here")
    _add_table(run, report, progress)
    return exit_code(report)


def outputs_of(report: Report) -> dict[str, str]:
    """What later steps of a workflow may ask of a build. Money in US dollars; of unknown cost, the most it can be."""
    return {
        "bought": str(report.bought),
        "spent": f"{report.spent:.4f}",
        "saved": f"{report.saved:.4f}",
    }


def _add_table(run: Run, report: Report, progress: Progress) -> None:
    if not run.console.in_github:
        return
    rows = [[word, f"{number:,}"] for word, number in totals(report, progress.placed) if number]
    if report.emitted:
        rows.append(["emitted", f"{len(report.emitted):,}"])
    rows += [
        [f"reused from the {origin}", count(number, "picture")] for origin, number in sorted(report.reused.items())
    ]
    rows += [["spent", spent(report).replace(" spent on ", " on ") or money(0)], ["saved", money(report.saved)]]
    if report.unanswered:
        rows.append(
            ["perhaps billed for nothing", f"{count(report.unanswered, 'call')}, up to {money(report.doubtful)}"]
        )
    rows += [[f"failed: {failure.instance}", failure.problem.message] for failure in failures_of(report)]
    listed = [] if is_idle(report) else rows
    run.add_table("assetforge build", ("assets", ""), listed, lead=lines(report, progress.placed))
