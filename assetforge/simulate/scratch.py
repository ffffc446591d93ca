"""The store that a rehearsal's pictures go to, marked so that no build takes them for bought ones.

Unaware of servers, and of what a build keeps in a store.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

from assetforge.store import use
from assetforge.store.layout import REHEARSAL

FOLDER = "assetforge-simulated-"


def make() -> Path:
    """A new folder for temporary files with the mark in it, for its owner alone. Raises OSError."""
    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    (folder / REHEARSAL).touch()
    return folder


def discard(folder: Path) -> bool:
    """Removes what `make` made, where nothing was put into it; tells whether it is gone."""
    mark, lock = folder / REHEARSAL, folder / use.FILE
    try:
        if any(path not in (mark, lock) for path in folder.iterdir()):
            return False
        lock.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        # A build has just begun to use it, or the folder may not be touched.
        with suppress(OSError):
            mark.touch()
        return False
    return True
