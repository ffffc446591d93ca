"""The tests' own safety works: no test speaks to another machine, or touches the real user's folders."""

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from assetforge.config import load_settings
from tests.builder import Builder
from tests.conftest import REAL
from tests.sealed.sitecustomize import SealedError, is_here


@pytest.mark.parametrize("host", ["192.0.2.1", "8.8.8.8", "2001:db8::1"])
def test_other_machines_are_out_of_reach(host: str) -> None:
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(kind, socket.SOCK_STREAM) as connection, pytest.raises(SealedError):
        connection.connect((host, 80))
    with socket.socket(kind, socket.SOCK_DGRAM) as sender, pytest.raises(SealedError):
        sender.sendto(b"x", (host, 53))


def test_no_name_is_looked_up() -> None:
    with pytest.raises(SealedError):
        urllib.request.urlopen("http://example.com/", timeout=1)


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2], timeout=5).close()
    assert all(map(is_here, ("127.0.0.1", "::1", "localhost", None, b"127.0.0.1")))


@pytest.mark.parametrize("folder", sorted(REAL))
def test_the_real_users_folders_are_out_of_reach(folder: str) -> None:
    with pytest.raises(SealedError):
        Path(folder, "config.toml").read_text()
    with pytest.raises(SealedError):
        os.mkdir(os.path.join(folder, "x"))


def test_settings_are_read_from_a_folder_of_the_tests() -> None:
    settings = load_settings(os.environ)
    assert str(settings.cache_dir) not in REAL
    assert str(settings.config_dir) not in REAL
    assert "OPENAI_API_KEY" not in os.environ


def test_processes_that_tests_start_are_sealed_as_well(project: Builder) -> None:
    """A manifest that asks another machine gets no further than the seal; nothing else would stop it."""
    project.write({"assets.toml": '[asset.a]\nprompt = "a"\noutput = "a.png"\n'})
    told = project.run("build", OPENAI_API_KEY="sk-test", OPENAI_BASE_URL="https://192.0.2.1/v1")
    (report,) = project.home.glob("assetforge-bug-*.md")
    assert told.code == 70
    assert "SealedError: a test would speak to 192.0.2.1" in report.read_text("utf-8")
