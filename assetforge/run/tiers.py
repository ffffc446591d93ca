"""Two stores as one: what others bought is read through from the remote, what is bought here is written through.

Whatever the remote gives is proven here: a record by its form and its key, a picture by its digest and by decoding
it. Each kind of operation that fails is given up for the rest of the run, and told once.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock as Mutex
from typing import Literal, TypeVar

from assetforge.adopting import BLOB_LIMIT, Newer, Unfit, measured_anew, prove_picture, read_record
from assetforge.errors import Problem, UsageError
from assetforge.model import Media, Record
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
DID = {"read": "can't be read", "write": "can't be written to", "lease": "can't hold leases"}


def blob_name(digest: str) -> str:
    """Where a blob is in a remote."""
    return f"blobs/{digest}"


def record_name(key: str) -> str:
    """Where a record is in a remote."""
    return f"records/{key}"


class Tiers:
    """The remote beside this machine's blobs. Records are handed over, never written here: their database is for one
    thread. `writes` says whether anything may be written there."""

    def __init__(self, remote: Remote, blobs: Blobs, *, writes: bool) -> None:
        self.remote = remote
        self.writes = writes
        self._blobs = blobs
        # What waits to be sent never holds up what is sought, nor that what a call waits for.
        self._seeking = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assetforge-seek")
        self._sending = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assetforge-send")
        self._asking = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assetforge-ask")
        self._closed: set[Operation] = set()
        self._remarks: list[Problem] = []
        self._told: set[str] = set()
        self._bad: set[str] = set()
        self._published: set[str] = set()
        self._offered: dict[str, Future[bool]] = {}
        self._mutex = Mutex()

    # --- reading through ---

    def find(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records of keys whose pictures are there too, as the remote tells them; nothing is fetched. Raises
        UsageError for what a newer release wrote, as all that reads."""
        return dict(self._each(keys, self._found))

    def fetch(self, keys: Iterable[str]) -> dict[str, Record]:
        """The records of keys, with their pictures proven, measured and kept among this machine's blobs."""
        return dict(self._each(keys, self._fetched))

    def find_blobs(self, digests: Iterable[str]) -> set[str]:
        """Those of some digests that are there."""
        return {digest for digest, _ in self._each(digests, lambda one: self.remote.has(blob_name(one)) or None)}

    def fetch_blobs(self, sizes: Mapping[str, int]) -> set[str]:
        """Those of some digests, with the bytes they should have, that are among this machine's blobs now."""
        return {digest for digest, _ in self._each(sizes, lambda one: self._kept(one, sizes[one]))}

    # --- writing through ---

    def publish(self, record: Record) -> Record:
        """Shares a bought picture, its blob before its record; gives the record that the key has there, with its
        picture here: another one where somebody was first."""
        if not self._is_shared(record):
            return record
        with self.trying("write") as may:
            if may:
                return self._put(record)
        return record

    def offer(self, digest: str) -> None:
        """Shares the blob of an output beside everything else."""
        self._offer(digest, lambda: self._send(digest))

    def offer_record(self, record: Record) -> None:
        """Shares a bought picture beside everything else."""
        if self._is_shared(record) and record.key not in self._published:
            self._offer(record.key, lambda: self._put_new(record))

    @property
    def is_silent(self) -> bool:
        """Whether reading was given up."""
        return "read" in self._closed

    @property
    def waiting(self) -> int:
        """How many pictures are still on their way there."""
        return sum(not offered.done() for offered in self._offered.values())

    def finish(self) -> None:
        """Returns when everything offered is there, or can't be."""
        for waiting in list(self._offered.values()):
            waiting.result()
        for pool in (self._sending, self._seeking, self._asking):
            pool.shutdown()

    # --- what does not work ---

    def take_remarks(self) -> list[Problem]:
        """What is to be told since the last time."""
        with self._mutex:
            taken, self._remarks = self._remarks, []
        return taken

    @contextmanager
    def trying(self, operation: Operation) -> Iterator[bool]:
        """A piece of work with the remote: False where such work was given up before. Where it fails, or this
        machine's disk does, it is given up now, and that is told."""
        try:
            yield operation not in self._closed
        except RemoteTrouble as error:
            self.give_up(operation, str(error))
        except OSError as error:
            self.give_up(operation, (error.strerror or str(error)).lower())

    def give_up(self, operation: Operation, reason: str) -> None:
        """Does without one kind of operation from now on, and tells it once."""
        with self._mutex:
            if operation not in self._closed:
                self._closed.add(operation)
                told = f"the remote `{self.remote.place.url}` {DID[operation]} ({reason}): {WITHOUT[operation]}"
                self._remarks.append(Problem(told, None))

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Does work with the remote in a thread of its own, so that a slow one holds up nothing else."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, work)

    def _tell(self, words: str) -> None:
        with self._mutex:
            if words not in self._told:
                self._told.add(words)
                self._remarks.append(Problem(words, None))

    # --- one thing at a time ---

    def _each(self, names: Iterable[str], work: Callable[[str], Result | None]) -> Iterator[tuple[str, Result]]:
        def one(name: str) -> Result | None:
            with self.trying("read") as may:
                return work(name) if may else None
            return None

        wanted = list(dict.fromkeys(names))
        for name, found in zip(wanted, self._seeking.map(one, wanted), strict=True):
            if found is not None:
                yield name, found

    def _found(self, key: str) -> Record | None:
        record = self._record(key)
        return record if record is not None and self.remote.has(blob_name(record.media.digest)) else None

    def _fetched(self, key: str) -> Record | None:
        record = self._record(key)
        media = None if record is None else self._kept(record.media.digest, record.media.bytes)
        try:
            return None if record is None or media is None else measured_anew(record, media)
        except Unfit as error:
            self._tell(f"the remote's picture for `{key[:12]}` is not used: {error}")
            return None

    def _record(self, key: str) -> Record | None:
        """A record that is there and sound. Raises RemoteTrouble, and UsageError for one of a newer release: who went
        on would buy what is there."""
        data = self.remote.get(record_name(key), SIZE_LIMIT)
        if data is None:
            return None
        try:
            record = read_record(data, key)
        except Newer:
            told = f"the remote `{self.remote.place.url}` has what a newer assetforge wrote"
            raise UsageError(told, hint="upgrade assetforge") from None
        except Unfit as error:
            self._tell(f"the remote's record for `{key[:12]}` is not used: {error}")
            return None
        return None if record.kind in FREE or record.by else record

    def _kept(self, digest: str, size: int) -> Media | None:
        """What a picture is whose bytes are among this machine's blobs now. Raises RemoteTrouble, OSError."""
        if not is_digest(digest):
            return None
        try:
            here = self._blobs.verified(digest)
            if here is not None:
                return prove_picture(here, digest)
            with self._blobs.spooling() as path:
                found = self.remote.fetch(blob_name(digest), path, min(size, BLOB_LIMIT))
                if found is None:
                    return None
                media = prove_picture(path, digest)
                self._blobs.take(path, digest, durable=True)
                return media
        except Unfit as error:
            self._bad.add(digest)
            self._tell(f"the remote's {digest[:12]} is not used: {error}")
            return None

    # --- sending ---

    def _is_shared(self, record: Record) -> bool:
        """Whether other machines should have a record: not what is drawn for nothing, nor what somebody pinned."""
        return self.writes and record.kind not in FREE and not record.by

    def _offer(self, name: str, work: Callable[[], bool]) -> None:
        def tried() -> bool:
            with self.trying("write") as may:
                return may and work()
            return False

        with self._mutex:
            if self.writes and name not in self._offered and "write" not in self._closed:
                self._offered[name] = self._sending.submit(tried)

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

    def _put_new(self, record: Record) -> bool:
        if self.remote.has(record_name(record.key)):
            return False
        self._put(record)
        return True

    def _put(self, record: Record) -> Record:
        """The record that a key has there afterwards: this one, unless a sound one is there."""
        self._send(record.media.digest)
        name, data = record_name(record.key), encode_record(record)
        with self._mutex:
            self._published.add(record.key)
        # Looked at first: not every server heeds a condition.
        is_first = not self.remote.has(name) and self._create(name, data)
        if is_first:
            return record
        try:
            theirs = self._fetched(record.key)
            is_gone = theirs is None and not self._leads_somewhere(record.key)
        except UsageError as error:  # paid for already: it is kept here, and theirs there
            self._tell(str(error))
            return record
        if is_gone:
            self.remote.write(name, data)
        return theirs or record

    def _create(self, name: str, data: bytes) -> bool:
        try:
            return self.remote.create(name, data)
        except RemoteTrouble as error:
            if error.kind != "unsupported":
                raise
            self._tell(f"the remote `{self.remote.place.url}` can't put a name only where there is none")
            self.remote.write(name, data)
            return True

    def _leads_somewhere(self, key: str) -> bool:
        """Whether a record is sound, and has a picture with the right bytes, though it may be none that can be used
        here. Raises RemoteTrouble, UsageError."""
        record = self._record(key)
        if record is None or record.media.digest in self._bad:
            return False
        return self.remote.has(blob_name(record.media.digest))
