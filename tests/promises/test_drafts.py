"""Promises 2 and 4 for drafts: placeholders cost nothing, stay apart from what is bought, and give way to it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.images_server import ImagesServer
from tests.promises.pictures import logo, png, size_of
from tests.promises.site import MANIFEST, SCENE_CALLS, make_draft_scene, make_scene, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def test_drafts_never_enter_the_lock_fail_the_check_and_give_way_to_pictures(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    report = site.build(on_miss="draft")
    assert not report.failed
    assert len(report.drafted) == 4
    assert server.calls == []
    assert not (site.folder / "assets.lock").exists()
    assert size_of(site.read("night.png")) == (512, 320)
    assert len(site.check()) >= 5
    drafts = site.files()
    assert not site.build().failed
    assert len(server.calls) == SCENE_CALLS
    outputs = set(drafts) - {MANIFEST, "art/logo.png", "masks/sky.png"}
    assert all(site.read(path) != drafts[path] for path in outputs)
    assert site.check() == []


def test_drawing_drafts_twice_does_nothing_the_second_time(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build(on_miss="draft")
    files, times = site.files(), site.times()
    report = site.build(on_miss="draft")
    assert (report.made, report.placed, report.failed) == ((), (), ())
    assert len(report.drafted) == 4
    assert (site.files(), site.times()) == (files, times)
    assert {outlook.verdict for outlook in site.plan(on_miss="draft").outlooks.values()} == {"draft"}
    assert all("`" not in reason for each in site.plan(on_miss="draft").outlooks.values() for reason in each.reasons)


def test_a_draft_build_uses_what_is_bought_and_drafts_only_the_rest(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = site.files()
    assert site.build(on_miss="draft").drafted == ()
    site.edit("Make it night", "Make it noon")
    report = site.build(on_miss="draft")
    assert report.drafted == ("night",)
    assert site.lock == before["assets.lock"]
    assert site.read("hero.png") == before["hero.png"]
    assert site.read("night.png") != before["night.png"]
    site.edit("Make it noon", "Make it night")
    assert not site.build().failed
    assert site.files() == before
    assert len(server.calls) == SCENE_CALLS


def test_a_draft_that_the_user_painted_over_is_the_user_s(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build(on_miss="draft")
    site.write("hero.png", png(logo()))
    assert site.build().failed
    assert server.calls == []
    assert site.read("hero.png") == png(logo())


def test_a_provider_named_draft_is_locked_and_checked(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    report = site.build()
    assert (report.failed, report.spent, site.check()) == ((), 0, [])
    assert site.plan().is_current
    clone = site.clone("clone")
    assert clone.build().placed == ()
    assert clone.files() == site.files()


SWORD = """
[asset.sword]
prompt = "A sword"
size = "512x512"
steps = [{ op = "cutout", color = "#00ff00" }]
output = "sword.png"

[asset.plain]
prompt = "A sword"
size = "512x512"
output = "plain.png"
"""


def alpha_of(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGBA").getchannel("A")


@pytest.mark.parametrize("provider", ["openai", "draft"])
def test_a_draft_that_is_cut_out_is_a_card_on_nothing(server: ImagesServer, tmp_path: Path, provider: str) -> None:
    site = make_site(tmp_path, server, f'[defaults]\nprovider = "{provider}"\n{SWORD}')
    report = site.build(on_miss="draft" if provider == "openai" else "call")
    assert not report.failed
    assert site.warnings == []
    alpha = alpha_of(site.read("sword.png"))
    assert alpha.getbbox() == (42, 42, 470, 470)
    assert alpha.getpixel((256, 256)) == 255
    assert alpha_of(site.read("plain.png")).getextrema() == (255, 255)
    assert server.calls == []


def test_another_ground_draws_a_draft_anew_and_buys_nothing_again(server: ImagesServer, tmp_path: Path) -> None:
    """What is cut out of a picture is no part of what is asked for."""
    site = make_site(tmp_path, server, SWORD)
    site.build(on_miss="draft")
    before = site.read("sword.png")
    site.edit("#00ff00", "white")
    site.build(on_miss="draft")
    assert site.read("sword.png") != before
    site.build()
    assert len(server.calls) == 1
    site.edit(', color = "white"', "")
    site.build()
    assert len(server.calls) == 1
