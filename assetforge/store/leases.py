"""One builder for a key across machines that share a remote; unaware of what is built under the key.

`leases/<key>/<generation>`: each generation is made by put-if-absent, and rewritten by its owner only, as a sign of
life. Only the last generation counts. It is dead when somebody else has seen it unchanged for 90 seconds by his own
clock, which never jumps: no two machines' clocks are compared. Whoever finds it dead, or done, makes the next one.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assetforge.store import documents
from assetforge.store.documents import is_cost, is_text, is_whole
from assetforge.store.remote import Remote, RemoteTrouble

DEAD_SECONDS = 90.0
BEAT_SECONDS = 15.0
# How often somebody who waits looks again.
LOOK_SECONDS = 2.0
VERSION = 1
_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Sign:
    """What a lease says: whose it is (a store, which has locks of its own within), how often it was rewritten,
    whether its owner is done, and what the call under it costs at most, in US dollars, None where nobody knows."""

    owner: str
    nonce: str
    beat: int
    done: bool
    price: float | None


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that this process holds."""

    key: str
    generation: int
    sign: Sign


@dataclass(frozen=True, slots=True)
class Held:
    """All leases that were asked for. `taken_over` are keys whose owners died, with what their calls may have
    cost."""

    leases: tuple[Lease, ...]
    taken_over: dict[str, float | None]


@dataclass(slots=True)
class _Seen:
    """The last generation of a key that was seen, and since when it was as it is."""

    generation: int
    sign: Sign
    since: float
    looked: float


class Leases:
    """The leases of one build. `owner` names its store. `clock` tells monotonic seconds, `lost` hears of signs of
    life that could not be given. Methods raise RemoteTrouble; for one key they are called by one thread at a time."""

    def __init__(
        self,
        remote: Remote,
        owner: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        lost: Callable[[RemoteTrouble], None],
    ) -> None:
        self._remote = remote
        self._owner = owner
        self._clock = clock
        self._lost = lost
        self._seen: dict[str, _Seen] = {}
        self._held: dict[str, Lease] = {}
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, keys: Sequence[str], price: float | None) -> Held | None:
        """Leases on all of some keys, or on none of them: then somebody else works on one. `price` is what a call for
        each costs. In the order of keys, so that two machines never wait for each other in a circle."""
        held: list[Lease] = []
        dead: dict[str, float | None] = {}
        for key in sorted(keys):
            lease = self._try(key, price, dead)
            if lease is None:
                self.release(held)
                return None
            held.append(lease)
        with self._mutex:
            self._held |= {lease.key: lease for lease in held}
        self._begin_beating()
        return Held(tuple(held), dead)

    def release(self, leases: Sequence[Lease]) -> None:
        """Says that nobody works on these keys any more. A lease that can't be rewritten dies by itself."""
        for lease in leases:
            with self._writing:  # no sign of life may come after this
                with self._mutex:
                    current = self._held.pop(lease.key, lease)
                self._write(replace(current, sign=replace(current.sign, done=True)))

    def close(self) -> None:
        """Ends the signs of life."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _try(self, key: str, price: float | None, dead: dict[str, float | None]) -> Lease | None:
        """The next generation of a key where the last one is nobody's."""
        seen = self._seen.get(key)
        if seen is not None and not self._is_free(seen) and self._clock() - seen.looked < LOOK_SECONDS:
            return None
        while True:
            seen = self._look(key)
            if seen is not None and not self._is_free(seen):
                return None
            lease = Lease(key, seen.generation + 1 if seen else 1, self._new_sign(price))
            if self._remote.create(_name(lease), _encode(lease.sign)):
                if seen is not None and not seen.sign.done and seen.sign.owner != self._owner:
                    dead[key] = seen.sign.price
                self._seen.pop(key, None)
                return lease
            self._notice(key, lease.generation)

    def _look(self, key: str) -> _Seen | None:
        """The last generation that was seen, as it is now; None where none was."""
        seen = self._seen.get(key)
        if seen is not None:
            self._notice(key, seen.generation)
        return self._seen.get(key)

    def _notice(self, key: str, generation: int) -> None:
        """Reads a generation. What can't be read, or is gone, is somebody's until it is seen for too long."""
        data = self._remote.get(_name(Lease(key, generation, _UNKNOWN)), _LIMIT)
        sign = _decode(data) if data is not None else _UNKNOWN
        seen, now = self._seen.get(key), self._clock()
        if seen is None or (seen.generation, seen.sign) != (generation, sign):
            self._seen[key] = _Seen(generation, sign, now, now)
        else:
            seen.looked = now

    def _is_free(self, seen: _Seen) -> bool:
        """Whether nobody works under it: its owner is done, or was this very store, or is dead."""
        # A store has locks of its own: whoever asks here holds the key's, so that its earlier owner is no more.
        own = seen.sign.owner == self._owner
        return seen.sign.done or own or self._clock() - seen.since >= DEAD_SECONDS

    def _new_sign(self, price: float | None) -> Sign:
        return Sign(self._owner, secrets.token_hex(8), 0, done=False, price=price)

    def _begin_beating(self) -> None:
        with self._mutex:
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat_on, name="assetforge-leases", daemon=True)
                self._thread.start()

    def beat(self) -> None:
        """Gives a sign of life for all that is held."""
        with self._mutex:
            held = list(self._held.values())
        for lease in held:
            later = replace(lease, sign=replace(lease.sign, beat=lease.sign.beat + 1))
            try:
                with self._writing:
                    if self._is_replaced(lease, later):
                        self._write(later)
            except RemoteTrouble as error:
                self._lost(error)

    def _beat_on(self) -> None:
        """In a thread of its own: a build that is busy is not dead."""
        while not self._over.wait(BEAT_SECONDS):
            self.beat()

    def _is_replaced(self, lease: Lease, later: Lease) -> bool:
        """Puts a lease in place of another, unless that is held no more."""
        with self._mutex:
            if self._held.get(lease.key) is not lease:
                return False
            self._held[lease.key] = later
            return True

    def _write(self, lease: Lease) -> None:
        self._remote.write(_name(lease), _encode(lease.sign))


_UNKNOWN = Sign("", "", 0, done=False, price=None)


def _name(lease: Lease) -> str:
    return f"leases/{lease.key}/{lease.generation:06}"


def _encode(sign: Sign) -> bytes:
    told = {"owner": sign.owner, "nonce": sign.nonce, "beat": sign.beat, "done": sign.done, "price": sign.price}
    return documents.encode(VERSION, told)


def _decode(data: bytes) -> Sign:
    """What a lease says; one that says nothing sound is somebody's, nobody knows whose."""
    told = documents.decode(data, version=2**53, what="a lease") or {}
    sound = (
        is_text(told.get("owner"), 100)
        and is_text(told.get("nonce"), 100)
        and is_whole(told.get("beat"))
        and isinstance(told.get("done"), bool)
        and "price" in told
        and is_cost(told["price"])
    )
    if not sound:
        return _UNKNOWN
    return Sign(told["owner"], told["nonce"], told["beat"], told["done"], told["price"])
