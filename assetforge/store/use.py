"""Who is at work in a store: builds together, or one alone who removes something; unaware of what they do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assetforge.errors import AssetforgeError, UsageError
from assetforge.store.claims import Claim, hold, share
from assetforge.store.folders import make_folder

FILE = "use.lock"
PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.05


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Nothing is removed from a store while the block runs. Waits for who is removing something. Raises
    AssetforgeError where that takes more than ten minutes."""
    claim = _shared(folder)
    try:
        yield
    finally:
        if claim is not None:
            claim.release()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else is at work in a store while the block runs. Raises UsageError where somebody is, OSError."""
    claim = hold(folder / FILE)
    if claim is None:
        raise UsageError(
            "a build is at work, and may use what would be removed", hint="run it again when no build is"
        )
    with claim:
        yield


def _shared(folder: Path) -> Claim | None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        make_folder(folder)
        while (claim := share(folder / FILE)) is None:
            if time.monotonic() > deadline:
                raise AssetforgeError("`assetforge cache gc` is at work in the store", hint="wait for it to end")
            time.sleep(POLL_SECONDS)
    except OSError:
        return None  # where nothing can be written nothing is removed either
    return claim
