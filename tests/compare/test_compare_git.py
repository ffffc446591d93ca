"""`diff` reads two states from git: as far as git has them, without fetching, running or writing anything; and says
what is wrong where it can't."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.builder import Builder
from tests.compare.history import CHAIN, DRAFTED, DUSK, begin, built, commit, git, hows, reasons


def refused(project: Builder, *arguments: str) -> str:
    """What is said where nothing can be compared."""
    told = project.call("diff", *arguments)
    assert (told.code, told.out) == (2, "")
    return told.err


# --- which states ---


def test_nothing_changed_right_after_a_commit(project: Builder) -> None:
    begin(project)
    told = project.call("diff", "--exit-code")
    assert (told.code, told.out) == (0, "no picture changed since `HEAD`\n")


def test_the_working_tree_is_compared_with_a_commit_or_two_commits_with_each_other(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    assert hows(project) == {"hero": "changed"}
    commit(project.root)
    assert hows(project) == {}
    assert hows(project, "HEAD~1") == hows(project, "main~1..main") == hows(project, "HEAD^..") == {"hero": "changed"}
    built(project, CHAIN)
    assert hows(project, "HEAD~1..HEAD") == {"hero": "changed"}
    assert hows(project, "HEAD~1") == {"night": "added"}


def test_three_dots_begin_where_a_branch_began(project: Builder) -> None:
    begin(project, CHAIN)
    git(project.root, "checkout", "--quiet", "-b", "dusk")
    built(project, CHAIN.replace("dawn", "dusk"))
    commit(project.root)
    git(project.root, "checkout", "--quiet", "main")
    built(project, CHAIN.replace("radius = 2", "radius = 3"))
    commit(project.root)
    assert hows(project, "main..dusk") == {"hero": "changed", "night": "changed"}
    git(project.root, "checkout", "--quiet", "dusk")
    assert reasons(project, "night", "main...dusk") == ["made from `hero`, which changed"]
    assert "step `blur`: radius 3 -> 2" in reasons(project, "night", "main..dusk")


def test_a_project_in_a_folder_is_compared_by_itself(project: Builder) -> None:
    inside = begin(project, folder="apps/my shop [1]")
    built(inside, DUSK)
    assert hows(inside) == {"hero": "changed"}
    assert reasons(inside, "hero") == ["the prompt changed"]
    other = Builder(project.home, project.root / "apps" / "new")
    built(other, DRAFTED.replace("hero", "other"))
    assert hows(other) == {"other": "added"}


def test_a_lock_that_was_not_there_yet_is_said_to_be_missing(project: Builder) -> None:
    git(project.root, "init", "--quiet", "--initial-branch", "main")
    commit(project.root)
    built(project, DRAFTED)
    told = project.call("diff")
    assert told.out.startswith("added  hero  64x64 png, ")
    assert "`HEAD` has no `assets.lock`" in told.out


@pytest.mark.parametrize("there", ["", "shop/"])
def test_a_lock_that_was_moved_is_found_by_what_is_in_it(project: Builder, there: str) -> None:
    begin(project, CHAIN)
    (project.root / "shop").mkdir()
    for name in ("hero.png", "night.png"):
        if there:
            git(project.root, "mv", name, f"{there}{name}")
    git(project.root, "mv", "assets.toml", f"{there}pictures.toml")
    git(project.root, "mv", "assets.lock", f"{there}pictures.lock")
    (project.root / "other.lock").write_text("# somebody else's\n")
    moved = Builder(project.home, project.root / there)
    assert moved.call("-m", "pictures.toml", "build", "--yes").code == 0
    assert hows(moved, "-m", "pictures.toml") == {}
    moved.write({"pictures.toml": CHAIN.replace("dawn", "dusk")}).call("-m", "pictures.toml", "build", "--yes")
    told = moved.call("diff", "-m", "pictures.toml", "--json").object
    assert {one["instance"]: one["how"] for one in told["changes"]} == {"hero": "changed", "night": "changed"}
    assert told["notes"] == ["at `HEAD` the lock was `assets.lock`"]
    assert told["changes"][0]["prompts"][0]["before"] == "A lighthouse at dawn"


# --- what can't be compared ---


def test_where_there_is_no_repository_or_nothing_in_it(project: Builder) -> None:
    built(project, DRAFTED)
    assert "there is no git repository here" in refused(project)
    git(project.root, "init", "--quiet")
    assert "the repository has no commit yet" in refused(project)


HOSTILE = (
    "--output=pwned",
    "-h",
    "",
    "\x1b[31m",
    "HEAD\n",
    "nothing",
    "..nothing",
    "HEAD:assets.toml",
    "^HEAD",
    "^HEAD~1",
    ":/nothing",
    "a b; touch pwned",
)


@pytest.mark.parametrize("revision", HOSTILE)
def test_no_revision_is_taken_for_anything_else(project: Builder, revision: str) -> None:
    begin(project)
    before = project.files()
    told = refused(project, "--", revision)
    assert "is not a git revision" in told or "git knows no commit" in told
    assert "\x1b" not in told
    assert project.files() == before


def test_a_branch_of_any_name_is_a_revision(project: Builder) -> None:
    begin(project)
    for name in ("$(touch)", "größe", "a'b", "feature/x@y"):
        git(project.root, "branch", name)
        assert hows(project, name) == {}
    assert hows(project, ":/pictures") == {}


def test_in_a_shallow_clone_the_way_to_more_history_is_told(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    commit(project.root)
    git(project.home, "clone", "--quiet", "--depth", "1", project.root.as_uri(), "shallow")
    shallow = Builder(project.home, project.home / "shallow")
    assert "fetch-depth: 0" in refused(shallow, "HEAD~1")
    assert "fetch-depth: 0" in refused(shallow, "HEAD~1..HEAD")
    assert hows(shallow) == {}


def test_a_partial_clone_fetches_nothing_and_says_what_it_lacks(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    commit(project.root)
    git(project.root, "config", "uploadpack.allowFilter", "true")
    git(project.home, "clone", "--quiet", "--filter=blob:none", project.root.as_uri(), "partial")
    partial = Builder(project.home, project.home / "partial")
    objects = sorted(path.name for path in (partial.root / ".git" / "objects").rglob("*"))
    told = refused(partial, "HEAD~1")
    assert "git has no contents of `assets.lock` at `HEAD~1`" in told
    assert "git fetch --refetch" in told
    assert sorted(path.name for path in (partial.root / ".git" / "objects").rglob("*")) == objects


def test_a_text_of_then_that_was_never_fetched_is_named_with_the_way_to_it(project: Builder) -> None:
    """And what no manifest reads may lack, be it as large as it likes."""
    text = DRAFTED.replace('prompt = "A lighthouse at dawn"', 'prompt_file = "hero.txt"')
    project.write({"hero.txt": "A lighthouse at dawn", "hero.psd": "large"})
    begin(project, text)
    built(project, text, lambda one: one.write({"hero.txt": "A lighthouse at dusk"}))
    shutil.rmtree(project.home / "store")
    for name, told in (
        ("hero.psd", "the prompt changed"),
        ("hero.txt", "git has no contents of `hero.txt`; this clone"),
    ):
        oid = git(project.root, "rev-parse", f"HEAD:{name}").strip()
        (project.root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
        assert told in project.call("diff").out
    assert "git fetch --refetch" in project.call("diff").out


def test_a_clone_without_trees_says_so_in_git_s_words_for_an_error(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    commit(project.root)
    git(project.root, "config", "uploadpack.allowFilter", "true")
    git(project.home, "clone", "--quiet", "--filter=tree:0", project.root.as_uri(), "treeless")
    told = refused(Builder(project.home, project.home / "treeless"), "HEAD~1")
    assert "git can't list the files of " in told
    assert "warning" not in told
    assert "git fetch --refetch" in told


def test_a_bare_repository_is_said_to_be_one(project: Builder) -> None:
    begin(project)
    git(project.home, "clone", "--quiet", "--bare", project.root.as_uri(), "bare")
    bare = Builder(project.home, project.home / "bare").write({"assets.toml": DRAFTED})
    assert "this is a bare repository" in refused(bare)


def test_conflict_marks_in_a_lock_are_told_on_the_side_that_has_them(project: Builder) -> None:
    begin(project)
    clean = project.text("assets.lock")
    project.write({"assets.lock": f"<<<<<<< ours\n{clean}=======\n{clean}>>>>>>> theirs\n"})
    told = refused(project)
    assert "the lock has merge conflicts" in told
    assert "git checkout --merge" in told
    commit(project.root)
    project.write({"assets.lock": clean})
    assert "`assets.lock` at `HEAD`: the lock has merge conflicts" in refused(project)
    assert "name another revision" in refused(project)


@pytest.mark.parametrize("lock", ["{", '{"version": 2, "assets": {}}', '{"version": 1, "assets": {"a": 1}}', b"\xff"])
def test_a_lock_of_then_that_can_t_be_read_is_named(project: Builder, lock: str | bytes) -> None:
    begin(project)
    clean = project.text("assets.lock")
    commit(project.write({"assets.lock": lock}).root)
    assert "`assets.lock` at `HEAD`" in refused(project.write({"assets.lock": clean}))


def test_a_link_in_place_of_the_lock_is_not_followed(project: Builder) -> None:
    begin(project)
    project.remove("assets.lock")
    (project.root / "assets.lock").symlink_to("/etc/passwd")
    commit(project.root)
    project.remove("assets.lock")
    assert "git has no contents of `assets.lock` at `HEAD`" in refused(project)


# --- what it does not do ---


def test_nothing_is_written_and_no_program_of_the_repository_is_run(project: Builder) -> None:
    begin(project, CHAIN)
    spy = project.root / ".git" / "spy.sh"
    spy.write_text(f"#!/bin/sh\ntouch '{project.home}/pwned'\ncat\n")
    spy.chmod(0o755)
    for name in (
        "core.fsmonitor", "core.pager", "diff.external", "diff.spy.textconv", "filter.spy.smudge", "filter.spy.clean",
        "core.sshCommand", "core.editor", "alias.cat-file", "alias.ls-tree",
    ):  # fmt: skip
        git(project.root, "config", name, f"!{spy}" if name.startswith("alias") else str(spy))
    (project.root / ".git" / "info" / "attributes").write_text("* diff=spy filter=spy\n")
    project.write({"assets.toml": CHAIN.replace("dawn", "dusk")})
    project.call("build", "--yes")
    before = {str(path): path.stat().st_mtime_ns for path in sorted(project.root.rglob("*"))}
    store = {str(path) for path in (project.home / "store").rglob("*")}
    for form in ((), ("--json",), ("--markdown",), ("HEAD..HEAD",)):
        assert project.call("diff", *form).code == 0
    assert project.call("diff", "--html", str(project.home / "page")).code == 0
    assert {str(path): path.stat().st_mtime_ns for path in sorted(project.root.rglob("*"))} == before
    new = {str(path) for path in (project.home / "store").rglob("*")} - store
    assert all(os.sep + "previews" in path for path in new)
    assert not (project.home / "pwned").exists()


def test_not_even_for_a_moment_is_a_file_written(project: Builder) -> None:
    """However much a commit holds beside its manifest: no file may have a byte here."""
    text = 'project.include = ["more/**"]\n' + DRAFTED.replace("hero", "other")
    begin(project.write({"more/hero.toml": DRAFTED.partition("\n\n")[2], "hero.psd": "large"}), text)
    built(project, text.replace("dawn", "dusk"))
    shutil.rmtree(project.home / "store")
    command = f"ulimit -f 0; exec '{sys.executable}' -m assetforge diff"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project.root, env=project.env(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "the prompt changed" in done.stdout


def test_a_tree_with_names_that_lead_out_of_it_writes_nowhere(project: Builder) -> None:
    """Git itself makes no such tree; somebody may."""
    begin(project)
    project.write({"assets.toml": DUSK}).call("build", "--yes")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}

    def made(kind: str, data: bytes) -> bytes:
        command = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
        done = subprocess.run(command, cwd=project.root, input=data, env=env, capture_output=True, check=True)
        return bytes.fromhex(done.stdout.decode().strip())

    blob = made("blob", b"pwned")
    rows = []
    for entry in git(project.root, "ls-tree", "HEAD").splitlines():
        facts, name = entry.split("\t")
        mode, _, oid = facts.split(" ")
        rows.append((name, mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(oid)))
    rows += [
        (name, b"100644 " + name.encode() + b"\0" + blob) for name in ("../pwned", "..", ".git", "a\nb", "/pwned")
    ]
    tree = made("tree", b"".join(row for _, row in sorted(rows))).hex()
    author = b"a <a@example.org> 1 +0000"
    body = f"tree {tree}\n".encode() + b"author " + author + b"\ncommitter " + author + b"\n\ncrafted\n"
    there = {str(path) for path in project.home.parent.rglob("*pwned*")}
    assert reasons(project, "hero", made("commit", body).hex()) == ["the prompt changed"]
    assert {str(path) for path in project.home.parent.rglob("*pwned*")} == there
