"""`--help` says what it said, and nothing is loaded that a command does not need."""

import subprocess
import sys

import pytest

from assetforge.cli.main import COMMANDS
from tests.builder import Builder
from tests.cli.help_golden import NAMES, help_of, path_of
from tests.cli.manifests import DRAFTS, HERO

HEAVY = ("pydantic", "jinja2", "httpx", "PIL", "diskcache", "asyncio", "rich", "pybase64")
PROGRAM = """
import os, runpy, sys
os._exit = sys.exit  # what is loaded is told after the command's end
try:
    runpy.run_module("assetforge", run_name="__main__")
except SystemExit:
    pass
sys.stderr.write("\\nloaded " + " ".join(name for name in {names!r} if name in sys.modules))
"""


def loaded(project: Builder, *arguments: str) -> set[str]:
    """Which of the heavy modules a command loads."""
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=HEAVY), *arguments],
        cwd=project.root, env=project.env(PYTHONPATH=project.env()["PYTHONPATH"].rpartition(":")[2]),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(told.stderr.rpartition("\nloaded ")[2].split())


@pytest.mark.parametrize("name", NAMES)
def test_help_is_golden(name: str) -> None:
    """`python -m tests.cli.help_golden` writes them anew."""
    assert help_of(name) == path_of(name).read_text("utf-8")


def test_every_command_has_help_in_a_line(project: Builder) -> None:
    told = project.call("--help").out
    for name in COMMANDS:
        assert f"\n  {name} " in told


def test_version(project: Builder) -> None:
    told = project.run("--version")
    assert told.code == 0
    assert told.out.startswith("assetforge ")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("build", "--help"), ("cache", "verify", "--help"), ("biuld",), ()]
)
def test_help_loads_nothing_heavy(project: Builder, arguments: tuple[str, ...]) -> None:
    assert loaded(project, *arguments) == set()


@pytest.mark.parametrize("command", ["plan", "list", "check", "graph", "build"])
def test_what_calls_nobody_loads_no_client(project: Builder, command: str) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    assert project.call("build").code == 0
    assert not loaded(project, command) & {"httpx", "rich", "pybase64"}
