"""A store that machines share: named bytes in an object store or a folder; unaware of what they are.

obstore is met here only. What it raises may repeat a URL with its query, so that none of its words are told.
"""

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from assetforge.errors import UsageError
from assetforge.remotes import RemotePlace

if TYPE_CHECKING:
    from obstore.store import ObjectStore

INSTALL = "run `pip install 'assetforge-build[remote]'`"
# A request that hears nothing for so long is given up; what comes slowly may take its time.
CONNECT_SECONDS, SILENT_SECONDS = 5, 20
RETRIES, RETRY_SECONDS = 4, 20
_STATUS = re.compile(r"status code[: ]+(\d{3})|Client error with status (\d{3})")

Kind = Literal["down", "refused", "unsupported"]


class RemoteTrouble(Exception):  # noqa: N818 - told as a warning, and no fault of ours
    """The remote did not do what it was asked for. `kind` says whether it can't be reached, says no, or can't do such
    a thing at all."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class Remote:
    """Names and bytes of one remote, opened when it is first used; safe to share between threads. Every method raises
    RemoteTrouble. Credentials are the process's own variables, as the service names them."""

    def __init__(self, place: RemotePlace) -> None:
        self.place = place
        self._opened: ObjectStore | None = None
        self._mutex = Lock()

    @property
    def _store(self) -> "ObjectStore":
        with self._mutex:
            if self._opened is None:
                self._opened = _opened(self.place)
            return self._opened

    def get(self, name: str, limit: int) -> bytes | None:
        """The bytes under a name, None where there is nothing, or more than `limit` bytes."""
        import obstore

        with _troubles():
            try:
                found = obstore.get(self._store, name)
            except FileNotFoundError:
                return None
            if found.meta["size"] > limit:
                return None
            data = bytes(found.bytes())
        return data if len(data) <= limit else None

    def has(self, name: str) -> bool:
        """Whether there are bytes under a name."""
        import obstore

        with _troubles():
            try:
                return bool(obstore.head(self._store, name)["size"] > 0)
            except FileNotFoundError:
                return False

    def create(self, name: str, data: bytes) -> bool:
        """Writes bytes under a name that has none, at once or not at all; False where it has. A request that was sent
        again may find what it wrote itself: that is True."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with _troubles():
            try:
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
                return True
            except AlreadyExistsError:
                pass
        # An answer of 409 comes as "exists" too, also where two writers met and nothing was written.
        there = self.get(name, len(data) + (1 << 20))
        if there is None and not self.has(name):
            raise RemoteTrouble("down", "two machines wrote at once, and neither was let through")
        return there == data

    def write(self, name: str, data: bytes | Path) -> None:
        """Writes bytes, or those of a file, under a name, whatever was there."""
        import obstore

        with _troubles():
            obstore.put(self._store, name, data)

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with a folder."""
        import obstore

        with _troubles():
            for found in obstore.list(self._store, prefix):
                yield from (one["path"] for one in found)

    def delete(self, names: list[str]) -> None:
        """Removes what is under some names."""
        import obstore

        with _troubles():
            obstore.delete(self._store, names)


def open_remote(place: RemotePlace) -> Remote:
    """A remote; nobody is asked yet. Raises UsageError where what speaks to it is not installed."""
    if importlib.util.find_spec("obstore") is None:
        raise UsageError("a remote needs the package `obstore`", hint=INSTALL)
    return Remote(place)


def _opened(place: RemotePlace) -> "ObjectStore":
    from obstore.store import LocalStore, from_url

    if place.scheme == "file":
        try:
            os.makedirs(place.url, exist_ok=True)
            return LocalStore(place.url)
        except OSError as error:
            raise RemoteTrouble("refused", (error.strerror or "it can't be made").lower()) from None
    return from_url(place.url, **_manners(place))


def _manners(place: RemotePlace) -> dict[str, Any]:
    own = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or place.url
    is_local = own.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    wanted = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes")
    return {
        "client_options": {
            "allow_http": is_local or wanted,
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "read_timeout": f"{SILENT_SECONDS}s",
            "timeout": "10m",
            "user_agent": "assetforge",
        },
        "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
    }


@contextmanager
def _troubles() -> Iterator[None]:
    """What obstore raises, in our words: its own may hold what is secret."""
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise RemoteTrouble("refused", "the credentials are not let in") from None
    except (exceptions.NotSupportedError, NotImplementedError):
        raise RemoteTrouble("unsupported", "it can't do that") from None
    except exceptions.BaseError as error:
        raise _trouble(str(error)) from None
    except ValueError:
        raise RemoteTrouble("refused", "its name can't be used") from None
    except OSError as error:
        raise RemoteTrouble("down", (error.strerror or "it can't be read").lower()) from None


def _trouble(told: str) -> RemoteTrouble:
    status = _STATUS.search(told)
    if status is not None:
        number = status[1] or status[2]
        return RemoteTrouble("refused" if number.startswith("4") else "down", f"it answers with status {number}")
    if "Missing" in told or "redential" in told or "must be specified" in told:
        return RemoteTrouble("refused", "there are no credentials for it")
    if "timed out" in told or "TimedOut" in told:
        return RemoteTrouble("down", "it does not answer in time")
    return RemoteTrouble("down", "it can't be reached")
