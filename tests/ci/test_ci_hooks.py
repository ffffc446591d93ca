"""The hooks, run by pre-commit itself at a commit of git: what does not agree is not committed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.ci.runner import copy_of_repository, machine, run_git
from tests.cli.manifests import DRAFTS, HERO

pytestmark = pytest.mark.slow
CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: assetforge-check
        args: [-C, apps/shop]
      - id: assetforge-check-lock
        args: [-C, apps/shop]
"""
GIT = ("-c", "user.name=a", "-c", "user.email=a@example.org")


def call(base: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a repository of this machine's user."""
    environ = machine(base / "home", PRE_COMMIT_HOME=str(base / "hooks"), PRE_COMMIT_COLOR="never")
    return subprocess.run(
        arguments, cwd=folder, env=environ, text=True, encoding="utf-8", timeout=300, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def repository(base: Path) -> tuple[Path, str]:
    """This repository as a clone has it, and its revision."""
    source = copy_of_repository(base / "assetforge")
    run_git(source, "init", "--quiet")
    run_git(source, "add", "--all")
    run_git(source, "commit", "--quiet", "--message", "all")
    return source, run_git(source, "rev-parse", "HEAD").strip()


def commit(base: Path, project: Builder) -> subprocess.CompletedProcess[str]:
    """Commits everything, as somebody whose commits pre-commit looks at."""
    run_git(project.root, "add", "--all")
    return call(base, project.root, "git", *GIT, "commit", "--message", "more")


def test_what_does_not_agree_is_not_committed(tmp_path: Path, project: Builder) -> None:
    """One story, since to install a hook takes its time."""
    base = tmp_path / "machine"
    source, revision = repository(base)
    config = CONFIG.format(repository=source, revision=revision)
    project.write({"apps/shop/assets.toml": DRAFTS + HERO, ".pre-commit-config.yaml": config})
    assert project.call("build", cwd="apps/shop").code == 0
    run_git(project.root, "init", "--quiet")
    assert call(base, project.root, sys.executable, "-m", "pre_commit", "install").returncode == 0

    first = commit(base, project)
    assert first.returncode == 0, first.stdout
    assert first.stdout.count("Passed") == 2
    # A check makes no store, no settings and no file.
    assert run_git(project.root, "status", "--porcelain") == ""
    assert not [path for path in (base / "home").rglob("*") if "assetforge" in path.name]

    # Another prompt: lock and pictures are of the earlier one.
    project.write({"apps/shop/assets.toml": DRAFTS + HERO.replace("dawn", "noon")})
    refused = commit(base, project)
    assert refused.returncode == 1
    assert refused.stdout.count("Failed") == 2
    assert "exit code: 3" in refused.stdout
    assert "\nhero:generate: " in refused.stdout
    project.call("build", cwd="apps/shop")
    assert commit(base, project).returncode == 0

    # A file that has nothing to do with it.
    project.write({"notes.rst": "nothing of it"})
    ignored = commit(base, project)
    assert ignored.returncode == 0
    assert ignored.stdout.count("Skipped") == 2

    # A picture, which only one of the hooks is about.
    project.write({"apps/shop/hero.png": "retouched"})
    changed = commit(base, project)
    assert changed.returncode == 1
    assert "hero.png: the file was changed" in changed.stdout
    assert changed.stdout.count("Passed") == 1
    assert run_git(project.root, "log", "--format=%s") == "more\n" * 3
