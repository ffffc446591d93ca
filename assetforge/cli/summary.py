"""The end of a build, as people and programs read it: problems, then what was done."""

from assetforge.cli.github import add_table
from assetforge.cli.options import Run
from assetforge.cli.progress import Progress
from assetforge.model import Report
from assetforge.report.built import failures_of, lines, problems_of, report_object, spent, totals
from assetforge.words import money

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
    if console.in_github:
        _table(run, report, progress)
    return exit_code(report)


def _table(run: Run, report: Report, progress: Progress) -> None:
    rows = [[word, f"{number:,}"] for word, number in totals(report, progress.placed)]
    rows.append(["spent", spent(report) or money(0)])
    rows += [[f"failed: {failure.instance}", failure.problem.message] for failure in failures_of(report)]
    add_table(run.console.environ, "assetforge build", ("assets", ""), rows)
