"""Where bought things are kept, and the time that is written beside them; unaware of how they are bought."""

from dataclasses import dataclass
from datetime import UTC, datetime

from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Ledger
from assetforge.store.records import Records


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where bought things go. Simulated pictures have a place in a store of a `rehearsal` only."""

    blobs: Blobs
    records: Records
    ledger: Ledger
    rehearsal: bool = False


def now() -> str:
    """The time as it stands in ledger and records: ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()
