"""Promise 6, it says why: every rebuild, refusal and failure has its cause, and a plan comes true."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from assetforge.errors import ManifestError
from assetforge.plan.forecast import Forecast
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, png, sky
from tests.promises.site import (
    AGAIN,
    MANIFEST,
    ONE,
    SCENE,
    SCENE_CALLS,
    Change,
    all_of,
    edited,
    make_scene,
    make_site,
    removed,
    written,
)


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def asked(line: str) -> Change:
    """One more line for the hero."""
    return edited('output = "hero.png"', f'output = "hero.png"\n{line}')


def in_dusk(line: str) -> Change:
    """One more line for the edit `dusk`."""
    return edited('id = "dusk"', f'id = "dusk"\n{line}')


def told(forecast: Forecast, name: str) -> tuple[str, tuple[str, ...]]:
    outlook = forecast.outlooks[name]
    return outlook.verdict, outlook.reasons


# --- reasons ---

GONE = "`{}` is not there, and its bytes are known"

REASONS: list[tuple[str, Change, str, str, tuple[str, ...]]] = [
    ("nothing", lambda site: None, "hero", "current", ()),
    ("the prompt", edited("A lighthouse", "A tower"), "hero", "buy", ("the prompt changed",)),
    (
        "a variable",
        edited('style = "flat vector"', 'style = "oil"'),
        "hero",
        "buy",
        ("the prompt changed",),
    ),
    ("the quality", asked('quality = "low"'), "hero", "buy", ("quality changed from medium to low",)),
    ("the size", asked('request_size = "1280x800"'), "hero", "buy", ("size changed from 1024x640 to 1280x800",)),
    ("the background", asked('background = "opaque"'), "hero", "buy", ("background changed from auto to opaque",)),
    ("the revision", asked("revision = 2"), "hero", "buy", ("revision changed from 0 to 2",)),
    (
        "the model",
        asked('model = "gpt-image-2-2026-04-21"'),
        "hero",
        "buy",
        ("model changed from gpt-image-2 to gpt-image-2-2026-04-21",),
    ),
    (
        "two at once",
        asked('quality = "low"\nrevision = 1'),
        "hero",
        "buy",
        ("quality changed from medium to low", "revision changed from 0 to 1"),
    ),
    ("more candidates", asked("n = 2"), "hero", "buy", ("candidate 2 not made yet",)),
    (
        "more candidates of another request",
        asked('n = 3\nquality = "low"'),
        "hero",
        "buy",
        ("quality changed from medium to low", "candidate 2 not made yet", "candidate 3 not made yet"),
    ),
    ("upstream", asked("revision = 2"), "night", "maybe", ("waits for `hero:generate`",)),
    ("the mask", written("masks/sky.png", png(sky(9))), "night", "buy", ("the mask changed",)),
    ("no mask", edited('mask = "masks/sky.png"\npreserve = true', ""), "night", "buy", ("the mask changed",)),
    ("an input", written("art/logo.png", png(logo("blue"))), "night", "buy", ("an input changed",)),
    ("an edit's quality", in_dusk('quality = "high"'), "night", "buy", ("quality changed from medium to high",)),
    (
        "a local step",
        edited("width = 512", "width = 500"),
        "night",
        "make",
        ("step `resize`: width 512 -> 500",),
    ),
    (
        "an encoding",
        edited('"night-{{ width }}.jpg"', '"night-{{ width }}.jpg", quality = 40'),
        "night",
        "make",
        ("`night-320.jpg`: encoding: quality 82 -> 40",),
    ),
    (
        "another path",
        edited('"hero.png"', '"tower.png"'),
        "hero",
        "restore",
        ("`tower.png` is not there, and its bytes are known",),
    ),
    ("a lost file", removed("night.png"), "night", "restore", (GONE.format("night.png"),)),
    ("another asset's change", edited("A {{ item }}", "The {{ item }}"), "hero", "current", ()),
    (
        "an entry's own change",
        edited("A {{ item }}", "The {{ item }}"),
        "icon[item=sword]",
        "buy",
        ("the prompt changed",),
    ),
    ("tags", asked('tags = ["web"]'), "hero", "current", ()),
]


@pytest.mark.parametrize(
    ("change", "instance", "verdict", "reasons"), [pytest.param(*case[1:], id=case[0]) for case in REASONS]
)
def test_a_plan_says_what_changed(
    change: Change, instance: str, verdict: str, reasons: tuple[str, ...], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    change(site)
    before = site.files()
    assert told(site.plan(), instance) == (verdict, reasons)
    assert site.files() == before
    assert len(server.calls) == SCENE_CALLS


def test_a_first_plan_says_that_nothing_is_made_yet_and_writes_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    forecast = site.plan()
    assert told(forecast, "hero") == ("buy", ("not made yet",))
    assert told(forecast, "night")[0] == "maybe"
    assert not site.cache.exists()
    assert server.calls == []


def test_an_earlier_pick_comes_back_over_the_one_that_is_there(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 2\npick = 1\n")
    assert told(site.plan(), "hero") == ("buy", ("not made yet",))
    site.build()
    site.edit("pick = 1", "pick = 2")
    site.build()
    site.edit("pick = 2", "pick = 1")
    other = ("restore", ("`hero.png` holds another picture, and the one it should hold is known",))
    assert told(site.plan(), "hero") == other
    site.remove("hero.png")
    assert told(site.plan(), "hero") == ("restore", (GONE.format("hero.png"),))


def test_a_clone_without_a_store_still_says_that_the_request_changed(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone")
    clone.edit("A lighthouse", "A tower")
    assert told(clone.plan(), "hero") == ("buy", ("the request changed",))


def test_a_lost_picture_is_foreseen(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    verdict, reasons = told(clone.plan(), "hero")
    assert verdict == "lost"
    assert reasons == ("the picture of `generate` is pinned by the lock, and its bytes are nowhere",)


def test_check_names_each_step_and_path_that_is_not_current(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    site.edit("Add the logo", "Add a logo")
    site.remove("hero.png")
    found = {each.subject: each.reason for each in site.check()}
    assert set(found) >= {"night:logo", "hero.png"}
    assert not any("icon" in subject for subject in found)
    assert all(found.values())


# --- a plan is what the build does ---


SCENARIOS: dict[str, Change] = {
    "nothing": lambda site: None,
    "a prompt": edited("A lighthouse", "A tower"),
    "an edit's prompt": edited("Add the logo", "Add a logo"),
    "the first edit's prompt": edited("Make it night", "Make it noon"),
    "a matrix": edited('["sword", "shield"]', '["sword", "axe", "bow"]'),
    "candidates": asked("n = 4"),
    "another pick": asked("n = 2\npick = 2"),
    "a mask": written("masks/sky.png", png(sky(9))),
    "a local step": edited("width = 512", "width = 500"),
    "a new asset": written(MANIFEST, SCENE + ONE.replace("hero", "beacon")),
    "an equal asset": written(MANIFEST, SCENE + ONE.replace("hero", "b") + ONE.replace("hero", "c")),
    "a deleted asset": written(MANIFEST, SCENE[: SCENE.index("[asset.icon]")]),
    "a lost store": lambda site: shutil.rmtree(site.cache),
    "a lost store and an edit": all_of(lambda site: shutil.rmtree(site.cache), edited("Add the logo", "Add a logo")),
    "a lost lock": removed("assets.lock"),
    "all at once": edited('style = "flat vector"', 'style = "oil"\n[defaults]\nquality = "low"'),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in SCENARIOS.items()])
def test_a_build_does_what_the_plan_foresaw(change: Change, server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    change(site)
    forecast = site.plan()
    sure = {purchase.key for purchase in forecast.purchases if purchase.sure}
    report = site.build()
    calls = len(server.calls) - SCENE_CALLS
    assert calls == report.calls
    assert len(sure) <= calls <= len(forecast.purchases)
    if all(purchase.sure for purchase in forecast.purchases):
        assert calls == len(forecast.purchases)
    assert report.spent <= forecast.high + 1e-9
    foreseen_lost = {name for name, outlook in forecast.outlooks.items() if outlook.verdict == "lost"}
    assert {failure.instance for failure in report.failed} == foreseen_lost
    untouched = {name for name, outlook in forecast.outlooks.items() if outlook.verdict == "current"}
    assert untouched.isdisjoint(report.made)
    if not report.failed:
        assert site.plan().is_current


def test_a_plan_s_price_is_the_price(server: ImagesServer, tmp_path: Path) -> None:
    """Output tokens are exact; a prompt has at most as many tokens as bytes, and what is put around it."""
    site = make_site(tmp_path, server, ONE + "n = 3\n")
    forecast = site.plan()
    assert forecast.low == forecast.high
    spent = site.build().spent
    assert forecast.high - 3 * 100 * 5e-6 <= spent <= forecast.high


def test_what_only_may_be_bought_is_not_when_upstream_stays_the_same(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    with Image.open(site.folder / "hero.png") as hero:
        same = base64.b64encode(png(hero, level=9)).decode()
    server.script(reshape=lambda body: body | {"data": [{"b64_json": same}]})
    site.edit('output = "hero.png"', 'output = "hero.png"\nrevision = 1')
    forecast = site.plan()
    assert (forecast.low < forecast.high, len(forecast.purchases)) == (True, 3)
    assert site.build().calls == 1


# --- failures ---


def test_a_provider_s_refusal_is_told_in_its_own_words_with_its_place(server: ImagesServer, tmp_path: Path) -> None:
    server.script(status=400, code="moderation_blocked", message="Your request was rejected.")
    site = make_site(tmp_path, server)
    (failure,) = site.build().failed
    assert failure.problem.message == "`hero:generate`: 400 moderation_blocked: Your request was rejected"
    assert failure.problem.hint
    place = site.project().place_of(failure.problem)
    assert place is not None
    assert place.line == 2


def test_a_retry_is_told_with_its_reason(server: ImagesServer, tmp_path: Path) -> None:
    server.script(status=429, code="rate_limit_exceeded", message="slow", headers=AGAIN)
    site = make_site(tmp_path, server)
    assert not site.build().failed
    assert any("429 rate_limit_exceeded: slow" in str(event) for event in site.events)


def test_a_report_counts_what_it_reused_and_what_that_saved(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    spent = site.build().spent
    report = site.build()
    assert dict(report.reused) == {"lock": SCENE_CALLS}
    assert report.saved == pytest.approx(spent)
    site.remove("assets.lock")
    assert dict(site.build().reused) == {"store": SCENE_CALLS}


def test_an_unreadable_source_is_told_with_its_place_before_any_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.write("art/logo.png", b"not a picture")
    with pytest.raises(ManifestError, match=r"art/logo\.png"):
        site.build()
    assert server.calls == []


def test_a_mask_of_another_size_is_told_with_both_sizes_before_any_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.write("masks/sky.png", png(logo()))
    site.edit('source = "@hero"', 'source = "art/photo.png"')
    site.write("art/photo.png", png(Image.new("RGB", (1024, 640))))
    report = site.build(select=("night",))
    (failure,) = report.failed
    assert "the mask is 96x64, and the picture it is for is 1024x640" in failure.problem.message
    assert server.calls == []
