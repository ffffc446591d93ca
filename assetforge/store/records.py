"""Action key -> record, and small measured facts, in a diskcache; unaware of blobs and of what keys mean.

diskcache is met here only, and is not trusted with anything: its defaults drop entries past 1 GiB, its own
Disk runs code from a crafted database and follows file names out of its folder (CVE-2025-69872), and settings
of whoever opened it last persist. Nothing is imported from it, and no folder made, before the first use.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from assetforge.errors import UsageError
from assetforge.model import Media, Record
from assetforge.store import documents
from assetforge.store.documents import is_cost, is_digest, is_text, is_usage, is_whole
from assetforge.store.folders import make_folder

VERSION = 1
SIZE_LIMIT = 256 * 1024

_DATABASE = "cache.db"
_FACT = "fact:"  # no digest begins so: a fact never meets a record
_FORMAT = re.compile(r"[a-z][a-z0-9]{0,15}", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d(T[0-9:.]{5,15}(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII)
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


def encode_record(record: Record) -> bytes:
    """A record as a document of at most 256 KiB. Raises ValueError for what `decode_record` would not take.

    Ingredients that do not fit are left out: they only explain a record, which must not be lost for them.
    """
    told = {field.name: getattr(record, field.name) for field in fields(record)}
    told["media"] = {field.name: getattr(record.media, field.name) for field in fields(record.media)}
    data = documents.encode(VERSION, told)
    if len(data) > SIZE_LIMIT:
        data = documents.encode(VERSION, {**told, "ingredients": ()})
    if decode_record(data) is None:
        raise ValueError(f"the record of {record.key} does not hold what a record holds")
    return data


def decode_record(data: bytes) -> Record | None:
    """The record of a document, None where any part of it is not what it should be.

    Ingredients are a tuple of pairs again; tuples inside their values become lists, as JSON has only these.
    Raises UsageError for a document of a newer version.
    """
    told = _document(data)
    if told is None:
        return None
    media = _media(told.get("media"))
    ingredients = _ingredients(told.get("ingredients"))
    sound = (
        is_digest(told.get("key"))
        and all(is_text(told.get(name)) for name in ("kind", "model", "request"))
        and "cost" in told
        and is_cost(told["cost"])
        and isinstance(told.get("estimated"), bool)
        and is_text(told.get("made"))
        and _DATE.fullmatch(told["made"]) is not None
        and is_usage(told.get("usage"))
        and told.get("by") in ("", "by hand", "accepted")
    )
    if media is None or ingredients is None or not sound:
        return None
    known = {field.name: told[field.name] for field in fields(Record)}
    return Record(**{**known, "media": media, "ingredients": ingredients})


def _document(data: bytes) -> dict[str, Any] | None:
    if len(data) > SIZE_LIMIT:
        return None
    return documents.decode(data, version=VERSION, what="a record of the store")


def _media(told: object) -> Media | None:
    if not isinstance(told, dict):
        return None
    sound = (
        is_digest(told.get("digest"))
        and (told.get("pixels") == "" or is_digest(told.get("pixels")))
        and all(is_whole(told.get(name), low=1, high=2**31) for name in ("width", "height"))
        and is_whole(told.get("bytes"), low=1)
        and is_text(told.get("format"))
        and _FORMAT.fullmatch(told["format"]) is not None
    )
    return Media(**{field.name: told[field.name] for field in fields(Media)}) if sound else None


def _ingredients(told: object) -> tuple[tuple[str, Any], ...] | None:
    if not isinstance(told, list):
        return None
    if not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in told):
        return None
    return tuple((name, value) for name, value in told)


class Records:
    """The records of one folder. For one thread: diskcache gives each thread a connection that it must close.

    Every method raises UsageError where the database is damaged, locked, or was written by a newer release.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = os.path.join(folder, _DATABASE)
        self._cache: Any = None

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

    def remember(self, name: str, value: Mapping[str, Any]) -> None:
        """Keeps a measured fact under a name like `media:<digest>`. Raises ValueError past 256 KiB."""
        data = documents.encode(VERSION, {"fact": value})
        if len(data) > SIZE_LIMIT:
            raise ValueError(f"the fact `{name}` is too large")
        with self._errors():
            self._synchronous(durable=True).set(_FACT + name, data)

    def recall(self, name: str) -> Mapping[str, Any] | None:
        """A fact that was remembered, None where there is none. Its values are for the caller to check."""
        with self._errors():
            data = self._cache.get(_FACT + name) if self._is_there() else None
        told = None if data is None else _document(data)
        fact = told.get("fact") if told else None
        return fact if isinstance(fact, dict) else None

    def close(self) -> None:
        """Lets go of the database; the next use opens it again."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

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
        found.reset("sqlite_synchronous", 2 if durable else 1, update=False)
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
            raise UsageError(f"`{path}` can't be used: {error}", hint="see that you may write there") from error
        except sqlite3.DatabaseError as error:
            hint = "move it away, then run `assetforge cache repair`"
            raise UsageError(f"`{path}` is damaged: {error}", hint=hint) from error
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
        hint = "move it away, then run `assetforge cache repair`"
        raise UsageError(f"`{path}` has settings that are not diskcache's", hint=hint)


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
