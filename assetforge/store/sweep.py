"""Taking entries out of the database of records, and finding what processes that died left about; unaware of what
may go.

Entries go by SQL: diskcache would look each of ten thousand up, and ask for its file, which none has.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from assetforge.errors import UsageError
from assetforge.store.claims import hold
from assetforge.store.documents import is_digest

FACT = "fact:"
# Where processes write to a temporary name first. Notes of calls have folders of their own.
_PLACES = (".", "blobs", "blobs/??", "previews/??", "projects/*", "rates", "records")
_ENDINGS = (".tmp", ".bad")


class Leftover(NamedTuple):
    """A file that nobody will finish, and its bytes."""

    path: Path
    size: int


def fact_names(records: Path) -> list[str]:
    """The names of all facts in the database of a folder of records. Raises UsageError."""
    if not (records / "cache.db").exists():
        return []
    with _connected(records) as connection:
        found = connection.execute("SELECT key FROM Cache WHERE raw = 1 AND substr(key, 1, 5) = ?", (FACT,))
        return [name.removeprefix(FACT) for (name,) in found if isinstance(name, str)]


def forget(records: Path, keys: Iterable[str], facts: Iterable[str]) -> None:
    """Takes records and facts out of the database of a folder of records, all at once, and makes its file smaller
    where nobody else has it open. Raises UsageError."""
    names = [(name,) for name in (*keys, *(FACT + fact for fact in facts))]
    if not names or not (records / "cache.db").exists():
        return
    with _connected(records) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("DELETE FROM Cache WHERE raw = 1 AND key = ?", names)
        connection.execute("COMMIT")
        with suppress(sqlite3.OperationalError):
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _connected(records: Path) -> Iterator[sqlite3.Connection]:
    """The database, whose errors are told in our words."""
    path = records / "cache.db"
    try:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise UsageError(f"`{path}` can't be used: {error}", hint="run `assetforge cache verify`") from error


def leftovers(folder: Path, before: float) -> Iterator[Leftover]:
    """Temporary files in a store that were last written before a time, in seconds since 1970."""
    for place in _PLACES:
        for path in sorted(folder.glob(f"{place}/.*")):
            if path.name.endswith(_ENDINGS):
                with suppress(FileNotFoundError):
                    found = path.lstat()
                    if found.st_mtime < before:
                        yield Leftover(path, found.st_size)


def drop_claims(folder: Path) -> None:
    """Removes the files of claims that nobody holds. Only while no build is at work. Raises OSError."""
    with suppress(FileNotFoundError):
        for name in sorted(os.listdir(folder)):
            claim = hold(folder / name) if is_digest(name) else None
            if claim is not None:
                with claim:
                    os.unlink(folder / name)
