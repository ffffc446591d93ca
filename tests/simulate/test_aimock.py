"""A server that shares nothing with us, npm's @copilotkit/aimock, is understood by a build: what comes, what is
refused and what passes.

It needs Node, and the package from npm's registry; where they are not there, nothing is tried.
"""

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builder import Builder
from tests.simulate.speaking import encoded

PACKAGE = "@copilotkit/aimock@1.43.0"
KEY = "sk-aimock-4711"
SIZE = (1024, 1024)
MANIFEST = """
[asset.ship]
prompt = "A ship"
size = "1024x1024"
output = "ship.png"

[asset.night]
source = "@ship"
steps = [{ op = "edit", prompt = "At night" }]
output = "night.png"

[asset.crowd]
prompt = "A crowd"
size = "1024x1024"
output = "crowd.png"

[asset.banned]
prompt = "Something banned"
size = "1024x1024"
output = "banned.png"
"""

pytestmark = pytest.mark.slow


def fixture(words: str, answer: dict[str, Any], **match: Any) -> dict[str, Any]:
    return {"match": {"endpoint": "image", "userMessage": words, **match}, "response": answer}


def drawn(colour: tuple[int, int, int]) -> dict[str, Any]:
    data = encoded("png", "RGB", SIZE, colour)
    return {"image": {"b64Json": base64.b64encode(data).decode("ascii")}}


def failing(status: int, code: str, **more: Any) -> dict[str, Any]:
    return {
        "error": {"message": f"told: {code}", "type": "invalid_request_error", "code": code},
        "status": status,
        **more,
    }


FIXTURES = [
    fixture("At night", drawn((0, 0, 90))),
    fixture("A ship", drawn((0, 90, 0))),
    fixture("A crowd", failing(429, "rate_limit_exceeded", retryAfter=1), sequenceIndex=0),
    fixture("A crowd", drawn((90, 0, 0))),
    fixture("banned", failing(400, "moderation_blocked")),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program."""
    folder = tmp_path_factory.mktemp("aimock")
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not there")
    quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(folder / "cache"))
    try:
        done = subprocess.run(
            [npm, "install", "--prefix", str(folder), *quietly, PACKAGE],
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the package can't be installed")
    if done.returncode:
        pytest.skip("the package can't be installed")
    return folder / "node_modules" / ".bin" / "llmock"


@pytest.fixture
def server(program: Path, tmp_path: Path, project: Builder) -> Iterator[str]:
    """It runs: its base URL."""
    (tmp_path / "images.json").write_text(json.dumps({"fixtures": FIXTURES}), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "-p", str(port), "-h", "127.0.0.1", "-f", str(tmp_path / "images.json"), "--strict"]
    process = subprocess.Popen(
        command, env=project.env() | {"AIMOCK_API_KEYS": KEY}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        wait_for(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Returns once it answers."""
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{url}/models", timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("it did not start")


def test_a_build_understands_another_server(project: Builder, server: str) -> None:
    project.write({"assets.toml": MANIFEST})
    environ = {"OPENAI_BASE_URL": server, "OPENAI_API_KEY": KEY}
    built = project.run("build", "--yes", **environ)
    assert built.code == 1, built.err
    assert "told: moderation_blocked" in built.err
    assert {path.name for path in project.root.glob("*.png")} == {"ship.png", "night.png", "crowd.png"}
    told = httpx.get(f"{server}/_requests", headers={"Authorization": f"Bearer {KEY}"}).json()
    asked = sorted((one["path"].rpartition("/")[2], one["body"]["messages"][0]["content"]) for one in _calls(told))
    assert asked == [
        ("edits", "At night"),
        ("generations", "A crowd"),
        ("generations", "A crowd"),
        ("generations", "A ship"),
        ("generations", "Something banned"),
    ]
    project.remove("ship.png")
    assert project.run("build", "ship", "--yes", **environ).code == 0
    again = httpx.get(f"{server}/_requests", headers={"Authorization": f"Bearer {KEY}"}).json()
    assert len(_calls(again)) == len(asked)


def test_a_wrong_key_stops_the_build(project: Builder, server: str) -> None:
    project.write({"assets.toml": MANIFEST})
    built = project.run("build", "--yes", OPENAI_BASE_URL=server, OPENAI_API_KEY="sk-another")
    assert built.code != 0
    assert not list(project.root.glob("*.png"))
    assert "sk-another" not in built.err + built.out


def _calls(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in told if "/images/" in row["path"]]
