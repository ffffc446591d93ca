"""Text files of the project, read once, inside the root, and remembered: what a build has read is what it must
notice changes of. Unaware of what the texts say.
"""

import os

from assetforge.digest import digest_bytes
from assetforge.noop import facts_of
from assetforge.paths import PathError, Root


class Reading:
    """Reads text below a root. `texts` maps each path read to its text, `digests` to that of its bytes; `listed`
    has the folders globbed, with their facts from just before."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self.listed: dict[str, tuple[int, int, int, int]] = {}

    def text(self, path: str) -> str:
        """A file's text, decoded as UTF-8. Raises PathError where it is missing, outside the root, or not text."""
        if path not in self.texts:
            real = self.root.readable(path, text=True)
            try:
                with open(real, "rb") as file:
                    data = file.read()
                self.texts[path] = data.decode("utf-8-sig")
                self.digests[path] = digest_bytes(data)
            except UnicodeDecodeError as error:
                raise PathError(f"`{path}` is not UTF-8 text (byte {error.start})") from None
            except OSError as error:
                raise PathError(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None
        return self.texts[path]

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The files a glob matches, sorted. Raises PathError."""
        for folder in self.root.glob_folders(pattern):
            self.listed.setdefault(folder, facts_of(os.stat(os.path.join(self.root.path, folder))))
        return self.root.list_glob(pattern)
