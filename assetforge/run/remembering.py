"""Records of output files, and what their pictures are made of, so that a later plan can say what changed: kept in
the store some at a time; unaware of what will be asked.
"""

import time
from contextlib import suppress

from assetforge.errors import UsageError
from assetforge.model import Picture, Record
from assetforge.plan.ancestry import Part, fact_name, fact_of, new_parts
from assetforge.store.records import Records

# So many are written at once, and none waits longer: what a build that dies has not written is encoded again, and a
# later plan tells less of it.
AT_ONCE = 256
SECONDS = 1.0


class Remembering:
    """Keeps each record, and each part once in a build. For one thread."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._made: list[Record] = []
        self._flushed = time.monotonic()
        self._known: set[str] = set()
        self._parts: list[tuple[str, Part]] = []

    def remember(self, record: Record | None, picture: Picture) -> None:
        """Keeps an output's record, if any, and what its picture and all that it is made from are. Raises UsageError
        where records can't be kept."""
        self._made += [record] if record is not None else []
        self._parts += new_parts(picture, self._known)
        if len(self._made) + len(self._parts) >= AT_ONCE or time.monotonic() - self._flushed > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes what was kept so far. Where parts can't be written a plan says less, and nothing else is lost by it.
        Raises UsageError."""
        made, self._made = self._made, []
        parts, self._parts = self._parts, []
        self._flushed = time.monotonic()
        self._records.put_all(made)
        with suppress(UsageError):
            self._records.note_all({fact_name(identity): fact_of(part) for identity, part in parts})
