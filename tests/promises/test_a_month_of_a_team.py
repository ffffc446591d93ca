"""A month of a team that shares a repository and a remote: the number of paid calls is what a person would count."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builder import Builder, Result
from tests.images_server import ImagesServer
from tests.object_store import ObjectStore, object_store

pytestmark = pytest.mark.slow

ASSETS = """\
[asset.hero]
prompt = "A lighthouse at dawn"
output = "dist/hero.webp"

[asset.icon]
matrix.item = ["sword", "shield"]
prompt = "A {{ item }}"
output = { path = "dist/{{ item }}.png", width = 64 }
"""
BANNER = """
[asset.banner]
source = "@hero"
output = "dist/banner.webp"
steps = [{ op = "edit", prompt = "Make it night" }]
"""
BADGE = """
[asset.badge]
prompt = "A round badge"
output = "dist/badge.png"
"""
FLAG = """
[asset.flag]
prompt = "A red flag"
output = "dist/flag.png"
"""
SHARED = """
[asset.NAME]
prompt = "A compass rose"
output = "dist/NAME.png"
"""


@dataclass
class Team:
    """A bare repository, an object store, a provider, and the people who use them."""

    folder: Path
    server: ImagesServer
    objects: ObjectStore

    @property
    def secrets(self) -> dict[str, str]:
        """What members have and strangers have not."""
        return {**self.server.environ, **self.objects.environ, "ASSETFORGE_REMOTE": self.objects.url}

    def clone(self, name: str, **environ: str) -> Builder:
        """A machine of its own with a fresh clone."""
        home = self.folder / f"home of {name}"
        home.mkdir()
        machine = Builder(home, self.folder / name, dict(environ))
        git(machine, "clone", "-q", str(self.folder / "origin"), str(machine.root), cwd=self.folder)
        return machine

    def member(self, name: str) -> Builder:
        machine = self.clone(name, **self.secrets)
        assert machine.call("init", "--git").code == 0
        return machine

    @property
    def paid(self) -> list[str]:
        """The prompts of all calls that were paid for."""
        return [str(call.fields["prompt"]) for call in self.server.paid]


def run_git(machine: Builder, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    env = machine.env(
        GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@x", GIT_COMMITTER_NAME="a",
        GIT_COMMITTER_EMAIL="a@x", GIT_EDITOR="true", GIT_MERGE_AUTOEDIT="no",
    )  # fmt: skip
    return subprocess.run(
        ["git", *arguments], cwd=cwd or machine.root, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def git(machine: Builder, *arguments: str, cwd: Path | None = None) -> str:
    done = run_git(machine, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit(machine: Builder, what: str) -> None:
    git(machine, "add", "-A")
    git(machine, "commit", "-qm", what)


def add(machine: Builder, text: str) -> None:
    machine.write({"assets.toml": machine.text("assets.toml") + text})


def reword(machine: Builder, old: str, new: str) -> None:
    assert old in machine.text("assets.toml")
    machine.write({"assets.toml": machine.text("assets.toml").replace(old, new)})


def good(result: Result) -> Result:
    assert result.code == 0, result.out + result.err
    return result


def build(machine: Builder, *arguments: str) -> Result:
    return good(machine.call("build", "--yes", *arguments))


def pictures(machine: Builder) -> dict[str, str]:
    return {path: digest for path, digest in machine.files().items() if path.startswith("dist/")}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with ImagesServer() as server, object_store() as objects:
        team = Team(tmp_path, server, objects)
        (tmp_path / "origin").mkdir()
        nobody = Builder(tmp_path / "origin", tmp_path / "origin")
        git(nobody, "init", "-q", "--bare", "-b", "main")
        yield team


def test_a_month_of_a_team(team: Team) -> None:
    # Ana begins the project: three pictures.
    ana = team.clone("ana", **team.secrets)
    git(ana, "checkout", "-q", "-B", "main")
    ana.write({"assets.toml": ASSETS, ".gitignore": "dist/\n"})
    good(ana.call("init", "--git"))
    build(ana)
    commit(ana, "Begin")
    git(ana, "push", "-q", "origin", "main")
    assert len(team.paid) == 3

    # Ben clones and builds; the pictures are ignored by git, so they come from the remote, and cost nothing.
    ben = team.member("ben")
    assert "3 pictures from the lock" in build(ben).out
    assert pictures(ben) == pictures(ana)
    assert len(team.paid) == 3

    # Two branches. Ana adds an edit of the hero (one call) and rerolls the sword (one call).
    git(ana, "checkout", "-qb", "banner")
    add(ana, BANNER)
    good(ana.call("reroll", "icon[item=sword]"))
    build(ana)
    commit(ana, "Add a banner, reroll the sword")
    assert team.paid[3:] == ["Make it night", "A sword"] or team.paid[3:] == ["A sword", "Make it night"]

    # Ben adds a badge (one call), and rewords the hero's prompt, whose picture is fine: he accepts it (none).
    git(ben, "checkout", "-qb", "badge")
    add(ben, BADGE)
    reword(ben, "A lighthouse at dawn", "A lighthouse at the break of day")
    good(ben.call("accept", "hero"))
    build(ben)
    commit(ben, "Add a badge, say the hero's prompt better")
    assert team.paid[5:] == ["A round badge"]

    # Both also want one and the same picture, under other names, on other branches: one call.
    add(ana, SHARED.replace("NAME", "compass"))
    add(ben, SHARED.replace("NAME", "rose"))
    build(ana)
    assert "1 from the remote" in build(ben).out
    commit(ana, "Add a compass")
    commit(ben, "Add a rose")
    assert team.paid[6:] == ["A compass rose"]

    # Both branches end in main: the manifest's additions are for a person, the lock is not.
    git(ana, "push", "-q", "origin", "banner")
    git(ben, "push", "-q", "origin", "badge")
    git(ana, "checkout", "-q", "main")
    git(ana, "fetch", "-q")
    git(ana, "merge", "-q", "--no-ff", "banner")
    merge_by_hand(ana, "origin/badge", ana.text("assets.toml") + BADGE + SHARED.replace("NAME", "rose"))
    assert "A lighthouse at the break of day" in ana.text("assets.toml")
    build(ana)
    assert git(ana, "status", "--porcelain") == ""  # the merged lock had everything
    git(ana, "push", "-q", "origin", "main")
    assert len(team.paid) == 7

    # CI checks main on a fresh clone: no provider's key, the remote only.
    ci = team.clone("ci", **team.objects.environ, ASSETFORGE_REMOTE=team.objects.url, GITHUB_ACTIONS="true")
    good(ci.call("check", "--lock-only"))
    good(ci.call("build", "--locked"))
    assert pictures(ci) == pictures(ana)
    assert git(ci, "status", "--porcelain") == ""

    # A fork's pull request adds a flag. Its run has no secrets: it says what would be bought, and buys nothing.
    fork = team.clone("fork", GITHUB_ACTIONS="true", GITHUB_EVENT_NAME="pull_request", CI="true")
    fork.write({"../event.json": '{"pull_request":{"head":{"repo":{"id":2}}},"repository":{"id":1}}'})
    fork.environ["GITHUB_EVENT_PATH"] = str(team.folder / "event.json")
    add(fork, FLAG)
    for arguments in (("check", "--lock-only"), ("build", "--locked"), ("build", "--on-miss", "fail")):
        told = fork.call(*arguments)
        assert told.code == 3, told.out + told.err
        assert "flag" in told.out + told.err
    assert fork.call("build").code in (2, 4)
    assert len(team.paid) == 7

    # A member takes it over and builds it: one call.
    git(ben, "checkout", "-q", "main")
    git(ben, "pull", "-q")
    add(ben, FLAG)
    build(ben)
    commit(ben, "Add the flag of a stranger")
    git(ben, "push", "-q", "origin", "main")
    assert team.paid[7:] == ["A red flag"]

    # What both paid, together, is what the provider billed.
    assert spent(ana) + spent(ben) == pytest.approx(team.server.total_cost)

    # Ana's store is evicted, her pictures with it: all comes back for nothing, also for a size that is new.
    shutil.rmtree(ana.home / "store")
    shutil.rmtree(ana.root / "dist")
    git(ana, "pull", "-q")
    reword(ana, "width = 64", "width = 128")
    build(ana)
    assert {path: pictures(ana)[path] for path in ("dist/hero.webp", "dist/flag.png")} == {
        path: pictures(ben)[path] for path in ("dist/hero.webp", "dist/flag.png")
    }
    assert len(team.paid) == 8
    good(ana.call("check"))


def spent(machine: Builder) -> float:
    """What somebody paid, in US dollars."""
    return float(machine.call("spend", "--json").object["total"]["spent"])


def merge_by_hand(machine: Builder, branch: str, manifest: str) -> None:
    """A merge in which only the manifest is a conflict: both sides added at its end."""
    run_git(machine, "merge", "-q", "--no-commit", branch)
    assert git(machine, "diff", "--name-only", "--diff-filter=U").split() == ["assets.toml"]
    manifest = manifest.replace("A lighthouse at dawn", "A lighthouse at the break of day")
    machine.write({"assets.toml": manifest})
    commit(machine, f"Merge {branch}")
