"""What a build did, as a JSON object and as lines and rows for people."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from assetforge.errors import Problem, Where
from assetforge.events import Placed
from assetforge.model import Failure, Report
from assetforge.report.gathering import MANY, NAMED, gathered, said
from assetforge.words import count, left_behind, money, nothing_to_do, seconds, some

# So many outputs of an asset are named that fail alike.
MOST_OUTPUTS = 2


def lines(report: Report, placed: Sequence[Placed]) -> Iterator[str]:
    """The summary: what was made, restored, reused, drafted, failed, skipped, spent, saved and left behind. `placed`
    are the files that were written."""
    yield from _idle(report) if is_idle(report) else _done(report, placed)
    if report.left_behind:
        yield left_behind(report.left_behind)


def _idle(report: Report) -> Iterator[str]:
    drafts = f", {len(report.drafted):,} of them drafted" if report.drafted else ""
    yield nothing_to_do(report.current + len(report.drafted)) + drafts


def _done(report: Report, placed: Sequence[Placed]) -> Iterator[str]:
    parts = [f"{number:,} {word}" for word, number in totals(report, placed) if number]
    parts += [f"emitted {some(report.emitted, 4)}"] if report.emitted else []
    yield f"{', '.join(parts) or 'nothing made'} in {seconds(report.seconds)}"
    money_parts = list(_money(report))
    if money_parts:
        yield ", ".join(money_parts)


def is_idle(report: Report) -> bool:
    """Whether everything was current from the start."""
    done = (report.made, report.placed, report.emitted, report.failed, report.skipped, report.calls)
    return not any(done) and not report.interrupted


def restored(report: Report, placed: Sequence[Placed]) -> tuple[str, ...]:
    """Of the finished instances those for which nothing was made: the bytes of all files were known."""
    hows: dict[str, set[str]] = {}
    for one in placed:
        hows.setdefault(one.instance, set()).add(one.how)
    return tuple(name for name in report.made if hows.get(name) == {"restored"})


def totals(report: Report, placed: Sequence[Placed]) -> tuple[tuple[str, int], ...]:
    """How many assets ended how."""
    failed = {failure.instance for failure in report.failed}
    back = len(restored(report, placed))
    return (
        ("restored", back),
        ("made", len(report.made) - back),
        ("current", report.current),
        ("drafted", len(report.drafted)),
        ("failed", len(failed)),
        ("skipped", len(report.skipped)),
    )


def _money(report: Report) -> Iterator[str]:
    if told := spent(report):
        yield told
    if report.unanswered:
        yield f"{count(report.unanswered, 'call')} may have been billed for nothing (up to {money(report.doubtful)})"
    reused = sum(report.reused.values())
    if reused:
        sources = ", ".join(f"{number:,} from the {origin}" for origin, number in sorted(report.reused.items()))
        yield f"{count(reused, 'picture')} reused ({sources})"
    if report.saved:
        yield f"{money(report.saved)} saved by not buying them again"


def spent(report: Report) -> str:
    """What was spent, "" for nothing. A call of unknown cost counts with the most it can have cost."""
    bought, unknown = count(report.bought, "picture"), report.unknown_costs
    if not unknown:
        return f"{money(report.spent)} spent on {bought}" if report.spent else ""
    told = f"up to {money(report.spent)} spent on {bought}" if report.spent else bought
    return f"{told}, {count(unknown, 'call')} of unknown cost"


def failures_of(report: Report) -> list[Failure]:
    """What failed, in the manifest's order. What several outputs of an asset fail for alike is said once."""
    return _told_once(_in_order(report.failed))


def problems_of(report: Report) -> list[Problem]:
    """The same without instances. What many assets fail for alike at one place is said once too, with their names."""
    groups: dict[tuple[str, str | None, Where | None], list[Failure]] = {}
    for failure in _in_order(report.failed):
        problem = failure.problem
        groups.setdefault((_named(problem)[1], problem.hint, problem.where), []).append(failure)
    problems: list[Problem] = []
    for (told, hint, where), members in groups.items():
        names = list(dict.fromkeys(failure.instance for failure in members))
        if len(names) < MANY:
            problems += (failure.problem for failure in _told_once(members))
        else:
            about = told if told.startswith((":", " ")) else f": {told}"
            many = count(len(names), "emit" if names[0].startswith("emit:") else "asset")
            problems.append(Problem(f"{many}{about}: {some(names, NAMED)}", where, hint))
    return gathered(problems)


def _in_order(failures: Sequence[Failure]) -> list[Failure]:
    """An asset's failures by what they are about: its outputs are made in threads, and fail in any order."""
    place = {name: index for index, name in enumerate(dict.fromkeys(failure.instance for failure in failures))}
    return sorted(failures, key=lambda failure: (place[failure.instance], _named(failure.problem)[0]))


def _told_once(failures: Iterable[Failure]) -> list[Failure]:
    groups: dict[tuple[str, str, str | None, Where | None], list[str]] = {}
    for failure in failures:
        name, told = _named(failure.problem)
        groups.setdefault((failure.instance, told, failure.problem.hint, failure.problem.where), []).append(name)
    return [
        Failure(instance, Problem(some(names, MOST_OUTPUTS) + told if names[0] else told, where, hint))
        for (instance, told, hint, where), names in groups.items()
    ]


def _named(problem: Problem) -> tuple[str, str]:
    """What a message is about, "" where it begins otherwise, and what it says of it."""
    found = said(problem)
    return (found.name, found.told) if found.form == "about" else ("", problem.message)


def report_object(report: Report, placed: Sequence[Placed]) -> dict[str, Any]:
    """The report as JSON, without its problems. Paths are relative to the root, money is US dollars."""
    back = restored(report, placed)
    return {
        "made": [name for name in report.made if name not in set(back)],
        "restored": list(back),
        "placed": [{"path": one.path, "how": one.how} for one in sorted(placed, key=lambda one: one.path)],
        "emitted": list(report.emitted),
        "current": report.current,
        "reused": dict(sorted(report.reused.items())),
        "drafted": list(report.drafted),
        "failed": list(dict.fromkeys(failure.instance for failure in report.failed)),
        "skipped": list(report.skipped),
        "calls": report.calls,
        "bought": report.bought,
        "spent": report.spent,
        "unknown_costs": report.unknown_costs,
        "doubtful": report.doubtful,
        "unanswered": report.unanswered,
        "saved": report.saved,
        "seconds": round(report.seconds, 3),
        "left_behind": list(report.left_behind),
        "stopped": report.stopped,
        "interrupted": report.interrupted,
    }
