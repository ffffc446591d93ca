"""Text files of the project, read once, inside the root, and remembered: what a build has read is what it must
notice changes of. Unaware of what the texts say.
"""

from assetforge.paths import PathError, Root


class Reading:
    """Reads text below a root. `texts` maps each path read to its text, `listed` are the folders globbed."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        self.listed: set[str] = set()

    def text(self, path: str) -> str:
        """A file's text, decoded as UTF-8. Raises PathError where it is missing, outside the root, or not text."""
        if path not in self.texts:
            real = self.root.readable(path, text=True)
            try:
                with open(real, encoding="utf-8-sig", newline="") as file:
                    self.texts[path] = file.read()
            except UnicodeDecodeError as error:
                raise PathError(f"`{path}` is not UTF-8 text (byte {error.start})") from None
            except OSError as error:
                raise PathError(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None
        return self.texts[path]

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The files a glob matches, sorted. Raises PathError."""
        self.listed.update(self.root.glob_folders(pattern))
        return self.root.list_glob(pattern)
