"""The end of a build, as people and programs read it: problems, then what was done."""

from collections.abc import Sequence

from assetforge.cli.console import Console
from assetforge.cli.options import Run
from assetforge.cli.progress import Progress
from assetforge.cli.screen import size_of
from assetforge.events import Placed
from assetforge.model import Report
from assetforge.report.built import (
    failures_of,
    head,
    is_idle,
    parts,
    problems_of,
    report_object,
    spent,
    totals,
)
from assetforge.report.excerpt import columns
from assetforge.words import count, left_behind, money, most, seconds

FAILED = 1
OVER_BUDGET = 4
INTERRUPTED = 130
# The column of verbs, and the least that is left for what they are about.
VERBS, NARROWEST = 8, 20
STYLE_OF = {"failed": "error", "drafted": "warning", "lost": "warning"}
# So many files of a round are named.
MOST_FILES = 4


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
        _print(console, report, progress.placed)
    if report.interrupted:
        console.tell("interrupted: what was paid for is kept, and the next build goes on from here")
    _add_table(run, report, progress)
    return exit_code(report)


def _print(console: Console, report: Report, placed: Sequence[Placed]) -> None:
    """The summary, its verbs in a column. On a terminal what is too long for a line goes on below its beginning."""
    size = size_of(console.out)
    console.print(head(report, placed))
    for part in parts(report, placed):
        first, *others = folded(part.what, max(size[0] - VERBS - 2, NARROWEST)) if size else [part.what]
        console.print_pieces([(f"{part.verb:<{VERBS}}  ", STYLE_OF.get(part.verb, "faint")), (first, "")])
        for other in others:
            console.print(" " * (VERBS + 2) + other)
    if report.left_behind:
        console.print(left_behind(report.left_behind))


def folded(text: str, width: int) -> list[str]:
    """A text in lines of at most so many columns, broken at spaces; a longer word has a line of its own."""
    told: list[str] = []
    for word in text.split(" "):
        if told and columns(told[-1]) + 1 + columns(word) <= width:
            told[-1] += f" {word}"
        else:
            told.append(word)
    return told


def round_line(report: Report, placed: Sequence[Placed]) -> str:
    """A build of many in one line: `made hero.png, hero.webp in 0.3 s`."""
    did = [
        f"{verb} {_files([one.path for one in placed if one.how == how])}"
        for how, verb in (("made", "made"), ("restored", "restored"), ("drafted", "drew"))
        if any(one.how == how for one in placed)
    ]
    did += [f"emitted {_files(report.emitted)}"] if report.emitted else []
    told = [f"{', '.join(did)} in {seconds(report.seconds)}" if did else "interrupted" if report.interrupted else ""]
    failed = len({failure.instance for failure in report.failed})
    told += [f"{failed:,} failed"] if failed else []
    told += [f"{len(report.skipped):,} skipped"] if report.skipped else []
    told += [f"spent {money_spent}"] if (money_spent := spent(report)) else []
    if is_idle(report) or not any(told):
        told = ["nothing to do"]
    if report.drafted:
        told.append(f"{len(report.drafted):,} drafted{_offer(report.draft_price)}")
    return "; ".join(filter(None, told))


def _files(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= MOST_FILES else count(len(paths), "file")


def _offer(price: float | None) -> str:
    if price == 0:
        return ""
    return " (buying: price unknown)" if price is None else f" (buying: up to {most(price)})"


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
    rows += [["spent", spent(report) or money(0)], ["saved", money(report.saved)]]
    if report.drafted and report.draft_price:
        rows.append(["buying what is drafted", f"up to {most(report.draft_price)}"])
    if report.unanswered:
        rows.append(
            ["perhaps billed for nothing", f"{count(report.unanswered, 'call')}, up to {most(report.doubtful)}"]
        )
    rows += [[f"failed: {failure.instance}", failure.problem.message] for failure in failures_of(report)]
    listed = [] if is_idle(report) else rows
    lead = [head(report, progress.placed)]
    lead += [left_behind(report.left_behind)] if report.left_behind else []
    run.add_table("assetforge build", ("assets", ""), listed, lead=lead)
