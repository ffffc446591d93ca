"""Action key -> record, and small measured facts, in a diskcache; unaware of blobs and of what keys mean.

diskcache is met here only, and is not trusted with anything: its defaults drop entries past 1 GiB, its own
Disk runs code from a crafted database and follows file names out of its folder (CVE-2025-69872), and settings
of whoever opened it last persist. Nothing is imported from it, and no folder made, before the first use.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from assetforge.atomic import flush_folder
from assetforge.errors import UsageError
from assetforge.model import Record
from assetforge.store import documents
from assetforge.store.documents import is_digest
from assetforge.store.folders import make_folder
from assetforge.store.record_format import SIZE_LIMIT, VERSION, decode_record, encode_record, read_document

REPAIR = "run `assetforge cache repair`: it moves it aside, and makes it anew"

_DATABASE = "cache.db"
_FACT = "fact:"  # no digest begins so: a fact never meets a record
_SETTINGS = {
    "eviction_policy": "none",
    "cull_limit": 0,
    "size_limit": 2**62,
    "statistics": 0,
    "tag_index": 0,
    "sqlite_journal_mode": "wal",
    "sqlite_synchronous": 2,
    "disk_min_file_size": 2**62,
}


class RecordsDamagedError(UsageError):
    """The database is not what diskcache writes, or not whole."""


class Records:
    """The records of one folder. For one thread: diskcache gives each thread a connection that it must close.

    Every method raises UsageError where the database can't be used or was written by a newer release, and of these
    RecordsDamagedError where it has to be made anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = os.path.join(folder, _DATABASE)
        self._cache: Any = None
        self._is_durable: bool | None = None

    def exists(self) -> bool:
        """Whether there is a database at all; nothing is opened."""
        return os.path.exists(self._database)

    def get(self, key: str) -> Record | None:
        """The record of an action key, None where there is no sound one. Raises ValueError for no key."""
        return self.get_many((key,)).get(key)

    def get_many(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records there are of some action keys."""
        wanted = [_checked(key) for key in keys]
        with self._errors():
            if not self._is_there():
                return {}
            found = ((key, self._read(key)) for key in wanted)
            return {key: record for key, record in found if record is not None}

    def put(self, record: Record, *, durable: bool = True) -> Record:
        """Keeps a record unless its key has one: the first is the choice. Returns the one that is kept. One that is
        not `durable` may be lost with the power: what it tells can be made again for nothing."""
        data = encode_record(record)
        with self._errors(), self._synchronous(durable=durable).transact():
            known = self._read(record.key)
            if known is None:
                self._cache.set(record.key, data)
        return known or record

    def put_all(self, made: Iterable[Record]) -> None:
        """Keeps records that may be lost with the power, as `put` does each, in one go."""
        encoded = {record.key: encode_record(record) for record in made}
        if not encoded:
            return
        with self._errors(), self._synchronous(durable=False).transact():
            for key, data in encoded.items():
                if self._read(key) is None:
                    self._cache.set(key, data)

    def replace(self, record: Record) -> None:
        """Keeps a record in place of the one that its key may have."""
        data = encode_record(record)
        with self._errors():
            self._synchronous(durable=True).set(record.key, data)

    def keys(self) -> Iterator[str]:
        """The action keys that have an entry, oldest first; only `get` tells whether it is sound."""
        with self._errors():
            if self._is_there():
                yield from (key for key in self._cache if is_digest(key))

    def check(self) -> None:
        """Looks at the whole database (sqlite.org/pragma.html#pragma_integrity_check). Raises RecordsDamagedError."""
        with self._errors():
            if not os.path.exists(self._database):
                return
            connection = sqlite3.connect(self._database, timeout=60)
            try:
                ((told,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
            finally:
                connection.close()
        if told != "ok":
            raise RecordsDamagedError(f"`{self._database}` is damaged: {told}", hint=REPAIR)

    def move_aside(self) -> Path | None:
        """Takes the whole folder away, under a name that is new; returns it, None where there was nothing. Nobody may
        use the database meanwhile. Raises OSError."""
        self.close()
        numbered = (self._folder.with_name(f"{self._folder.name}.damaged-{number}") for number in count(1))
        target = next(path for path in numbered if not os.path.lexists(path))
        try:
            os.rename(self._folder, target)
        except FileNotFoundError:
            return None
        flush_folder(str(self._folder.parent))
        return target

    def remember(self, name: str, value: Mapping[str, Any]) -> None:
        """Keeps a measured fact under a name like `media:<digest>`. Raises ValueError past 256 KiB."""
        data = documents.encode(VERSION, {"fact": value})
        if len(data) > SIZE_LIMIT:
            raise ValueError(f"the fact `{name}` is too large")
        with self._errors():
            self._synchronous(durable=True).set(_FACT + name, data)

    def remember_all(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps many facts, as `remember` does each, in one go. Raises ValueError as well."""
        if not facts:
            return
        with self._errors(), self._synchronous(durable=True).transact():
            for name, value in facts.items():
                self.remember(name, value)

    def note_all(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps facts that only explain: they may be lost with the power, and one past 256 KiB is left out."""
        documents_of = {name: documents.encode(VERSION, {"fact": value}) for name, value in facts.items()}
        small = {name: data for name, data in documents_of.items() if len(data) <= SIZE_LIMIT}
        if not small:
            return
        with self._errors(), self._synchronous(durable=False).transact():
            for name, data in small.items():
                self._cache.set(_FACT + name, data)

    def recall(self, name: str) -> Mapping[str, Any] | None:
        """A fact that was remembered, None where there is none. Its values are for the caller to check."""
        with self._errors():
            data = self._cache.get(_FACT + name) if self._is_there() else None
        told = None if data is None else read_document(data)
        fact = told.get("fact") if told else None
        return fact if isinstance(fact, dict) else None

    def close(self) -> None:
        """Lets go of the database; the next use opens it again."""
        if self._cache is not None:
            self._cache.close()
            self._cache = self._is_durable = None

    def _read(self, key: str) -> Record | None:
        data = self._cache.get(key)
        record = None if data is None else decode_record(data)
        return record if record and record.key == key else None

    def _is_there(self) -> bool:
        """Opens a database that exists: looking something up makes nothing."""
        if self._cache is None and os.path.exists(self._database):
            self._open()
        return self._cache is not None

    def _synchronous(self, *, durable: bool) -> Any:
        """The database, opened; what is written next is on the disk when it is written, or when SQLite sees fit."""
        found = self._open()
        if durable is not self._is_durable:
            found.reset("sqlite_synchronous", 2 if durable else 1, update=False)
            self._is_durable = durable
        return found

    def _open(self) -> Any:
        if self._cache is None:
            make_folder(self._folder)
            self._cache = _opened(self._folder)
        return self._cache

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What SQLite and diskcache raise, in our words."""
        path = self._database
        try:
            yield
        except sqlite3.OperationalError as error:
            # What we ask is right: where SQLite calls it wrong, the tables are not diskcache's.
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
                raise RecordsDamagedError(f"`{path}` can't be used: {error}", hint=REPAIR) from error
            raise UsageError(f"`{path}` can't be used: {error}", hint="see that you may write there") from error
        except sqlite3.DatabaseError as error:
            raise RecordsDamagedError(f"`{path}` is damaged: {error}", hint=REPAIR) from error
        except Exception as error:
            if not _is_timeout(error):
                raise
            hint = "see that you may write there, and that no other program holds it"
            raise UsageError(f"`{path}` can't be locked for writing", hint=hint) from error


def _checked(key: str) -> str:
    if not is_digest(key):
        raise ValueError(f"`{key}` is not an action key")
    return key


def _is_timeout(error: Exception) -> bool:
    from diskcache import Timeout

    return isinstance(error, Timeout)


def _opened(folder: Path) -> Any:
    import diskcache

    # diskcache expands `$NAME` in a folder's name, and would keep the records elsewhere.
    if os.path.expandvars(os.path.expanduser(folder)) != str(folder):
        raise UsageError(
            f"`{folder}` holds the name of a variable", hint="set ASSETFORGE_CACHE_DIR to another folder"
        )
    _refuse_unknown_settings(folder / _DATABASE, {*diskcache.DEFAULT_SETTINGS, "count", "size", "hits", "misses"})
    return diskcache.Cache(str(folder), disk=safe_disk(), **{**diskcache.DEFAULT_SETTINGS, **_SETTINGS})


def _refuse_unknown_settings(path: Path, known: set[str]) -> None:
    """diskcache runs a row of its settings as a PRAGMA, or sets it as an attribute, whatever its name is."""
    if not path.exists():
        return
    connection = sqlite3.connect(path, timeout=60)
    try:
        names = {name for (name,) in connection.execute("SELECT key FROM Settings")}
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        names = set()
    finally:
        connection.close()
    if not names <= known:
        raise RecordsDamagedError(f"`{path}` has settings that are not diskcache's", hint=REPAIR)


@cache
def safe_disk() -> type[Any]:
    """diskcache's Disk for text keys and bytes values inside the database: no pickle, no file, ever."""
    import diskcache

    class SafeDisk(diskcache.Disk):  # type: ignore[misc] # diskcache has no types
        def put(self, key: object) -> tuple[str, bool]:
            if type(key) is not str:
                raise TypeError("a key is text")
            return key, True

        def get(self, key: object, raw: object) -> str:
            # Anything else is not ours. An empty key, not an error: one bad row must not hide the good ones.
            return key if type(key) is str and raw == 1 else ""

        def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:  # noqa: ARG002
            if type(value) is not bytes or read:
                raise TypeError("a value is bytes")
            return 0, diskcache.core.MODE_RAW, None, value

        def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes:
            # An OSError is what diskcache counts as an entry that is not there.
            if mode != diskcache.core.MODE_RAW or filename is not None or type(value) is not bytes or read:
                raise OSError("an entry that was not written here")
            return value

        def filename(self, key: object = None, value: object = None) -> tuple[str, str]:  # noqa: ARG002
            raise TypeError("a value has no file")

        def remove(self, file_path: object) -> None:
            """Does nothing: no file is ours, so a file's name was put there by somebody else."""

    return SafeDisk
