"""Is there nothing to do? Proved from the stamp by comparing files' times, sizes and inodes, or doubted.

It imports nothing that a Python process has not loaded already, and knows nothing of steps: whatever it does not
know (a flag, a variable, another version, a nearer manifest, a file as young as the stamp) is doubt, and then the
real pipeline runs. A stamp that can't be read is doubt as well.
"""

import marshal
import os
import sys

FORMAT = 2
NAME = "stamp"
# Where the project is, beside it: for who looks after the store. A build that is not proved writes it.
PLACE = "where"
MANIFEST = "assets.toml"
SAFE_FLAGS = frozenset({"--yes", "--locked", "--fail-fast"})
QUIET_FLAGS = frozenset({"-q", "--quiet"})
# Variables that would change what a build says or does, so that only the pipeline can tell.
UNSURE = ("GITHUB_ACTIONS",)

# What reading a file raises that is not what we wrote.
UNREADABLE = (OSError, ValueError, EOFError, TypeError, LookupError, AttributeError, MemoryError, RecursionError)

Facts = tuple[int, int, int, int]
Told = tuple[int, str, str, str, list[int], list[int], list[int], list[int]]


def proved_words(arguments: list[str], version: str) -> str | None:
    """What a build would say that has nothing to do, "" where it should be quiet; None is doubt."""
    if not arguments or arguments[0] != "build" or any(name in os.environ for name in UNSURE):
        return None
    flags = set(arguments[1:])
    if not flags <= SAFE_FLAGS | QUIET_FLAGS:
        return None
    try:
        words = _proved(version)
    except UNREADABLE:
        return None
    return "" if words is not None and flags & QUIET_FLAGS else words


def data_folder() -> str:
    """The user's data folder, as platformdirs names it on Linux and macOS; empty elsewhere."""
    if os.environ.get("ASSETFORGE_CACHE_DIR"):
        return os.path.abspath(os.path.expanduser(os.environ["ASSETFORGE_CACHE_DIR"]))
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/assetforge")
    if sys.platform.startswith("linux"):
        base = os.environ.get("XDG_DATA_HOME", "").strip() or os.path.expanduser("~/.local/share")
        return f"{base}/assetforge"
    return ""


def state_folder(data: str, root: str) -> str:
    """Where the state of a root's `assets.toml` is: named after the root's device and inode, so that a copy of the
    repository is another project and a renamed one the same. Other manifests have folders beside it, of longer
    names. Raises OSError."""
    found = os.stat(root)
    return f"{data}/projects/{found.st_dev:x}-{found.st_ino:x}"


def facts_of(found: os.stat_result) -> Facts:
    """What tells a changed file from an unchanged one."""
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def read_stamp(folder: str, root: str, version: str) -> Told | None:
    """The stamp of a state's folder: when it was written in nanoseconds, what a build says that has nothing to do,
    the name of the graph that is kept beside it ("" for none), and of all files the paths joined by `\\0`, times,
    changes, sizes and inodes. None for one of another root or version. Raises OSError, ValueError, EOFError and
    TypeError where there is none that can be read."""
    with open(f"{folder}/{NAME}", "rb") as file:
        born = os.fstat(file.fileno()).st_mtime_ns
        told = marshal.loads(file.read())  # noqa: S302 - our own file, in the user's own folder
    if told[0] != FORMAT or told[1] != version or told[2] != root:
        return None
    _, _, _, words, graph, names, times, changes, sizes, inodes = told
    return born, words, graph, names, times, changes, sizes, inodes


def _proved(version: str) -> str | None:
    data = data_folder()
    root = os.getcwd()
    while not os.path.exists(f"{root}/{MANIFEST}"):
        above = os.path.dirname(root)
        if above == root or not data:
            return None
        root = above
    folder = state_folder(data, root)
    told = read_stamp(folder, root, version)
    if told is None or not os.path.exists(f"{folder}/{PLACE}"):
        return None
    born, words, _, names, times, changes, sizes, inodes = told
    if max(times) >= born or max(changes) >= born:
        return None
    stat = os.stat
    # The system finds a short path sooner than a long one.
    base = "" if root == os.getcwd() else f"{root}/"
    for name, time, change, size, inode in zip(names.split("\0"), times, changes, sizes, inodes, strict=True):
        found = stat(base + name)
        if found.st_mtime_ns != time or found.st_ctime_ns != change or found.st_size != size or found.st_ino != inode:
            return None
    return words
