"""Writes what the last clean build saw, for `noop` to compare with the disk.

Only a full, clean, undrafted build writes one. Every entry was hashed and found to be what the build used; a file
that is as young as the stamp is left to be doubted.
"""

import marshal
import os
import time
from collections.abc import Mapping
from contextlib import suppress

from assetforge import __version__, atomic
from assetforge.noop import FORMAT, NAME, Facts, facts_of
from assetforge.outputs.state import TICK_NS, State
from assetforge.paths import Root


def write_stamp(
    state: State, root: Root, files: Mapping[str, str], folders: Mapping[str, Facts], *, words: str
) -> bool:
    """Writes the stamp; False, and no stamp at all, where something is not what the build used.

    `files` maps paths to the digests that the build read or wrote, `folders` the listed ones to what they were
    when they were listed.
    """
    path = str(state.folder / NAME)
    entries: dict[str, Facts] = dict(folders)
    if not _rest(root, files):
        return _without(path)
    for name, digest in files.items():
        facts = state.facts(name, digest)
        if facts is None:
            return _without(path)
        entries[name] = facts
    names = sorted(entries)
    columns = [[entries[name][column] for name in names] for column in range(4)]
    state.folder.mkdir(parents=True, exist_ok=True)
    data = marshal.dumps((FORMAT, __version__, root.path, words, "\0".join(names), *columns))
    atomic.write(path, data, durable=False)
    return True


def _rest(root: Root, files: Mapping[str, str]) -> bool:
    """Waits until no file is as young as a clock's tick: what is written within one can change unseen."""
    try:
        youngest = max((max(facts_of(os.stat(os.path.join(root.path, name)))[:2]) for name in files), default=0)
    except OSError:
        return False
    wait = (youngest + TICK_NS - time.time_ns()) / 1e9
    if 0 < wait <= TICK_NS / 1e9:
        time.sleep(wait + 0.001)
    return wait <= TICK_NS / 1e9


def _without(path: str) -> bool:
    with suppress(FileNotFoundError):
        os.unlink(path)
    return False
