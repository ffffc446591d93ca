"""Who connects and asks nothing, as any user of this machine may, takes nothing away from those who ask."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from assetforge.live.serving import HOST, MOST_CONNECTIONS
from tests.builder import Builder
from tests.live.running import Running
from tests.live.watched import watched
from tests.promises.processes import wait_until


@contextmanager
def idle(port: int, number: int) -> Iterator[list[socket.socket]]:
    """So many connections on which nothing is asked."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection((HOST, port), timeout=10)) for _ in range(number)]


def has_ended(connection: socket.socket) -> bool:
    """Whether the other side has closed it."""
    connection.settimeout(10)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_of_too_many_the_oldest_that_asks_for_nothing_goes(tmp_path: Path) -> None:
    with Running(tmp_path, patience=60) as running, running.listening() as stream:
        stream.until("hello")
        with idle(running.port, MOST_CONNECTIONS + 20) as connections:
            assert all(has_ended(one) for one in connections[:20])
            assert running.get("/").status == 200
            # The newest are held, and who listens is none of them.
            with closing(connections[-1]) as last:
                last.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
                assert last.recv(12) == b"HTTP/1.1 403"
            running.do(lambda: running.board.feed.publish(b'event: round\ndata: {"state":"done"}\n\n'))
            assert stream.until("round") == {"state": "done"}


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: "])
def test_who_does_not_come_to_an_end_with_his_first_request_is_sent_away(tmp_path: Path, begun: bytes) -> None:
    with Running(tmp_path, patience=0.2) as running, running.listening() as stream:
        stream.until("hello")
        with idle(running.port, 1) as (connection,):
            connection.sendall(begun)
            assert has_ended(connection)
        assert running.get("/").status == 200


def test_a_watch_builds_on_while_somebody_takes_all_connections(project: Builder) -> None:
    hero = '[asset.hero]\nprompt = "A lighthouse"\nsize = "1024x640"\noutput = { path = "hero.png", width = 64 }\n'
    with watched(project.write({"assets.toml": hero})) as watch:
        watch.round()
        resource.prlimit(watch.process.pid, resource.RLIMIT_NOFILE, (144, 144))
        with idle(watch.browser.port, 200):
            project.write({"assets.toml": hero.replace("lighthouse", "tower")})
            watch.until("hero.png")
            wait_until(lambda: watch.browser.card("hero")["stages"][0]["prompt"] == "A tower")
