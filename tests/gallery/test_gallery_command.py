"""`assetforge gallery` writes one folder: the same bytes whenever, what is not right yet, nothing of the user's."""

import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.gallery.gallery_site import FILES, MANIFEST, files_in

FOLDER = "assetforge-gallery"
# The command where no file may be larger than this.
FULL = """
import resource, signal, sys
from assetforge.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))
sys.exit(main(["gallery"]))
"""


@pytest.fixture
def built(project: Builder) -> Builder:
    project.write({**FILES, "assets.toml": '[defaults]\nprovider = "draft"\n' + MANIFEST})
    assert project.call("build", "-q").code == 0
    return project


def times_in(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_folder_has_the_page_and_its_pictures(built: Builder) -> None:
    told = built.call("gallery")
    assert told.code == 0
    assert told.out.startswith(f"{FOLDER}/index.html: 3 assets, ")
    found = files_in(built.root / FOLDER)
    html = built.text(f"{FOLDER}/index.html")
    pictures = [path for path in found if path != "index.html"]
    assert pictures
    assert all(path in html for path in pictures)
    assert "</script> lighthouse" not in html


def test_two_machines_write_the_same_bytes(built: Builder, tmp_path: Path) -> None:
    for seed in ("1", "2"):
        told = built.run("gallery", "--out", str(tmp_path / seed), PYTHONHASHSEED=seed, LC_ALL="C", TZ=f"UTC-{seed}",
                         ASSETFORGE_CACHE_DIR=str(tmp_path / f"store{seed}"))  # fmt: skip
        assert told.code == 0, told.err
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")


def test_a_second_run_writes_nothing(built: Builder) -> None:
    built.call("gallery")
    before = times_in(built.root / FOLDER)
    told = built.call("gallery")
    assert told.out == f"{FOLDER}/index.html: 3 assets, nothing to write\n"
    assert times_in(built.root / FOLDER) == before


def test_what_the_page_names_no_more_goes_and_what_is_the_users_stays(built: Builder) -> None:
    built.call("gallery")
    digest = "0" * 64
    theirs = {f"{FOLDER}/notes.txt": "a", f"{FOLDER}/pictures/cat.png": "b", f"{FOLDER}/pictures/{digest}.txt": "c",
              f"{FOLDER}/.swap.7-0a1b2c3d.tmp": "d"}  # fmt: skip
    left = {f"{FOLDER}/pictures/{digest}-thumb.webp", f"{FOLDER}/.index.html.7-0a1b2c3d.tmp",
            f"{FOLDER}/pictures/.{'0' * 40}.7-0a1b2c3d.tmp"}  # fmt: skip
    at_work = f"{FOLDER}/pictures/.{'1' * 40}.7-0a1b2c3d.tmp"
    built.write({**theirs, **dict.fromkeys(left, "old"), at_work: "new"})
    for path in left | theirs.keys():
        os.utime(built.root / path, (0, 0))
    told = built.call("gallery", "logo", "--json").object
    assert (told["assets"], told["written"], told["removed"] > 3) == (1, 1, True)
    found = files_in(built.root)
    assert found.keys() >= {*theirs, at_work}
    assert not found.keys() & left
    assert built.text(f"{FOLDER}/index.html").count('"name":"logo"') == 1
    assert '"name":"hero"' not in built.text(f"{FOLDER}/index.html")


def test_nothing_but_the_folder_is_written(built: Builder) -> None:
    before = built.files()
    built.call("gallery")
    assert {path: digest for path, digest in built.files().items() if not path.startswith(FOLDER)} == before


@pytest.mark.parametrize(
    ("out", "why"),
    [
        (".", "`assets.toml` is there"),
        ("art", "`art/logo.png` is there"),
        ("art/inner/..", "`art/logo.png` is there"),
        ("mine", "`mine` is not empty, and no gallery"),
        ("page", "`page` is not empty, and no gallery"),
        ("quotes", "`quotes` is not empty, and no gallery"),
        ("begun", "`begun` is not empty, and no gallery"),
        ("nowhere", "`nowhere` is a link that leads nowhere"),
        ("assets.lock", "`assets.lock` is there, and is no folder"),
        ("logo.png/x", "`logo.png` is there"),
        (".git/gallery", "is inside of git's own folder"),
        ("kept/a", "`kept` is there"),
        ("", "--out needs a folder"),
    ],
)
def test_a_folder_that_is_somebody_elses_is_refused(built: Builder, out: str, why: str) -> None:
    built.write({"mine/letter.txt": "x", "page/index.html": "<title>mine</title>", "begun/index.html.tmp": "x"})
    built.write({"quotes/index.html": '<pre><meta name="generator" content="assetforge gallery"></pre>'})
    (built.root / "nowhere").symlink_to("not-there")
    built.write({"assets.toml": built.text("assets.toml") + '[cache]\noriginals = "kept"\n'})
    before = built.files()
    told = built.call("gallery", "--out", out)
    assert (told.code, told.out) == (2, "")
    assert why in told.err
    assert "hint: " in told.err
    assert built.files() == before


def test_pictures_are_never_written_by_way_of_a_link(built: Builder, tmp_path: Path) -> None:
    built.call("gallery")
    pictures = built.root / FOLDER / "pictures"
    pictures.rename(tmp_path / "elsewhere")
    pictures.symlink_to(tmp_path / "elsewhere")
    before = files_in(tmp_path / "elsewhere")
    assert built.call("gallery", "logo").code == 2
    assert files_in(tmp_path / "elsewhere") == before


def test_a_run_that_was_stopped_is_taken_up_again(built: Builder) -> None:
    built.call("gallery")
    whole = files_in(built.root / FOLDER)
    part = {f"{FOLDER}/pictures/.{'0' * 40}.7-0a1b2c3d.tmp": "part", f"{FOLDER}/.index.html.7-0a1b2c3d.tmp": "part"}
    built.remove(f"{FOLDER}/index.html").write(part)
    assert built.call("gallery").code == 0
    assert files_in(built.root / FOLDER).items() >= whole.items()


def test_small_copies_that_nobody_looked_at_go_with_gc(built: Builder) -> None:
    built.call("gallery")
    copies = [path for path in (built.home / "store" / "previews").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in copies)
    parts = built.call("cache", "stats", "--json").object["parts"]
    assert {"part": "previews", "count": None, "size": size} in parts
    assert built.call("cache", "gc", "--dry-run", "--json").object["previews"] == 0
    for path in copies[1:]:
        os.utime(path, (0, 0))
    told = built.call("cache", "gc", "--yes")
    assert f"previews  {len(copies) - 1} files" in told.out
    assert [path for path in copies if path.exists()] == copies[:1]
    before = files_in(built.root / FOLDER)
    assert built.call("gallery").out.endswith("nothing to write\n")
    assert files_in(built.root / FOLDER) == before


def make_repository(built: Builder) -> None:
    subprocess.run(["git", "init", "-q"], cwd=built.root, env=built.env(), check=True)


def test_git_is_told_of_once(built: Builder, tmp_path: Path) -> None:
    make_repository(built)
    assert built.call("gallery").err == f"git sees it: add `{FOLDER}/` to .gitignore\n"
    assert built.call("gallery").err == ""
    assert built.call("gallery", "-q", "--out", "other").err == ""
    assert built.call("gallery", "--out", "sub/pages/a").err == "git sees it: add `sub/pages/a/` to .gitignore\n"
    assert built.call("gallery", "--out", "../art2", cwd="art").err == "git sees it: add `art2/` to ../.gitignore\n"
    (tmp_path / "link").symlink_to(built.root / "linked")
    (built.root / "linked").mkdir()
    assert built.call("gallery", "--out", str(tmp_path / "link")).err == "git sees it: add `linked/` to .gitignore\n"
    built.write({".gitignore": "site/\n"})
    assert built.call("gallery", "--out", "site").err == ""


def test_a_repository_can_not_make_git_run_a_program(built: Builder) -> None:
    make_repository(built)
    program = built.home / "program"
    program.write_text(f"#!/bin/sh\ntouch {built.home}/ran\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "filter.x.clean"):
        subprocess.run(["git", "config", name, str(program)], cwd=built.root, env=built.env(), check=True)
    subprocess.run(["git", "config", "core.hooksPath", str(built.home)], cwd=built.root, env=built.env(), check=True)
    subprocess.run(["git", "update-index", "--add", "assets.toml"], cwd=built.root, env=built.env(), check=True)
    (built.home / "ran").unlink(missing_ok=True)
    assert "git sees it" in built.call("gallery").err
    assert not (built.home / "ran").exists()


def test_a_page_never_takes_the_place_of_another_one(built: Builder) -> None:
    other = built.text("assets.toml").replace('["hero.png"', '["hero2.png"').replace("night.png", "night2.png")
    built.write({"more.toml": other.replace("hero.webp", "hero2.webp").replace('"logo.png"', '"logo2.png"')})
    make_repository(built)
    author = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    commit = ["git", "commit", "-q", "--allow-empty", "-m", "a"]
    subprocess.run(commit, cwd=built.root, env=built.env(**author), check=True)
    assert built.call("diff", "--html", "changes").code == 0
    assert built.call("gallery", "-q").code == 0
    before = built.files()
    for arguments, why in (
        (("gallery", "--out", "changes"), "`changes` has a page of `assetforge diff`"),
        (("diff", "--html", FOLDER), f"`{FOLDER}` has a page of `assetforge gallery`"),
        (("-m", "more.toml", "gallery", "--out", FOLDER), f"`{FOLDER}` has the gallery of another manifest"),
    ):
        told = built.call(*arguments)
        assert told.code == 2
        assert why in told.err
        assert "name another folder" in told.err
    assert built.files() == before
    assert built.call("diff", "--html", "changes").code == 0


def test_a_part_is_said_to_be_one(built: Builder) -> None:
    built.call("gallery", "logo", "hero")
    assert '"part":"logo hero"' in built.text(f"{FOLDER}/index.html")
    built.call("gallery")
    assert '"part":null' in built.text(f"{FOLDER}/index.html")


def test_what_can_not_be_written_is_named(built: Builder) -> None:
    built.call("gallery")
    name = next(path.name for path in (built.root / FOLDER / "pictures").iterdir())
    built.remove(f"{FOLDER}/pictures/{name}").write({f"{FOLDER}/pictures/{name}/mine.txt": "x"})
    told = built.call("gallery")
    assert told.code == 2
    assert f"`{FOLDER}/pictures/{name}` can't be written: " in told.err
    assert "--out" in told.err
    assert built.text(f"{FOLDER}/pictures/{name}/mine.txt") == "x"


def test_a_full_disk_is_told_of_the_folder(built: Builder) -> None:
    built.call("gallery", "-q")
    shutil.rmtree(built.root / FOLDER)
    # The page is larger than any file may be now, the pictures are not.
    command = [sys.executable, "-c", FULL]
    told = subprocess.run(command, cwd=built.root, env=built.env(), capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert f"`{FOLDER}/" in told.stderr
    assert "--out" in told.stderr
    assert "ASSETFORGE_CACHE_DIR" not in told.stderr


def test_pictures_are_counted_on_a_terminal_and_nowhere_else(project: Builder) -> None:
    # Twelve pictures between two steps, large enough that somebody would wait for them.
    lights = ", ".join(f'"1.{light}"' for light in range(1, 13))
    steps = '[{ op = "adjust", brightness = "{{ light }}" }, { op = "resize", width = 16 }]'
    asset = f'[asset.a]\nsource = "a.png"\nmatrix.light = [{lights}]\nsteps = {steps}\n'
    project.write({"assets.toml": asset, "a.png": picture(size=(1800, 1800))})

    def told(*arguments: str) -> str:
        shutil.rmtree(project.home / "store" / "previews", ignore_errors=True)
        master, terminal = pty.openpty()
        command = [sys.executable, "-m", "assetforge", "gallery", *arguments]
        environ = project.env(TERM="xterm")
        process = subprocess.Popen(command, cwd=project.root, env=environ, stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        found = b""
        with os.fdopen(master, "rb", 0) as shown, suppress(OSError):  # the terminal ends with the process
            while piece := shown.read(4096):
                found += piece
        assert process.wait(60) == 0
        return found.decode()

    assert " pictures made" in told()
    assert (told("-q"), told("--json")) == ("", "")


def test_a_selection_that_means_nothing_is_an_error(built: Builder) -> None:
    told = built.call("gallery", "nope")
    assert (told.code, "matches no asset" in told.err) == (2, True)
    assert not (built.root / FOLDER).exists()
