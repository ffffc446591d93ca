"""What everything that an output was made of went by, kept outside the repository for each project by itself.

The same bytes are another file in another project, or at another time. So names are remembered by output, for the
very picture that it was made of; where they are gone a plan says less.
"""

import marshal
from collections.abc import Collection, Mapping
from pathlib import Path

from assetforge import atomic
from assetforge.outputs.state import held
from assetforge.plan.ancestry import Name, Names

VERSION = 1
NAME = "names"
# The identity of a picture, and what it and all that it was made of went by; and the same as it is written.
Entry = tuple[str, Names]
Plain = tuple[str, tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]]


class NamesKept:
    """The names of one project's outputs, read when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: Mapping[str, Plain] | None = None

    def find(self, path: str, picture: str) -> Names:
        """What the picture of an output, and all that it was made of, went by; nothing where that is not known of
        this very picture."""
        if self._entries is None:
            self._entries = _read(self._folder / NAME)
        try:
            made, names = self._entries.get(path, ("", ()))
            return {one: tuple(Name(*told) for told in named) for one, named in names} if made == picture else {}
        except (ValueError, TypeError):  # it is not what was written here
            return {}


def keep_names(folder: Path, made: Mapping[str, Entry], known: Collection[str]) -> None:
    """Remembers the names of outputs, by path, beside those of the others, as far as their paths are `known`. Raises
    AssetforgeError where another build holds the project, OSError."""
    with held(folder):
        before = _read(folder / NAME)
        now = {path: entry for path, entry in before.items() if path in known}
        now |= {path: _plain(entry) for path, entry in made.items()}
        if now != before:
            # As it stands here, and not read into classes: of ten thousand outputs one may have changed.
            atomic.write(str(folder / NAME), marshal.dumps((VERSION, sorted(now.items()))), durable=False)


def _plain(entry: Entry) -> Plain:
    made, names = entry
    return made, tuple((one, tuple(tuple(name) for name in named)) for one, named in names.items())


def _read(path: Path) -> dict[str, Plain]:
    """Names of another version, or that can't be read, are none."""
    try:
        version, entries = marshal.loads(path.read_bytes())  # noqa: S302 - our own file, in the user's folder
        return dict(entries) if version == VERSION else {}
    except (OSError, ValueError, TypeError, EOFError):
        return {}
