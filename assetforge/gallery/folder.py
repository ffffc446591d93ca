"""A page and its pictures as a folder that opens from disk: written where nothing of the user's is lost by it, and
only what is not right already. Unaware of what the page shows.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assetforge import atomic
from assetforge.errors import UsageError
from assetforge.gallery.previews import ENDINGS, PICTURES
from assetforge.model import Rendition, Source
from assetforge.paths import fold
from assetforge.project import Project
from assetforge.workspace import lock_name

DEFAULT = "assetforge-gallery"
INDEX = "index.html"
# What says that a page is one of ours, this one's or that of `diff`, within so many bytes of its beginning.
GENERATOR = re.compile(rb'<meta name="generator" content="assetforge (gallery|diff)">')
_HEAD = 1 << 16
_ENDINGS = "|".join(sorted(ENDINGS.values()))
_OURS = re.compile(rf"[0-9a-f]{{64}}(?:-(?:thumb|large)\.webp|\.(?:{_ENDINGS}))")
_ELSEWHERE = "name another folder with --out"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a folder: how many files were written, because they were not right, and removed, because the
    page names them no more. `is_new` says that there was no page before."""

    written: int
    removed: int
    is_new: bool


def require_place(project: Project, folder: str, shown: str) -> None:
    """Raises UsageError, with the folder as it is `shown`, where a gallery in it would be among files that are none
    of its own."""
    real = os.path.realpath(folder)
    if any(fold(part) in (".git", "git~1") for part in real.split(os.sep)):
        raise UsageError(f"`{shown}` is inside of git's own folder", hint=_ELSEWHERE)
    if os.path.lexists(real) and not os.path.isdir(real):
        raise UsageError(f"`{shown}` is there, and is no folder", hint=_ELSEWHERE)
    for path in _claimed(project):
        if _is_within(path, real) or _is_within(real, path):
            told = os.path.relpath(path, project.root.real) if _is_within(path, project.root.real) else path
            there = told.replace(os.sep, "/")
            raise UsageError(f"`{shown}` is no place for a gallery: `{there}` is there", hint=_ELSEWHERE)
    if not _is_ours(Path(real)):
        raise UsageError(f"`{shown}` is not empty, and no gallery", hint=_ELSEWHERE)


def _claimed(project: Project) -> Iterator[str]:
    """The real paths of all that the project reads and writes, and of the store."""
    graph, manifest = project.graph(), project.manifest
    steps = (step.path for step in graph.steps.values() if isinstance(step, Source | Rendition))
    emits = (emit.path for emit in graph.emits.values())
    originals = manifest.table.cache.originals
    own = (manifest.file, lock_name(manifest.file), *manifest.reading.digests, *([originals] if originals else []))
    folders: dict[str, str] = {}
    for path in (*own, *emits, *steps):
        yield project.root.followed(path, folders)
    yield os.path.realpath(project.settings.cache_dir)


def _is_within(path: str, folder: str) -> bool:
    path, folder = fold(path), fold(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is not there, is empty, or has an earlier gallery; be it one that was stopped before its page
    was written."""
    try:
        with (folder / INDEX).open("rb") as file:
            return GENERATOR.search(file.read(_HEAD)) is not None
    except FileNotFoundError:
        names = os.listdir(folder) if folder.is_dir() else []
        return not names or (names == [PICTURES] and all(map(_is_name, _listed(folder / PICTURES))))
    except OSError:
        return False


def _is_name(name: str) -> bool:
    """Whether a picture's file has a name as we give it, or as it has while it is written."""
    return _OURS.fullmatch(name) is not None or (name.startswith(".") and name.endswith(".tmp"))


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return ["?"]


def write_folder(folder: Path, html: str, pictures: Mapping[str, Path]) -> Written:
    """Makes a folder hold a page and its pictures; whatever else is in it stays. The page is written last, so that it
    never names a picture that is not there yet. Raises UsageError, OSError."""
    inner = folder / PICTURES
    if inner.is_symlink() or (inner.exists() and not inner.is_dir()):
        raise UsageError(f"`{inner}` is there, and is no folder of ours", hint=_ELSEWHERE)
    is_new = not (folder / INDEX).exists()
    inner.mkdir(parents=True, exist_ok=True)
    written = sum(_put(inner / name, path.read_bytes()) for name, path in sorted(pictures.items()))
    written += _put(folder / INDEX, html.encode())
    left = [name for name in _listed(inner) if _OURS.fullmatch(name) and name not in pictures]
    return Written(written, sum(_remove(inner / name) for name in left), is_new)


def _put(path: Path, data: bytes) -> bool:
    """Writes a file where it is not right already; whether it had to be."""
    with suppress(FileNotFoundError):
        if not path.is_symlink() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
    atomic.write(str(path), data, durable=False)
    return True


def _remove(path: Path) -> bool:
    """Removes a file that we wrote; whether it was one."""
    if path.is_symlink() or not path.is_file():
        return False
    path.unlink()
    return True
