"""Decoded pictures that renditions share, made once, kept within a bound; unaware of what they show."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Lock

from assetforge.model import Size
from assetforge.ops.pillow import Image

# A decoded picture has four bytes a pixel, with alpha or without. This is eight of 3840x2160.
LIMIT = 256 * 1024 * 1024
# A small picture has at most this part of the limit, and all small ones together this one: hundreds of icons are kept
# for the sheet they go onto, beside the few large pictures they are made from.
SMALL, FOR_SMALL = 1024, 8


class Memo:
    """Pictures by their identity, the least recently used ones dropped beyond `limit` bytes of pixels; for good only
    the sizes that somebody needs later, and what is told of how they were made. A large one that was announced goes
    as soon as nobody wants it any more.

    Safe to share between threads: who asks for a picture that another thread is making waits for it.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._small = Shelf()
        self._large = Shelf()
        self._making: dict[str, Future[Image.Image]] = {}
        self._sizes: dict[str, Size] = {}
        self._remarks: dict[str, tuple[str, str]] = {}
        self._wanted: Counter[str] = Counter()

    def announce(self, keys: Iterable[str]) -> None:
        """Somebody is going to ask for these pictures, and will say when that is `done`."""
        with self._lock:
            self._wanted.update(keys)

    def done(self, keys: Iterable[str]) -> None:
        """Who announced these pictures doesn't need them any more."""
        with self._lock:
            for key in keys:
                self._wanted[key] -= 1
                if self._wanted[key] <= 0:
                    del self._wanted[key]
                    self._large.discard(key)

    def find(self, key: str) -> Image.Image | None:
        """The picture, where it is here."""
        with self._lock:
            return self._found(key)

    def size(self, key: str) -> Size | None:
        """The size of a picture that was noted, whether the picture is kept or not."""
        return self._sizes.get(key)

    def note_size(self, key: str, image: Image.Image) -> None:
        """Remembers a picture's size."""
        self._sizes[key] = Size(*image.size)

    def remark(self, key: str) -> tuple[str, str] | None:
        """What was noted of how a picture was made: what happened, and a hint."""
        return self._remarks.get(key)

    def note_remark(self, key: str, remark: tuple[str, str]) -> None:
        """Remembers what is to be told of how a picture was made."""
        self._remarks[key] = remark

    def get(self, key: str, make: Callable[[], Image.Image]) -> Image.Image:
        """The picture, made where it isn't here. `make` must not ask this memo; who waits gets its error."""
        with self._lock:
            found = self._found(key)
            if found is not None:
                return found
            others = self._making.get(key)
            own: Future[Image.Image] = Future()
            if others is None:
                self._making[key] = own
        if others is not None:
            return others.result()
        try:
            image = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            own.set_exception(error)
            raise
        with self._lock:
            self._keep(key, image)
            del self._making[key]
        own.set_result(image)
        return image

    def _found(self, key: str) -> Image.Image | None:
        return self._small.find(key) or self._large.find(key)

    def _keep(self, key: str, image: Image.Image) -> None:
        if weight(image) * SMALL <= self._limit:
            self._small.keep(key, image)
            while self._small.held * FOR_SMALL > self._limit:
                self._small.drop()
        # Who is alone in wanting it, and makes it, has it.
        elif self._wanted[key] != 1:
            self._large.keep(key, image)
        while self._small.held + self._large.held > self._limit:
            self._large.drop()


class Shelf:
    """Pictures in the order they were last asked for, and how many bytes they have together."""

    def __init__(self) -> None:
        self.held = 0
        self._kept: OrderedDict[str, Image.Image] = OrderedDict()

    def find(self, key: str) -> Image.Image | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, image: Image.Image) -> None:
        self._kept[key] = image
        self.held += weight(image)

    def discard(self, key: str) -> None:
        """Lets go of one, where it is here."""
        if key in self._kept:
            self.held -= weight(self._kept.pop(key))

    def drop(self) -> None:
        """Lets go of the one that was longest not asked for."""
        self.held -= weight(self._kept.popitem(last=False)[1])


def weight(image: Image.Image) -> int:
    """Bytes of a decoded picture."""
    return 4 * image.width * image.height
