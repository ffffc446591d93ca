"""The rows of a lock that this process has met before: of ten thousand only those that changed are read and written
anew. Unaware of what a line means.
"""

from collections.abc import Mapping

from assetforge.errors import UsageError
from assetforge.outputs.lock import HEAD, TAIL, LockLine, parse_lock, row_of, text_of


class Rows:
    """Lines by the text of their rows, and the rows that were written, by name. One lives as long as a process looks
    at one project again and again."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, LockLine]] = {}
        self._written: dict[str, tuple[LockLine, str]] = {}

    def parse(self, text: str, name: str) -> Mapping[str, LockLine]:
        """What `parse_lock` gives, of a text laid out as we write it row by row. Raises UsageError."""
        rows = _rows(text)
        found: list[tuple[str, LockLine]] = []
        for row in rows:
            known = self._read.get(row) or _alone(row)
            if known is None:
                break
            found.append(known)
        lines = dict(found)
        if not rows or len(found) < len(rows) or len(lines) < len(rows):
            # Laid out by somebody else, or wrong: whoever reads all of it says where.
            return parse_lock(text, name)
        self._read = dict(zip(rows, found, strict=True))
        return lines

    def text(self, lines: Mapping[str, LockLine]) -> str:
        """What `lock_text` gives."""
        written: dict[str, tuple[LockLine, str]] = {}
        for name in sorted(lines):
            known = self._written.get(name)
            is_same = known is not None and known[0] is lines[name]
            written[name] = known if is_same and known is not None else (lines[name], row_of(name, lines[name]))
        self._written = written
        self._read = {row: (name, line) for name, (line, row) in written.items()}
        return text_of(row for _, row in written.values())


def _rows(text: str) -> list[str]:
    """The rows of a lock as we lay it out; none of any other."""
    if not (text.startswith(HEAD) and text.endswith(TAIL)):
        return []
    inner = text[len(HEAD) : -len(TAIL)].removesuffix("\n")
    return inner.split(",\n") if inner else []


def _alone(row: str) -> tuple[str, LockLine] | None:
    """The line of one row; None where it is none by itself."""
    try:
        parsed = parse_lock(f"{HEAD}{row}\n{TAIL}")
    except UsageError:
        return None
    return next(iter(parsed.items())) if len(parsed) == 1 else None
