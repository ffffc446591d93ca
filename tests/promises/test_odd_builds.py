"""Builds that go partly wrong, or meet each other in odd ways: what can be made is made, and paid for once."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from assetforge.digest import digest_bytes
from assetforge.errors import NotCurrent, UsageError
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, photo, png
from tests.promises.site import ONE, make_site

# One at a time, so that a script meets the candidate it is meant for.
THREE = "[provider.openai]\nconcurrency = 1\n" + ONE.replace("prompt", "n = 3\nprompt", 1)
NIGHT = '\n[asset.night]\nsource = "@hero"\noutput = "night.png"\nsteps = [{ op = "edit", prompt = "Night" }]\n'


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


# --- one candidate fails ---


def test_what_hangs_on_a_bought_candidate_is_made_though_another_was_refused(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, THREE + NIGHT)
    server.script(status=200)
    server.script(status=400, code="moderation_blocked", message="no")
    report = site.build()
    assert {failure.instance for failure in report.failed} == {"hero"}
    assert report.skipped == ()
    assert {"hero.png", "night.png"} <= set(report.placed)
    assert set(site.lines) == {"night"}


def test_what_hangs_on_a_refused_candidate_is_skipped(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, THREE.replace("n = 3", "n = 3\npick = 2") + NIGHT)
    server.script(status=200)
    server.script(status=400, code="moderation_blocked", message="no")
    report = site.build()
    assert report.placed == ()
    assert "night" in report.skipped
    assert len(server.calls) == 3


def test_what_fits_the_budget_is_built(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, THREE)
    report = site.build(max_cost=0.05)
    assert report.stopped == "budget"
    assert len(server.calls) == 1
    assert report.placed == ("hero.png",)


# --- entries that meet ---


def test_one_key_at_two_providers_is_one_call(server: ImagesServer, tmp_path: Path) -> None:
    other = f'\n[provider.other]\nkind = "images-api"\nbase_url = "{server.url}"\napi_key_env = "NOBODY_HAS_IT"\n'
    twin = ONE.partition("[asset.hero]")[2].replace("hero.png", "twin.png")
    site = make_site(tmp_path, server, ONE + '\n[asset.twin]\nprovider = "other"' + twin + other)
    report = site.build()
    assert len(server.calls) == 1
    assert set(report.placed) == {"hero.png", "twin.png"}


def test_a_draft_build_takes_nothing_from_the_lock(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, THREE.replace("n = 3", "n = 3\npick = 2"))
    site.build()
    lock = site.lock
    site.build(on_miss="draft")
    assert site.lock == lock
    assert site.check() == []


def test_a_picture_bought_again_for_one_asset_serves_the_other(server: ImagesServer, tmp_path: Path) -> None:
    twin = ONE.partition("[asset.hero]")[2].replace("hero.png", "twin.png")
    site = make_site(tmp_path, server, ONE + "\n[asset.twin]" + twin)
    site.build()
    clone = site.clone("clone", without=("hero.png", "twin.png"))
    clone.build(select=("hero",), rebuy_lost=True, yes=True)
    assert len(server.calls) == 2
    report = clone.build()
    assert report.failed == ()
    assert clone.read("twin.png") == clone.read("hero.png")
    assert len(server.calls) == 2


# --- paths that lead to one place ---


def test_a_source_is_never_written_by_way_of_a_link(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, '[asset.a]\nsource = "link/s.png"\noutput = "z.png"\n')
    site.write("out/s.png", png(logo("teal")))
    os.symlink("out", site.folder / "link")
    site.build()
    mine = site.read("out/s.png")
    site.write("assets.toml", '[asset.a]\nsource = "link/s.png"\noutput = { path = "out/s.png", width = 8 }\n')
    for guard in ("ask", "overwrite"):
        report = site.build(guard=guard)
        assert [failure.instance for failure in report.failed] == ["a"]
        assert site.read("out/s.png") == mine


def test_two_outputs_at_one_place_by_way_of_a_link_are_told(server: ImagesServer, tmp_path: Path) -> None:
    assets = "".join(
        f'[asset.{name}]\nsource = "s.png"\noutput = {{ path = "{folder}/x.png", width = {width} }}\n'
        for name, folder, width in (("a", "link", 8), ("b", "out", 16))
    )
    site = make_site(tmp_path, server, assets)
    site.write("s.png", png(logo("teal")))
    (site.folder / "out").mkdir()
    os.symlink("out", site.folder / "link")
    report = site.build()
    assert [failure.instance for failure in report.failed] == ["b"]
    assert "one place" in report.failed[0].problem.message


# --- known before anything is bought ---


@pytest.mark.parametrize(
    "mask", ['"white.png"', "{ rect = [5000, 5000, 10, 10] }", '"small.png"', '"opaque.png"'], ids=str
)
def test_a_bad_mask_is_told_before_the_picture_before_it_is_bought(
    server: ImagesServer, tmp_path: Path, mask: str
) -> None:
    edit = f'steps = [{{ op = "edit", prompt = "Night", mask = {mask} }}]\n'
    site = make_site(tmp_path, server, ONE + edit)
    site.write("white.png", png(photo("white").convert("L").point(lambda _: 255)))
    site.write("small.png", png(logo("black").convert("L")))
    site.write("opaque.png", png(photo("black").convert("RGBA")))
    report = site.build()
    assert [failure.instance for failure in report.failed] == ["hero"]
    assert server.calls == []


def test_a_truncated_source_of_an_edit_fails_its_asset_alone(server: ImagesServer, tmp_path: Path) -> None:
    broken = '\n[asset.torn]\nsource = "torn.png"\noutput = "t.png"\nsteps = [{ op = "edit", prompt = "x" }]\n'
    site = make_site(tmp_path, server, ONE + broken)
    whole = png(photo("teal"))
    site.write("torn.png", whole[: len(whole) // 2])
    report = site.build()
    assert [failure.instance for failure in report.failed] == ["torn"]
    assert report.placed == ("hero.png",)
    assert len(server.calls) == 1


def test_patterns_that_leave_nothing_are_a_mistake(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    with pytest.raises(UsageError, match="leaves no asset"):
        site.build(select=("hero", "!hero"))


def test_a_locked_build_whose_pictures_are_nowhere_is_not_current(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    with pytest.raises(NotCurrent, match="nowhere"):
        clone.build(locked=True)
    assert len(server.calls) == 1


def test_a_blocked_asset_is_in_no_price(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE)
    site.write("hero.png", png(logo("purple")))
    forecast = site.plan()
    assert forecast.purchases == ()
    assert forecast.high == 0
    assert forecast.outlooks["hero"].verdict == "wrong"


# --- faults beside paid calls ---


def test_a_store_that_can_t_take_one_file_fails_that_asset_and_lets_paid_calls_end(
    server: ImagesServer, tmp_path: Path
) -> None:
    small = '\n[asset.small]\nsource = "art/logo.png"\noutput = { path = "small.webp", width = 8 }\n'
    before = make_site(tmp_path / "before", None, small)
    before.write("art/logo.png", png(logo("teal")))
    before.build()
    digest = digest_bytes(before.read("small.webp"))
    site = make_site(tmp_path / "now", server, ONE + small)
    site.write("art/logo.png", png(logo("teal")))
    (site.cache / "blobs").mkdir(parents=True)
    (site.cache / "blobs" / digest[:2]).write_bytes(b"in the way")
    server.latency = 0.3
    report = site.build()
    assert [failure.instance for failure in report.failed] == ["small"]
    assert report.placed == ("hero.png",)
    assert set(site.lines) == {"hero"}
    assert len(server.calls) == 1


def test_a_picture_of_too_many_bytes_is_told_before_anything_is_bought(server: ImagesServer, tmp_path: Path) -> None:
    edit = '[[asset.hero.steps]]\nop = "edit"\nprompt = "x"\nimages = ["big.png"]\n'
    site = make_site(tmp_path, server, ONE + edit)
    site.write("big.png", png(Image.new("RGB", (4200, 4000)), level=0))
    (failure,) = site.build().failed
    assert "a picture of 50.4 MB would be sent, and must be under 50.0 MB" in failure.problem.message
    assert server.calls == []


def test_a_background_that_is_not_left_out_is_told(server: ImagesServer, tmp_path: Path) -> None:
    asked = ONE + 'model = "gpt-image-2.5-flare"\nbackground = "transparent"\n'
    plain = base64.b64encode(png(photo())).decode()
    server.script(reshape=lambda body: {**body, "data": [{"b64_json": plain}]})
    site = make_site(tmp_path, server, asked)
    site.build()
    assert any("no transparent pixel" in told for told in site.warnings)
    site.write("assets.toml", asked.replace("A lighthouse", "A harbour"))
    site.build()
    assert not any("no transparent pixel" in told for told in site.warnings)
