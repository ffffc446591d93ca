"""Some rows at the bottom of a terminal, drawn again when they change, and messages above them; unaware of builds."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from assetforge.cli.console import Console
from assetforge.cli.display import Room, Row, measure
from assetforge.report.excerpt import harmless

if TYPE_CHECKING:
    from rich.text import Text

# What is over sooner is not worth a look.
APPEARS_AFTER = 0.15
PAUSE = 0.2
USUAL = (80, 24)
SHOW_CURSOR = b"\r\n\x1b[?25h"


class Screen:
    """Shows what `draw` gives for the room there is, from a moment after its making until `close`, and leaves nothing
    of it. A thread of its own draws: it shows that time goes by while everybody else is at work."""

    def __init__(self, console: Console, draw: Callable[[Room], list[Row]]) -> None:
        self._console = console
        self._draw = draw
        self._live: Any = None
        self._rows: Sequence[Row] = ()
        self._width = 0
        # Whoever holds it may be interrupted by a signal's handler that has something to say.
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assetforge-screen", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """A message of its own, above what is shown."""
        with self._lock:
            if self._live is None:
                self._console.tell(text)
            else:
                self._fit(self._room())
                self._live.console.print(_as_it_is([((harmless(text), ""),)], is_plain=True), soft_wrap=True)

    def close(self) -> None:
        """Leaves the terminal as it was."""
        self._closed.set()
        with self._lock:
            if self._live is not None:
                self._fit(self._room())
                self._live.stop()
                self._live = None
        self._thread.join()

    def let_go(self) -> None:
        """Only shows the cursor again, in the middle of anything: takes no lock."""
        if self._live is not None:
            with suppress(OSError, ValueError):
                os.write(self._console.err.fileno(), SHOW_CURSOR)

    def _run(self) -> None:
        pause = APPEARS_AFTER
        # A terminal that is gone is no reason to end a build.
        with suppress(OSError, ValueError):
            while not self._closed.wait(pause):
                pause = PAUSE
                with self._lock:
                    if not self._closed.is_set():
                        self._redraw()

    def _redraw(self) -> None:
        room = self._room()
        rows = self._draw(room)
        if self._live is None:
            self._live = self._begin(room)
        elif rows == self._rows and room.width == self._width:
            return
        self._fit(room)
        self._rows, self._width = rows, room.width
        is_plain = not self._console.has_color(self._console.err)
        self._live.update(_as_it_is(rows, is_plain=is_plain), refresh=True)

    def _begin(self, room: Room) -> Any:
        from rich.console import Console as RichConsole
        from rich.live import Live

        screen = RichConsole(
            file=self._console.err, force_terminal=True, highlight=False, markup=False, emoji=False,
            no_color=not self._console.has_color(self._console.err), width=room.width, height=room.height,
        )  # fmt: skip
        live = Live(
            console=screen, transient=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False,
            vertical_overflow="crop",
        )  # fmt: skip
        live.start()
        return live

    def _room(self) -> Room:
        width, height = size_of(self._console.err) or USUAL
        return Room(width, height, getattr(self._console.err, "encoding", None) or "utf-8")

    def _fit(self, room: Room) -> None:
        """Tells rich of the terminal's size. Where it became narrower the terminal has broken what was shown: the
        rows that this made are taken away as well."""
        from rich.control import Control
        from rich.segment import ControlType

        screen = self._live.console
        screen.size = (room.width, room.height)
        lines = ["".join(text for text, _ in row) for row in self._rows]
        broken = sum(max(0, measure(line) - 1) // max(1, room.width) for line in lines)
        if self._width > room.width and broken:
            up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
            screen.control(Control(*(up * broken)))
        self._width = room.width


def size_of(stream: TextIO) -> tuple[int, int] | None:
    """The columns and rows of a terminal, the usual ones where it does not say; None of what is no terminal."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return None
    return found.columns or USUAL[0], found.lines or USUAL[1]


def _as_it_is(rows: Sequence[Row], *, is_plain: bool) -> "Text":
    """Rows as rich takes them: nothing in them is markup, nothing is broken."""
    from rich.text import Text

    lines = [[(text, "" if is_plain else style) for text, style in row] for row in rows]
    told = Text("\n", no_wrap=True, overflow="ignore", end="").join(Text.assemble(*line) for line in lines)
    told.no_wrap, told.overflow = True, "ignore"
    return told
