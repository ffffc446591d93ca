"""Text on the two streams: results, messages, problems with the line they are about; unaware of what they mean.

Whatever is printed may hold a stranger's text: control characters are made harmless at this one door.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from assetforge.report.excerpt import excerpt, harmless

if TYPE_CHECKING:
    from assetforge.report.problems import Told

SCHEMA = 1
# What GitHub's runner takes for a command: `::` that begins a line, after any white space, and `##[` anywhere in it
# (`TryParseV2` and `TryParse` of the runner's ActionCommand).
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)
STYLES: Mapping[str, Mapping[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "hint": {"fg": "cyan"},
    "mark": {"fg": "red"},
    "faint": {"dim": True},
    "good": {"fg": "green"},
    "removed": {"fg": "red", "strikethrough": True},
    "added": {"fg": "green"},
}


def disarmed(text: str) -> str:
    """A text in which GitHub's runner finds no command: a character of each is written out, as above."""
    return _COMMAND.sub(lambda found: "\\u0023" if found[1] is None else f"{found[1]}\\u003a", text)


class ReaderLeft(Exception):  # noqa: N818 - nobody's fault
    """Who read what we print has left, as `head` does."""


@dataclass(slots=True)
class Console:
    """Where text goes, and how. `out` is for results, `err` for all else; colours only where they are wanted."""

    out: TextIO
    err: TextIO
    environ: Mapping[str, str]
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    as_json: bool = False

    @property
    def is_live(self) -> bool:
        """Whether messages go to a terminal that can redraw what it shows."""
        return _is_terminal(self.err) and self.environ.get("TERM") != "dumb" and not self.quiet

    @property
    def can_ask(self) -> bool:
        """Whether there is somebody to ask."""
        return _is_terminal(sys.stdin) and _is_terminal(self.err)

    @property
    def has_runner(self) -> bool:
        """Whether GitHub's runner reads what is printed, and obeys it."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def in_github(self) -> bool:
        """Whether annotations and a summary are wanted there."""
        return self.has_runner and not self.as_json

    def has_color(self, stream: TextIO) -> bool:
        """Whether colours are wanted on a stream (no-color.org: any value but an empty one says no)."""
        plain = self.no_color or bool(self.environ.get("NO_COLOR")) or self.environ.get("TERM") == "dumb"
        return not plain and _is_terminal(stream)

    def styled(self, text: str, style: str, stream: TextIO) -> str:
        """A text made harmless, in a colour where the stream takes one."""
        safe = harmless(text)
        return click.style(safe, **STYLES[style]) if style and self.has_color(stream) else safe

    def print(self, text: str = "", style: str = "") -> None:
        """A line of the result."""
        self._write(self.out, self.styled(text, style, self.out))

    def print_pieces(self, pieces: Iterable[tuple[str, str]]) -> None:
        """A line of the result in several styles."""
        self._write(self.out, "".join(self.styled(text, style, self.out) for text, style in pieces))

    def emit(self, command: str, told: Mapping[str, Any]) -> None:
        """The result as one JSON object. What is made harmless is still the same JSON."""
        whole = {"schema": SCHEMA, "command": command, **told}
        self._write(self.out, harmless(json.dumps(whole, ensure_ascii=False, indent=2, default=str)))

    def emit_row(self, command: str, told: Mapping[str, Any]) -> None:
        """One result of many, each of which is a row of JSON."""
        whole = {"schema": SCHEMA, "command": command, **told}
        self._write(self.out, harmless(json.dumps(whole, ensure_ascii=False, default=str)))

    def tell(self, text: str, style: str = "") -> None:
        """A message, unless the user wants quiet."""
        if not self.quiet:
            self._write(self.err, self.styled(text, style, self.err))

    def print_raw(self, line: str) -> None:
        """A line for a program that reads the result, as it is."""
        self._put(self.out, line)

    def problem(self, kind: Literal["error", "warning"], one: "Told") -> None:
        """A problem with its place, the line of the file, and what to do."""
        head = self.styled(f"{kind}:", kind, self.err)
        self._write(self.err, f"{head} {harmless(one.message)}")
        if one.place is not None:
            source, carets = excerpt(one.place.source_line, one.place.column, one.place.length)
            gutter = f"   {one.place.line} |"
            self._write(self.err, harmless(f"  {one.file}:{one.place.line}:{one.place.column}"))
            self._write(self.err, f"{gutter} {source}")
            self._write(self.err, f"{' ' * (len(gutter) - 1)}| {self.styled(carets, 'mark', self.err)}")
        elif one.file is not None:
            self._write(self.err, harmless(f"  {one.file}"))
        if one.hint:
            self._write(self.err, f"{self.styled('hint:', 'hint', self.err)} {harmless(one.hint)}")

    def _write(self, stream: TextIO, text: str) -> None:
        self._put(stream, disarmed(text) if self.has_runner else text)

    def _put(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text + "\n")
            stream.flush()
        except BrokenPipeError:
            # Under another name: click would end the process with 1.
            raise ReaderLeft from None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed already
        return False


def here() -> str:
    """The folder that shown paths start from."""
    return os.getcwd()
