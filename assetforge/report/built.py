"""What a build did, as a JSON object and as lines and rows for people."""

from collections.abc import Iterator
from typing import Any

from assetforge.model import Report
from assetforge.words import count, money, nothing_to_do, seconds


def lines(report: Report) -> Iterator[str]:
    """The summary: what was made, reused, drafted, failed, skipped, spent and saved."""
    if is_idle(report):
        drafts = f", {len(report.drafted):,} of them drafted" if report.drafted else ""
        yield nothing_to_do(report.current + len(report.drafted)) + drafts
        return
    parts = [f"{number:,} {word}" for word, number in totals(report) if number]
    yield f"{', '.join(parts) or 'nothing made'} in {seconds(report.seconds)}"
    money_parts = list(_money(report))
    if money_parts:
        yield ", ".join(money_parts)


def is_idle(report: Report) -> bool:
    """Whether everything was current from the start."""
    done = (report.made, report.placed, report.failed, report.skipped, report.calls)
    return not any(done) and not report.interrupted


def totals(report: Report) -> tuple[tuple[str, int], ...]:
    """How many assets ended how."""
    failed = {failure.instance for failure in report.failed}
    return (
        ("made", len(report.made)),
        ("current", report.current),
        ("drafted", len(report.drafted)),
        ("failed", len(failed)),
        ("skipped", len(report.skipped)),
    )


def _money(report: Report) -> Iterator[str]:
    if report.spent:
        yield f"{money(report.spent)} spent in {count(report.calls, 'call')}"
    if report.unknown_costs:
        yield f"{count(report.unknown_costs, 'call')} of unknown cost"
    reused = sum(report.reused.values())
    if reused:
        sources = ", ".join(f"{number:,} from the {origin}" for origin, number in sorted(report.reused.items()))
        yield f"{count(reused, 'picture')} reused ({sources})"
    if report.saved:
        yield f"{money(report.saved)} saved"


def report_object(report: Report) -> dict[str, Any]:
    """The report as JSON, without its problems. Paths are relative to the root, money is US dollars."""
    return {
        "made": list(report.made),
        "placed": sorted(report.placed),
        "current": report.current,
        "reused": dict(sorted(report.reused.items())),
        "drafted": list(report.drafted),
        "failed": list(dict.fromkeys(failure.instance for failure in report.failed)),
        "skipped": list(report.skipped),
        "calls": report.calls,
        "spent": report.spent,
        "unknown_costs": report.unknown_costs,
        "saved": report.saved,
        "seconds": round(report.seconds, 3),
        "stopped": report.stopped,
        "interrupted": report.interrupted,
    }
