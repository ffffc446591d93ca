"""Where the bytes of compared pictures are: the store and the project's files, else git's blobs and what Git LFS
keeps beside them. Unaware of what is compared with what.

Whatever git has is copied into a folder that goes again: nothing is put into the store for being looked at.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from assetforge.digest import digest_bytes
from assetforge.gallery.cards import Shown
from assetforge.gallery.previews import Darkroom
from assetforge.git import Contents, Entry, Repository, list_files
from assetforge.model import Media
from assetforge.outputs.state import State
from assetforge.paths import Root
from assetforge.plan.action import leaf
from assetforge.run.bytes import Bytes
from assetforge.workspace import Workspace

# A larger file is no picture that we made.
MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture, and where a commit may have it: `path` from the top of the repository, "" where no file is it."""

    media: Media
    commit: str
    path: str


@dataclass(frozen=True, slots=True)
class Found:
    """Pictures by their digests as a page shows them, and by the names of a page's files where each is now."""

    shown: Mapping[str, Shown]
    files: Mapping[str, Path]


@contextmanager
def found_pictures(
    space: Workspace, repository: Repository, wanted: Iterable[Wanted], store: Path
) -> Iterator[Found]:
    """The pictures that are anywhere on this machine, as long as the block runs; small copies are kept in the user's
    `store`. Raises UsageError where git can't
    list a commit's files, OSError."""
    every = {one.media.digest: one for one in wanted}
    room = Darkroom(space, store)
    shown = _developed(room, every.values(), repository.prefix)
    rest = [one for digest, one in every.items() if digest not in shown]
    with TemporaryDirectory(prefix="assetforge-") as folder:
        held = _copied(repository, rest, Path(folder))
        spare = Darkroom(_beside(space, folder, held), store)
        shown |= _developed(spare, [one for one in rest if one.media.digest in held], None)
        yield Found(shown, {**room.pictures, **spare.pictures})


def _developed(room: Darkroom, wanted: Iterable[Wanted], prefix: str | None) -> dict[str, Shown]:
    """The pictures whose bytes a darkroom has, by digest."""
    names = {}
    for one in wanted:
        is_inside = prefix is not None and one.path.startswith(prefix)
        path = one.path[len(prefix or "") :] if is_inside else ""
        names[one.media.digest] = room.want(leaf(one.media), one.media.digest, path)
    room.develop()
    found = {digest: room.show(name) for digest, name in names.items()}
    return {digest: shown for digest, shown in found.items() if shown is not None}


def _beside(space: Workspace, folder: str, held: Iterable[str]) -> Workspace:
    """The workspace with another folder for its project, in which files are named after their digests."""
    root = Root(folder)
    state = State(Path(folder, ".state"), root)
    files = {digest: (digest,) for digest in held}
    content = Bytes(space.shelf.blobs, root, files, None, seen=state.seen)
    return replace(space, root=root, state=state, content=content)


# --- git --------------------------------------------------------------------------------------------------------


def _copied(repository: Repository, wanted: Iterable[Wanted], folder: Path) -> set[str]:
    """Copies what git has into a folder, each under its digest; gives the digests."""
    trees: dict[str, Mapping[str, Entry]] = {}
    held = set()
    with Contents(repository) as contents:
        for one in wanted:
            data = _large_file(repository, one.media.digest)
            if data is None and one.path and one.commit:
                if one.commit not in trees:
                    trees[one.commit] = list_files(repository, one.commit)
                entry = trees[one.commit].get(one.path)
                data = contents.read(entry.oid, MOST_BYTES) if entry is not None else None
            if data is not None and digest_bytes(data) == one.media.digest:
                (folder / one.media.digest).write_bytes(data)
                held.add(one.media.digest)
    return held


def _large_file(repository: Repository, digest: str) -> bytes | None:
    """What Git LFS has under a digest: its pointers name just that (git-lfs.com, "spec.md")."""
    path = Path(repository.own, "lfs", "objects", digest[:2], digest[2:4], digest)
    try:
        is_small = path.is_file() and path.stat().st_size <= MOST_BYTES
        return path.read_bytes() if is_small else None
    except OSError:
        return None
