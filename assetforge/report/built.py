"""What a build did, as a JSON object and as lines and rows for people."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from assetforge.errors import Problem
from assetforge.events import Placed
from assetforge.model import Report
from assetforge.words import count, money, nothing_to_do, seconds, some

# From so many on, assets that fail for one and the same reason are told together.
MANY = 4
_NAMED = re.compile(r"`([^`]+)`(:? .*)", re.DOTALL)


def lines(report: Report, placed: Sequence[Placed]) -> Iterator[str]:
    """The summary: what was made, restored, reused, drafted, failed, skipped, spent and saved. `placed` are the
    files that were written."""
    if is_idle(report):
        drafts = f", {len(report.drafted):,} of them drafted" if report.drafted else ""
        yield nothing_to_do(report.current + len(report.drafted)) + drafts
        return
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


def problems_of(report: Report) -> list[Problem]:
    """What failed, in the manifest's order. What many assets fail for alike is said once, with their names."""
    groups: dict[tuple[str, str | None], list[tuple[str, Problem]]] = {}
    for failure in report.failed:
        found = _NAMED.match(failure.problem.message)
        name, told = (found[1], found[2]) if found else ("", failure.problem.message)
        groups.setdefault((told, failure.problem.hint), []).append((name, failure.problem))
    problems = []
    for (told, hint), members in groups.items():
        if len(members) < MANY:
            problems += [problem for _, problem in members]
        else:
            names = some([name for name, _ in members], 4)
            problems.append(Problem(f"{len(members):,} times{told}: {names}", None, hint))
    return problems


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
        "stopped": report.stopped,
        "interrupted": report.interrupted,
    }
