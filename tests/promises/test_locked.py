"""`--locked` builds what the lock says or nothing: no call, no other picture, no word in the lock."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assetforge.digest import digest_bytes
from assetforge.errors import NotCurrent
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer
from tests.pins.hands import adopted, hand
from tests.promises.pictures import png, sky
from tests.promises.site import ONE, SCENE_CALLS, Site, make_draft_scene, make_scene, make_site

SMALL = ONE.replace('"hero.png"', '{ path = "hero.png", width = 64 }')
OUTPUTS = ("hero.png", "night.png", "night-320.jpg", "icons/sword.png", "icons/shield.png")


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def rewrite(site: Site, path: str, **facts: str) -> None:
    """The lock says something else of an output."""
    told = json.loads(site.lock)
    (record,) = [line["outputs"][path] for line in told["assets"].values() if path in line.get("outputs", {})]
    record |= facts
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(line)}" for name, line in told["assets"].items())
    site.write("assets.lock", f'{{"version": 1, "assets": {{\n{rows}\n}}}}\n')


def told(report: Any) -> dict[str, Any]:
    return {failure.instance: failure.problem for failure in report.failed}


# --- derived files ---


def test_other_bytes_with_the_lock_s_pixels_are_taken_and_told_once(tmp_path: Path) -> None:
    """As another release of an encoder would pack them."""
    site = make_draft_scene(tmp_path)
    site.build()
    clone = site.clone("clone", without=(*OUTPUTS, "night.webp"))
    for path in ("hero.png", "night.webp", "icons/sword.png"):
        rewrite(clone, path, digest=digest_bytes(path.encode()))
    before = clone.lock
    report = clone.build(locked=True)
    assert report.failed == ()
    assert {path: clone.read(path) for path in OUTPUTS} == {path: site.read(path) for path in OUTPUTS}
    (remark,) = [one for one in clone.warnings if "the same pixels" in one]
    assert remark.startswith("3 outputs (`png` and `webp`) packed otherwise than the lock has")
    assert "Pillow " in remark
    assert "libwebp " in remark
    assert clone.lock == before
    assert clone.check() == []
    clone.build(locked=True)
    assert clone.warnings == []


def test_other_pixels_than_the_lock_s_fail_that_asset_and_are_not_written(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    clone = site.clone("clone", without=(*OUTPUTS, "night.webp"))
    rewrite(clone, "night-320.jpg", digest=digest_bytes(b"bytes"), pixels=digest_bytes(b"pixels"))
    before = clone.lock
    report = clone.build(locked=True)
    assert list(told(report)) == ["night"]
    assert "`night-320.jpg` comes out otherwise than the lock has it, with other pixels, by Pillow " in (
        told(report)["night"].message
    )
    assert "install the versions it was made with" in told(report)["night"].hint
    assert not (clone.folder / "night-320.jpg").exists()
    assert (clone.folder / "hero.png").exists()
    assert clone.lock == before


def test_a_build_that_is_not_locked_takes_what_comes_out_here(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    clone = site.clone("clone", without=("night-320.jpg",))
    rewrite(clone, "night-320.jpg", digest=digest_bytes(b"bytes"), pixels=digest_bytes(b"pixels"))
    assert clone.build().failed == ()
    assert clone.read("night-320.jpg") == site.read("night-320.jpg")
    assert clone.lock == site.lock


def test_a_file_that_shows_something_else_is_made_anew_or_fails(tmp_path: Path) -> None:
    """What is at the path is never taken for what the lock says only because it is there."""
    site = make_draft_scene(tmp_path)
    site.build()
    clone = site.clone("clone", store=True)
    clone.write("hero.png", png(Image.new("RGB", (1024, 640), "red")))
    assert list(told(clone.build(locked=True))) == ["hero"]
    assert not clone.build(locked=True, guard="overwrite").failed
    assert clone.files() == site.files()


def test_the_lock_s_very_bytes_are_preferred_to_what_the_store_has_with_the_same_pixels(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.edit("[vars]", '[cache]\noriginals = "kept"\n[vars]')
    site.build()
    with Image.open(site.folder / "icons/sword.png") as picture:
        packed = png(picture.convert("RGB"), level=0)
    clone = site.clone("clone", store=True, without=("icons/sword.png",))
    assert clone.read("icons/shield.png") != packed
    clone.write(f"kept/{digest_bytes(packed)}.png", packed)
    rewrite(clone, "icons/sword.png", digest=digest_bytes(packed), bytes=len(packed))  # type: ignore[arg-type]
    clone.build(locked=True)
    assert clone.read("icons/sword.png") == packed


def test_what_a_lock_says_of_an_output_never_becomes_a_record(tmp_path: Path) -> None:
    """A stranger's lock gives another picture for the key of a picture of ours; our own project asks for that key."""
    manifest = '[asset.a]\nsource = "a.png"\noutput = { path = "b.png", width = 64 }\n'
    ours = make_site(tmp_path / "ours", None, manifest)
    ours.write("a.png", png(sky()))
    theirs = ours.clone("theirs", store=True)
    theirs.build()
    shutil.rmtree(theirs.cache)
    other = png(Image.new("RGB", (64, 64), "red"))
    with Image.open(theirs.folder / "b.png") as picture:
        size = picture.size
    other = png(Image.new("RGB", size, "red"))
    theirs.write("art/other.png", other)
    theirs.write("b.png", other)
    rewrite(theirs, "b.png", digest=digest_bytes(other))
    theirs.edit("[asset.a]", '[asset.c]\nsource = "art/other.png"\noutput = "c.png"\n[asset.a]')
    theirs.build()
    theirs.remove("b.png")
    theirs.build()
    assert theirs.read("b.png") == other
    ours.build()
    assert ours.read("b.png") != other


# --- nothing but the lock ---


def test_a_fresh_clone_with_originals_alone_derives_everything_and_calls_nobody(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    site.edit("# the scene", '[cache]\noriginals = "art/originals"')
    site.build()
    assert len(list((site.folder / "art/originals").iterdir())) == SCENE_CALLS
    clone = site.clone("clone", without=OUTPUTS)
    clone.environ = {name: value for name, value in clone.environ.items() if not name.startswith("OPENAI")}
    report = clone.build(locked=True)
    assert (report.failed, report.calls) == ((), 0)
    assert clone.files() == site.files()
    assert len(server.calls) == SCENE_CALLS


def test_an_original_that_is_there_is_never_written_over(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, '[cache]\noriginals = "kept"\n' + ONE)
    site.build()
    (kept,) = (site.folder / "kept").iterdir()
    kept.write_bytes(b"of mine")
    site.edit('output = "hero.png"', 'output = { path = "hero.png", width = 64 }')
    site.build()
    assert kept.read_bytes() == b"of mine"


@pytest.mark.parametrize("options", [{"locked": True}, {"on_miss": "fail"}], ids=["locked", "on miss fail"])
def test_pictures_that_are_nowhere_are_listed_with_what_they_cost(
    options: dict[str, Any], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    with pytest.raises(NotCurrent, match="1 picture pinned by the lock, and nowhere to be found") as caught:
        clone.build(**options)
    (one,) = caught.value.missing
    assert (one.subject, one.buys) == ("hero:generate", "yes")
    assert one.price is not None
    assert "--rebuy-lost where it may buy, for $" in (caught.value.problems[0].hint or "")
    assert len(server.calls) == 1


@pytest.mark.parametrize("options", [{"locked": True}, {"on_miss": "fail"}], ids=["locked", "on miss fail"])
def test_a_picture_by_hand_that_is_nowhere_has_no_price(
    options: dict[str, Any], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, SMALL)
    site.build()
    adopted(site, "hero", hand(site))
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    with pytest.raises(NotCurrent, match="1 picture made by hand, and nowhere to be found") as caught:
        clone.build(**options)
    (one,) = caught.value.missing
    assert (one.subject, one.buys, one.price) == ("hero:generate", "no", None)
    assert one.reason == "it was made by hand, and its bytes are nowhere"
    (problem,) = caught.value.problems
    assert "adopt the file again, or fetch" in (problem.hint or "")
    assert "$" not in str(problem)


def test_what_the_store_knows_and_the_lock_does_not_costs_nothing_and_is_not_built(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.remove("assets.lock", "hero.png")
    with pytest.raises(NotCurrent, match=r"no `assets\.lock`, and nothing would have to be bought") as caught:
        site.build(locked=True)
    assert [(one.subject, one.buys) for one in caught.value.missing] == [("hero:generate", "no"), ("hero.png", "no")]
    assert caught.value.missing[0].reason == "this machine has it, the lock does not"
    assert not (site.folder / "assets.lock").exists()


def test_a_picture_that_two_assets_ask_for_is_priced_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + ONE.replace("hero", "other"))
    for options in ({"locked": True}, {"on_miss": "fail"}):
        with pytest.raises(NotCurrent, match="1 picture would have to be bought for") as caught:
            site.build(**options)
        assert [one.subject for one in caught.value.missing if one.buys == "yes"] == [
            "hero:generate",
            "other:generate",
        ]
    assert len(server.calls) == 0


def test_lines_of_what_is_gone_are_no_disagreement(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO + '[asset.old]\nprompt = "x"\noutput = "old.png"\n'})
    assert project.call("build").code == 0
    project.write({"assets.toml": DRAFTS + HERO})
    lock = project.text("assets.lock")
    assert '"old"' in lock
    told = project.call("check")
    assert told.code == 0
    assert told.out == "1 asset current\nthe lock has 1 line of what is gone: `old`; see `assetforge clean --stale`\n"
    assert project.call("check", "--json").object["orphans"] == ["old"]
    assert project.call("build", "--locked").code == 0
    assert project.text("assets.lock") == lock


def test_a_locked_build_with_nothing_to_do_is_proven_without_the_pipeline(project: Builder) -> None:
    """The no-op knows the flag: it says so without loading what could read a manifest."""
    project.write({"assets.toml": DRAFTS + HERO})
    assert project.run("build").code == 0
    told = project.run("build", "--locked", PYTHONPROFILEIMPORTTIME="1")
    assert (told.code, told.out) == (0, "nothing to do: 1 asset current\n")
    assert "click" not in told.err
    assert "assetforge.noop" in told.err


def test_a_clone_that_a_locked_build_found_current_is_proven_from_then_on(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    project.call("build")
    project.environ["ASSETFORGE_CACHE_DIR"] = str(project.home / "another")
    assert project.run("build", "--locked").code == 0
    assert "click" not in project.run("build", "--locked", PYTHONPROFILEIMPORTTIME="1").err


def test_a_read_only_lock_and_folder_stay_as_they_are(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    project.call("build")
    project.environ["ASSETFORGE_CACHE_DIR"] = str(project.home / "another")
    os.chmod(project.root, 0o555)
    try:
        assert project.call("build", "--locked").code == 0
        assert project.call("check").code == 0
    finally:
        os.chmod(project.root, 0o755)
