"""The bought pictures that were removed on purpose, so that nobody takes them for lost; unaware of why.

One line for each time, in a file that only grows. What it names may be here again: it was bought again, or brought.
"""

from collections.abc import Collection
from pathlib import Path

from assetforge import atomic
from assetforge.store import documents
from assetforge.store.documents import is_digest
from assetforge.store.folders import make_folder

FILE = "removed.jsonl"
VERSION = 1
AT_ONCE = 1_000


def add_removed(path: Path, digests: Collection[str], time: str) -> None:
    """Writes down what is about to be removed; it is on the disk when this returns. `time` is ISO 8601 in UTC. Raises
    OSError."""
    make_folder(path.parent)
    listed = sorted(digests)
    for start in range(0, len(listed), AT_ONCE):
        told = {"digests": listed[start : start + AT_ONCE], "time": time}
        atomic.append(str(path), documents.encode(VERSION, told))


def read_removed(path: Path) -> frozenset[str]:
    """Every digest that was removed on purpose once. Raises UsageError for a line of a newer version."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return frozenset()
    told = (documents.decode(line, version=VERSION, what=f"a line of `{path}`") for line in lines)
    listed = (one.get("digests") for one in told if one is not None)
    return frozenset(digest for some in listed if isinstance(some, list) for digest in some if is_digest(digest))
