"""Decoded pictures that renditions share, made once, kept within a bound; unaware of what they show."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from PIL import Image

# A decoded picture has four bytes a pixel, with alpha or without. This is eight of 3840x2160.
LIMIT = 256 * 1024 * 1024


class Memo:
    """Pictures by their identity, the least recently used ones dropped beyond `limit` bytes of pixels.

    Safe to share between threads: who asks for a picture that another thread is making waits for it.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held = 0
        self._lock = Lock()
        self._kept: OrderedDict[str, Image.Image] = OrderedDict()
        self._making: dict[str, Future[Image.Image]] = {}

    def find(self, key: str) -> Image.Image | None:
        """The picture, where it is here."""
        with self._lock:
            return self._found(key)

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
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, key: str, image: Image.Image) -> None:
        self._kept[key] = image
        self._held += weight(image)
        while self._held > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._held -= weight(dropped)


def weight(image: Image.Image) -> int:
    """Bytes of a decoded picture."""
    return 4 * image.width * image.height
