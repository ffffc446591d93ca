"""Ctrl-C and SIGTERM during a build: the first is a wish to stop, the second ends the process at once."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from assetforge.build import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AT_ONCE = 130


class Interrupts(AbstractContextManager["Interrupts"]):
    """Hears signals while the block runs. `tell` says what happens; `leave` sets the terminal right."""

    def __init__(self, stop: "Stop", tell: Callable[[str], None], leave: Callable[[], None]) -> None:
        self._stop = stop
        self._tell = tell
        self._leave = leave
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._stop.workshop is None:
            # Nothing was started: whatever this interrupts, a question to the user included, ends here.
            raise KeyboardInterrupt
        if self._stop.asked:
            self._leave()
            # Not an exception: it would wait for threads and calls. What is paid for is on the disk already.
            os._exit(AT_ONCE)
        self._stop.ask()
        self._tell("stopping: calls under way are finished and kept; once more to stop at once")
