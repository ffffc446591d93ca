"""The pictures of a page: where the bytes of each are, and small copies of them, made once in threads and kept in the
user's store. Unaware of cards and of what a picture is for.

A picture is asked for by the digest of its bytes, or, where it stands between two steps and is no file, by the
identity of its recipe.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from assetforge.digest import digest_bytes
from assetforge.gallery.cards import Shown
from assetforge.model import Media, Picture, Size
from assetforge.ops.evaluate import announce, evaluate_announced
from assetforge.ops.memo import Memo
from assetforge.ops.preview import LARGE, THUMB, preview
from assetforge.ops.spec import OpFailed
from assetforge.paths import PathError
from assetforge.plan.action import parts_of
from assetforge.plan.lost import NOT_PULLED
from assetforge.run.bytes import BytesGone
from assetforge.store.previews import FOLDER, Copy, Previews
from assetforge.workspace import Workspace

# Where pages find their pictures.
PICTURES = "pictures"
# What browsers show themselves, and how its files end.
ENDINGS: Mapping[str, str] = {
    "png": "png",
    "jpeg": "jpg",
    "webp": "webp",
    "gif": "gif",
    "avif": "avif",
    "ico": "ico",
}
# A larger file is not for a page: it gets a copy in its place. One so small is its own thumbnail.
MOST_BYTES = 4_000_000
SMALL_BYTES = 64_000
# The size of a picture between two steps, where only its pixels can tell.
SIZE = "size1"


class Place(NamedTuple):
    """A file that has some bytes; `is_sure` where it was looked into since it last changed."""

    path: Path
    is_sure: bool


@dataclass(slots=True)
class Wanted:
    """A picture that a page asks for. `place` is where its bytes are, None where they are nowhere, and of a picture
    between two steps. `flaw` says why it can't be shown, though it should be there; `is_gone` that what it is made
    from is not here."""

    picture: Picture
    place: Place | None = None
    thumb: Copy | None = None
    large: Copy | None = None
    size: Size | None = None
    flaw: str = ""
    is_gone: bool = False

    @property
    def name(self) -> str:
        """What it goes by: the digest of its bytes, or of its recipe."""
        return self.picture.media.digest if self.picture.media is not None else self.picture.made

    @property
    def shows_itself(self) -> bool:
        """Whether the page's large picture is the very file."""
        media = self.picture.media
        return media is not None and media.format in ENDINGS and media.bytes <= MOST_BYTES

    @property
    def is_small(self) -> bool:
        """Whether the page's large picture is fit for a thumbnail too."""
        if self.size is None or max(self.size) > THUMB.longest:
            return False
        return not self.shows_itself or (self.picture.media is not None and self.picture.media.bytes <= SMALL_BYTES)

    @property
    def has_copies(self) -> bool:
        """Whether all copies are here that it needs."""
        has_thumb, has_large = self.is_small or self.thumb is not None, self.shows_itself or self.large is not None
        return self.size is not None and has_thumb and has_large

    @property
    def is_ready(self) -> bool:
        """Whether nothing is to be made, or proven again. Raises OSError where its file went away."""
        if self.picture.media is None or not self.has_copies:
            return self.has_copies
        if self.place is None or self.place.is_sure:
            return self.place is not None
        copy = self.thumb or self.large
        return copy is not None and copy.proves(self.place.path)


class Darkroom:
    """Pictures are wanted first, then developed all together, then shown. `store` is the user's folder, be it there
    or not. For one thread, but for what it makes."""

    def __init__(self, space: Workspace, store: Path) -> None:
        self.pictures: dict[str, Path] = {}
        self._space = space
        self._previews = Previews(store / FOLDER)
        self._wanted: dict[str, Wanted] = {}
        self._waiting: dict[str, list[Wanted]] = {}
        self._places: dict[str, Place | None] = {}
        self._memo = Memo()

    def want(self, picture: Picture, group: str, path: str = "") -> str:
        """Asks for a picture, and gives its name. Those of one `group` are made after each other, since they are made
        from each other. `path` is a file of the project that has its bytes."""
        wanted = Wanted(picture, size=picture.size)
        if wanted.name not in self._wanted:
            self._wanted[wanted.name] = wanted
            self._find(wanted, path)
            if not _is_ready(wanted):
                wanted.is_gone = not self._has_leaves(picture)
            if not (_is_ready(wanted) or wanted.is_gone or wanted.flaw):
                self._waiting.setdefault(group, []).append(wanted)
        return wanted.name

    def develop(self) -> None:
        """Makes what is missing, in as many threads as there are cores."""
        groups = list(self._waiting.values())
        self._waiting.clear()
        if len(groups) < 2:
            for group in groups:
                self._make_all(group)
            return
        with ThreadPoolExecutor(min(os.cpu_count() or 1, len(groups)), thread_name_prefix="assetforge") as pool:
            list(pool.map(self._make_all, groups))

    def flaw(self, name: str) -> str:
        """Why a picture can't be shown that should be there, "" where nothing is wrong."""
        return self._wanted[name].flaw

    def show(self, name: str, *, draft: bool = False) -> Shown | None:
        """A picture that was developed, None where it could not be, or its bytes are nowhere."""
        wanted = self._wanted[name]
        if wanted.flaw or wanted.is_gone or wanted.size is None or not wanted.has_copies:
            return None
        media = wanted.picture.media
        full = f"{name}-large.webp"
        if media is not None and wanted.shows_itself and wanted.place is not None:
            full = f"{name}.{ENDINGS[media.format]}"
            self.pictures[full] = wanted.place.path
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
            wanted.large = self._previews.find(wanted.name, LARGE.name)
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

    def _make_all(self, group: Sequence[Wanted]) -> None:
        """Makes the copies that are missing, or proves again what they are made from."""
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

    def _prove(self, wanted: Wanted) -> None:
        copy = wanted.thumb or wanted.large
        if wanted.picture.media is not None:
            self._read(wanted.picture.media)
        if copy is not None:
            self._previews.prove(copy)

    def _make(self, wanted: Wanted) -> None:
        image = evaluate_announced(wanted.picture, self._read, memo=self._memo)
        wanted.size = Size(*image.size)
        if not wanted.shows_itself:
            wanted.large = self._previews.keep(wanted.name, LARGE.name, preview(image, LARGE))
        if not wanted.is_small:
            wanted.thumb = self._previews.keep(wanted.name, THUMB.name, preview(image, THUMB))
        if wanted.picture.size is None:
            self._previews.keep(wanted.name, SIZE, str(wanted.size).encode())

    def _read(self, media: Media) -> bytes:
        """The bytes of a picture. Raises BytesGone, OSError."""
        place = self._places.get(media.digest)
        if place is None:
            raise BytesGone(f"the bytes of a picture ({media.digest[:12]}) are nowhere to be found")
        data = place.path.read_bytes()
        if digest_bytes(data) != media.digest:
            if not place.is_sure:
                self._space.shelf.blobs.verified(media.digest)  # drops it, as whoever finds it damaged does
            raise BytesGone(f"its file is damaged ({media.digest[:12]})")
        return data


def _is_ready(wanted: Wanted) -> bool:
    try:
        return wanted.is_ready
    except OSError:  # it went away just now
        return False
