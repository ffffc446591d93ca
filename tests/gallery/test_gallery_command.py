"""`assetforge gallery` writes one folder: the same bytes whenever, what is not right yet, nothing of the user's."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.gallery.gallery_site import FILES, MANIFEST, files_in

FOLDER = "assetforge-gallery"


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
    theirs = {f"{FOLDER}/notes.txt": "a", f"{FOLDER}/pictures/cat.png": "b", f"{FOLDER}/pictures/{digest}.txt": "c"}
    built.write({**theirs, f"{FOLDER}/pictures/{digest}-thumb.webp": "old"})
    told = built.call("gallery", "logo", "--json").object
    assert (told["assets"], told["written"], told["removed"] > 1) == (1, 1, True)
    found = files_in(built.root)
    assert found.keys() >= theirs.keys()
    assert f"{FOLDER}/pictures/{digest}-thumb.webp" not in found
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
        ("assets.lock", "`assets.lock` is there, and is no folder"),
        ("logo.png/x", "`logo.png` is there"),
        (".git/gallery", "is inside of git's own folder"),
        ("kept/a", "`kept` is there"),
        ("", "--out needs a folder"),
    ],
)
def test_a_folder_that_is_somebody_elses_is_refused(built: Builder, out: str, why: str) -> None:
    built.write({"mine/letter.txt": "x", "page/index.html": "<title>mine</title>"})
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
    built.remove(f"{FOLDER}/index.html").write({f"{FOLDER}/pictures/.{'0' * 40}.7-0a1b2c3d.tmp": "part"})
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


def test_git_is_told_of_once(built: Builder) -> None:
    subprocess.run(["git", "init", "-q"], cwd=built.root, env=built.env(), check=True)
    hint = f"git sees it: add `{FOLDER}/` to .gitignore\n"
    assert built.call("gallery").err == hint
    assert built.call("gallery").err == ""
    assert built.call("gallery", "-q", "--out", "other").err == ""
    built.write({".gitignore": "site/\n"})
    assert built.call("gallery", "--out", "site").err == ""


def test_a_selection_that_means_nothing_is_an_error(built: Builder) -> None:
    told = built.call("gallery", "nope")
    assert (told.code, "matches no asset" in told.err) == (2, True)
    assert not (built.root / FOLDER).exists()
