"""`--help` says what it said, and nothing is loaded that a command does not need."""

import os
import shutil
import subprocess
import sys

import pytest

from assetforge.cli.main import COMMANDS
from tests.builder import ROOT, Builder
from tests.cli.help_golden import NAMES, help_of, path_of
from tests.cli.manifests import DRAFTS, HERO, picture

HEAVY = (
    "pydantic", "jinja2", "httpx", "PIL", "diskcache", "asyncio", "rich", "pybase64", "ssl", "urllib.request",
    "http.client", "xml", "concurrent.futures", "logging",
)  # fmt: skip
# What only those need who draw, call or wait. Not email, socket, inspect and importlib.metadata: pydantic and click
# bring them along.
TO_WORK = frozenset(HEAVY) - {"pydantic", "jinja2", "diskcache"}
PICTURES = """\
[asset.logo]
source = "art/logo.png"
output = "logo.webp"
steps = [{ op = "resize", width = 32 }, { op = "border", width = 2, color = "teal" }]

[asset.card]
source = "@logo"
outputs = ["card.png", { path = "card.ico", checks = { max_bytes = 100000 } }]
steps = [
  { op = "edit", prompt = "At night", images = ["art/logo.png"], mask = "art/mask.png" },
  { op = "text", text = "Night", font = "art/title.ttf", size = 12 },
]
"""
PROGRAM = """
import os, runpy, sys
before = set(sys.modules)  # an environment may load what it likes at its start
os._exit = sys.exit  # what is loaded is told after the command's end
try:
    runpy.run_module("assetforge", run_name="__main__")
except SystemExit:
    pass
sys.stderr.write("\\nloaded " + " ".join(name for name in {names!r} if name in sys.modules.keys() - before))
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


@pytest.fixture
def pictures(project: Builder) -> Builder:
    """A project with a source, a mask and a font, of which nothing is known yet."""
    mask = picture("black", (36, 36))
    project.write({"assets.toml": DRAFTS + PICTURES, "art/logo.png": picture(), "art/mask.png": mask})
    shutil.copy(ROOT / "tests/cases/web/fonts/DejaVuSans.ttf", project.root / "art/title.ttf")
    return project


@pytest.mark.parametrize("command", [("plan",), ("list",), ("check",), ("graph",), ("explain", "card")])
def test_what_only_tells_loads_nothing_to_work_with(pictures: Builder, command: tuple[str, ...]) -> None:
    """What a build has seen is not looked at again: nothing is decoded, and nobody waits for anything."""
    assert pictures.call("build").code == 0
    assert not loaded(pictures, *command) & TO_WORK


def test_merging_locks_loads_no_manifest(pictures: Builder) -> None:
    """Git calls it for every commit of a rebase."""
    assert pictures.call("build").code == 0
    assert loaded(pictures, "merge-driver", "base", "assets.lock", "assets.lock") == set()
    assert loaded(pictures, "merge-driver", "base", "ours", "assets.lock") == set()


def test_a_build_that_draws_nothing_loads_nothing_to_draw_with(pictures: Builder) -> None:
    assert pictures.call("build").code == 0
    assert not loaded(pictures, "build", "--verify") & {"PIL", "httpx", "pybase64", "rich", "urllib.request", "xml"}


def test_a_picture_that_must_be_decoded_for_a_plan_loads_pillow(pictures: Builder) -> None:
    assert "PIL" in loaded(pictures, "plan")


def test_a_build_of_what_changed_loads_nothing_that_makes_graphs(pictures: Builder) -> None:
    """It reads the graph that the last build kept."""
    assert pictures.call("build").code == 0
    os.utime(pictures.root / "art/logo.png", ns=(1, 1))
    found = loaded(pictures, "build")
    assert "pydantic" in found
    assert not found & {"jinja2", "PIL", "httpx", "pybase64", "rich", "urllib.request", "xml"}
