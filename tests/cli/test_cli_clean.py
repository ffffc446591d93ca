"""`clean` removes what was made here and nobody changed, and nothing else; the next build brings it back for free."""

import json

import pytest

from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO, picture
from tests.images_server import ImagesServer

TWO = DRAFTS + HERO + '[asset.other]\nprompt = "A tower"\noutput = "out/other.png"\n'


def test_everything_that_was_made_goes_and_comes_back(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO})
    shop.call("build")
    before = shop.files()
    told = shop.call("clean", "--yes")
    assert told.code == 0
    assert told.out == "1 file removed\n"
    assert "hero.png" not in shop.files()
    assert shop.call("build").code == 0
    assert shop.files() == before
    assert len(images.paid) == 1


def test_a_clone_without_a_store_loses_nothing_by_it(shop: Builder, images: ImagesServer) -> None:
    """The only copy of a paid picture is an output: it is kept in the store before it goes."""
    shop.write({"assets.toml": HERO}).call("build")
    shop.environ["ASSETFORGE_CACHE_DIR"] = str(shop.home / "another")
    assert shop.call("clean", "--yes").code == 0
    assert shop.call("build").code == 0
    assert len(images.paid) == 1


def test_a_file_that_was_changed_is_left(project: Builder) -> None:
    project.write({"assets.toml": TWO}).call("build")
    project.write({"hero.png": picture("red"), "mine.png": picture()})
    told = project.call("clean", "--yes", "--json")
    assert told.object["removed"] == ["out/other.png"]
    assert list(told.object["left"]) == ["hero.png"]
    assert {"hero.png", "mine.png"} <= project.files().keys()


def test_a_file_of_the_user_at_an_output_path_is_left(project: Builder) -> None:
    project.write({"assets.toml": TWO, "hero.png": picture("red")})
    assert project.call("build").code == 1
    assert project.call("clean", "--yes", "--json").object["removed"] == ["out/other.png"]
    assert "hero.png" in project.files()


def test_links_are_left(project: Builder) -> None:
    """A link in place of an output, to a file with the very same bytes, is not what was written."""
    project.write({"assets.toml": TWO}).call("build")
    (project.root / "hero.png").rename(project.root / "kept.png")
    (project.root / "hero.png").symlink_to("kept.png")
    assert project.call("clean", "--yes", "--json").object["left"] == {"hero.png": "it is a link"}
    assert (project.root / "hero.png").is_symlink()


@pytest.mark.parametrize("path", ["../victim.png", ".git/config", "a/../hero.png", "/etc/hostname"])
def test_a_lock_from_a_stranger_reaches_nothing_else(project: Builder, path: str) -> None:
    """A lock that names any path with the digest of what is there is no proof of having written it."""
    project.write({"assets.toml": TWO, "../victim.png": picture(), ".git/config": picture()}).call("build")
    lock = json.loads(project.text("assets.lock"))
    record = dict(next(iter(lock["assets"]["hero"]["outputs"].values())))
    record["digest"] = project.files()[".git/config"]
    lock["assets"]["gone"] = {"outputs": {path: record}}
    project.write({"assets.lock": json.dumps(lock)})
    told = project.call("clean", "--yes", "--json")
    assert told.code == 0
    assert path in told.object["left"]
    assert (project.root / "../victim.png").exists()
    assert (project.root / ".git/config").exists()


def test_stale_are_files_that_the_manifest_no_longer_has(project: Builder) -> None:
    project.write({"assets.toml": TWO}).call("build")
    project.write({"assets.toml": DRAFTS + HERO.replace("hero.png", "dawn.png")}).call("build")
    assert project.call("plan", "--json").object["orphans"] == ["other"]
    told = project.call("clean", "--stale", "--yes", "--json")
    assert told.object["removed"] == ["hero.png", "out/other.png"]
    assert told.object["forgotten"] == ["other"]
    assert "dawn.png" in project.files()
    assert "other" not in json.loads(project.text("assets.lock"))["assets"]
    assert project.call("check").code == 0


def test_an_asset_under_a_new_name_keeps_its_picture(shop: Builder, images: ImagesServer) -> None:
    """Between the new name and the next build the old line is all that knows the picture."""
    shop.write({"assets.toml": HERO}).call("build")
    shop.write({"assets.toml": HERO.replace("hero", "dawn")})
    shop.environ["ASSETFORGE_CACHE_DIR"] = str(shop.home / "another")
    told = shop.call("clean", "--stale", "--yes", "--json")
    assert told.object["forgotten"] == []
    assert shop.call("build").code == 0
    assert len(images.paid) == 1


def test_a_profile_keeps_its_files(project: Builder) -> None:
    manifest = DRAFTS + HERO + '[profile.preview]\noutput_dir = "preview"\n'
    project.write({"assets.toml": manifest}).call("build", "--profile", "preview")
    assert project.call("clean", "--stale", "--yes", "--json").object["removed"] == []
    assert project.call("clean", "--yes", "--json").object["removed"] == ["preview/hero.png"]


def test_nobody_to_ask_and_no_yes_removes_nothing(project: Builder) -> None:
    project.write({"assets.toml": TWO}).call("build")
    before = project.files()
    told = project.run("clean")
    assert told.code == 4
    assert "hint: pass --yes" in told.err
    assert project.files() == before


def test_a_broken_manifest_removes_nothing(project: Builder) -> None:
    project.write({"assets.toml": TWO}).call("build")
    project.write({"assets.toml": "[asset.hero]\n"})
    before = project.files()
    assert project.call("clean", "--stale", "--yes").code == 2
    assert project.files() == before
