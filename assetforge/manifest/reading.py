"""Text files of the project, read once, inside the root, and remembered: what a build has read is what it must
notice changes of. Unaware of what the texts say.
"""

import os

from assetforge.digest import digest_bytes
from assetforge.noop import facts_of
from assetforge.paths import MissingFile, PathError, Root
from assetforge.words import closest


class Reading:
    """Reads text below a root. `texts` maps each path read to its text, `digests` to that of its bytes; `listed`
    has the folders globbed, with their facts from just before, `matched` what each pattern matched then; `missing`
    are paths that were asked for in vain."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self.listed: dict[str, tuple[int, int, int, int]] = {}
        self.matched: dict[str, tuple[str, ...]] = {}
        self.missing: set[str] = set()

    def text(self, path: str) -> str:
        """A file's text, decoded as UTF-8. Raises PathError where it is missing, outside the root, or not text."""
        if path not in self.texts:
            try:
                real = self.root.readable(path, text=True)
                with open(real, "rb") as file:
                    data = file.read()
                self.texts[path] = data.decode("utf-8-sig")
                self.digests[path] = digest_bytes(data)
            except MissingFile as error:
                self.missing.add(path)
                raise MissingFile(error.message, hint=self.similar(path)) from None
            except UnicodeDecodeError as error:
                line = data.count(b"\n", 0, error.start) + 1
                raise PathError(f"line {line} of `{path}` is not UTF-8 text", hint="save it as UTF-8") from None
            except OSError as error:
                raise PathError(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None
        return self.texts[path]

    def similar(self, path: str) -> str | None:
        """A hint where nothing is at a path: the file beside it with the closest name."""
        folder, slash, name = path.rpartition("/")
        try:
            beside = self.root.list_glob(f"{folder}{slash}*")
        except PathError:
            return None
        near = closest(name, [other.rpartition("/")[2] for other in beside])
        return f"did you mean `{folder}{slash}{near}`?" if near else None

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The files a glob matches, sorted. Raises PathError."""
        self.matched[pattern] = ()
        for folder in self.root.glob_folders(pattern):
            self.listed.setdefault(folder, facts_of(os.stat(os.path.join(self.root.path, folder))))
        self.matched[pattern] = self.root.list_glob(pattern)
        return self.matched[pattern]
