"""The server takes a port of this machine only, ends at once with whoever listens, and leaves its process alone."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from assetforge.errors import UsageError
from assetforge.live.extra import NEEDED, require_extra
from assetforge.live.serving import HOST, PORT, listen
from tests.live.running import Running, card


def test_a_port_is_the_users_or_any() -> None:
    with listen(0) as first:
        assert first.getsockname()[0] == HOST
        port = first.getsockname()[1]
        with pytest.raises(UsageError) as told:
            listen(port)
        (problem,) = told.value.problems
        assert (problem.message, problem.hint) == (
            f"port {port} is in use",
            "leave `--port` out for any that is free",
        )
    with listen(port) as again:
        assert again.getsockname()[1] == port


def test_without_a_port_it_is_a_steady_one_or_any_other() -> None:
    with listen() as first, listen() as second:
        ports = [first.getsockname()[1], second.getsockname()[1]]
        assert ports[0] != ports[1]
        assert ports[1] != PORT


def test_only_this_machine_is_answered(shared: Running) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        assert everywhere.getsockname()[0] != HOST
    for other in ("127.0.0.2", "127.1.1.1"):
        with pytest.raises(ConnectionRefusedError), socket.create_connection((other, shared.port), timeout=5):
            raise AssertionError("it answers under another address")


@pytest.mark.parametrize("silent", [0, 1, 20])
def test_it_ends_at_once_with_open_listeners(tmp_path: Path, silent: int) -> None:
    """Also with one who reads nothing of what he is sent, one in the middle of a request, and a write that hangs."""
    with Running(tmp_path) as running, ExitStack() as opened:
        half = opened.enter_context(socket.create_connection((HOST, running.port)))
        half.sendall(b"POST /do/again HTTP/1.1\r\nHost: ")
        opened.enter_context(listening_without_reading(running))
        flood(running, range(40))
        streams = [opened.enter_context(running.listening()) for _ in range(silent)]
        hanging = opened.enter_context(a_write_under_way(running))
        began = time.monotonic()
        running.stop()
        assert time.monotonic() - began < 1
        assert all(stream.response.read().endswith(b"\n\n") for stream in streams)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            hanging.getresponse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, running.port))


@contextmanager
def a_write_under_way(running: Running) -> Iterator[http.client.HTTPConnection]:
    """A write that the desk has, and is not done with."""
    running.do(running.desk.open.clear)
    with closing(http.client.HTTPConnection(HOST, running.port, timeout=10)) as connection:
        connection.request("POST", "/do/again", b"{}", running.writer)
        while not running.desk.asked:
            running.get("/nothing")
        yield connection


def listening_without_reading(running: Running) -> socket.socket:
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((HOST, running.port))
    told = "".join(f"{name}: {value}\r\n" for name, value in running.guest.items())
    deaf.sendall(f"GET /events HTTP/1.1\r\n{told}\r\n".encode())
    assert deaf.recv(12) == b"HTTP/1.1 200"
    return deaf


def flood(running: Running, numbers: Iterable[int]) -> None:
    """Changes a large card as many times."""
    for number in numbers:
        word = f"{number} {'x' * 200_000}"
        running.do(lambda word=word: running.board.set_cards([card("hero", word)], {}))  # type: ignore[misc]


def test_a_write_that_is_nearly_done_is_answered_at_the_end(tmp_path: Path) -> None:
    with Running(tmp_path) as running, a_write_under_way(running) as hanging:
        running.do(lambda: asyncio.get_running_loop().call_later(0.05, running.desk.open.set))
        running.stop()
        assert hanging.getresponse().read() == b'{"ok":true,"lines":["done"],"errors":[]}'


SIGNALS = """
import asyncio, signal, sys, threading
from pathlib import Path
from tests.live.running import Running

async def main():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    running = Running(Path(sys.argv[1]))
    task = asyncio.create_task(running._run())
    await asyncio.to_thread(running._ready.wait)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    told = await asyncio.to_thread(running.let_in)
    running._over.set()
    await task
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    print(told.status)

asyncio.run(main())
"""


def test_signals_are_somebody_elses_and_nothing_is_logged(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SIGNALS, str(tmp_path)], cwd=root, capture_output=True, text=True,
        check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert (told.stdout, told.stderr) == ("303\n", "")


@pytest.mark.parametrize("missing", NEEDED)
def test_a_missing_extra_is_told_before_anything_starts(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from assetforge.errors import UsageError\n"
        "from assetforge.live.extra import require_extra\n"
        "try:\n    require_extra('watch')\n"
        "except UsageError as error:\n    print(error.problems[0].message, error.problems[0].hint, sep='\\n')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    message = f"`watch --serve` needs {missing}, which is not installed"
    assert told.stdout.splitlines() == [message, 'pip install "assetforge-build[serve]"']


def test_an_extra_that_is_there_is_no_matter() -> None:
    require_extra("gallery")
