"""Which names of one lock are other names of another: by their files, else by their pictures. Pure, and unaware of
what else differs.
"""

from collections.abc import Callable, Iterator, Mapping

from assetforge.model import Record
from assetforge.outputs.lock import LockLine

Lines = Mapping[str, LockLine]


def former_names(old: Lines, new: Lines) -> dict[str, tuple[str, ...]]:
    """By the name of what had another before, that name; behind it those that it can have had just as well. Known are
    those of the very same files; else of those that are new and those that are gone, which have the same pictures, or
    of which these alone have what was bought for them."""
    found: dict[str, tuple[str, ...]] = {name: (was,) for name, was in _with_files_of(old, new).items()}
    for sign, most in ((_pictures_and_paths, 1), (_pictures, max(len(old), len(new))), (_purchases, 1)):
        taken = {names[0] for names in found.values()}
        gone = {name: old[name] for name in sorted(old.keys() - new.keys() - taken)}
        come = {name: new[name] for name in sorted(new.keys() - old.keys() - found.keys())}
        found |= _paired(gone, come, sign, most=most)
    return found


def paid(line: LockLine) -> Iterator[Record]:
    """What was paid for, step by step."""
    for _, candidates in sorted(line.steps.items()):
        yield from (record for _, record in sorted(candidates.items()))


def _with_files_of(old: Lines, new: Lines) -> dict[str, str]:
    """By a name what has had just its files, where both are other lines now. Of names that both sides have only those
    that changed places: else one would stand for what is gone and for what is there."""
    before, after = _by_files(old, new), _by_files(new, old)
    pairs = {
        names[0]: before[files][0] for files, names in after.items() if len(names) == len(before.get(files, ())) == 1
    }
    while odd := [name for name, was in pairs.items()
                  if (name in old and name not in pairs.values()) or (was in new and was not in pairs)]:  # fmt: skip
        for name in odd:
            del pairs[name]
    return {name: was for name, was in pairs.items() if name != was}


def _by_files(lines: Lines, others: Lines) -> dict[object, list[str]]:
    found: dict[object, list[str]] = {}
    for name, line in lines.items():
        if line.outputs and line != others.get(name):
            files = frozenset((path, record.media.digest) for path, record in line.outputs.items())
            found.setdefault(files, []).append(name)
    return found


def _paired(gone: Lines, come: Lines, sign: Callable[[LockLine], object], *, most: int) -> dict[str, tuple[str, ...]]:
    """Names of one sign in their order, each with all others that have it; none where more than so many do."""
    before: dict[object, list[str]] = {}
    for name, line in gone.items():
        if mark := sign(line):
            before.setdefault(mark, []).append(name)
    after: dict[object, list[str]] = {}
    for name, line in come.items():
        if (mark := sign(line)) in before:
            after.setdefault(mark, []).append(name)
    pairs: dict[str, tuple[str, ...]] = {}
    for mark, names in after.items():
        was = before[mark]
        if len(names) <= most and len(was) <= most:
            for name, one in zip(names, was, strict=False):
                pairs[name] = (one, *(other for other in was if other != one))
    return pairs


def _pictures(line: LockLine) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    shown = tuple(sorted(record.media.pixels for record in line.outputs.values()))
    bought = _purchases(line)
    return (shown, bought) if shown or bought else None


def _pictures_and_paths(line: LockLine) -> object:
    return (_pictures(line), tuple(sorted(line.outputs))) if line.outputs else None


def _purchases(line: LockLine) -> tuple[str, ...]:
    return tuple(sorted({record.media.digest for record in paid(line)}))
