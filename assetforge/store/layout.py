"""Where each part of a store is, for who looks at the whole of it; unaware of projects."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assetforge.store.blobs import Blobs
from assetforge.store.ledger import FILE, Ledger
from assetforge.store.records import Records

# An empty file in a store that is for simulated pictures, and for no others.
REHEARSAL = "rehearsal"


@dataclass(frozen=True, slots=True)
class Store:
    """The store of one user. `folder` has all of it."""

    folder: Path
    blobs: Blobs
    records: Records
    ledger: Ledger

    @property
    def inflight(self) -> Path:
        return self.folder / "inflight"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    @property
    def month_lock(self) -> Path:
        return self.folder / "month.lock"


def _tell_nobody(digest: str) -> None:
    """A damaged blob counts as one that is not here, and `cache verify` says so."""


@contextmanager
def open_store(folder: Path, dropped: Callable[[str], None] = _tell_nobody) -> Iterator[Store]:
    """Opens what exists and makes nothing; `dropped` is told of damaged blobs."""
    records = Records(folder / "records")
    try:
        yield Store(folder, Blobs(folder / "blobs", dropped), records, Ledger(folder / FILE))
    finally:
        records.close()
