"""`diff --html` shows both pictures wherever their bytes are: in the store, the project's files, git, or Git LFS."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assetforge.digest import digest_bytes
from assetforge.outputs.lock import lock_text
from tests.builder import Builder
from tests.cli.manifests import picture
from tests.compare.history import CHAIN, DRAFTED, DUSK, begin, built, commit, git, hows
from tests.compare.test_compare_changes import one
from tests.compare.test_compare_changes import picture as picture_of

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
PICTURES = 2


def page(project: Builder, *arguments: str) -> dict[str, Any]:
    """What the page was given; every picture that it names is beside it, and no other."""
    folder = project.home / "page"
    told = project.call("diff", *arguments, "--html", str(folder), "--json")
    assert told.code == 0, told.err
    html = (folder / "index.html").read_text("utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    found: dict[str, Any] = json.loads(data)
    shown = [one[side] for one in found["entries"] for side in ("before", "after") if one[side]]
    named = {one[url].removeprefix("pictures/") for one in shown for url in ("thumb", "full")}
    assert named == {path.name for path in (folder / "pictures").iterdir()}
    return found


def sides(project: Builder, *arguments: str) -> dict[str, tuple[bool, bool]]:
    """Of each asset whether the page has the picture before, and after."""
    entries = page(project, *arguments)["entries"]
    return {one["name"]: (one["before"] is not None, one["after"] is not None) for one in entries}


def test_a_page_has_both_pictures_of_each_change_and_why(project: Builder) -> None:
    begin(project, CHAIN)
    before = digest_bytes((project.root / "hero.png").read_bytes())
    built(project, CHAIN.replace("dawn", "dusk"))
    told = page(project)
    hero, night = told["entries"]
    assert (told["schema"], told["from"], told["to"]) == (1, "HEAD", "the working tree")
    assert (hero["name"], hero["path"], hero["how"], hero["price"]) == ("hero", "hero.png", "changed", "")
    assert hero["reasons"] == [[["the prompt changed", ""]]]
    assert hero["prompt_diff"] == [[" ", "A lighthouse at"], ["-", "dawn"], ["+", "dusk"]]
    assert hero["before"]["digest"] == before
    assert hero["after"]["digest"] == digest_bytes((project.root / "hero.png").read_bytes())
    assert (hero["before"]["width"], hero["before"]["format"]) == (64, "png")
    assert night["reasons"] == [[["made from ", "hero"], [", which changed", ""]]]
    assert told["summary"] == [["2 changed since ", "HEAD"]]
    full = (project.home / "page" / hero["before"]["full"]).read_bytes()
    assert digest_bytes(full) == before


def test_without_a_store_pictures_come_from_git(project: Builder) -> None:
    inside = begin(project, folder="shop")
    built(inside, DUSK)
    commit(project.root)
    shutil.rmtree(project.home / "store")
    assert sides(inside, "HEAD~1") == {"hero": (True, True)}
    shutil.rmtree(project.home / "store", ignore_errors=True)
    inside.remove("hero.png")
    assert sides(inside, "HEAD~1..HEAD") == {"hero": (True, True)}


def test_pictures_in_git_lfs_are_found_by_their_pointers(project: Builder) -> None:
    """As a repository with Git LFS has them: pointers in its history, the bytes beside git's own objects."""
    git(project.root, "init", "--quiet", "--initial-branch", "main")
    for text in (DRAFTED, DUSK):
        built(project, text)
        data = (project.root / "hero.png").read_bytes()
        digest = digest_bytes(data)
        place = project.root / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        project.write({"hero.png": POINTER.format(digest, len(data))})
        commit(project.root)
        project.remove("hero.png")
    git(project.root, "checkout", "--quiet", "--", "hero.png")
    shutil.rmtree(project.home / "store")
    assert hows(project, "HEAD~1") == {"hero": "changed"}
    assert "not as the lock has it" not in project.call("diff", "HEAD~1").out
    assert sides(project, "HEAD~1") == {"hero": (True, True)}


def test_what_is_nowhere_is_left_out_and_counted(project: Builder) -> None:
    project.write({".gitignore": "*.png\n"})
    begin(project)
    built(project, DUSK)
    shutil.rmtree(project.home / "store")
    assert sides(project) == {"hero": (False, True)}
    told = project.call("diff", "--html", str(project.home / "page"))
    assert "1 picture left out, whose bytes are nowhere here" in told.err


def test_bytes_that_are_not_what_the_lock_says_are_not_shown(project: Builder) -> None:
    begin(project)
    commit(project.write({"hero.png": picture("red")}).root)
    built(project, DUSK, lambda one: one.remove("hero.png"))
    shutil.rmtree(project.home / "store")
    assert sides(project) == {"hero": (False, True)}


def test_what_no_browser_may_take_for_markup_is_data(project: Builder) -> None:
    begin(project)
    built(project, DRAFTED.replace("A lighthouse", "</script><script>alert(1)</script> <!--"))
    runs = page(project)["entries"][0]["prompt_diff"]
    assert ["+", "</script><script>alert(1)</script> <!--"] in runs


def test_a_page_is_written_again_over_itself_and_over_nothing_else(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    first = page(project)
    assert page(project) == first
    mine = project.home / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    for folder in (str(mine), str(project.root), str(project.root / ".git" / "page")):
        told = project.call("diff", "--html", folder)
        assert (told.code, told.out) == (2, "")
        assert "name another folder with --html" in told.err
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_a_page_takes_no_gallery_s_place_and_a_gallery_not_its(project: Builder) -> None:
    begin(project)
    assert project.call("gallery", "--out", "looked").code == 0
    told = project.call("diff", "--html", "looked")
    assert told.code == 2
    assert "`looked` has a page of `assetforge gallery`" in told.err
    assert project.call("diff", "--html", "changes").code == 0
    assert project.call("gallery", "--out", "changes").code == 2


def test_what_git_would_see_of_a_new_page_is_told_once(project: Builder) -> None:
    begin(project.write({".gitignore": "/ignored/\n"}))
    first, second = (project.call("diff", "--html", "shown").err for _ in range(2))
    assert "git sees it: add `shown/` to .gitignore" in first
    assert ".gitignore" not in second
    assert ".gitignore" not in project.call("diff", "--html", "ignored").err


def test_prices_that_nobody_knows_are_told_on_the_page_too(project: Builder) -> None:
    begin(project)
    line = one(1, 1)
    unknown = {"generate": {1: picture_of(2, 2, cost=None), 2: picture_of(3, 3)}}
    commit(project.write({"assets.lock": lock_text({"hero": line, "night": line})}).root)
    project.write({"assets.lock": lock_text({"hero": replace(line, steps=unknown), "night": one(4, 4)})})
    found = page(project)
    terminal = project.call("diff").out.splitlines()
    assert [entry["price"] for entry in found["entries"]] == ["price unknown", "$0.25"]
    assert found["summary"][-1][0].endswith("; 3 pictures bought for $0.50 and what 1 more cost")
    assert "".join(f"{words}`{name}`" if name else words for words, name in found["summary"]) in terminal


def test_a_page_takes_a_path_from_where_one_is(project: Builder) -> None:
    inside = begin(project, folder="shop")
    told = project.call("-C", "shop", "diff", "--html", "../page")
    assert told.code == 0, told.err
    assert (project.root / "page" / "index.html").is_file()
    assert not Path(inside.root, "page").exists()


@pytest.mark.parametrize("form", ["gif", "webp", "avif", "ico", "icns"])
def test_pictures_of_every_format_are_shown(project: Builder, form: str) -> None:
    text = f'[asset.logo]\nsource = "logo.png"\noutput = "out/logo.{form}"\n'
    begin(project.write({"logo.png": picture("teal")}), text)
    built(project, text, lambda one: one.write({"logo.png": picture("red")}))
    shutil.rmtree(project.home / "store")
    assert sides(project) == {"logo": (True, True)}
