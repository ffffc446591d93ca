"""The pictures of a page: where the bytes of each are, and small copies of them, made once in threads and kept in the
user's store. Unaware of cards and of what a picture is for.

A picture is asked for by the digest of its bytes, or, where it stands between two steps and is no file, by the
identity of its recipe.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

from assetforge.digest import digest_bytes
from assetforge.gallery.cards import Shown
from assetforge.gallery.wanted import ENDINGS, Place, Wanted, is_ready
from assetforge.model import Media, Picture, Size
from assetforge.ops.evaluate import announce, evaluate_announced
from assetforge.ops.memo import Memo
from assetforge.ops.preview import THUMB, preview
from assetforge.ops.spec import OpFailed
from assetforge.paths import PathError
from assetforge.plan.action import parts_of
from assetforge.plan.lost import NOT_PULLED
from assetforge.run.bytes import BytesGone
from assetforge.store.previews import FOLDER, Copy, Previews
from assetforge.workspace import Workspace

# Where pages find their pictures.
PICTURES = "pictures"
# The size of a picture between two steps, where only its pixels can tell.
SIZE = "size1"
# Hears how many pictures of how many are made; called in several threads.
Tell = Callable[[int, int], None]


def nobody(done: int, total: int) -> None:
    """Does not hear it."""


class Darkroom:
    """Pictures are wanted first, then developed all together, then shown. `store` is the user's folder, be it there
    or not. For one thread, but for what it makes. `damaged` has digests whose bytes in the store are others, and
    whether a file of the project has the right ones; nothing is removed for that."""

    def __init__(self, space: Workspace, store: Path) -> None:
        self.pictures: dict[str, Path] = {}
        self.damaged: dict[str, bool] = {}
        self._space = space
        self._previews = Previews(store / FOLDER)
        self._wanted: dict[str, Wanted] = {}
        self._waiting: dict[str, list[Wanted]] = {}
        self._places: dict[str, Place | None] = {}
        self._paths: dict[str, str] = {}
        self._memo = Memo()

    def want(self, picture: Picture, group: str, path: str = "") -> str:
        """Asks for a picture, and gives its name. Those of one `group` are made after each other, since they are made
        from each other. `path` is a file of the project that has its bytes."""
        wanted = Wanted(picture, size=picture.size)
        if wanted.name not in self._wanted:
            self._wanted[wanted.name] = wanted
            self._find(wanted, path)
            if not is_ready(wanted):
                wanted.is_gone = not self._has_leaves(picture)
            if not (is_ready(wanted) or wanted.is_gone or wanted.flaw):
                self._waiting.setdefault(group, []).append(wanted)
        return wanted.name

    def develop(self, tell: Tell = nobody) -> None:
        """Makes what is missing, in as many threads as there are cores."""
        groups = list(self._waiting.values())
        self._waiting.clear()
        total, counter = sum(map(len, groups)), count(1)

        def make(group: Sequence[Wanted]) -> None:
            for _ in self._make_all(group):
                tell(next(counter), total)

        if len(groups) < 2:
            for group in groups:
                make(group)
            return
        with ThreadPoolExecutor(min(os.cpu_count() or 1, len(groups)), thread_name_prefix="assetforge") as pool:
            list(pool.map(make, groups))

    def is_file(self, name: str) -> bool:
        """Whether a picture is bytes that somebody has, and none between two steps."""
        return self._wanted[name].picture.media is not None

    def flaw(self, name: str) -> str:
        """Why a picture can't be shown that should be there, "" where nothing is wrong."""
        return self._wanted[name].flaw

    def show(self, name: str, *, draft: bool = False) -> Shown | None:
        """A picture that was developed, None where it could not be, or its bytes are nowhere."""
        wanted = self._wanted[name]
        if wanted.flaw or wanted.is_gone or wanted.size is None or not wanted.has_copies:
            return None
        media = wanted.picture.media
        place = self._places.get(media.digest) if media is not None else None
        full = f"{name}-large.webp"
        if media is not None and wanted.shows_itself and place is not None:
            full = f"{name}.{ENDINGS[media.format]}"
            self.pictures[full] = place.path
        elif wanted.large is not None:
            self.pictures[full] = wanted.large.path
        thumb = full
        if not wanted.is_small and wanted.thumb is not None:
            thumb = f"{name}-thumb.webp"
            self.pictures[thumb] = wanted.thumb.path
        form, length = (media.format, media.bytes) if media is not None else ("", 0)
        urls = (f"{PICTURES}/{thumb}", f"{PICTURES}/{full}")
        return Shown(name, *wanted.size, form, length, *urls, draft=draft)

    # --- where bytes are ---

    def _find(self, wanted: Wanted, path: str) -> None:
        """What is known of a picture without opening anything."""
        media = wanted.picture.media
        if not wanted.shows_itself:
            wanted.large = self._previews.find(wanted.name, wanted.large_kind.name)
        if media is None and wanted.size is None and wanted.large is not None:
            wanted.size = self._noted_size(wanted)
        if not wanted.is_small:
            wanted.thumb = self._previews.find(wanted.name, THUMB.name)
        if media is not None:
            wanted.place = self._place(media.digest, path)
            if wanted.place is None and path and self._space.state.is_pointer(path):
                wanted.flaw = f"`{path}` {NOT_PULLED}"

    def _noted_size(self, wanted: Wanted) -> Size | None:
        noted = self._previews.find(wanted.name, SIZE)
        try:
            return None if noted is None else Size.parse(noted.path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def _place(self, digest: str, path: str = "") -> Place | None:
        """A file with some bytes: of the store, which nobody changes, else of the project."""
        if path:
            self._paths[digest] = path
        if digest not in self._places:
            blobs = self._space.shelf.blobs
            self._places[digest] = Place(blobs.path(digest), is_sure=False) if blobs.has(digest) else None
        if self._places[digest] is None:
            paths = ((path,) if path else ()) + self._space.content.said_to_hold(digest)
            self._places[digest] = next((found for one in paths if (found := self._file(one, digest))), None)
        return self._places[digest]

    def _file(self, path: str, digest: str) -> Place | None:
        """A file of the project, where it has these bytes."""
        try:
            if self._space.state.digest(path) != digest or self._space.state.is_pointer(path):
                return None
            return Place(Path(self._space.root.readable(path, text=False)), is_sure=True)
        except (PathError, OSError):
            return None

    def _has_leaves(self, picture: Picture) -> bool:
        """Whether all that a picture is made from is here."""
        places = [self._place(part.media.digest) for part in parts_of(picture) if part.media is not None]
        return None not in places

    # --- in threads ---

    def _make_all(self, group: Sequence[Wanted]) -> Iterator[None]:
        """Makes the copies that are missing, or proves again what they are made from, one picture at a time."""
        missing = [wanted for wanted in group if not wanted.has_copies]
        for wanted in missing:
            announce(wanted.picture, self._memo)
        for wanted in group:
            try:
                if wanted.has_copies:
                    self._prove(wanted)
                else:
                    self._make(wanted)
            except (OpFailed, BytesGone, OSError) as error:
                told = error.strerror if isinstance(error, OSError) else None
                wanted.flaw = f"its picture can't be shown: {told.lower() if told else error}"
            yield

    def _prove(self, wanted: Wanted) -> None:
        if wanted.picture.media is not None:
            self._read(wanted.picture.media)
        copy = wanted.thumb or wanted.large
        if copy is not None:
            self._note(wanted, copy)

    def _make(self, wanted: Wanted) -> None:
        image = evaluate_announced(wanted.picture, self._read, memo=self._memo)
        wanted.size = Size(*image.size)
        if not wanted.shows_itself:
            kind = wanted.large_kind
            wanted.large = self._previews.keep(wanted.name, kind.name, preview(image, kind))
            self._note(wanted, wanted.large)
        if not wanted.is_small:
            wanted.thumb = self._previews.keep(wanted.name, THUMB.name, preview(image, THUMB))
            self._note(wanted, wanted.thumb)
        if wanted.picture.size is None:
            self._previews.keep(wanted.name, SIZE, str(wanted.size).encode())

    def _note(self, wanted: Wanted, copy: Copy) -> None:
        """Writes down that what the store has was proven; not where it was damaged, since it still is."""
        if wanted.name in self.damaged:
            self._previews.doubt(copy)
        else:
            self._previews.prove(copy)

    def _read(self, media: Media) -> bytes:
        """The bytes of a picture. Raises BytesGone, OSError."""
        digest, place = media.digest, self._places.get(media.digest)
        if place is None:
            raise BytesGone(f"the bytes of a picture ({digest[:12]}) are nowhere to be found")
        data = place.path.read_bytes()
        if digest_bytes(data) == digest:
            return data
        if not place.is_sure:
            data = self._read_elsewhere(digest)
        if digest_bytes(data) != digest:
            raise BytesGone(f"its file is damaged ({digest[:12]})")
        return data

    def _read_elsewhere(self, digest: str) -> bytes:
        """The bytes that the store has no more, from the project; b"" where that has none."""
        self.damaged.setdefault(digest, False)
        for path in (*self._space.content.said_to_hold(digest), self._paths.get(digest, "")):
            with suppress(PathError, OSError):
                found = Path(self._space.root.readable(path, text=False))
                data = found.read_bytes()
                if digest_bytes(data) == digest:
                    self._places[digest] = Place(found, is_sure=True)
                    self.damaged[digest] = True
                    return data
        return b""
