"""One builder for a key across machines that share a remote; unaware of what is built under the key.

`leases/<key>/<generation>`: each generation is made by put-if-absent, and rewritten by its owner only, as a sign of
life. Only the last generation counts. It is dead when somebody else has seen it unchanged for 90 seconds by his own
clock, which never jumps: no two machines' clocks are compared. Whoever finds it dead, or done, makes the next one.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from assetforge.store.remote import Remote, RemoteTrouble
from assetforge.store.signs import (
    NOBODYS,
    SIGN_LIMIT,
    UNKNOWN,
    Sign,
    decode_sign,
    encode_sign,
    folder_of,
    generation_of,
    name_of,
)

DEAD_SECONDS = 90.0
BEAT_SECONDS = 15.0
# How often somebody who waits looks again.
LOOK_SECONDS = 2.0
# How long the end of a build waits for signs of life under way.
CLOSE_SECONDS = 2.0
# With forty leases and three seconds for a request, a round of signs of life takes fifteen seconds.
AT_ONCE = 8

Item = TypeVar("Item")


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
    """The last generation of a key that was seen, 0 where there was none. It was as it is from `since`, when an
    answer came, until `still` at least, when the last question went out; `looked` is when that was answered."""

    generation: int
    sign: Sign
    since: float
    still: float
    looked: float


@dataclass(slots=True, eq=False)
class _Live:
    """A lease with the sign that was written last. Who writes it holds `order`, so that no sign of life comes after
    the word that its owner is done."""

    lease: Lease
    order: threading.Lock = field(default_factory=threading.Lock)
    is_over: bool = False


class Leases:
    """The leases of one build. `owner` names its store. `clock` tells monotonic seconds, `lost` hears once of a sign
    of life that could not be given: from then on no lease is held. For one key, methods are called by one thread at a
    time."""

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
        self._dead: dict[str, float | None] = {}
        self._live: dict[str, _Live] = {}
        self._mutex = threading.Lock()
        self._proving = threading.Lock()
        self._is_proven = False
        self._over = threading.Event()
        self._trouble: RemoteTrouble | None = None
        self._thread: threading.Thread | None = None

    def hold(self, keys: Sequence[str], price: float | None) -> Held | None:
        """Leases on all of some keys, or on none of them: then somebody else works on one, or `close` was called.
        `price` is what a call for each costs. Made in the order of keys, so that two machines never wait for each
        other in a circle. Raises RemoteTrouble, "unsupported" where the remote writes over what is there."""
        wanted = sorted(set(keys))
        if not self._is_open() or any(self._is_refused(key) for key in wanted):
            return None
        _at_once(self._look, wanted)
        made: list[Lease] = []
        try:
            if all(_is_free(self._seen[key], self._owner) for key in wanted):
                for key in wanted:
                    if not self._is_open() or not self._make(key, price, made):
                        break
                    self._prove(made[0])
        except BaseException:
            with suppress(RemoteTrouble):
                self.release(made)
            raise
        if len(made) < len(wanted):
            self.release(made)
            return None
        return Held(tuple(made), {key: self._dead.pop(key) for key in wanted if key in self._dead})

    def release(self, leases: Iterable[Lease]) -> None:
        """Says that nobody works on these keys any more. A lease that can't be rewritten dies by itself; the others
        are, and then the first RemoteTrouble is raised."""
        with self._mutex:
            ended = [self._live.pop(_name(lease), _Live(lease)) for lease in leases]
        _at_once(self._end, ended)

    def beat(self) -> None:
        """Gives a sign of life for all that is held."""
        with self._mutex:
            live = list(self._live.values())
        _at_once(self._give_sign, live)

    def close(self) -> None:
        """Ends the signs of life. Those under way are waited for, though not for long."""
        with self._mutex:
            self._over.set()
            live = list(self._live.values())
        end = time.monotonic() + CLOSE_SECONDS
        for each in live:
            if each.order.acquire(timeout=max(0.0, end - time.monotonic())):
                each.order.release()

    def _is_open(self) -> bool:
        """Whether leases can still be held. Raises the RemoteTrouble in which they were lost."""
        if self._trouble is not None:
            raise RemoteTrouble(self._trouble.kind, str(self._trouble))
        return not self._over.is_set()

    def _is_refused(self, key: str) -> bool:
        """Whether somebody else had the key a moment ago, and is not to be asked about yet."""
        seen, now = self._seen.get(key), self._clock()
        if seen is None or _is_free(seen, self._owner):
            return False
        return now - seen.looked < LOOK_SECONDS and now - seen.since < DEAD_SECONDS

    def _look(self, key: str) -> None:
        """Sees the last generation of a key as it is now."""
        seen = self._seen.get(key)
        if seen is None:
            # The first ones may be gone by a rule of expiry, and those between need no look.
            last = max(map(generation_of, self._remote.names(folder_of(key))), default=0)
            if last:
                self._notice(key, last)
            else:
                self._seen[key] = _seen_now(0, NOBODYS, self._clock())
            return
        if not seen.sign.done:
            seen = self._notice(key, seen.generation)
        while _is_free(seen, self._owner) and self._remote.has(name_of(key, seen.generation + 1)):
            seen = self._notice(key, seen.generation + 1)

    def _notice(self, key: str, generation: int) -> _Seen:
        """Reads a generation. What can't be read, or is gone, is somebody's until it is seen for too long."""
        asked = self._clock()
        data = self._remote.get(name_of(key, generation), SIGN_LIMIT)
        sign = decode_sign(data) if data is not None else UNKNOWN
        seen, now = self._seen.get(key), self._clock()
        if seen is None or (seen.generation, seen.sign) != (generation, sign):
            seen = self._seen[key] = _seen_now(generation, sign, now)
        else:
            seen.still, seen.looked = asked, now
        return seen

    def _make(self, key: str, price: float | None, made: list[Lease]) -> bool:
        """Adds the next generation of a key to what was made, and begins its signs of life; False where somebody was
        faster."""
        before = self._seen[key]
        lease = Lease(key, before.generation + 1, self._new_sign(price))
        if not self._remote.create(_name(lease), encode_sign(lease.sign)):
            self._notice(key, lease.generation)
            return False
        made.append(lease)
        # An own one is as good as done: who asks for the key again holds this store's lock on it.
        self._seen[key] = _seen_now(lease.generation, NOBODYS, self._clock())
        if not before.sign.done and before.sign.owner != self._owner:
            self._dead[key] = before.sign.price  # told when all are held, be it at a later try
        with self._mutex:
            self._live[_name(lease)] = _Live(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat_on, name="assetforge-leases", daemon=True)
                self._thread.start()
        return True

    def _prove(self, lease: Lease) -> None:
        """Once, with the first lease: that a name is not made twice. Some servers know no conditions, and don't say
        so."""
        other = encode_sign(self._new_sign(lease.sign.price))
        with self._proving:
            if not self._is_proven and self._remote.create(_name(lease), other):
                raise RemoteTrouble("unsupported", "it writes over what is there")
            self._is_proven = True

    def _new_sign(self, price: float | None) -> Sign:
        return Sign(self._owner, secrets.token_hex(8), 0, done=False, price=price)

    def _end(self, live: _Live) -> None:
        with live.order:
            live.is_over = True
            self._write(replace(live.lease, sign=replace(live.lease.sign, done=True)))

    def _give_sign(self, live: _Live) -> None:
        try:
            with live.order:
                if not live.is_over and not self._over.is_set():
                    sign = replace(live.lease.sign, beat=live.lease.sign.beat + 1)
                    live.lease = replace(live.lease, sign=sign)
                    self._write(live.lease)
        except RemoteTrouble as error:
            self._lose(error)

    def _lose(self, error: RemoteTrouble) -> None:
        """Ends all, and tells it, unless it has ended."""
        with self._mutex:
            if self._over.is_set():
                return
            self._trouble = error
            self._over.set()
        self._lost(error)

    def _beat_on(self) -> None:
        """In a thread of its own: a build that is busy is not dead."""
        while not self._over.wait(BEAT_SECONDS):
            self.beat()

    def _write(self, lease: Lease) -> None:
        self._remote.write(_name(lease), encode_sign(lease.sign))


def _seen_now(generation: int, sign: Sign, now: float) -> _Seen:
    return _Seen(generation, sign, since=now, still=now, looked=now)


def _is_free(seen: _Seen, owner: str) -> bool:
    """Whether nobody works under it: its owner is done, or was this very store, or is dead."""
    # A store has locks of its own: whoever asks here holds the key's, so that its earlier owner is no more.
    return seen.sign.done or seen.sign.owner == owner or seen.still - seen.since >= DEAD_SECONDS


def _at_once(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Works on each item, on some at a time, on every one whatever happens; the first error is raised at the end. Its
    threads die with the process: those of a pool would hold up its end."""
    waiting, errors = deque(items), list[Exception]()

    def go_on() -> None:
        with suppress(IndexError):  # nothing waits any more
            while True:
                item = waiting.popleft()
                try:
                    work(item)
                except Exception as error:
                    errors.append(error)

    count = min(AT_ONCE, len(waiting))
    threads = [threading.Thread(target=go_on, name="assetforge-lease", daemon=True) for _ in range(count - 1)]
    for thread in threads:
        thread.start()
    go_on()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _name(lease: Lease) -> str:
    return name_of(lease.key, lease.generation)
