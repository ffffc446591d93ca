"""Ctrl-C and SIGTERM during a build: the first is a wish to stop, the second ends the process at once."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

# A terminal that is closed is a wish as well.
SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
AT_ONCE = 130
AT_ONCE_WORDS = "stopped at once: calls under way may have been billed, and the next build tells of them"


class Loop(Protocol):
    """As much of an event loop as has to be woken."""

    def call_soon_threadsafe(self, callback: Any, *args: Any) -> Any: ...
    def add_reader(self, fd: Any, callback: Any, *args: Any) -> Any: ...
    def remove_reader(self, fd: Any) -> Any: ...


class Stoppable(Protocol):
    """What a signal stops: a build, or a watch. `workshop` is None while nothing is under way that could be lost."""

    @property
    def workshop(self) -> object | None: ...
    def ask(self) -> None: ...


class Display(Protocol):
    """Where it is said."""

    def say(self, text: str) -> None: ...
    def abandon(self, words: str) -> None: ...


class Interrupts(AbstractContextManager["Interrupts"]):
    """Hears signals while the block runs, and says on the display what happens."""

    def __init__(self, stop: Stoppable, progress: Display) -> None:
        self._stop = stop
        self._progress = progress
        self._before: dict[signal.Signals, Any] = {}
        self._loop: Loop | None = None
        self._is_first = True

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` says what is to be ignored
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def waking(self, loop: Loop) -> Iterator[None]:
        """A signal wakes the loop even where it comes just before the loop begins to wait."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        loop.add_reader(ours, ours.recv, 64)
        self._loop = loop
        try:
            yield
        finally:
            self._loop = None
            loop.remove_reader(ours)
            signal.set_wakeup_fd(before)
            ours.close()
            theirs.close()

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._stop.workshop is None:
            # Nothing was started: whatever this interrupts, a question to the user included, ends here.
            raise KeyboardInterrupt
        if not self._is_first:
            self._progress.abandon(AT_ONCE_WORDS)
            # Not an exception: it would wait for threads and calls. What is paid for is on the disk already.
            os._exit(AT_ONCE)
        self._is_first = False
        # The loop hears of it between two pieces of work: what this interrupts may be in the middle of anything.
        if self._loop is None:
            self._begin_to_stop()
        else:
            self._loop.call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        self._stop.ask()
        self._progress.say("stopping: calls under way are finished and kept; once more to stop at once")
