"""Folders that survive a loss of power; unaware of what is kept in them."""

from pathlib import Path

from assetforge import atomic


def make_folder(folder: Path) -> None:
    """Makes a folder and the parents it lacks, each flushed to the disk in its own parent. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        atomic.flush_folder(str(path.parent))
