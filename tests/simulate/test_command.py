"""`assetforge simulate` as a user runs it: two terminals, a pipeline rehearsed, Ctrl-C."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from assetforge.cli.commands.simulate import EXTRA
from assetforge.simulate import scratch
from assetforge.simulate.faults import FAULTS, KINDS
from assetforge.store.layout import REHEARSAL
from assetforge.words import ticked
from tests.builder import Builder

TWO = """
[asset.ship]
prompt = "A ship"
size = "1024x1024"
quality = "low"
output = "ship.png"

[asset.night]
source = "@ship"
steps = [{ op = "edit", prompt = "At night" }]
output = "night.png"
"""
GENERATION = {"model": "gpt-image-2", "prompt": "A ship", "size": "1024x1024", "quality": "low"}


class Running:
    """The command in a process of its own, and what it printed to copy."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ").rstrip("\n") for _ in range(3)]
        self.environ = dict(line.split("=", 1) for line in lines)

    def generate(self, key: str = "simulated", **fields: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{self.environ['OPENAI_BASE_URL']}/images/generations"
        return httpx.post(url, headers=headers, json=GENERATION | fields)

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """The exit code, and all it said."""
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=20)
        return self.process.returncode, told


@contextmanager
def simulating(project: Builder, *arguments: str) -> Iterator[Running]:
    process = project.start("simulate", *arguments, TMPDIR=str(project.home))
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipeline_is_rehearsed(project: Builder, number: int) -> None:
    project.write({"assets.toml": TWO})
    log = project.home / "calls.jsonl"
    with simulating(project, "--log", str(log), "--key", "sk-rehearsal-0815") as running:
        assert running.environ["OPENAI_API_KEY"] == "sk-rehearsal-0815"
        store = Path(running.environ["ASSETFORGE_CACHE_DIR"])
        assert [path.name for path in store.iterdir()] == [REHEARSAL]
        built = project.run("build", "--yes", **running.environ)
        assert built.code == 0, built.err
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        code, told = running.end(number)
    assert code == 0
    assert (project.root / "night.png").exists()
    assert (store / "records").is_dir()
    assert (store / REHEARSAL).is_file()
    assert f"its store stays in {store}: remove it when the rehearsal is over" in told
    assert not (project.home / "store").exists()
    assert [(row["endpoint"], row["prompt"], row["status"]) for row in rows] == [
        ("generations", "A ship", 200), ("edits", "At night", 200),
    ]  # fmt: skip
    assert [file["field"] for file in rows[1]["files"]] == ["image"]
    assert rows[1]["files"][0]["sha256"] == rows[0]["images"][0]
    assert rows[1]["total_cost"] == pytest.approx(rows[0]["cost"] + rows[1]["cost"])
    assert "rehearse in a copy of the project" in told
    assert "`git worktree add --detach ../rehearsal` makes one of what is committed" in told
    assert "`assetforge trust http://127.0.0.1:" in told
    assert "generations gpt-image-2 1024x1024 low: 200, $0.0059, $0.0059 in all" in told
    assert "\n2 calls, 2 pictures, which would have cost $0.0" in told
    assert "sk-rehearsal-0815" not in log.read_text("utf-8") + told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_store_that_no_build_used_is_removed(project: Builder, number: int) -> None:
    with simulating(project) as running:
        store = Path(running.environ["ASSETFORGE_CACHE_DIR"])
        # Nothing is bought by looking.
        project.write({"assets.toml": TWO})
        assert project.run("plan", **running.environ).code == 0
        code, told = running.end(number)
    assert (code, store.exists()) == (0, False)
    assert "its store stays" not in told


def test_what_is_in_a_store_is_never_removed_with_it() -> None:
    used, gone = scratch.make(), scratch.make()
    try:
        assert used.stat().st_mode & 0o077 == 0
        (used / "blobs").mkdir()
        assert not scratch.discard(used)
        assert sorted(path.name for path in used.iterdir()) == ["blobs", REHEARSAL]
    finally:
        shutil.rmtree(used)
    shutil.rmtree(gone)
    assert scratch.discard(gone)


def test_a_sum_says_what_it_leaves_out(project: Builder) -> None:
    with simulating(project) as running:
        for model in ("gpt-image-2-c", "gpt-image-2", "gpt-image-2-c"):
            assert running.generate(model=model).status_code == 200
        _, told = running.end()
    assert [line.partition(": 200, ")[2] for line in told.splitlines() if ": 200, " in line] == [
        "price unknown, $0.00 in all besides 1 call of unknown price",
        "$0.0059, $0.0059 in all besides 1 call of unknown price",
        "price unknown, $0.0059 in all besides 2 calls of unknown price",
    ]
    assert told.endswith("3 calls, 3 pictures, which would have cost $0.0059 besides 2 calls of unknown price\n")


def test_a_call_under_way_is_dropped_at_the_end(project: Builder) -> None:
    with simulating(project, "--latency", "60") as running:
        url = f"{running.environ['OPENAI_BASE_URL']}/images/generations"
        code = (
            f"import httpx; httpx.post({url!r}, headers={{'Authorization': 'Bearer simulated'}}, "
            f"json={GENERATION}, timeout=90)"
        )
        waiting = subprocess.Popen([sys.executable, "-c", code], env=project.env(), stderr=subprocess.DEVNULL)
        calls = running.environ["OPENAI_BASE_URL"].removesuffix("/v1") + "/calls"
        until = time.monotonic() + 30
        while not httpx.get(calls).json()["under_way"] and time.monotonic() < until:
            time.sleep(0.02)
        ended, told = running.end(signal.SIGTERM)
        assert waiting.wait(20) != 0
    assert ended == 0
    assert told.splitlines()[-2:] == [
        "generations gpt-image-2 1024x1024 low: dropped, $0.00, $0.00 in all",
        "1 call, 0 pictures, which would have cost $0.00",
    ]


def test_faults_come_by_script_and_by_chance(project: Builder) -> None:
    project.write({"faults.json": '[{"fault": "slow_down", "match": "ship", "times": 2}]'})
    arguments = ("--script", "faults.json", "--fault", "1", "--fault-kinds", "moderation_blocked,stop", "--seed", "4")
    with simulating(project, *arguments) as running:
        assert [running.generate().status_code for _ in range(2)] == [429, 429]
        chosen = [running.generate().status_code for _ in range(12)]
        _, told = running.end()
    assert set(chosen) <= {400, 401, 403, 429}
    assert "generations gpt-image-2 1024x1024 low: 429 slow_down, $0.00, $0.00 in all" in told
    with simulating(project, *arguments) as running:
        assert [running.generate().status_code for _ in range(14)][2:] == chosen


def test_a_seed_gives_the_same_pictures_and_no_seed_others(project: Builder) -> None:
    def drawn(*arguments: str) -> str:
        with simulating(project, *arguments) as running:
            answer = running.generate()
            assert answer.headers["x-assetforge-simulated"] == "1"
            return str(answer.json()["data"][0]["b64_json"])

    assert drawn("--seed", "4") == drawn("--seed", "4")
    assert len({drawn(), drawn(), drawn("--seed", "5")}) == 3


def test_limits_and_a_prepared_picture(project: Builder) -> None:
    project.write({"one.jpg": b"\xff\xd8\xff\xe0 no more of it"})
    with simulating(project, "--images-per-minute", "2", "--requests-per-minute", "9", "--picture", "one.jpg") as one:
        assert [one.generate(n=n).status_code for n in (2, 1)] == [200, 429]


def test_one_object_is_printed_where_that_is_asked(project: Builder) -> None:
    process = project.start("simulate", "--json", TMPDIR=str(project.home))
    try:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline()
        told = json.loads(text)
        assert told["command"] == "simulate"
        assert told["environ"]["OPENAI_BASE_URL"] == f"{told['origin']}/v1"
        assert told["trust"] == f"assetforge trust {told['origin']} --key OPENAI_API_KEY"
        assert httpx.get(f"{told['origin']}/calls").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_only_this_machine_is_answered(project: Builder) -> None:
    with simulating(project) as running:
        port = running.environ["OPENAI_BASE_URL"].rpartition(":")[2].removesuffix("/v1")
        told = Path("/proc/net/tcp")
        if not told.exists():
            pytest.skip("what listens where is not told here")
        listening = [line.split()[1] for line in told.read_text("ascii").splitlines()[1:] if line.split()[3] == "0A"]
        assert [address for address in listening if address.endswith(f":{int(port):04X}")] == [
            f"0100007F:{int(port):04X}"
        ]


def test_the_help_names_every_kind(project: Builder) -> None:
    words = re.split(r"[\s,]+", project.call("simulate", "--help").out.replace("maybe-\n", "maybe-"))
    assert set(KINDS) <= set(words)


EVERY_NAME = f"the kinds are {ticked(KINDS)}; the faults are {ticked(FAULTS)}"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--script", "none.json"), "`none.json` can't be read: no such file or directory", ""),
        (("--script", "wrong.json"), "entry 1 of `wrong.json` names an unknown fault `slowdown`", "`slow_down`"),
        (("--fault", "1", "--fault-kinds", "slow-down"), "there is no fault or kind `slow-down`", EVERY_NAME),
        (("--fault", "1", "--fault-kinds", ""), "there is no fault or kind ``", EVERY_NAME),
        (("--fault-kinds", "slow_down"), "`--fault-kinds` needs `--fault`", "like `--fault 0.2`"),
        (("--key", ""), "`--key` is empty", "leave `--key` out for `simulated`"),
        (("--key", "two words"), "`--key` can't be sent in a header", "leave `--key` out for `simulated`"),
        (("--fault", "2"), "`2` is not a number from 0 to 1", ""),
        (("--latency", "nan"), "`nan` is not a number from 0 to 3,600", ""),
        (("--picture", "wrong.json"), "`wrong.json` is neither a PNG nor a JPEG", ""),
        (("--log", "none/calls.jsonl"), "`none/calls.jsonl` can't be written", ""),
        (("--images-per-minute", "0"), "`0` is not a whole number from 1 to 1,000,000", ""),
    ],
)
def test_what_is_wrong_is_told(project: Builder, arguments: tuple[str, ...], message: str, hint: str) -> None:
    project.write({"wrong.json": '[{"fault": "slowdown"}]'})
    told = project.call("simulate", *arguments)
    assert (told.code, told.out) == (2, "")
    assert message in told.err
    assert hint in told.err


def test_a_port_in_use_is_told(project: Builder) -> None:
    with simulating(project) as running:
        port = running.environ["OPENAI_BASE_URL"].rpartition(":")[2].removesuffix("/v1")
        told = project.call("simulate", "--port", port)
    assert (told.code, told.err.splitlines()[0]) == (2, f"error: port {port} is in use")


@pytest.mark.parametrize("missing", sorted(EXTRA))
def test_a_missing_extra_is_told(project: Builder, missing: str) -> None:
    code = f"import runpy, sys; sys.modules[{missing!r}] = None; runpy.run_module('assetforge', run_name='__main__')"
    told = subprocess.run(
        [sys.executable, "-c", code, "simulate"], cwd=project.root, env=project.env(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 2, told.stderr
    assert f"`simulate` needs {missing}, which is not installed" in told.stderr
    assert 'pip install "assetforge-build[simulate]"' in told.stderr


def test_what_is_copied_is_what_a_shell_reads(project: Builder) -> None:
    folder = project.home / "a folder's name"
    folder.mkdir()
    process = project.start("simulate", TMPDIR=str(folder))
    try:
        assert process.stdout is not None
        lines = "".join(process.stdout.readline() for _ in range(3))
        told = subprocess.run(
            ["sh", "-c", f'{lines}printf %s "$ASSETFORGE_CACHE_DIR"'], capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert Path(told.stdout).parent == folder
        assert Path(told.stdout).is_dir()
    finally:
        process.kill()
        process.communicate()
