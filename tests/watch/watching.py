"""`assetforge watch` as a process of its own: files are saved, and it is waited for what it says of its rounds."""

import json
import queue
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.builder import Builder

PATIENCE = 60.0
# A round that nothing causes has this long to come, before something else is saved that causes one. Nothing fails
# because it is too short: an unwanted round would only go unseen.
CALM = 0.4


@dataclass(frozen=True)
class Round:
    """One round, as a row of JSON."""

    row: Mapping[str, Any]

    @property
    def built(self) -> bool:
        """Whether there was a build at all."""
        return bool(self.row["built"])

    @property
    def placed(self) -> list[str]:
        """The files that were written."""
        return [one["path"] for one in self.row.get("placed", ())] + list(self.row.get("emitted", ()))

    @property
    def drafted(self) -> list[str]:
        return list(self.row.get("drafted", ()))

    @property
    def errors(self) -> list[str]:
        return [one["message"] for one in self.row["errors"]]

    @property
    def warnings(self) -> list[str]:
        return [one["message"] for one in self.row["warnings"]]


class Watching:
    """A watch under way. `rounds` are those that were waited for, `err` is what it said beside them."""

    def __init__(self, project: Builder, *arguments: str, **env: str) -> None:
        self.project = project
        self.process = project.start("watch", "--json", *arguments, **env)
        self.rounds: list[Round] = []
        self._told: queue.SimpleQueue[Round] = queue.SimpleQueue()
        self._err: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_rounds, self._read_err)]
        for reader in self._readers:
            reader.start()

    @property
    def err(self) -> str:
        return "".join(self._err)

    def round(self, seconds: float = PATIENCE) -> Round:
        """The next round, but for those that were cut short by a change."""
        while True:
            try:
                found = self._told.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"no round came; the watch said: {self.err}") from None
            self.rounds.append(found)
            if not found.row["overtaken"]:
                return found

    def until(self, path: str, content: bytes | None = None) -> Round:
        """The round that wrote a file, with this content where one is given."""
        while True:
            found = self.round()
            if path in found.placed and content in (None, (self.project.root / path).read_bytes()):
                return found

    def calm(self) -> list[Round]:
        """The rounds that come in a while in which nothing is done."""
        time.sleep(CALM)
        found = []
        while not self._told.empty():
            found.append(self._told.get())
        self.rounds += found
        return found

    def until_said(self, words: str) -> None:
        """Returns when it said this beside its rounds."""
        end = time.monotonic() + PATIENCE
        while words not in self.err:
            assert time.monotonic() < end, f"it did not say `{words}`, but: {self.err}"
            time.sleep(0.01)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ends it, and gives its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, when it has ended."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        assert "Traceback" not in self.err, self.err
        assert "bug in assetforge" not in self.err, self.err
        return code

    def close(self) -> None:
        """Leaves nothing running."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read_rounds(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._told.put(Round(json.loads(line)))

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        self._err.extend(self.process.stderr)


@contextmanager
def watching(project: Builder, *arguments: str, **env: str) -> Iterator[Watching]:
    """A watch for as long as the block runs; it ends well by Ctrl-C."""
    watch = Watching(project, *arguments, **env)
    try:
        yield watch
        if watch.process.poll() is None:
            assert watch.end() == 130, watch.err
    finally:
        watch.close()
