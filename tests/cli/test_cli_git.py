"""`init --git` tells git of the lock once, and takes nothing away; `merge-driver` writes a whole lock, or nothing."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from assetforge.cli.git_setup import FALLBACK
from assetforge.outputs.lock import lock_text
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.outputs.test_merge import line, record

ATTRIBUTES = "assets.lock text eol=lf merge=assetforge\n"
LINES = {"hero": line()}
OTHERS = {"hero": line(steps={"generate": {1: record("1" * 64, "2" * 64)}})}


def git(project: Builder, *arguments: str) -> str:
    env = project.env(GIT_CONFIG_NOSYSTEM="1")
    return subprocess.run(
        ["git", *arguments], cwd=project.root, env=env, capture_output=True, text=True, timeout=60, check=True
    ).stdout


@pytest.fixture
def repository(project: Builder) -> Builder:
    git(project, "init", "-q")
    return project


def config(project: Builder) -> str:
    return project.text(".git/config")


# --- init --git ---


def test_a_new_project_is_begun_with_git(repository: Builder) -> None:
    told = repository.call("init", "--git")
    assert told.code == 0
    assert told.out == (
        "wrote assets.toml\nwrote assets.schema.json\nwrote .gitattributes\nwrote .gitignore\nadded to .git/config\n"
    )
    assert "every clone runs `assetforge init --git` once" in told.err
    assert "next: `assetforge build --draft`" in told.err
    assert repository.text(".gitattributes") == ATTRIBUTES
    assert repository.text(".gitignore") == "assetforge-gallery/\n"
    command, verb, names = git(repository, "config", "merge.assetforge.driver").partition(" merge-driver ")
    assert verb
    assert names.startswith("%O %A %B || {")
    assert Path(shlex.split(command)[0]).is_absolute()


def test_a_second_run_changes_nothing(repository: Builder) -> None:
    repository.call("init", "--git")
    before = repository.files()
    told = repository.call("init", "--git")
    assert repository.files() == before
    assert told.out == (
        "left alone assets.toml, which is there already\nleft alone .gitattributes, which says it already\n"
        "left alone .gitignore, which says it already\nleft alone .git/config, which says it already\n"
    )


def test_of_a_project_that_is_there_only_git_is_told(repository: Builder) -> None:
    repository.write({"assets.toml": DRAFTS + HERO})
    told = repository.call("init", "--git")
    assert told.code == 0
    assert "next:" not in told.err
    assert "assets.schema.json" not in repository.files()
    assert repository.text("assets.toml") == DRAFTS + HERO


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"*.png binary\n", b"*.png binary\n" + ATTRIBUTES.encode()),
        (b"*.png binary", b"*.png binary\n" + ATTRIBUTES.encode()),
        (b"*.png binary\r\n", b"*.png binary\r\n" + ATTRIBUTES.encode().replace(b"\n", b"\r\n")),
        (b"*.lock merge=union\n", b"*.lock merge=union\n" + ATTRIBUTES.encode()),
        (b"*.lock merge=assetforge\n", b"*.lock merge=assetforge\n" + ATTRIBUTES.encode()),
        (b"", ATTRIBUTES.encode()),
    ],
)
def test_attributes_are_added_to_and_hold(repository: Builder, before: bytes, after: bytes) -> None:
    repository.write({"assets.toml": HERO, ".gitattributes": before})
    assert repository.call("init", "--git").code == 0
    assert (repository.root / ".gitattributes").read_bytes() == after
    told = git(repository, "check-attr", "merge", "eol", "--", "assets.lock")
    assert told == "assets.lock: merge: assetforge\nassets.lock: eol: lf\n"


@pytest.mark.parametrize("there", ["*.lock text eol=lf merge=assetforge\n", "assets.lock -text merge=assetforge\n"])
def test_what_git_knows_already_is_left(repository: Builder, there: str) -> None:
    repository.write({"assets.toml": HERO, ".gitattributes": there, ".gitignore": "*gallery*\n"})
    git(repository, "config", "merge.assetforge.driver", "uv run assetforge merge-driver %O %A %B")
    before = repository.files()
    assert repository.call("init", "--git").code == 0
    assert repository.files() == before


def test_what_only_this_user_ignores_is_told_to_everybody(repository: Builder) -> None:
    (repository.home / "ignored").write_text("assetforge-gallery\n")
    (repository.home / ".gitconfig").write_text(f"[core]\nexcludesFile = {repository.home / 'ignored'}\n")
    repository.write({"assets.toml": HERO}).call("init", "--git")
    assert repository.text(".gitignore") == "assetforge-gallery/\n"


def test_a_mode_stays(repository: Builder) -> None:
    repository.write({"assets.toml": HERO, ".gitignore": "x"})
    (repository.root / ".gitignore").chmod(0o600)
    repository.call("init", "--git")
    assert repository.text(".gitignore") == "x\nassetforge-gallery/\n"
    assert (repository.root / ".gitignore").stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_written_through(repository: Builder) -> None:
    mine = repository.home / "mine"
    mine.write_text("mine\n")
    (repository.root / ".gitignore").symlink_to(mine)
    told = repository.write({"assets.toml": HERO}).call("init", "--git")
    assert told.code == 2
    assert "is a link, which git does not follow" in told.err
    assert mine.read_text() == "mine\n"


@pytest.mark.parametrize("name", ["site/icons.toml", "site/my art [1].toml", "größe.toml"])
def test_the_lock_of_another_manifest_has_its_own_name(repository: Builder, name: str) -> None:
    assert repository.call("init", "-m", name, "--git").code == 0
    lock = name.replace(".toml", ".lock")
    told = git(repository, "-c", "core.quotePath=off", "check-attr", "-z", "merge", "--", lock)
    assert told == f"{lock}\0merge\0assetforge\0"
    before = repository.files()
    assert repository.call("init", "-m", name, "--git").code == 0
    assert repository.files() == before


def test_doctor_finds_a_clone_that_does_not_know_how_its_lock_is_merged(repository: Builder) -> None:
    repository.write({"assets.toml": HERO})
    assert "git: " not in repository.call("doctor").out
    repository.write({".gitattributes": "*.lock text eol=lf merge=assetforge\n"})
    told = repository.call("doctor").out
    assert (
        "warn  git: this clone does not know how `assets.lock` is merged\n      hint: run `assetforge init --git`"
        in told
    )
    assert repository.call("init", "--git").code == 0
    assert "ok    git: `assets.lock` is merged by assetforge\n" in repository.call("doctor").out


@pytest.mark.parametrize(
    "stale",
    [
        "assetforge merge-driver %O %A %B",
        "'/my venv/bin/python' -m assetforge merge-driver %O %A %B",
        "/nowhere/python -m assetforge merge-driver %O %A %B",
        f"'/no where/100%%/assetforge' merge-driver {FALLBACK}",
    ],
)
def test_a_command_of_ours_that_would_not_start_everywhere_is_written_anew(repository: Builder, stale: str) -> None:
    repository.write({"assets.toml": HERO}).call("init", "--git")
    right = git(repository, "config", "merge.assetforge.driver")
    git(repository, "config", "merge.assetforge.driver", stale)
    told = repository.call("init", "--git")
    assert told.code == 0
    assert "changed .git/config, whose command to merge locks would not start everywhere\n" in told.out
    assert git(repository, "config", "--get-all", "merge.assetforge.driver") == right
    assert "left alone .git/config, which says it already\n" in repository.call("init", "--git").out


def test_of_two_commands_that_are_set_one_is_left(repository: Builder) -> None:
    repository.write({"assets.toml": HERO}).call("init", "--git")
    right = git(repository, "config", "merge.assetforge.driver")
    git(repository, "config", "--add", "merge.assetforge.driver", f"/nowhere/assetforge merge-driver {FALLBACK}")
    assert repository.call("init", "--git", "--json").object["files"][-1]["what"] == "changed"
    assert git(repository, "config", "--get-all", "merge.assetforge.driver") == right


@pytest.mark.parametrize(
    "own",
    [f"{shlex.quote(sys.executable)} -m assetforge merge-driver -q %O %A %B", "./merge.sh %O %A %B"],
    ids=["ours", "a-script"],
)
def test_a_command_of_your_own_stays(repository: Builder, own: str) -> None:
    repository.write({"assets.toml": HERO})
    git(repository, "config", "merge.assetforge.driver", own)
    told = repository.call("init", "--git")
    assert "left alone .git/config, which says it already\n" in told.out
    assert "warning" not in told.err
    assert git(repository, "config", "merge.assetforge.driver") == f"{own}\n"
    assert "ok    git: `assets.lock` is merged by assetforge\n" in repository.call("doctor").out


def test_a_command_of_your_own_that_does_not_start_stays_and_is_told(repository: Builder) -> None:
    repository.write({"assets.toml": HERO})
    own = "no-such-command assetforge merge-driver %O %A %B"
    git(repository, "config", "merge.assetforge.driver", own)
    told = repository.call("init", "--git")
    assert told.code == 0
    assert "left alone .git/config\n" in told.out
    assert "warning: git can't start your own command to merge locks, `merge.assetforge.driver`\n" in told.err
    assert git(repository, "config", "merge.assetforge.driver") == f"{own}\n"
    told = repository.call("init", "--git", "--json")
    assert told.object["files"][-1] == {"path": ".git/config", "what": "does not start"}
    assert len(told.object["warnings"]) == 1
    # The way on that is told is one.
    git(repository, "config", "--unset", "merge.assetforge.driver")
    assert "added to .git/config\n" in repository.call("init", "--git").out


def test_doctor_finds_a_command_that_does_not_start(repository: Builder) -> None:
    repository.write({"assets.toml": HERO}).call("init", "--git")
    git(repository, "config", "merge.assetforge.driver", f"/nowhere/assetforge merge-driver {FALLBACK}")
    told = repository.call("doctor").out
    assert "warn  git: what merges `assets.lock` does not start\n      hint: run `assetforge init --git`" in told
    repository.call("init", "--git")
    assert "ok    git: `assets.lock` is merged by assetforge\n" in repository.call("doctor").out


def test_without_a_repository_nothing_is_written(project: Builder) -> None:
    told = project.call("init", "--git", GIT_CEILING_DIRECTORIES=str(project.root.parent))
    assert told.code == 2
    assert "there is no git repository here" in told.err
    assert "hint: run `git init` first" in told.err
    assert project.files() == {}


def test_without_git_it_is_said(repository: Builder) -> None:
    told = repository.call("init", "--git", PATH=str(repository.home))
    assert told.code == 2
    assert "git is not installed" in told.err
    assert "assets.toml" not in repository.files()


def test_a_linked_work_tree_shares_the_driver(repository: Builder) -> None:
    repository.write({"assets.toml": HERO}).call("init", "--git")
    git(repository, "add", "-A")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@x", "commit", "-qm", "begin")
    git(repository, "worktree", "add", "-q", "tree")
    told = repository.call("init", "--git", "-C", "tree", "--json")
    assert [one["what"] for one in told.object["files"]] == ["left alone"] * 4
    assert told.object["files"][-1]["path"] == ".git/config"


# --- merge-driver ---


def driver(project: Builder, *more: str) -> int:
    return project.call("merge-driver", "base", "ours", "theirs", *more).code


def test_the_merged_lock_is_written_into_ours(project: Builder) -> None:
    project.write({"base": lock_text({}), "ours": lock_text(LINES), "theirs": lock_text({"night": line()})})
    assert driver(project) == 0
    assert project.text("ours") == lock_text({**LINES, "night": line()})
    assert sorted(project.files()) == ["base", "ours", "theirs"]


@pytest.mark.parametrize("base", [{"base": ""}, {}], ids=["empty", "missing"])
def test_both_sides_added_the_lock(project: Builder, base: dict[str, str]) -> None:
    project.write({**base, "ours": lock_text(LINES), "theirs": lock_text({"night": line()})})
    assert driver(project) == 0
    assert project.text("ours") == lock_text({**LINES, "night": line()})


def test_what_is_set_aside_is_said(project: Builder) -> None:
    project.write({"ours": lock_text(LINES), "theirs": lock_text(OTHERS)})
    told = project.call("merge-driver", "base", "ours", "theirs")
    assert (told.code, told.out) == (0, "")
    assert told.err == "both sides changed `hero`: `assetforge build` takes what is asked for\n"
    project.write({"ours": lock_text(LINES)})
    told = project.call("merge-driver", "base", "ours", "theirs", "--json")
    assert (told.object["lines"], told.object["set_aside"]) == (2, ["hero"])


@pytest.mark.parametrize("broken", ["base", "ours", "theirs"])
@pytest.mark.parametrize("text", ['{"version": 2, "assets": {}}', "[", "<<<<<<< ours\n", "\udcff"])
def test_a_lock_that_cannot_be_read_is_not_merged_and_nothing_is_written(
    project: Builder, broken: str, text: str
) -> None:
    texts: dict[str, str | bytes] = {name: lock_text(LINES) for name in ("base", "ours", "theirs")}
    texts[broken] = text.encode("utf-8", "surrogateescape")
    before = project.write(texts).files()
    told = project.call("merge-driver", "base", "ours", "theirs")
    assert told.code == 1
    assert told.err.startswith("error: the lock ")
    assert "hint: git calls it a conflict" in told.err
    assert project.files() == before


def test_a_side_that_is_missing_is_no_empty_lock(project: Builder) -> None:
    project.write({"ours": lock_text(LINES)})
    told = project.call("merge-driver", "base", "ours", "theirs")
    assert told.code == 1
    assert "there is no lock `theirs`" in told.err
    assert project.text("ours") == lock_text(LINES)


def test_the_name_is_that_of_a_command(project: Builder) -> None:
    assert project.call("merge_driver", "a", "b", "c").code == 2
    assert "needs" in project.call("merge-driver", "base").err
