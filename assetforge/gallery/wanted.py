"""One picture that a page asks for, and what it needs to be shown: the very file, or copies of it. Unaware of how
these are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from assetforge.model import Picture, Size
from assetforge.ops.preview import BETWEEN, LARGE, THUMB, Preview
from assetforge.store.previews import Copy

# What browsers show themselves, and how its files end.
ENDINGS: Mapping[str, str] = {
    "png": "png",
    "jpeg": "jpg",
    "webp": "webp",
    "gif": "gif",
    "avif": "avif",
    "ico": "ico",
}
# A larger file is not for a page, nor is one of which a browser would hold more pixels (four bytes each): it gets a
# copy in its place. One so small is its own thumbnail; of placeholders only such a one is shown itself.
MOST_BYTES = 4_000_000
MOST_PIXELS = 16_000_000
SMALL_BYTES = 64_000


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
        if media is None or media.format not in ENDINGS:
            return False
        most = SMALL_BYTES if self.picture.draft else MOST_BYTES
        return media.bytes <= most and media.width * media.height <= MOST_PIXELS

    @property
    def large_kind(self) -> Preview:
        """The copy that is made for a closer look: a small one of a placeholder, and of what stands between two
        steps, which is there to be compared."""
        return BETWEEN if self.picture.media is None or self.picture.draft else LARGE

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


def is_ready(wanted: Wanted) -> bool:
    """Whether nothing is to be made of it, or proven again."""
    try:
        return wanted.is_ready
    except OSError:  # it went away just now
        return False
