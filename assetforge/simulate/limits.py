"""So many requests and pictures a minute, as the API counts them: a bucket that fills evenly. Unaware of clocks."""

import math
from dataclasses import dataclass


@dataclass
class Bucket:
    """`limit` a minute, all of them at once where none was taken for a while. Times are seconds of any clock."""

    limit: int
    what: str
    level: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = float(self.limit)

    def wait(self, wanted: int, now: float) -> float:
        """Seconds until so many may be taken; 0 where they may be now."""
        rate = self.limit / 60
        self.level = min(float(self.limit), self.level + (now - self.at) * rate)
        self.at = now
        # What the clock's rounding leaves open is nobody's fault.
        return 0.0 if self.level + 1e-6 >= wanted else (wanted - self.level) / rate

    def take(self, wanted: int) -> None:
        """Takes what there is room for, after `wait` said so."""
        self.level -= wanted


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that a request would pass."""

    bucket: Bucket
    wanted: int
    seconds: float

    @property
    def message(self) -> str:
        """In the API's words."""
        used = self.bucket.limit - math.floor(self.bucket.level)
        return (
            f"Rate limit reached on {self.bucket.what} per min: Limit {self.bucket.limit}, Used {used}, "
            f"Requested {self.wanted}. Please try again in {self.seconds:.1f}s."
        )

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in both of the ways that the API tells it."""
        whole = {"retry-after": str(math.ceil(self.seconds)), "retry-after-ms": str(math.ceil(self.seconds * 1000))}
        name = self.bucket.what
        return whole | {f"x-ratelimit-limit-{name}": str(self.bucket.limit), f"x-ratelimit-remaining-{name}": "0"}


class Limits:
    """Both limits; None is none."""

    def __init__(self, requests: int | None = None, images: int | None = None) -> None:
        self._requests = None if requests is None else Bucket(requests, "requests")
        self._images = None if images is None else Bucket(images, "images")

    def admit(self, images: int, now: float) -> Exceeded | None:
        """Takes a request with so many pictures, or says which limit it would pass; then it took nothing."""
        asked = [(bucket, wanted) for bucket, wanted in ((self._requests, 1), (self._images, images)) if bucket]
        for bucket, wanted in asked:
            if seconds := bucket.wait(wanted, now):
                return Exceeded(bucket, wanted, seconds)
        for bucket, wanted in asked:
            bucket.take(wanted)
        return None
