"""Requests and images a minute, kept by all processes that share a store; unaware of providers and of waiting.

One file a limit holds what was taken, in buckets of a tenth of a second, each counted until its last instant is a
minute old: so a file stays small however high a limit is, and a limit is never passed, only reached a little late.
Nothing is flushed to the disk: after a loss of power a minute is long over.
"""

from pathlib import Path

from assetforge import atomic
from assetforge.digest import digest_bytes
from assetforge.store import documents
from assetforge.store.claims import hold
from assetforge.store.documents import is_whole

VERSION = 1

_POLL = 0.02
_BUCKETS = 10  # a second
_WINDOW = 60 * _BUCKETS
_LATEST = 2**50
_MAX_BYTES = 64 << 10  # a full window takes a third of it

# Bucket, requests, images.
_Taken = list[tuple[int, int, int]]


class Rates:
    """The limits of one store. The folder is made with the first place taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, *, requests: int | None, images: int | None, n: int, now: float) -> float:
        """Takes a place for one request of `n` images under the limit called `name`, and returns 0.0; or takes
        nothing, and returns the seconds after which to ask again.

        `requests` and `images` are what one minute may have, None without a limit; `now` is the time of day in
        seconds (`time.time()`), which all processes share. A request of more images than a minute may have is let
        through when nothing else was taken in that minute. Never blocks. Raises OSError, and UsageError where a newer
        release keeps the limit.
        """
        if requests is None and images is None:
            return 0.0
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / digest_bytes(name.encode("utf-8", "surrogatepass"))
        claim = hold(path.with_suffix(".lock"))
        if claim is None:
            return _POLL
        with claim:
            taken = _read(path)
            bucket = _bucket_of(now, taken)
            alive = [entry for entry in taken if bucket - entry[0] <= _WINDOW and entry[0] <= bucket]
            free = _free_at(alive, requests, images, n)
            if free is not None:
                # A thousandth more, so that no rounding brings the caller back too early.
                return max(free / _BUCKETS - now + 0.001, _POLL)
            _write(path, _with_one(alive, bucket, n))
        return 0.0


def _bucket_of(now: float, taken: _Taken) -> int:
    """The bucket of an instant, never before the last one taken: a process may be held up after it has looked at its
    clock. What is over a minute ahead was taken before the clock was set back, and does not count."""
    bucket = int(now * _BUCKETS)
    return max((other for other, *_ in taken if bucket <= other <= bucket + _WINDOW), default=bucket)


def _free_at(alive: _Taken, requests: int | None, images: int | None, n: int) -> int | None:
    """The first bucket in which there is a place, None where there is one now. `alive` is in order of time."""
    used = sum(entry[1] for entry in alive)
    drawn = sum(entry[2] for entry in alive)
    free = None
    for bucket, past_requests, past_images in alive:
        if (requests is None or used < requests) and (images is None or drawn + n <= images):
            break
        used -= past_requests
        drawn -= past_images
        free = bucket + _WINDOW + 1
    return free


def _with_one(alive: _Taken, bucket: int, n: int) -> _Taken:
    if alive and alive[-1][0] == bucket:
        _, requests, images = alive.pop()
        return [*alive, (bucket, requests + 1, images + n)]
    return [*alive, (bucket, 1, n)]


def _read(path: Path) -> _Taken:
    """What was taken, in order of time; nothing where the file is missing, or is not what `_write` writes."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    told = documents.decode(data, version=VERSION, what=f"`{path}`") if len(data) <= _MAX_BYTES else None
    taken = told.get("taken") if told else None
    if not isinstance(taken, list) or not all(map(_is_entry, taken)):
        return []
    return sorted((bucket, requests, images) for bucket, requests, images in taken)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != 3:
        return False
    bucket, requests, images = entry
    return is_whole(bucket, high=_LATEST) and is_whole(requests, low=1) and is_whole(images)


def _write(path: Path, taken: _Taken) -> None:
    atomic.write(str(path), documents.encode(VERSION, {"taken": taken}) + b"\n", durable=False, mode=0o600)
