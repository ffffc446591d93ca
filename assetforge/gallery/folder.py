"""A page and its pictures as a folder that opens from disk: written where nothing of the user's is lost by it, and
only what is not right already. Unaware of what the page shows.
"""

import errno
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assetforge import atomic
from assetforge.digest import digest_bytes
from assetforge.errors import AssetforgeError, UsageError, told_of_machine
from assetforge.gallery.previews import PICTURES
from assetforge.gallery.wanted import ENDINGS
from assetforge.model import Rendition, Source
from assetforge.paths import Root, fold
from assetforge.project import Project
from assetforge.workspace import lock_name

DEFAULT = "assetforge-gallery"
INDEX = "index.html"
Kind = Literal["gallery", "diff"]
# How a page of ours begins, this one's or that of `diff`: nobody writes that by chance, or by quoting us.
_HEAD = re.compile(
    rb'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    rb'<meta name="generator" content="assetforge (gallery|diff)">\n'
    rb'<meta name="assetforge-of" content="([0-9a-f]*)">\n'
)
_HEAD_BYTES = 1024
_ENDINGS = "|".join(sorted(ENDINGS.values()))
_OURS = re.compile(rf"[0-9a-f]{{64}}(?:-(?:thumb|large)\.webp|\.(?:{_ENDINGS}))")
# What a file of ours is called while it is written, and stays where the process is killed (`atomic`).
_LEFT = re.compile(r"\.(?:[0-9a-f]{40}|index\.html)\.[0-9]+-[0-9a-f]{8}\.tmp")
_LEFT_SECONDS = 3_600
_ELSEWHERE = "name another folder with --out"
_NO_ROOM = "make room there, or name a folder elsewhere with --out"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a folder: how many files were written, because they were not right, and removed, because the
    page names them no more. `is_new` says that there was no page before."""

    written: int
    removed: int
    is_new: bool


def mark_of(root: Root, manifest: str, folder: str) -> str:
    """What tells the page of one manifest from that of another in the same folder: they move together."""
    path = os.path.relpath(os.path.join(root.real, manifest), os.path.realpath(folder))
    return digest_bytes(os.fsencode(path.replace(os.sep, "/")))[:16]


def require_place(project: Project, folder: str, shown: str, kind: Kind = "gallery") -> None:
    """Raises UsageError, with the folder as it is `shown`, where a page in it would be among files that are none of
    its own, or take the place of another page."""
    real = os.path.realpath(folder)
    if any(fold(part) in (".git", "git~1") for part in real.split(os.sep)):
        raise UsageError(f"`{shown}` is inside of git's own folder", hint=_ELSEWHERE)
    if os.path.islink(folder) and not os.path.exists(folder):
        raise UsageError(f"`{shown}` is a link that leads nowhere", hint=_ELSEWHERE)
    if os.path.lexists(real) and not os.path.isdir(real):
        raise UsageError(f"`{shown}` is there, and is no folder", hint=_ELSEWHERE)
    for path in _claimed(project):
        if _is_within(path, real) or _is_within(real, path):
            told = os.path.relpath(path, project.root.real) if _is_within(path, project.root.real) else path
            there = told.replace(os.sep, "/")
            raise UsageError(f"`{shown}` is no place for a gallery: `{there}` is there", hint=_ELSEWHERE)
    try:
        flaw = _other_than_ours(Path(real), kind, mark_of(project.root, project.manifest.file, folder))
    except OSError as error:
        raise _refused(shown, error, "can't be read") from None
    if flaw:
        raise UsageError(f"`{shown}` {flaw}", hint=_ELSEWHERE)


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


def _other_than_ours(folder: Path, kind: Kind, mark: str) -> str:
    """What is in a folder, but for nothing and an earlier page of this kind and manifest, be it one that was stopped
    before its page was written; "" where that is all. Raises OSError."""
    try:
        with (folder / INDEX).open("rb") as file:
            found = _HEAD.match(file.read(_HEAD_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        names = os.listdir(folder) if folder.is_dir() else []
        is_begun = all(name == PICTURES or _LEFT.fullmatch(name) for name in names)
        inner = _listed(folder / PICTURES) if PICTURES in names else []
        return "" if is_begun and all(map(_is_name, inner)) else "is not empty, and no gallery"
    except IsADirectoryError:
        found = None
    if found is None:
        return "is not empty, and no gallery"
    if found[1].decode() != kind:
        return f"has a page of `assetforge {found[1].decode()}`"
    return "" if found[2].decode() == mark else f"has the {kind} of another manifest"


def _is_name(name: str) -> bool:
    """Whether a picture's file has a name as we give it, or as it has while it is written."""
    return _OURS.fullmatch(name) is not None or _LEFT.fullmatch(name) is not None


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return ["?"]


def write_folder(folder: Path, html: str, pictures: Mapping[str, Path], *, shown: str = "") -> Written:
    """Makes a folder hold a page and its pictures; whatever else is in it stays. The page is written last, so that it
    never names a picture that is not there yet. Raises UsageError, with the folder as it is `shown`, for what can't
    be written there, and AssetforgeError where a picture went away."""
    shown, inner = shown or str(folder), folder / PICTURES
    if inner.is_symlink() or (inner.exists() and not inner.is_dir()):
        raise UsageError(f"`{shown}/{PICTURES}` is there, and is no folder of ours", hint=_ELSEWHERE)
    is_new = not (folder / INDEX).exists()
    written = 0
    try:
        inner.mkdir(parents=True, exist_ok=True)
        for name, path in sorted(pictures.items()):
            written += _put(inner / name, _bytes_of(path), f"{shown}/{PICTURES}/{name}")
        written += _put(folder / INDEX, html.encode(), f"{shown}/{INDEX}")
        gone = [inner / name for name in _listed(inner) if _OURS.fullmatch(name) and name not in pictures]
        gone += [path for place in (folder, inner) for path in _left_behind(place)]
        return Written(written, sum(map(_remove, gone)), is_new)
    except OSError as error:
        raise _refused(shown, error) from None


def _bytes_of(picture: Path) -> bytes:
    try:
        return picture.read_bytes()
    except OSError as error:
        told = f"a picture went away while the page was written: {told_of_machine(error)}"
        raise AssetforgeError(told, hint="run it again") from None


def _put(path: Path, data: bytes, shown: str) -> bool:
    """Writes a file where it is not right already; whether it had to be. Raises UsageError."""
    try:
        if (
            not path.is_symlink()
            and path.is_file()
            and path.stat().st_size == len(data)
            and path.read_bytes() == data
        ):
            return False
        atomic.write(str(path), data, durable=False)
    except OSError as error:
        raise _refused(shown, error) from None
    return True


def _refused(shown: str, error: OSError, what: str = "can't be written") -> UsageError:
    """What the machine refuses of a place."""
    why = (error.strerror or str(error)).lower()
    hint = _NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else _ELSEWHERE
    return UsageError(f"`{shown}` {what}: {why}", hint=hint)


def _left_behind(folder: Path) -> Iterator[Path]:
    """What processes left in a folder that were killed while they wrote; of one that is at work it is younger."""
    for name in _listed(folder):
        with suppress(FileNotFoundError):
            if _LEFT.fullmatch(name) and (folder / name).lstat().st_mtime < time.time() - _LEFT_SECONDS:
                yield folder / name


def _remove(path: Path) -> bool:
    """Removes a file that we wrote; whether it was one."""
    if path.is_symlink() or not path.is_file():
        return False
    path.unlink()
    return True
