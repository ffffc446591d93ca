"""Is the store well? Its folder, the room for it, and what builds left; unaware of what it holds. Only looked at."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from assetforge.report.finding import Finding, fail, ok, warn
from assetforge.store import notes
from assetforge.words import byte_size, count

SUBJECT = "store"
MOVE = "ASSETFORGE_CACHE_DIR moves the store"
MOUNTS = Path("/proc/mounts")
# Where locks and renames may not hold what the store needs of them.
NETWORK = re.compile(r"nfs\d*|cifs|smb\w*|9p|afs|ceph|glusterfs|lustre|fuse\.(sshfs|glusterfs|rclone|s3fs|davfs2?)")
LITTLE = 1 << 30
TOO_LITTLE = 100 << 20


def store_findings(folder: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """What there is to say of a store. `mounts` lists the file systems, as Linux does."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        yield fail(SUBJECT, f"`{there}` is not a folder", MOVE)
        return
    yield _folder(folder, there)
    yield _room(there)
    kind = _file_system(there, mounts)
    if NETWORK.fullmatch(kind):
        told = f"`{folder}` is on a network file system ({kind}): locks may not hold there"
        yield warn(SUBJECT, told, MOVE)
    yield from _left(folder)


def _folder(folder: Path, there: Path) -> Finding:
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return fail(SUBJECT, f"`{there}` can't be written to", f"see that you may write there; {MOVE}")
    return ok(SUBJECT, f"`{folder}`" + ("" if there == folder else " will be made by the first build"))


def _room(there: Path) -> Finding:
    free = shutil.disk_usage(there).free
    told = f"{byte_size(free)} of room are left"
    if free < TOO_LITTLE:
        return fail(SUBJECT, told, f"make room; {MOVE}")
    return warn(SUBJECT, told, f"make room; {MOVE}") if free < LITTLE else ok(SUBJECT, told)


def _file_system(folder: Path, mounts: Path) -> str:
    """The kind of file system that a folder is on; "" where the system does not list them."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    real, best, kind = os.path.realpath(folder), "", ""
    for line in lines:
        _, _, rest = line.partition(" ")
        place, _, rest = rest.partition(" ")
        # Blanks are written as \040 there (proc(5), /proc/mounts).
        place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), place)
        is_above = real == place or real.startswith(place.rstrip("/") + "/")
        if is_above and len(place) >= len(best):
            best, kind = place, rest.partition(" ")[0]
    return kind


def _left(folder: Path) -> Iterator[Finding]:
    """What builds that ended early left, and paid bytes that could not be used."""
    try:
        dead = [build for build in notes.builds(folder / "inflight") if not notes.is_alive(build)]
        calls = sum(len(_folders(build)) for build in dead)
        kept = _folders(folder / "quarantine")
        size = sum(path.stat().st_size for call in kept for path in call.rglob("*") if path.is_file())
    except FileNotFoundError:
        return  # a build that is at work has just ended
    except OSError as error:
        yield fail(SUBJECT, f"what builds left can't be read: {error.strerror}", MOVE)
        return
    if calls:
        told = f"{count(calls, 'call')} of builds that ended early may have been billed"
        yield warn(SUBJECT, told, "the next build stores what arrived, and tells the rest")
    if kept:
        told = f"{count(len(kept), 'paid answer')} that could not be used are in quarantine ({byte_size(size)})"
        yield warn(SUBJECT, told, "run `assetforge cache verify` to see them, and claim what was billed")


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
