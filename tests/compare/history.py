"""A project in a real git repository, for tests that look back: committed, changed, cloned."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.builder import Builder

PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_ALLOW_PROTOCOL": "file",
}
DRAFTED = """\
[defaults]
provider = "draft"

[asset.hero]
prompt = "A lighthouse at dawn"
size = "64x64"
output = "hero.png"
"""
DUSK = DRAFTED.replace("dawn", "dusk")
# Of two files one is made from the other's picture.
CHAIN = (
    DRAFTED
    + """
[asset.night]
source = "@hero"
output = "night.png"
steps = [{ op = "blur", radius = 2 }]
"""
)


def git(folder: Path, *arguments: str) -> str:
    """What git prints, as nobody's settings have it."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **PLAIN}, capture_output=True, text=True, timeout=60,
        check=True,
    ).stdout  # fmt: skip


def commit(folder: Path) -> None:
    """Everything that is there, as a commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "pictures")


def begin(project: Builder, text: str = DRAFTED, folder: str = ".") -> Builder:
    """A repository with one commit: a project that was built."""
    git(project.root, "init", "--quiet", "--initial-branch", "main")
    inside = Builder(project.home, project.root / folder, project.environ)
    built(inside, text)
    commit(project.root)
    return inside


def built(project: Builder, text: str, change: Callable[[Builder], object] = lambda _: None) -> Builder:
    """The project with this manifest, built."""
    project.root.mkdir(parents=True, exist_ok=True)
    change(project.write({"assets.toml": text}))
    told = project.call("build", "--yes")
    assert told.code == 0, told.err
    return project


def hows(project: Builder, *arguments: str) -> dict[str, str]:
    """What became of each asset, by name."""
    told = project.call("diff", *arguments, "--json")
    assert told.code == 0, told.out + told.err
    return {one["instance"]: one["how"] for one in told.object["changes"]}


def reasons(project: Builder, name: str, *arguments: str) -> list[str]:
    """Why an asset is not what it was."""
    changes = project.call("diff", *arguments, "--json").object["changes"]
    (found,) = [one["reasons"] for one in changes if one["instance"] == name]
    return list(found)
