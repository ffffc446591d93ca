"""Two branches that both bought are merged by the real git, and nothing is bought again, whichever side is chosen."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.images_server import ImagesServer

ASSETS = """\
[asset.hero]
prompt = "A lighthouse at dawn"
output = "hero.png"

[asset.moon]
prompt = "The moon"
output = "moon.png"

[asset.zebra]
prompt = "A zebra"
output = "zebra.png"
"""
MARKS = "<" * 7


def git(project: Builder, *arguments: str, code: int = 0, **more: str) -> str:
    """What git prints, run by this user alone."""
    env = project.env(
        GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@x", GIT_COMMITTER_NAME="a",
        GIT_COMMITTER_EMAIL="a@x", GIT_EDITOR="true", **more,
    )  # fmt: skip
    done = subprocess.run(
        ["git", *arguments], cwd=project.root, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def commit(project: Builder, what: str) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", what)


def edit(project: Builder, old: str, new: str) -> None:
    assert old in project.text("assets.toml")
    project.write({"assets.toml": project.text("assets.toml").replace(old, new)})


def buy(project: Builder, branch: str, *edits: tuple[str, str]) -> None:
    """A branch off main on which the manifest was edited, built and committed."""
    git(project, "checkout", "-qb", branch, "main")
    for old, new in edits:
        edit(project, old, new)
    assert project.call("build", "--yes").code == 0
    commit(project, branch)


def unmerged(project: Builder) -> list[str]:
    """The files that git could not merge."""
    return git(project, "diff", "--name-only", "--diff-filter=U").split()


def begin(project: Builder, assets: str = ASSETS, ignored: str = "*.png\n*.webp\n") -> Builder:
    """A repository whose main branch is built, with the driver."""
    git(project, "init", "-qb", "main")
    project.write({"assets.toml": assets, ".gitignore": ignored})
    assert project.call("init", "--git").code == 0
    assert project.call("build", "--yes").code == 0
    commit(project, "main")
    return project


@pytest.fixture
def repository(shop: Builder) -> Builder:
    return begin(shop)


def assert_nothing_is_bought(project: Builder, images: ImagesServer) -> None:
    """By what the lock says: the store has the bytes, and knows of no request."""
    shutil.rmtree(project.home / "store" / "records", ignore_errors=True)
    before = len(images.calls)
    told = project.call("build", "--yes")
    assert told.code == 0, told.err
    assert len(images.calls) == before
    assert project.call("check").code == 0
    assert "aside:" not in project.text("assets.lock")


# --- lines of their own ---


def test_both_branches_add_an_asset(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", ("[asset.moon]", '[asset.lamp]\nprompt = "A lamp"\noutput = "lamp.png"\n\n[asset.moon]'))
    buy(
        repository,
        "theirs",
        ("[asset.zebra]", '[asset.mast]\nprompt = "A mast"\noutput = "mast.png"\n\n[asset.zebra]'),
    )
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "-q", "--no-edit", "theirs")
    assert_nothing_is_bought(repository, images)
    assert repository.call("plan", "--exit-code").code == 0
    assert git(repository, "status", "--porcelain") == ""
    assert len(images.paid) == 5


def test_one_branch_removes_an_asset_and_the_other_changes_another(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", (ASSETS[ASSETS.index("\n[asset.zebra]") :], ""))
    assert repository.call("clean", "--stale", "--yes").code == 0
    commit(repository, "clean")
    buy(repository, "theirs", ("at dawn", "at noon"))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "-q", "--no-edit", "theirs")
    assert_nothing_is_bought(repository, images)
    assert '"zebra"' not in repository.text("assets.lock")


# --- one line that both changed ---


@pytest.mark.parametrize("chosen", ["ours", "theirs"])
def test_both_branches_reword_one_prompt(repository: Builder, images: ImagesServer, chosen: str) -> None:
    """The manifest is for people to merge; the lock never is."""
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"))
    git(repository, "checkout", "-q", "ours")
    told = git(repository, "merge", "theirs", code=1)
    assert "both sides changed `hero`" in told
    assert unmerged(repository) == ["assets.toml"]
    git(repository, "checkout", f"--{chosen}", "--", "assets.toml")
    assert_nothing_is_bought(repository, images)
    assert len(images.paid) == 5


def test_what_is_set_aside_is_no_orphan_and_outlives_a_cleaning(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "theirs", code=1)
    git(repository, "checkout", "--ours", "--", "assets.toml")
    merged = repository.text("assets.lock")
    assert '"aside:1:hero"' in merged
    assert repository.call("plan", "--json").object["orphans"] == []
    assert repository.call("clean", "--stale", "--yes").code == 0
    assert repository.text("assets.lock") == merged
    assert repository.call("build", "zebra").code == 0
    assert repository.text("assets.lock") == merged
    git(repository, "checkout", "--theirs", "--", "assets.toml")
    assert_nothing_is_bought(repository, images)


def test_candidates_beyond_n_of_the_chosen_side_stay(repository: Builder, images: ImagesServer) -> None:
    """They were bought for the very request: asking for them again stays free."""
    three, one = ('output = "hero.png"\nn = 3', 'output = "hero.png"\nn = 1')
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"), ('output = "hero.png"', three))
    edit(repository, three, one)
    assert repository.call("build").code == 0
    commit(repository, "one is enough")
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "theirs", code=1)
    git(repository, "checkout", "--theirs", "--", "assets.toml")
    assert_nothing_is_bought(repository, images)
    edit(repository, one, three)
    assert_nothing_is_bought(repository, images)
    assert len(images.paid) == 7


@pytest.mark.parametrize("chosen", ["ours", "theirs"])
def test_an_edit_chain_is_found_whole(shop: Builder, images: ImagesServer, chosen: str) -> None:
    """Theirs is an edit of a picture that only ours replaced."""
    chain = 'steps = [\n  { op = "edit", prompt = "Make it night" },\n]\n'
    begin(shop, ASSETS.replace('output = "hero.png"\n', f'output = "hero.png"\n{chain}'))
    buy(shop, "ours", ("Make it night", "Make it a dark night"), ("at dawn", "at noon"))
    buy(shop, "theirs", ("Make it night", "Make it winter"))
    git(shop, "checkout", "-q", "ours")
    git(shop, "merge", "theirs", code=1)
    assert unmerged(shop) == ["assets.toml"]
    git(shop, "checkout", f"--{chosen}", "--", "assets.toml")
    assert_nothing_is_bought(shop, images)


def test_both_branches_add_an_output_to_one_asset(repository: Builder, images: ImagesServer) -> None:
    spread = 'output = "hero.png"', 'outputs = [\n  "hero.png",\n\n\n  # and more\n]'
    edit(repository, *spread)
    commit(repository, "spread")
    buy(repository, "ours", ('"hero.png",', '"hero.png",\n  "hero.webp",'))
    buy(repository, "theirs", ("  # and more\n", '  # and more\n  { path = "small.png", width = 64 },\n'))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "-q", "--no-edit", "theirs")
    assert "aside:" not in repository.text("assets.lock")
    assert_nothing_is_bought(repository, images)
    assert git(repository, "status", "--porcelain") == ""
    assert len(images.paid) == 3


def test_a_rebase_of_several_commits(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "theirs", ("at dawn", "at dusk"))
    buy(repository, "ours", ("The moon", "The full moon"))
    edit(repository, "A zebra", "A zebra foal")
    repository.call("build", "--yes")
    commit(repository, "a second time")
    git(repository, "rebase", "-q", "theirs")
    assert_nothing_is_bought(repository, images)
    assert git(repository, "status", "--porcelain") == ""
    assert len(images.paid) == 6


@pytest.mark.parametrize("chosen", ["ours", "theirs"])
def test_a_rebase_that_meets_another_wording(repository: Builder, images: ImagesServer, chosen: str) -> None:
    buy(repository, "theirs", ("at dawn", "at dusk"))
    buy(repository, "ours", ("at dawn", "at noon"))
    git(repository, "rebase", "theirs", code=1)
    assert unmerged(repository) == ["assets.toml"]
    git(repository, "checkout", f"--{chosen}", "--", "assets.toml")
    git(repository, "add", "-A")
    # Choosing the side that is rebased onto leaves a commit that changes the lock alone.
    git(repository, "rebase", "--continue")
    assert_nothing_is_bought(repository, images)


# --- two machines ---


@pytest.mark.parametrize("chosen", ["ours", "theirs"])
def test_files_that_are_committed_are_known_whichever_side_is_chosen(
    shop: Builder, images: ImagesServer, tmp_path: Path, chosen: str
) -> None:
    """Two machines share no store: what the other one bought is here as a file and as a line alone."""
    smaller = ASSETS.replace('"hero.png"', '{ path = "hero.png", width = 64 }')
    begin(shop, smaller, ignored="")
    (tmp_path / "other").mkdir()
    other = Builder(tmp_path / "other", tmp_path / "clone", dict(shop.environ))
    git(shop, "clone", "-q", str(shop.root), str(other.root))
    buy(shop, "ours", ("at dawn", "at noon"))
    git(other, "checkout", "-q", "main")
    buy(other, "theirs", ("at dawn", "at dusk"))
    git(shop, "fetch", "-q", str(other.root), "theirs")
    git(shop, "merge", "FETCH_HEAD", code=1)
    assert unmerged(shop) == ["assets.toml", "hero.png"]
    git(shop, "checkout", f"--{chosen}", "--", "assets.toml", "hero.png")
    picture = (shop.root / "hero.png").read_bytes()
    assert_nothing_is_bought(shop, images)
    assert (shop.root / "hero.png").read_bytes() == picture
    assert len(images.paid) == 5


def test_a_chosen_request_replaces_the_file_of_the_other_side(
    shop: Builder, images: ImagesServer, tmp_path: Path
) -> None:
    """The file is of the side that was not chosen: the lock knows it as ours, so it may be replaced."""
    begin(shop, ASSETS, ignored="")
    (tmp_path / "other").mkdir()
    other = Builder(tmp_path / "other", tmp_path / "clone", dict(shop.environ))
    git(shop, "clone", "-q", str(shop.root), str(other.root))
    buy(shop, "ours", ("at dawn", "at noon"))
    mine = (shop.root / "hero.png").read_bytes()
    git(other, "checkout", "-q", "main")
    buy(other, "theirs", ("at dawn", "at dusk"))
    git(shop, "fetch", "-q", str(other.root), "theirs")
    git(shop, "merge", "FETCH_HEAD", code=1)
    git(shop, "checkout", "--ours", "--", "assets.toml")
    git(shop, "checkout", "--theirs", "--", "hero.png")
    assert (shop.root / "hero.png").read_bytes() != mine
    assert_nothing_is_bought(shop, images)
    assert (shop.root / "hero.png").read_bytes() == mine


# --- without the driver ---


def forget_driver(project: Builder) -> None:
    git(project, "config", "--remove-section", "merge.assetforge")


def test_without_the_driver_lines_that_do_not_touch_merge_as_text(repository: Builder, images: ImagesServer) -> None:
    forget_driver(repository)
    buy(repository, "ours", ("A zebra", "A zebra foal"))
    buy(repository, "theirs", ("at dawn", "at noon"))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "-q", "--no-edit", "theirs")
    assert_nothing_is_bought(repository, images)


@pytest.mark.parametrize("chosen", ["ours", "theirs"])
def test_marks_of_a_conflict_are_told_with_a_way_on_that_works(
    repository: Builder, images: ImagesServer, chosen: str
) -> None:
    forget_driver(repository)
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "theirs", code=1)
    assert MARKS in repository.text("assets.lock")
    git(repository, "checkout", f"--{chosen}", "--", "assets.toml")
    told = repository.call("build", "--yes")
    assert told.code == 2
    assert "run `assetforge init --git`, then `git checkout --merge -- assets.lock`" in told.err
    assert repository.call("init", "--git").code == 0
    git(repository, "checkout", "--merge", "--", "assets.lock")
    assert_nothing_is_bought(repository, images)


# --- with a driver that fails ---


def lose_command(project: Builder) -> None:
    """What the driver starts is there no more."""
    driver = git(project, "config", "merge.assetforge.driver").strip()
    command, verb, rest = driver.partition(" merge-driver ")
    assert command
    git(project, "config", "merge.assetforge.driver", f"/nowhere/assetforge{verb}{rest}")


def test_git_finds_the_command_whatever_the_path_of_who_runs_git(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"))
    git(repository, "checkout", "-q", "ours")
    found = shutil.which("git")
    assert found
    told = git(repository, "merge", "theirs", code=1, PATH=f"{Path(found).parent}{os.pathsep}{os.defpath}")
    assert "both sides changed `hero`" in told
    git(repository, "checkout", "--theirs", "--", "assets.toml")
    assert_nothing_is_bought(repository, images)


def test_a_command_that_is_gone_leaves_marks_and_nothing_is_bought(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("at dawn", "at dusk"))
    git(repository, "checkout", "-q", "ours")
    lose_command(repository)
    git(repository, "merge", "theirs", code=1)
    assert unmerged(repository) == ["assets.lock", "assets.toml"]
    assert f"{MARKS} ours\n" in repository.text("assets.lock")
    git(repository, "checkout", "--theirs", "--", "assets.toml")
    told = repository.call("build", "--yes")
    assert told.code == 2
    assert "hint: run `assetforge init --git`, then `git checkout --merge -- assets.lock`" in told.err
    assert "changed .git/config" in repository.call("init", "--git").out
    git(repository, "checkout", "--merge", "--", "assets.lock")
    assert_nothing_is_bought(repository, images)
    assert len(images.paid) == 5


def test_a_command_that_is_gone_is_told_also_where_the_texts_merge(repository: Builder, images: ImagesServer) -> None:
    buy(repository, "ours", ("A zebra", "A zebra foal"))
    buy(repository, "theirs", ("at dawn", "at noon"))
    git(repository, "checkout", "-q", "ours")
    lose_command(repository)
    git(repository, "merge", "theirs", code=1)
    assert unmerged(repository) == ["assets.lock"]
    assert MARKS not in repository.text("assets.lock")
    assert_nothing_is_bought(repository, images)
    assert len(images.paid) == 5


@pytest.mark.parametrize(
    ("edited", "why"),
    [
        (("at dawn", "at noon"), "error: the lock has merge conflicts"),
        (("A zebra", "A zebra foal"), "error: the lock was written by a newer assetforge (format 2)"),
    ],
    ids=["touching", "apart"],
)
def test_a_lock_of_a_newer_release_is_a_conflict_and_no_build_goes_by_a_half(
    repository: Builder, images: ImagesServer, edited: tuple[str, str], why: str
) -> None:
    buy(repository, "ours", edited)
    git(repository, "checkout", "-qb", "theirs", "main")
    newer = repository.text("assets.lock").replace('"version": 1', '"version": 2')
    commit(repository.write({"assets.lock": newer}), "newer")
    git(repository, "checkout", "-q", "ours")
    told = git(repository, "merge", "theirs", code=1)
    assert "the lock was written by a newer assetforge (format 2), on their side" in told
    assert unmerged(repository) == ["assets.lock"]
    built = repository.call("build", "--yes")
    assert built.code == 2
    assert why in built.err
    assert len(images.paid) == 4


# --- line ends ---


@pytest.mark.parametrize("autocrlf", ["true", "input"])
def test_a_checkout_with_other_line_ends_keeps_and_merges_the_lock(
    repository: Builder, images: ImagesServer, autocrlf: str
) -> None:
    git(repository, "config", "core.autocrlf", autocrlf)
    buy(repository, "ours", ("at dawn", "at noon"))
    buy(repository, "theirs", ("The moon", "The full moon"))
    git(repository, "checkout", "-q", "ours")
    git(repository, "merge", "-q", "--no-edit", "theirs")
    os.unlink(repository.root / "assets.lock")
    git(repository, "checkout", "--", "assets.lock")
    assert b"\r" not in (repository.root / "assets.lock").read_bytes()
    assert_nothing_is_bought(repository, images)
    assert git(repository, "status", "--porcelain") == ""


# --- merges of merges ---


def test_branches_that_merged_each_other_merge_again(repository: Builder, images: ImagesServer) -> None:
    """Git first merges their two common beginnings, by the driver as well."""
    buy(repository, "one", ("at dawn", "at noon"))
    buy(repository, "two", ("The moon", "The full moon"))
    git(repository, "branch", "two-before")
    git(repository, "merge", "-q", "--no-edit", "one")
    git(repository, "checkout", "-q", "one")
    git(repository, "merge", "-q", "--no-edit", "two-before")
    for branch, animal in (("one", "A zebra foal"), ("two", "A zebra herd")):
        git(repository, "checkout", "-q", branch)
        edit(repository, "A zebra", animal)
        assert repository.call("build", "--yes").code == 0
        commit(repository, animal)
    git(repository, "merge", "one", code=1)
    assert unmerged(repository) == ["assets.toml"]
    git(repository, "checkout", "--theirs", "--", "assets.toml")
    assert_nothing_is_bought(repository, images)
    assert len(images.paid) == 7
