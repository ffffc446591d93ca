"""What a build did, as a JSON object and as lines and rows for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from assetforge.errors import Problem, Where
from assetforge.events import Placed
from assetforge.model import Failure, Report
from assetforge.report.gathering import MANY, NAMED, gathered, said
from assetforge.words import count, left_behind, money, most, nothing_to_do, seconds, some

# So many outputs of an asset are named that fail alike.
MOST_OUTPUTS = 2
# So many instances are named; of more only their assets, and how many of each.
MOST_NAMES = 6


class Part(NamedTuple):
    """One thing that a build did: a verb, and to what. Both make a sentence."""

    verb: str
    what: str


def lines(report: Report, placed: Sequence[Placed]) -> Iterator[str]:
    """The summary as sentences: the head, its parts, and what is left behind. `placed` are the files that were
    written."""
    yield head(report, placed)
    for part in parts(report, placed):
        yield f"{part.verb} {part.what}"
    if report.left_behind:
        yield left_behind(report.left_behind)


def head(report: Report, placed: Sequence[Placed]) -> str:
    """How many assets ended how, and how long it took."""
    if is_idle(report):
        drafts = f", {len(report.drafted):,} of them drafted" if report.drafted else ""
        return nothing_to_do(report.current + len(report.drafted)) + drafts
    told = [f"{number:,} {word}" for word, number in totals(report, placed) if number]
    told += [f"{len(report.emitted):,} emitted"] if report.emitted else []
    return f"{', '.join(told) or 'nothing made'} in {seconds(report.seconds)}"


def parts(report: Report, placed: Sequence[Placed]) -> Iterator[Part]:
    """What was made, restored, emitted, drafted, failed, skipped, reused, spent and saved, always in this order. The
    only asset there is needs no name. A build with nothing to do tells of its drafts alone."""
    if not is_idle(report):
        back = restored(report, placed)
        if sum(number for _, number in totals(report, placed)) > 1:
            yield from _part("made", grouped([name for name in report.made if name not in set(back)]))
            yield from _part("restored", grouped(back))
        yield from _part("emitted", listing(report.emitted))
    yield from _part("drafted", _drafted(report))
    if not is_idle(report):
        yield from _part("failed", grouped(list(dict.fromkeys(failure.instance for failure in report.failed))))
        yield from _part("skipped", grouped(report.skipped))
        yield from _money(report)


def _part(verb: str, what: str) -> Iterator[Part]:
    if what:
        yield Part(verb, what)


def _drafted(report: Report) -> str:
    """The drafts there are, and what it would cost to have pictures instead."""
    if not report.drafted:
        return ""
    if report.draft_price == 0:
        return grouped(report.drafted)
    them = "it" if len(report.drafted) == 1 else "them"
    return f"{grouped(report.drafted)}; buying {them} {_price_of_drafts(report)}"


def _price_of_drafts(report: Report) -> str:
    known = report.draft_price
    return "costs what nobody knows" if known is None else f"would cost up to {most(known)}"


def grouped(names: Sequence[str]) -> str:
    """Instances by name where they are few, else their assets with how many there are of each."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    assets = Counter(name.partition("[")[0] for name in names)
    return listing([asset if number == 1 else f"{asset} ({number:,})" for asset, number in assets.items()])


def listing(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


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


def _money(report: Report) -> Iterator[Part]:
    if reused := sum(report.reused.values()):
        origins = [f"{number:,} from the {origin}" for origin, number in sorted(report.reused.items())]
        one = origins[0].partition(" ")[2] if len(origins) == 1 else ""
        yield Part(
            "reused",
            f"{count(reused, 'picture')} {one}" if one else f"{count(reused, 'picture')}: {', '.join(origins)}",
        )
    yield from _part("spent", spent(report))
    if report.unanswered:
        calls = count(report.unanswered, "call")
        yield Part("lost", f"perhaps {money(report.doubtful)}: {calls} gave nothing and may have been billed")
    if report.saved:
        yield Part("saved", f"{money(report.saved)} by not buying {'it' if reused == 1 else 'them'} again")


def spent(report: Report) -> str:
    """What was spent, "" for nothing. A call of unknown cost counts with the most it can have cost."""
    bought, unknown = count(report.bought, "picture"), report.unknown_costs
    if not unknown:
        return f"{money(report.spent)} on {bought}" if report.spent else ""
    told = f"up to {most(report.spent)} on {bought}" if report.spent else f"an unknown sum on {bought}"
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
        "draft_price": report.draft_price,
        "stopped": report.stopped,
        "interrupted": report.interrupted,
    }
