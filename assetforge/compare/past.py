"""The graph of a commit's manifest: of the files that are listed there only the texts that it names are asked of git;
unaware of locks and pictures. Nothing is written, and no link of a tree is followed.
"""

from collections.abc import Mapping

from assetforge.errors import ManifestError
from assetforge.git import Contents, Entry, Repository, list_files
from assetforge.graph.resolve import resolve
from assetforge.manifest.load import load_manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph
from assetforge.paths import MissingFile, PathError, Root, is_listed

# A larger text is no manifest's.
MOST_BYTES = 256 << 20
REGULAR = ("100644", "100755")


class Past:
    """One commit's manifest. `lacking` is a text that it names and that was never fetched, "" for none."""

    def __init__(self, repository: Repository, commit: str, prefix: str, manifest: str) -> None:
        self._repository, self._commit = repository, commit
        self._prefix, self._manifest = prefix, manifest
        self.lacking = ""

    def graph(self, variables: Mapping[str, str]) -> Graph | None:
        """The graph as the commit has it, None where nothing can be made of it. Raises UsageError where the commit's
        files can't be listed."""
        every = list_files(self._repository, self._commit, self._prefix)
        files = {path.removeprefix(self._prefix): one for path, one in every.items() if one.mode in REGULAR}
        with Contents(self._repository) as contents:
            reading = _TreeReading(_TreeRoot(self._repository.folder, files), files, contents)
            try:
                return resolve(load_manifest(reading, self._manifest), profile=None, variables=variables)
            except ManifestError:
                self.lacking = reading.lacking
                return None


class _TreeRoot(Root):
    """The folder of a project as a tree lists it, by the paths below it."""

    def __init__(self, path: str, files: Mapping[str, Entry]) -> None:
        super().__init__(path)
        self._files_there = files

    def readable(self, relative: str, *, text: bool) -> str:  # noqa: ARG002 - nothing is hidden in what was committed
        cleaned = self.clean(relative)
        if cleaned not in self._files_there:
            raise MissingFile(f"`{cleaned}` does not exist")
        return cleaned

    def is_plainly_readable(self, relative: str, folders: dict[str, str]) -> bool:  # noqa: ARG002 - no folder is asked
        return relative in self._files_there

    def list_glob(self, pattern: str) -> tuple[str, ...]:
        cleaned = self.clean(pattern)
        wanted = f"{cleaned}/*" if cleaned.rpartition("/")[2] == "**" else cleaned
        return tuple(sorted(path for path in self._files_there if is_listed(path, wanted)))


class _TreeReading(Reading):
    """Reads below such a root. `lacking` is a text that git does not have here."""

    def __init__(self, root: Root, files: Mapping[str, Entry], contents: Contents) -> None:
        super().__init__(root)
        self._files, self._contents = files, contents
        self.lacking = ""

    def text(self, path: str) -> str:
        if path not in self.texts:
            data = self._contents.read(self._files[self.root.readable(path, text=True)].oid, MOST_BYTES)
            if data is None:
                self.lacking = path
                raise PathError(f"git has no contents of `{path}`")
            try:
                self.texts[path] = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise PathError(f"`{path}` is not UTF-8 text") from None
        return self.texts[path]

    def similar(self, path: str) -> str | None:  # noqa: ARG002 - nobody reads what a manifest of then lacks
        return None

    def glob(self, pattern: str) -> tuple[str, ...]:
        return self.root.list_glob(pattern)
