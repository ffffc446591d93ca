"""Promise 3, nothing is lost: what was paid for is kept, or said to be gone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetforge.digest import digest_bytes
from assetforge.model import Report
from tests.images_server import ImagesServer
from tests.pins.hands import adopted, hand
from tests.promises.pictures import logo, photo, png
from tests.promises.site import AGAIN, ONE, Site, make_scene, make_site

SHIP = ONE.replace("hero", "ship").replace("lighthouse", "ship")
SMALL = ONE.replace('"hero.png"', '{ path = "hero.png", width = 64 }')
MINE = png(logo("purple"))


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def told(report: Report) -> dict[str, str]:
    """What failed, and why."""
    return {failure.instance: failure.problem.message for failure in report.failed}


# --- pictures that were paid for ---


def lost(site: Site) -> Site:
    """A clone whose pins are nowhere: no store, no outputs."""
    return site.clone("clone", without=("hero.png",))


def test_a_lost_picture_fails_its_asset_and_no_other_without_a_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, SMALL + SHIP)
    site.build()
    clone = lost(site)
    lock = clone.lock
    clone.remove("ship.png")
    clone.write("originals/x.png", MINE)
    report = clone.build()
    assert set(told(report)) == {"hero", "ship"}
    assert "`hero:generate` is pinned by the lock, and its bytes are nowhere" in told(report)["hero"]
    assert "--rebuy-lost" in str(report.failed[0].problem.hint)
    assert "$" in str(report.failed[0].problem.hint)
    clone.write("ship.png", site.read("ship.png"))
    assert set(told(clone.build())) == {"hero"}
    assert clone.lock == lock
    assert len(server.calls) == 2


def test_a_lost_picture_is_bought_again_when_asked_for_and_replaces_its_pin(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, SMALL)
    site.build()
    clone = lost(site)
    assert not clone.build(rebuy_lost=True).failed
    assert len(server.calls) == 2
    before, after = (each.lines["hero"]["steps"]["generate"]["1"] for each in (site, clone))
    assert before["key"] == after["key"]
    assert before["digest"] != after["digest"]
    assert clone.check() == []
    assert clone.build().placed == ()
    assert clone.build(rebuy_lost=True).calls == 0


def test_a_lost_picture_by_hand_is_never_bought(server: ImagesServer, tmp_path: Path) -> None:
    """A model's picture is another one; what is lost beside it, for the same request even, is bought again."""
    site = make_site(tmp_path, server, SMALL + SMALL.replace("hero", "twin"))
    site.build()
    adopted(site, "hero", hand(site))
    site.build()
    clone = site.clone("clone", without=("hero.png", "twin.png"))
    pinned = clone.lines["hero"]["steps"]
    forecast = clone.plan(rebuy_lost=True)
    assert list(forecast.lost) == [("hero:generate", 1)]
    assert [item.step for item in forecast.purchases] == ["twin:generate"]
    report = clone.build(rebuy_lost=True)
    assert set(told(report)) == {"hero"}
    assert "`hero:generate` was made by hand, and its bytes are nowhere" in told(report)["hero"]
    (hint,) = [str(failure.problem.hint) for failure in report.failed]
    assert "adopt the file again" in hint
    assert "`assetforge cache pull`" in hint
    assert "$" not in hint
    assert clone.lines["hero"]["steps"] == pinned
    assert len(server.calls) == 2
    adopted(clone, "hero", hand(clone))
    assert clone.build().failed == ()
    assert clone.read("hero.png") == site.read("hero.png")


def test_a_rendition_that_is_current_does_not_need_its_original(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, SMALL)
    site.build()
    clone = site.clone("clone")
    assert (clone.build().failed, clone.check()) == ((), [])
    clone.edit("width = 64", "width = 65")
    assert set(told(clone.build())) == {"hero"}
    assert clone.read("hero.png") == site.read("hero.png")
    assert len(server.calls) == 1


def test_a_lost_picture_that_an_edit_needs_is_not_bought_for_it(server: ImagesServer, tmp_path: Path) -> None:
    chain = SMALL + 'steps = [{ op = "edit", prompt = "At night" }]\n'
    site = make_site(tmp_path, server, chain)
    site.build()
    clone = site.clone("clone")
    clone.edit("At night", "At noon")
    report = clone.build()
    assert set(told(report)) == {"hero"}
    assert len(server.calls) == 2


@pytest.mark.parametrize("name", ["{digest}", "{digest}.png"])
def test_committed_originals_are_found_by_their_digest(name: str, server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, '[cache]\noriginals = "art/originals"\n' + SMALL)
    site.build()
    pin = site.lines["hero"]["steps"]["generate"]["1"]["digest"]
    original = (site.cache / "blobs" / pin[:2] / pin).read_bytes()
    clone = lost(site)
    clone.write("art/originals/" + name.format(digest=pin), original)
    assert not clone.build().failed
    assert clone.files()["hero.png"] == site.files()["hero.png"]
    assert len(server.calls) == 1


def test_an_original_with_other_bytes_than_its_name_says_is_not_believed(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, '[cache]\noriginals = "art/originals"\n' + SMALL)
    site.build()
    pin = site.lines["hero"]["steps"]["generate"]["1"]["digest"]
    clone = lost(site)
    clone.write(f"art/originals/{pin}.png", png(photo()))
    assert set(told(clone.build())) == {"hero"}


def test_a_damaged_blob_is_dropped_and_said_and_taken_from_the_output(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    pin = digest_bytes(site.read("hero.png"))
    blob = site.cache / "blobs" / pin[:2] / pin
    os.chmod(blob, 0o644)
    blob.write_bytes(b"rot")
    site.edit('output = "hero.png"', 'outputs = ["hero.png", { path = "small.png", width = 64 }]')
    assert not site.build().failed
    assert any("damaged" in warning for warning in site.warnings)
    assert site.blob(site.read("hero.png"))
    assert len(server.calls) == 1


def test_a_lost_store_is_no_loss_where_lock_and_outputs_are(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = site.files()
    shutil.rmtree(site.cache)
    assert site.build().calls == 0
    assert site.files() == before


def test_what_one_project_s_lock_says_is_not_learned_by_another(server: ImagesServer, tmp_path: Path) -> None:
    """A stranger's lock may pin any picture to any key: only its own project believes it."""
    site = make_site(tmp_path, server)
    site.build()
    stranger = site.clone("stranger")
    stranger.write("hero.png", png(photo()))
    forged = stranger.lock.replace(digest_bytes(site.read("hero.png")).encode(), digest_bytes(png(photo())).encode())
    stranger.write("assets.lock", forged)
    assert stranger.build().calls == 0
    mine = make_site(tmp_path / "mine", server)
    mine.environ["ASSETFORGE_CACHE_DIR"] = str(stranger.cache)
    assert mine.build().calls == 1


# --- calls that fail ---

FAILURES: dict[str, dict[str, Any]] = {
    "refused": {"status": 400, "code": "moderation_blocked"},
    "maybe billed": {"drop": "after"},
    "cut off": {"drop": "within"},
    "not a picture": {"body": b'{"data": [{"b64_json": "bm90IGEgcGljdHVyZQ=="}]}'},
    "not JSON": {"body": b"<html>"},
    "bad gateway": {"status": 502, "body": b"<html>", "content_type": "text/html"},
    "internal error": {"status": 500, "headers": AGAIN, "times": 3},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_call_that_fails_leaves_all_else_built(failure: str, server: ImagesServer, tmp_path: Path) -> None:
    server.script(match="A ship", **FAILURES[failure])
    site = make_scene(tmp_path, server)
    site.edit("A lighthouse", "A ship")
    report = site.build()
    assert set(told(report)) == {"hero"}
    assert set(report.skipped) == {"night"}
    assert set(report.placed) == {"icons/sword.png", "icons/shield.png"}
    assert set(site.lines) == {"icon[item=sword]", "icon[item=shield]"}
    before = len(server.calls)
    assert not site.build(retry_refused=failure == "refused").failed
    assert len(server.calls) == before + 3


def test_an_answer_that_cannot_be_used_is_kept_for_a_claim(server: ImagesServer, tmp_path: Path) -> None:
    server.script(body=b'{"data": [{"b64_json": "bm90IGEgcGljdHVyZQ=="}]}')
    site = make_site(tmp_path, server)
    assert site.build().failed
    kept = list((site.cache / "quarantine").glob("*/body"))
    assert [path.read_bytes() for path in kept] == [b'{"data": [{"b64_json": "bm90IGEgcGljdHVyZQ=="}]}']


def test_a_picture_of_another_size_or_format_is_kept_and_fitted(server: ImagesServer, tmp_path: Path) -> None:
    server.script(size="1280x1280", format="webp")
    site = make_site(tmp_path, server)
    assert not site.build().failed
    assert any("1280x1280 instead of 1024x640" in warning for warning in site.warnings)
    assert site.build().calls == 0
    assert site.blob(site.read("hero.png"))


def test_after_fail_fast_what_was_bought_is_kept(server: ImagesServer, tmp_path: Path) -> None:
    server.script(match="ship", status=400, code="invalid_value")
    site = make_site(tmp_path, server, ONE + SHIP + "[provider.openai]\nconcurrency = 1\n")
    site.build(fail_fast=True)
    site.build()
    assert [call.prompt for call in server.calls] == ["A lighthouse", "A ship", "A ship"]
