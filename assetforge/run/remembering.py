"""What pictures are made of, kept in the store when something is made of them, so that a later plan can say what
changed; unaware of what will be asked.
"""

from contextlib import suppress

from assetforge.errors import UsageError
from assetforge.model import Picture
from assetforge.plan.ancestry import Part, fact_name, fact_of, joined, new_parts, read_fact
from assetforge.store.records import Records

# So many parts are written at once: what a build that dies has not written, a later plan tells less of.
AT_ONCE = 256


class Remembering:
    """Keeps each part once in a build."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: set[tuple[str, str]] = set()
        self._parts: list[tuple[str, Part]] = []

    def remember(self, picture: Picture) -> None:
        """Keeps what a picture and all that it is made from are."""
        self._parts += new_parts(picture, self._known)
        if len(self._parts) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Writes what was kept so far. Where that can't be, a plan says less, and nothing else is lost by it."""
        parts, self._parts = self._parts, []
        known: dict[str, Part] = {}
        with suppress(UsageError):
            for made, part in parts:
                name = fact_name(made)
                before = known.get(name) or (read_fact(self._records.recall(name)) if part.names else None)
                known[name] = joined(before, part)
            self._records.note_all({name: fact_of(part) for name, part in known.items()})
