"""The graph of a commit's manifest: its text files are put into a folder for as long as they are read; unaware of
locks and pictures.

What a tree names is a stranger's: no link is made, and no path leads out of that folder.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping

from assetforge.errors import ManifestError
from assetforge.git import Contents, Entry, Repository, list_files
from assetforge.graph.resolve import resolve
from assetforge.manifest.load import load_manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph
from assetforge.paths import PathError, Root

# Whatever else a manifest reads is text of its own. Of a picture or a font only the path counts for a graph.
NOT_READ = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".ico", ".icns", ".ttf", ".otf", ".woff", ".woff2")
MOST_BYTES = 16 << 20
REGULAR = ("100644", "100755")


def graph_at(
    repository: Repository, commit: str, prefix: str, manifest: str, variables: Mapping[str, str], made: Iterable[str]
) -> Graph | None:
    """The graph as a commit has it, None where nothing can be made of it. `made` are paths of outputs, which nobody
    has to put there. Raises UsageError where the commit's files were never fetched, OSError."""
    files = list_files(repository, commit, prefix)
    if prefix + manifest not in files:
        return None
    with tempfile.TemporaryDirectory(prefix="assetforge-") as folder, Contents(repository) as contents:
        root = Root(folder)
        left_out = set(made)
        for path, entry in files.items():
            below = path.removeprefix(prefix)
            if below not in left_out and entry.mode in REGULAR:
                _put(root, below, entry, contents)
        try:
            return resolve(load_manifest(Reading(root), manifest), profile=None, variables=variables)
        except ManifestError:
            return None


def _put(root: Root, path: str, entry: Entry, contents: Contents) -> None:
    """One file, empty where it holds no text; what no manifest could name is left out."""
    try:
        real = root.writable(path)
    except PathError:
        return
    data = b"" if path.lower().endswith(NOT_READ) else contents.read(entry.oid, MOST_BYTES)
    os.makedirs(os.path.dirname(real), exist_ok=True)
    with open(real, "wb") as file:
        file.write(data or b"")
