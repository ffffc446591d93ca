"""The pictures that the lock pinned before others took their place, kept outside the repository for each project by
itself: so one is found again that no ledger here tells of, since somebody else bought it or made it by hand.

It only grows, a row is in it once, and unaware of where the bytes are it keeps none.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from assetforge import atomic
from assetforge.model import Record
from assetforge.outputs.lock import LockLine, row_text, rows_in

FILE = "replaced.jsonl"


def keep_replaced(folder: Path, before: Mapping[str, LockLine], after: Mapping[str, LockLine]) -> None:
    """Writes down the pictures of paid steps that lines have no more, as they had them. Raises OSError."""
    keep_pictures(folder, dict(_gone(before, after)))


def keep_pictures(folder: Path, lines: Mapping[str, LockLine]) -> None:
    """Writes down the pictures of some lines, where that very row is not there yet. Raises OSError."""
    rows = [row_text(name, line).encode() for name, line in sorted(lines.items())]
    there = set(_bytes(folder).split(b"\n")) if rows else set()
    new = [row for row in rows if row not in there]
    if new:
        atomic.append(str(folder / FILE), b"\n".join(new))


def read_replaced(folder: Path) -> Iterator[tuple[str, LockLine]]:
    """What was written down, the oldest first; each line has paid steps only. What can't be read is none."""
    yield from rows_in(_bytes(folder).decode("utf-8", "replace"))


def _bytes(folder: Path) -> bytes:
    try:
        return (folder / FILE).read_bytes()
    except FileNotFoundError:
        return b""


def _gone(before: Mapping[str, LockLine], after: Mapping[str, LockLine]) -> Iterator[tuple[str, LockLine]]:
    """What is pinned for another request now counts as gone: its own key is told nowhere else."""
    for name, line in before.items():
        now = after[name].steps if name in after else {}
        if line.steps == now:
            continue
        left = {step: set(map(_identity, candidates.values())) for step, candidates in now.items()}
        gone = {
            step: {number: one for number, one in candidates.items() if _identity(one) not in left.get(step, ())}
            for step, candidates in line.steps.items()
        }
        steps = {step: candidates for step, candidates in gone.items() if candidates}
        if steps:
            yield name, LockLine(steps)


def _identity(record: Record) -> tuple[str, str]:
    return record.key, record.media.digest
