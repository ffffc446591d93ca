"""Which projects this machine knows, and where they are: kept beside the state of each; unaware of what they make."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assetforge import atomic
from assetforge.noop import PLACE
from assetforge.outputs.state import project_folder
from assetforge.store import documents
from assetforge.store.folders import make_folder

VERSION = 1


@dataclass(frozen=True, slots=True)
class Known:
    """A project that was built here: its folder in the store, its root, and its manifest in there, both "" where
    nobody wrote them down. `is_there` says whether the root is still where it was."""

    folder: Path
    root: str
    manifest: str
    is_there: bool

    @property
    def is_nameless(self) -> bool:
        """Whether nobody knows where it is, nor that it is gone."""
        return not self.root

    @property
    def name(self) -> str:
        """What its state, and the ledger, call it."""
        return self.folder.name


def keep_place(data: Path, root: str, manifest: str) -> None:
    """Writes down where a project is, durably, unless that is known; nothing where the store has neither pictures nor
    a folder for it yet. Raises OSError."""
    folder = project_folder(data, root, manifest)
    if not ((data / "blobs").is_dir() or folder.is_dir()):
        return
    told = documents.encode(VERSION, {"manifest": manifest, "root": root}) + b"\n"
    with suppress(FileNotFoundError):
        if (folder / PLACE).read_bytes() == told:
            return
    make_folder(folder)
    atomic.write(str(folder / PLACE), told, durable=True)


def known_projects(data: Path) -> list[Known]:
    """Every project that has a folder in a store, in the order of their names. Raises OSError, UsageError for what a
    newer release wrote."""
    try:
        names = sorted(os.listdir(data / "projects"))
    except FileNotFoundError:
        return []
    return [_known(data, data / "projects" / name) for name in names if (data / "projects" / name).is_dir()]


def _known(data: Path, folder: Path) -> Known:
    try:
        text = (folder / PLACE).read_bytes()
    except FileNotFoundError:
        return Known(folder, "", "", False)
    told = documents.decode(text, version=VERSION, what=f"`{folder / PLACE}`") or {}
    root, manifest = told.get("root"), told.get("manifest")
    if not (isinstance(root, str) and isinstance(manifest, str) and root and manifest):
        return Known(folder, "", "", False)
    return Known(folder, root, manifest, _is_there(data, folder, root, manifest))


def _is_there(data: Path, folder: Path, root: str, manifest: str) -> bool:
    """Whether a root is the folder that it was: another one may have its place now."""
    try:
        return project_folder(data, root, manifest) == folder
    except (OSError, ValueError):
        return False
