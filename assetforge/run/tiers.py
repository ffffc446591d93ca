"""Two stores as one: what others bought is read through from the remote, what is bought here is written through.

Whatever the remote gives is proven here: a record by its form and its key, a picture by its digest and by decoding
it. Each kind of operation that fails is given up for the rest of the run, and told once.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock as Mutex
from typing import Literal, TypeVar

from assetforge.adopting import BLOB_LIMIT, Unfit, measured_anew, prove_picture, read_record
from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.model import Record
from assetforge.store.audit import FREE
from assetforge.store.blobs import Blobs
from assetforge.store.documents import is_digest
from assetforge.store.record_format import SIZE_LIMIT, encode_record
from assetforge.store.remote import Remote, RemoteTrouble

Operation = Literal["read", "write", "lease"]
Result = TypeVar("Result")

AT_ONCE = 16
# What a build does without where an operation fails.
WITHOUT = {
    "read": "what others bought is not seen",
    "write": "what is made here is not shared: run `assetforge cache push` later",
    "lease": "two machines that build at once may both pay for a picture",
}


def blob_name(digest: str) -> str:
    """Where a blob is in a remote."""
    return f"blobs/{digest}"


def record_name(key: str) -> str:
    """Where a record is in a remote."""
    return f"records/{key}"


class Tiers:
    """The remote beside this machine's blobs. Records are handed over, never written here: their database is for one
    thread. `writes` says whether anything may be written there. `remarks` are what is to be told, once each."""

    def __init__(self, remote: Remote, blobs: Blobs, *, writes: bool) -> None:
        self.remote = remote
        self.writes = writes
        self.remarks: list[Problem] = []
        self._blobs = blobs
        # What waits to be sent never holds up what is sought.
        self._seeking = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assetforge-seek")
        self._sending = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assetforge-send")
        self._closed: set[Operation] = set()
        self._told: set[str] = set()
        self._bad: set[str] = set()
        self._offered: dict[str, Future[bool]] = {}
        self._mutex = Mutex()

    def find(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records of keys whose pictures are there too, as the remote tells them; nothing is fetched."""
        return dict(self._each(keys, self._found))

    def fetch(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records of keys, with their pictures proven, measured and kept among this machine's blobs."""
        return dict(self._each(keys, self._fetched))

    def fetch_blobs(self, digests: Iterable[str]) -> set[str]:
        """Those of some digests that are among this machine's blobs now."""
        return {digest for digest, _ in self._each(digests, lambda digest: self._blob(digest) or None)}

    def find_blobs(self, digests: Iterable[str]) -> set[str]:
        """Those of some digests that are there."""
        return {
            digest for digest, _ in self._each(digests, lambda digest: self.remote.has(blob_name(digest)) or None)
        }

    def publish(self, record: Record) -> Record:
        """Shares a bought picture, its blob before its record; gives the record that the key has there, with its
        picture here: another one where somebody was first."""
        if not self.writes or record.kind in FREE or record.by:
            return record
        with self.trying("write") as may:
            if may:
                return self._published(record)
        return record

    def offer(self, digest: str) -> None:
        """Shares the blob of an output beside everything else."""
        with self._mutex:
            if self.writes and digest not in self._offered and "write" not in self._closed:
                self._offered[digest] = self._sending.submit(self._offer, digest)

    def offer_record(self, record: Record) -> None:
        """Shares a bought picture beside everything else."""
        if record.kind in FREE or record.by:
            return
        with self._mutex:
            if self.writes and record.key not in self._offered and "write" not in self._closed:
                self._offered[record.key] = self._sending.submit(self._offer_record, record)

    @property
    def waiting(self) -> int:
        """How many pictures are still on their way there."""
        return sum(not offered.done() for offered in self._offered.values())

    def finish(self) -> int:
        """Returns when everything offered is there, or can't be: how many of it were sent now."""
        sent = sum(waiting.result() for waiting in list(self._offered.values()))
        self._sending.shutdown()
        self._seeking.shutdown()
        return sent

    def take_remarks(self) -> list[Problem]:
        """What is to be told since the last time."""
        with self._mutex:
            taken, self.remarks = self.remarks, []
        return taken

    @contextmanager
    def trying(self, operation: Operation) -> Iterator[bool]:
        """A piece of work with the remote: False where such work was given up before. Where it fails it is given up
        now, and that is told."""
        try:
            yield operation not in self._closed
        except RemoteTrouble as error:
            self.give_up(operation, error)

    def _each(self, names: Iterable[str], work: Callable[[str], Result | None]) -> Iterator[tuple[str, Result]]:
        def one(name: str) -> Result | None:
            with self.trying("read") as may:
                return work(name) if may else None
            return None

        wanted = list(dict.fromkeys(names))
        for name, found in zip(wanted, self._seeking.map(one, wanted), strict=True):
            if found is not None:
                yield name, found

    def give_up(self, operation: Operation, error: RemoteTrouble) -> None:
        """Does without one kind of operation from now on, and tells it once."""
        with self._mutex:
            if operation in self._closed:
                return
            self._closed.add(operation)
            did = {"read": "can't be read", "write": "can't be written to", "lease": "can't hold leases"}[operation]
            told = f"the remote `{self.remote.place.url}` {did} ({error}): {WITHOUT[operation]}"
            self.remarks.append(Problem(told, None))

    def _tell(self, words: str) -> None:
        with self._mutex:
            if words not in self._told:
                self._told.add(words)
                self.remarks.append(Problem(words, None))

    def _found(self, key: str) -> Record | None:
        record = self._record(key)
        return record if record is not None and self.remote.has(blob_name(record.media.digest)) else None

    def _fetched(self, key: str) -> Record | None:
        record = self._record(key)
        if record is None or not self._blob(record.media.digest):
            return None
        try:
            return measured_anew(record, prove_picture(self._blobs.path(record.media.digest), record.media.digest))
        except (Unfit, OSError) as error:
            self._tell(f"the remote's picture for `{key[:12]}` is not used: {error}")
            return None

    def _record(self, key: str) -> Record | None:
        """A record that is there and sound. Raises RemoteTrouble."""
        data = self.remote.get(record_name(key), SIZE_LIMIT)
        if data is None:
            return None
        try:
            record = read_record(data, key)
        except Unfit as error:
            self._tell(f"the remote's record for `{key[:12]}` is not used: {error}")
            return None
        return None if record.kind in FREE or record.by else record

    def _blob(self, digest: str) -> bool:
        """Whether a blob is here now. Raises RemoteTrouble."""
        if self._blobs.verified(digest) is not None:
            return True
        data = self.remote.get(blob_name(digest), BLOB_LIMIT) if is_digest(digest) else None
        if data is None:
            return False
        if digest_bytes(data) != digest:
            self._bad.add(digest)
            self._tell(f"the remote has other bytes than {digest[:12]} under that name: they are not used")
            return False
        self._blobs.put(data, durable=True)
        return True

    def _send(self, digest: str) -> bool:
        """A blob, unless it is there; whether it was sent. Raises RemoteTrouble."""
        if digest not in self._bad and self.remote.has(blob_name(digest)):
            return False
        path = self._blobs.verified(digest)
        if path is None:
            return False
        self.remote.write(blob_name(digest), path)
        self._bad.discard(digest)
        return True

    def _offer(self, digest: str) -> bool:
        with self.trying("write") as may:
            return may and self._send(digest)
        return False

    def _offer_record(self, record: Record) -> bool:
        with self.trying("write") as may:
            if may and not self.remote.has(record_name(record.key)):
                self._published(record)
                return True
        return False

    def _published(self, record: Record) -> Record:
        self._send(record.media.digest)
        name, data = record_name(record.key), encode_record(record)
        try:
            is_first = self.remote.create(name, data)
        except RemoteTrouble as error:
            if error.kind != "unsupported":
                raise
            self._tell(f"the remote `{self.remote.place.url}` can't put a name only where there is none")
            is_first = not self.remote.has(name)
            if is_first:
                self.remote.write(name, data)
        if is_first:
            return record
        theirs = self._fetched(record.key)
        if theirs is None:
            self.remote.write(name, data)  # what is there leads to no picture
            return record
        return theirs
