"""A command on a terminal of its own, and what a person would see there."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

from tests.builder import Builder

PATIENCE = 20.0


class Terminal:
    """A command on a terminal of so many columns and rows. `text` is all that it wrote, `lines` what is seen."""

    def __init__(self, project: Builder, *arguments: str, size: tuple[int, int] = (80, 24), **env: str) -> None:
        self.master, slave = pty.openpty()
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        _set_size(slave, size)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assetforge", *arguments],
            cwd=project.root, env=project.env(**{"TERM": "xterm-256color", **env}),
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    @property
    def lines(self) -> list[str]:
        """What is seen now, without what is empty."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def until(self, words: str, seconds: float = PATIENCE) -> str:
        """Everything up to when these words were written."""
        end = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < end:
            if not self._read(0.1):
                break
        assert words in self.text, self.text
        return self.text

    def until_seen(self, words: str, seconds: float = PATIENCE) -> list[str]:
        """What is seen when these words are."""
        end = time.monotonic() + seconds
        while not any(words in line for line in self.lines) and time.monotonic() < end:
            if not self._read(0.1):
                break
        assert any(words in line for line in self.lines), self.lines
        return self.lines

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def resize(self, size: tuple[int, int]) -> None:
        """Another size, as a window manager gives it."""
        _set_size(self.master, size)
        self.screen.resize(size[1], size[0])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit code, once all was read; a command that never ends is killed, and so fails its test."""
        end = time.monotonic() + PATIENCE
        while self._read(0.5) and time.monotonic() < end:
            pass
        os.close(self.master)
        if self.process.poll() is None and time.monotonic() >= end:
            self.process.kill()
        return self.process.wait(PATIENCE)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += data.decode("utf-8", "replace")
        self.stream.feed(data)
        return bool(data)


def _set_size(handle: int, size: tuple[int, int]) -> None:
    columns, rows = size
    fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
