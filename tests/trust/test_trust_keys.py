"""The key's value, sought everywhere after everything has gone wrong.

behaviour.md, Secrets and trust: "Keys never appear in logs, errors, lock, ledger, state, reports, pages, or
exceptions' text"
    -> test_the_key_is_nowhere_after_every_fault, test_a_server_that_repeats_the_key_is_not_repeated,
       test_the_key_is_in_no_report_of_a_bug, test_no_process_shows_the_key
"""

import json
import os
import urllib.parse
from pathlib import Path

import pytest

from assetforge.simulate.faults import FAULTS
from tests.builder import Builder, Result
from tests.images_server import ImagesServer
from tests.promises.processes import wait_until

KEY = "sk-proj-Zq7+/n=ot0For1Anybody2Else3"
PROVIDER = '[provider.openai]\nkind = "images-api"\nconcurrency = 64\nrequests_per_minute = 9999\n'
# What the key looks like where it was escaped on the way: in JSON, in a URL, in base64, as bytes in Python.
ESCAPED = json.dumps(KEY).replace("/", "\\/")[1:-1]
FORMS = (KEY, ESCAPED, urllib.parse.quote(KEY, safe=""), KEY.removeprefix("sk-proj-"))


@pytest.fixture
def server(project: Builder) -> ImagesServer:
    server = ImagesServer(key=KEY)
    project.environ |= server.environ
    return server


def seek(project: Builder, *told: Result) -> None:
    """Fails where the key is in any file of the user's, or in anything that was said."""
    files = [path for path in project.home.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert files
    for form in FORMS:
        assert [path for path in files if form.encode() in path.read_bytes() or form in path.name] == []
        assert [one for one in told if form in one.out + one.err] == []


def asset(name: str) -> str:
    return f'[asset.{name}]\nprompt = "picture {name}."\noutput = "{name}.png"\n'


PASSING = [fault for fault in FAULTS.values() if fault.kind != "stop" and fault.name != "slow"]
STOPPING = [fault for fault in FAULTS.values() if fault.kind == "stop"]


@pytest.mark.slow
def test_the_key_is_nowhere_after_every_fault(project: Builder, server: ImagesServer) -> None:
    with server:
        for fault in PASSING:
            server.script(fault=fault.name, match=f"picture {fault.name}.")
        names = [fault.name for fault in PASSING]
        project.write({"assets.toml": PROVIDER + "".join(map(asset, [*names, "fine"]))})
        told = [project.run("build", "--yes", "-v")]
        assert len(server.calls) > len(names)
        for fault in STOPPING:
            server.script(fault=fault.name)
            project.write({"assets.toml": PROVIDER + asset(fault.name)})
            told.append(project.call("build", "--yes", "-v", "--json"))
        project.write({"assets.toml": PROVIDER + "".join(map(asset, names))})
        told += [
            project.call(*command.split(), "-v") for command in ("build --yes", "plan", "list", "check", "trust")
        ]
    assert told[0].code == 1
    seek(project, *told)


ECHOES = (
    {"status": 400, "code": "odd", "message": f"your key {KEY} is odd"},
    {"status": 401, "code": "invalid_api_key", "message": f"Incorrect API key provided: {KEY}."},
    {"status": 400, "code": KEY, "type": KEY, "message": ESCAPED},
    {"status": 400, "body": f"<html>Authorization: Bearer {KEY}</html>".encode(), "content_type": "text/html"},
    {"status": 400, "body": json.dumps({"error": ESCAPED}).encode()},
    {"status": 307, "body": b"", "headers": {"location": f"http://127.0.0.1:9/{KEY}"}},
    {"status": 502, "body": KEY.encode(), "content_type": "text/plain"},
    {"status": 200, "body": f'{{"Authorization": "Bearer {KEY}"}}'.encode()},
    {"status": 200, "body": json.dumps({"error": {"message": KEY, "code": KEY}}).encode()},
    {"reshape": lambda body: {**body, "key": KEY, "data": [{"b64_json": "bm8=", "revised_prompt": KEY}]}},
    {"reshape": lambda body: {**body, "data": [{"url": f"http://127.0.0.1:9/{KEY}.png"}]}},
    {"reshape": lambda body: {**body, "usage": {KEY: 1}, "id": KEY}},
    {"headers": {"x-request-id": KEY, "cf-ray": KEY, "openai-version": KEY, "x-echo": KEY}},
)


@pytest.mark.parametrize("number", range(len(ECHOES)))
def test_a_server_that_repeats_the_key_is_not_repeated(project: Builder, server: ImagesServer, number: int) -> None:
    with server:
        server.script(**ECHOES[number])
        project.write({"assets.toml": PROVIDER + asset("a")})
        told = [project.call("build", "--yes", "-v"), project.call("build", "--yes", "--json")]
    assert server.calls
    seek(project, *told)


def test_the_key_is_in_no_report_of_a_bug(project: Builder) -> None:
    """The seal is what nobody expects: the report has the traceback of a call under way."""
    project.write({"assets.toml": asset("a")})
    told = project.run("build", "--yes", "-v", OPENAI_API_KEY=KEY, OPENAI_BASE_URL="https://192.0.2.1/v1")
    assert told.code == 70
    (report,) = project.home.glob("assetforge-bug-*.md")
    assert "SealedError" in report.read_text("utf-8")
    seek(project, told)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="what others see of a process is in /proc")
def test_no_process_shows_the_key(project: Builder, server: ImagesServer) -> None:
    """While a call is under way: in the arguments, which anybody may read, and in no process of ours besides."""
    server.latency = 1
    with server:
        project.write({"assets.toml": asset("a")})
        child = project.start("build", "--yes", "-v")
        wait_until(lambda: bool(server.calls))
        assert KEY.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
        assert children(child.pid) == []
        server.latency = 0
        out, err = child.communicate(timeout=60)
    assert child.returncode == 0
    seek(project, Result(child.returncode, out, err))


def children(pid: int) -> list[int]:
    """Every process that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended just now
            continue
        if parent == pid:
            found.append(int(os.path.basename(stat.parent)))
    return found
