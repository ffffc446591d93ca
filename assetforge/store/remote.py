"""A store that machines share: named bytes in an object store or a folder; unaware of what they are.

obstore is met here only. What it raises may repeat a URL with its query, so that none of its words are told.
"""

import hashlib
import importlib.util
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from assetforge.errors import UsageError
from assetforge.remotes import RemotePlace, is_loopback_url

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ObjectStore

INSTALL = "run `pip install 'assetforge-build[remote]'`"
# A request that hears nothing for so long is given up; what comes slowly may take its time.
CONNECT_SECONDS, SILENT_SECONDS = 5, 20
RETRIES, RETRY_SECONDS = 4, 20
# Between tries to write where two met.
PAUSES = (0.1, 0.3, 0.9, 2.0)
PIECE = 1 << 20
_STATUS = re.compile(r"status code[: ]+(\d{3})|Client error with status (\d{3})")

_NO_CREDENTIALS = re.compile(r"Missing(AccessKeyId|SecretAccessKey)|Account must be specified|[Cc]redentials? ")

Kind = Literal["down", "refused", "unsupported"]


class RemoteTrouble(Exception):  # noqa: N818 - told as a warning, and no fault of ours
    """The remote did not do what it was asked for. `kind` says whether it can't be reached, says no, or can't do such
    a thing at all."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class Remote:
    """Names and bytes of one remote, opened when it is first used; safe to share between threads. Every method raises
    RemoteTrouble. Credentials are the process's own variables, as the service names them. A folder is made by the
    first thing that is written there, and never by looking."""

    def __init__(self, place: RemotePlace) -> None:
        self.place = place
        self._opened: ObjectStore | None = None
        self._mutex = Lock()

    def get(self, name: str, limit: int) -> bytes | None:
        """The bytes under a name, None where there is nothing, or more than `limit` bytes."""
        with _troubles():
            found = self._found(name)
            if found is None or found.meta["size"] > limit:
                return None
            data = bytes(found.bytes())
        return data if len(data) <= limit else None

    def fetch(self, name: str, path: Path, limit: int) -> str | None:
        """Writes the bytes under a name into a file, in pieces, and gives their digest; None as `get`."""
        with _troubles():
            found = self._found(name)
            if found is None or found.meta["size"] > limit:
                return None
            digest, size = hashlib.sha256(), 0
            with path.open("wb") as file:
                for piece in found.stream(min_chunk_size=PIECE):
                    size += len(piece)
                    if size > limit:
                        return None
                    digest.update(piece)
                    file.write(piece)
        return digest.hexdigest()

    def has(self, name: str) -> bool:
        """Whether there are bytes under a name."""
        import obstore

        with _troubles():
            if not self._is_there():
                return False
            try:
                return bool(obstore.head(self._store(), name)["size"] > 0)
            except FileNotFoundError:
                return False

    def create(self, name: str, data: bytes) -> bool:
        """Writes bytes under a name that has none, at once or not at all; False where it has. A request that was sent
        again may find what it wrote itself: that is True. Where two meet so closely that a server lets neither
        through (S3 answers 409, which comes as "exists" too), it is tried again for some seconds."""
        for seconds in (*PAUSES, 0.0):
            if self._create(name, data):
                return True
            there = self.get(name, len(data) + (1 << 20))
            if there is not None or self.has(name):
                return there == data
            time.sleep(seconds * (0.5 + random.random()))  # noqa: S311 - so that two don't meet again
        raise RemoteTrouble("down", f"something is in the way of `{name}`")

    def _create(self, name: str, data: bytes) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with _troubles():
            self._make()
            try:
                obstore.put(self._store(), name, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def write(self, name: str, data: bytes | Path) -> None:
        """Writes bytes, or those of a file, under a name, whatever was there."""
        import obstore

        with _troubles():
            self._make()
            obstore.put(self._store(), name, data)

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with a folder."""
        import obstore

        with _troubles():
            if self._is_there():
                for found in obstore.list(self._store(), prefix):
                    yield from (one["path"] for one in found)

    def delete(self, names: list[str]) -> None:
        """Removes what is under some names."""
        import obstore

        with _troubles():
            obstore.delete(self._store(), names)

    def _store(self) -> "ObjectStore":
        with self._mutex:
            if self._opened is None:
                self._opened = _opened(self.place)
            return self._opened

    def _found(self, name: str) -> "GetResult | None":
        import obstore

        if not self._is_there():
            return None
        try:
            return obstore.get(self._store(), name)
        except FileNotFoundError:
            return None

    def _is_there(self) -> bool:
        """Whether there can be anything: a folder that is not there has nothing."""
        return self.place.scheme != "file" or os.path.isdir(self.place.url)

    def _make(self) -> None:
        """Makes the folder of a remote that is one. Not those above it: then a disk is not mounted, most likely."""
        if self.place.scheme == "file" and not os.path.isdir(self.place.url):
            if not os.path.isdir(os.path.dirname(self.place.url)):
                raise RemoteTrouble("refused", "the folder that it is in is not there: is a disk mounted?")
            with suppress(FileExistsError):
                os.mkdir(self.place.url)


def open_remote(place: RemotePlace) -> Remote:
    """A remote; nobody is asked yet. Raises UsageError where what speaks to it is not installed."""
    if importlib.util.find_spec("obstore") is None:
        raise UsageError("a remote needs the package `obstore`", hint=INSTALL)
    return Remote(place)


def _opened(place: RemotePlace) -> "ObjectStore":
    from obstore.store import AzureStore, GCSStore, HTTPStore, LocalStore, S3Store

    match place.scheme:
        case "file":
            return LocalStore(place.url)
        case "s3":
            return S3Store.from_url(place.url, **_manners(place))
        case "gs":
            return GCSStore.from_url(place.url, **_manners(place))
        case "az":
            return AzureStore.from_url(place.url, **_manners(place))
        case _:  # never asked with anybody's credentials, whatever server it is
            return HTTPStore.from_url(place.url, **_manners(place))


def _manners(place: RemotePlace) -> dict[str, Any]:
    own = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    is_wanted = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes")
    return {
        "client_options": {
            "allow_http": is_loopback_url(place.url if place.is_web else own) or (is_wanted and not place.is_web),
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
    if _NO_CREDENTIALS.search(told):
        return RemoteTrouble("refused", "there are no credentials for it")
    if "timed out" in told or "TimedOut" in told:
        return RemoteTrouble("down", "it does not answer in time")
    return RemoteTrouble("down", "it can't be reached")
