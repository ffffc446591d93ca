"""`adopt`: a file that somebody made stands where a bought picture would; what was bought is not lost by it."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from assetforge.digest import digest_bytes
from assetforge.errors import AssetforgeError, UsageError
from assetforge.ops.decode import read_metadata
from assetforge.pins.adopt import adopt
from assetforge.pins.named import paid_steps
from tests.builder import Builder
from tests.crafted_pictures import saved
from tests.images_server import ImagesServer
from tests.pins.hands import (
    CHAIN,
    CHAIN_CALLS,
    HAND,
    accepted,
    adopted,
    hand,
    looked_back,
    opened,
    outputs,
    pinned,
    restored,
)
from tests.promises.pictures import logo, photo, png, size_of
from tests.promises.site import LOCK, ONE, Site, make_draft_scene, make_site

FIRST = 'size = "1024x640"\noutputs'


def test_outputs_are_made_of_the_file_and_nothing_is_bought(chain: Site, server: ImagesServer) -> None:
    told = adopted(chain, "hero", hand(chain))
    assert (told.remark, told.forecast.purchases) == (None, ())
    record = pinned(chain, "hero", "logo")
    assert (record["by"], record["cost"], record["model"], record["kind"]) == ("by hand", 0.0, "", "")
    report = chain.build()
    assert (report.calls, report.failed) == (0, ())
    assert chain.read("hero.png") == HAND
    assert size_of(chain.read("hero-320.webp")) == (320, 200)
    assert chain.check() == []
    assert chain.warnings == []
    assert chain.build().placed == ()
    assert len(server.calls) == CHAIN_CALLS


def test_a_file_by_hand_is_not_said_to_be_a_model_s(chain: Site) -> None:
    assert b"trainedAlgorithmicMedia" in read_metadata(chain.read("hero-320.webp"), "before")[1]
    adopted(chain, "hero", hand(chain))
    chain.build()
    assert read_metadata(chain.read("hero-320.webp"), "after") == (b"", b"")


def test_what_was_bought_is_not_lost(chain: Site, server: ImagesServer) -> None:
    before = outputs(chain)
    (bought,) = looked_back(chain, "hero:logo")
    adopted(chain, "hero", hand(chain))
    chain.build()
    assert [past.record.by for past in looked_back(chain, "hero:logo")] == ["by hand", ""]
    restored(chain, "hero", bought.key)
    assert chain.build().calls == 0
    assert outputs(chain) == before
    assert "by" not in pinned(chain, "hero", "logo")
    assert len(server.calls) == CHAIN_CALLS


def test_what_another_machine_bought_is_not_lost(chain: Site, server: ImagesServer) -> None:
    """Its ledger and its records are not here: only the lock told of it."""
    before = outputs(chain)
    clone = chain.clone("clone")
    (bought,) = looked_back(clone, "hero:logo")
    adopted(clone, "hero", hand(chain))
    clone.build()
    restored(clone, "hero", bought.key[:12])
    assert clone.build().calls == 0
    assert outputs(clone) == before
    assert len(server.calls) == CHAIN_CALLS


def test_a_picture_by_hand_is_not_lost_either(chain: Site, server: ImagesServer) -> None:
    first, second = png(photo("teal")), png(photo("maroon"))
    for data in (first, second):
        adopted(chain, "hero", hand(chain, data))
        chain.build()
    chain.edit("Add the logo", "Add our logo")
    assert chain.build().calls == 1
    newest, oldest = [past for past in looked_back(chain, "hero:logo") if past.record.by == "by hand"]
    for past, data in ((oldest, first), (newest, second)):
        restored(chain, "hero", past.key)
        chain.build()
        assert chain.read("hero.png") == data
    assert len(server.calls) == CHAIN_CALLS + 1


def test_another_lock_in_place_of_this_one_loses_none(chain: Site) -> None:
    """As when somebody checks out another branch before building."""
    lock = chain.lock
    adopted(chain, "hero", hand(chain))
    chain.write(LOCK, lock)
    (mine, _) = looked_back(chain, "hero:logo")
    restored(chain, "hero", mine.key)
    chain.build()
    assert chain.read("hero.png") == HAND


def test_a_clone_with_originals_makes_the_outputs_again(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, '[cache]\noriginals = "originals"\n' + CHAIN)
    site.write("art/logo.png", png(logo()))
    site.build()
    adopted(site, "hero", hand(site))
    site.build()
    clone = site.clone("clone", without=("hero.png", "hero-320.webp"))
    assert not clone.build(locked=True).failed
    assert outputs(clone) == outputs(site)
    assert len(server.calls) == CHAIN_CALLS


def test_an_edit_goes_on_from_the_file(chain: Site, server: ImagesServer) -> None:
    told = adopted(chain, "hero:dusk", hand(chain))
    assert [item.step for item in told.forecast.purchases] == ["hero:logo"]
    assert chain.build().calls == 1
    call = server.calls[-1]
    assert call.prompt == "Add the logo"
    assert call.pictures[0].digest == digest_bytes(HAND)


def test_what_another_asset_makes_of_it_is_told(server: ImagesServer, tmp_path: Path) -> None:
    more = '[asset.late]\nsource = "@hero"\noutput = "late.png"\nsteps = [{ op = "edit", prompt = "Later" }]\n'
    site = make_site(tmp_path, server, ONE + more)
    site.build()
    assert [item.step for item in adopted(site, "hero", hand(site)).forecast.purchases] == ["late:edit"]


def test_a_picture_may_be_adopted_before_any_is_bought(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    adopted(site, "hero", hand(site))
    assert site.plan().purchases == ()
    site.build()
    assert site.read("hero.png") == HAND
    assert site.check() == []
    assert server.calls == []


def test_a_retouched_output_may_be_adopted_where_it_is(chain: Site, server: ImagesServer) -> None:
    """It is safe in the store by then, so that the build need not ask before it writes over it."""
    chain.write("hero.png", HAND)
    adopted(chain, "hero", chain.folder / "hero.png")
    assert not chain.build().failed
    assert chain.read("hero.png") == HAND
    assert chain.check() == []
    assert len(server.calls) == CHAIN_CALLS


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_any_format_and_any_size_is_fitted(form: str, chain: Site) -> None:
    path = hand(chain, saved(photo().resize((300, 200)), form))
    remark = adopted(chain, "hero:logo", path).remark
    assert remark is not None
    assert remark.message == f"`{path}` is 300x200, and the request asks for 1024x640: it is fitted here"
    chain.build()
    assert size_of(chain.read("hero.png")) == (1024, 640)
    assert chain.check() == []


def test_the_size_that_is_wanted_is_as_good_as_the_one_asked_for(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE.replace("1024x640", "1000x600"))
    site.build()
    path = hand(site, png(photo().resize((1000, 600))))
    assert adopted(site, "hero", path).remark is None
    site.build()
    assert site.read("hero.png") == path.read_bytes()


def test_the_picked_candidate_is_replaced_and_no_other(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 3\npick = 2\n")
    site.build()
    before = site.lines["hero"]["steps"]["generate"]
    adopted(site, "hero", hand(site))
    after = site.lines["hero"]["steps"]["generate"]
    assert [after[number] == before[number] for number in "123"] == [True, False, True]
    assert site.build().calls == 0
    assert site.read("hero.png") == HAND


def test_the_very_bytes_that_are_there_stay_what_they_are(chain: Site) -> None:
    """Who saves a picture and adopts it again made nothing by hand."""
    lock = chain.lock
    assert adopted(chain, "hero", hand(chain, chain.read("hero.png"))).pin is None
    assert chain.lock == lock
    chain.edit("Add the logo", "Add our logo")
    adopted(chain, "hero", hand(chain, chain.read("hero.png")))
    assert pinned(chain, "hero", "logo")["by"] == "accepted"
    assert chain.plan().purchases == ()


def test_an_adopted_picture_can_be_accepted_for_another_size(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    adopted(site, "hero", hand(site))
    site.build()
    site.edit("1024x640", "1280x800")
    assert not accepted(site, "hero").failed
    site.build()
    assert size_of(site.read("hero.png")) == (1280, 800)
    assert server.calls == []


def test_a_picture_by_hand_in_place_of_a_draft_is_never_drawn(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    adopted(site, "hero", hand(site))
    assert not site.build().failed
    clone = site.clone("clone", without=("hero.png",))
    assert [failure.instance for failure in clone.build().failed] == ["hero"]


def test_a_request_must_be_known(chain: Site) -> None:
    chain.edit("at dawn", "at dusk")
    lock, kept = chain.lock, chain.cache / "blobs"
    before = sorted(kept.rglob("*"))
    with pytest.raises(AssetforgeError, match="`hero:logo` is made from `hero:generate`, which has no picture"):
        adopted(chain, "hero", hand(chain))
    assert chain.lock == lock
    assert sorted(kept.rglob("*")) == before


WRONG = {
    "nothing": (None, "there is no file"),
    "an empty file": (b"", "is not a picture that can be read: it is empty"),
    "a text": (b"a lighthouse", "is not a picture that can be read"),
    "half a picture": (HAND[: len(HAND) // 2], "is not a picture that can be read"),
    "a vector": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture that can be read"),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n",
        "is a pointer of Git LFS, and was not pulled",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_only_a_whole_picture_is_adopted(what: str, chain: Site) -> None:
    data, told = WRONG[what]
    path = chain.folder.parent / "wrong"
    if data is not None:
        path.write_bytes(data)
    before, kept = chain.lock, sorted((chain.cache / "blobs").rglob("*"))
    with pytest.raises(UsageError, match=told):
        adopted(chain, "hero", path)
    assert chain.lock == before
    assert sorted((chain.cache / "blobs").rglob("*")) == kept


def test_only_a_file_is_adopted(chain: Site) -> None:
    os.mkfifo(chain.folder.parent / "pipe")
    for path in (chain.folder, chain.folder.parent / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError, match="is not a file"):
            adopted(chain, "hero", path)


def test_a_picture_that_is_too_large_is_not_decoded(chain: Site) -> None:
    path = chain.folder.parent / "large.png"
    Image.new("1", (30_000, 30_000)).save(path)
    with pytest.raises(UsageError, match="pixels"):
        adopted(chain, "hero", path)


def test_somebody_else_s_lines_are_left(project: Builder, images: ImagesServer) -> None:
    """The lock is read again when nobody else writes it: here by a build of another asset that is under way."""
    manifest = ONE + ONE.replace("hero", "ship").replace("lighthouse", "ship")
    project.environ |= images.environ
    project.write({"assets.toml": manifest, "by-hand.png": HAND})
    images.latency = 0.3
    build = project.start("build", "ship", "--yes")
    assert project.call("adopt", "hero", "by-hand.png").code == 0
    assert build.wait() == 0
    build.communicate()
    lines = json.loads(project.text("assets.lock"))["assets"]
    assert {name: bool(line.get("outputs")) for name, line in lines.items()} == {"hero": False, "ship": True}
    assert project.call("build").code == 0
    assert len(images.calls) == 1


def test_a_line_that_was_written_meanwhile_is_left(chain: Site) -> None:
    """After the lock was read, and before it is written."""
    project = opened(chain)
    graph = project.graph()
    (*_, last) = paid_steps(graph, "hero")
    with project.workspace() as space:
        line = chain.lock.decode().split("\n")[1]
        more = line.replace('"hero": ', '"other": ', 1)
        chain.write(LOCK, chain.lock.replace(line.encode(), f"{line},\n{more}".encode()))
        adopt(space, graph, last, str(hand(chain)))
    assert chain.lines.keys() == {"hero", "other"}
    assert pinned(chain, "hero", "logo")["by"] == "by hand"
