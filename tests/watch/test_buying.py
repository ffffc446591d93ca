"""With `--live --max-cost`, what is missing is bought once, and never past the limit, whatever is saved meanwhile."""

import signal
import time

import pytest

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.cli.terminal import Terminal
from tests.images_server import ImagesServer
from tests.promises.processes import wait_until
from tests.watch.projects import LOCAL, TWO, has_colour, write_one
from tests.watch.watching import watching

HERO = TWO.partition("[asset.night]")[0]
LIVE = ("--live", "--max-cost", "1")


def price_of(project: Builder) -> float:
    """What a build would cost."""
    told = project.call("plan", "--json").object["cost"]["high"]
    assert isinstance(told, float)
    return told


def test_what_is_missing_is_bought_once(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO + LOCAL)
    with watching(shop, *LIVE) as watch:
        found = watch.round()
        assert found.drafted == []
        assert found.row["bought"] == 2
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
        shop.write({"assets.toml": TWO.replace("Make it night", "Make it dusk") + LOCAL})
        assert watch.round().placed == ["night.png"]
        assert watch.calm() == []
    assert len(images.calls) == 3
    assert shop.call("check").code == 0


def test_the_limit_holds_over_rounds_and_then_drafts_stand_in(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO)
    limit = price_of(shop) * 2.5
    with watching(shop, "--live", "--max-cost", f"{limit:.4f}") as watch:
        assert watch.round().row["bought"] == 1
        for number in range(4):
            shop.write({"assets.toml": HERO.replace("A lighthouse", f"A ship {number}")})
            found = watch.round()
            assert found.errors == []
            if number:
                assert found.drafted == ["hero"]
                assert any("the limit of" in told for told in found.warnings)
    assert len(images.calls) == 2
    assert images.total_cost <= limit


def test_what_may_have_been_billed_counts_against_the_limit(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO)
    price = price_of(shop)
    images.script(fault="drop_after", times=9)
    with watching(shop, "--live", "--max-cost", f"{price * 2.5:.4f}") as watch:
        assert watch.round().row["unanswered"] == 1
        for number in range(4):
            shop.write({"assets.toml": HERO.replace("A lighthouse", f"A ship {number}")})
            watch.round()
    assert len(images.calls) == 2


@pytest.mark.slow
def test_a_save_during_a_call_lets_it_finish_and_its_successor_goes_on(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO + LOCAL)
    images.latency = 1.5
    with watching(shop, *LIVE) as watch:
        wait_until(lambda: len(images.calls) == 1)
        shop.write({"in/a.png": picture("red")})
        watch.until("hero.png")
        while "night.png" not in [path for found in watch.rounds for path in found.placed]:
            watch.round()
        watch.calm()
        assert has_colour(shop, "local.png", "red")
    assert [call.status for call in images.calls] == [200, 200]
    assert shop.call("check").code == 0


@pytest.mark.slow
def test_a_prompt_that_changes_during_its_call_is_bought_anew_and_the_old_picture_kept(
    shop: Builder, images: ImagesServer
) -> None:
    write_one(shop, HERO)
    images.latency = 1.0
    with watching(shop, *LIVE) as watch:
        wait_until(lambda: len(images.calls) == 1)
        shop.write({"assets.toml": HERO.replace("A lighthouse", "A ship")})
        watch.round()
        wait_until(lambda: shop.call("check").code == 0)
        watch.calm()
        shop.write({"assets.toml": HERO})
        watch.round()
        watch.calm()
        assert shop.call("check").code == 0
    assert len(images.calls) == 2


def test_what_failed_is_not_asked_for_again_by_saving_something_else(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO + LOCAL)
    images.script(fault="drop_after")
    with watching(shop, *LIVE) as watch:
        found = watch.round()
        assert found.errors != []
        assert len(images.calls) == 1
        for wanted in ("red", "blue"):
            shop.write({"in/a.png": picture(wanted)})
            found = watch.round()
            assert found.placed == ["local.png"]
            assert any("nobody asked for it again" in told for told in found.errors), found.errors
        assert len(images.calls) == 1
        shop.write({"assets.toml": HERO.replace("A lighthouse", "A ship") + LOCAL})
        assert watch.round().row["bought"] == 1
    assert len(images.calls) == 2


@pytest.mark.slow
def test_enter_asks_again_for_what_failed(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO + LOCAL)
    images.script(fault="drop_after")
    watch = Terminal(shop, "watch", *LIVE)
    watch.until("may have been billed")
    shop.write({"in/a.png": picture("red")})
    watch.until("nobody asked for it again")
    assert len(images.calls) == 1
    watch.send("\n")
    wait_until(lambda: len(images.calls) == 2)
    wait_until((shop.root / "hero.png").exists)
    watch.signal(signal.SIGINT)
    assert watch.end() == 130
    assert len(images.calls) == 2


def test_an_unknown_price_is_not_bought_under_a_limit(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO.replace("size =", 'model = "some-model"\nsize =') + LOCAL)
    with watching(shop, *LIVE) as watch:
        found = watch.round()
        assert "local.png" in found.placed
        assert found.drafted == ["hero"]
        assert any("price" in told for told in found.warnings), found.warnings
        assert not any("is reached" in told for told in found.warnings), found.warnings
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
    assert images.calls == []


def test_a_missing_key_is_told_of_and_the_local_work_goes_on(project: Builder, images: ImagesServer) -> None:
    write_one(project, HERO + LOCAL)
    with watching(project, *LIVE, OPENAI_BASE_URL=images.url) as watch:
        found = watch.round()
        assert "OPENAI_API_KEY" in found.warnings[0]
        assert "drafts stand in" in found.warnings[0]
        assert found.drafted == ["hero"]
        assert len(found.placed) == 2
    assert images.calls == []


def test_what_somebody_writes_into_the_lock_during_a_round_is_looked_at_after_it(
    shop: Builder, images: ImagesServer
) -> None:
    write_one(shop, HERO + LOCAL)
    with watching(shop, *LIVE) as watch:
        watch.round()
        before = shop.text("assets.lock")
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
        images.latency = 1.0
        calls = len(images.calls)
        shop.write({"assets.toml": HERO.replace("A lighthouse", "A ship") + LOCAL})
        wait_until(lambda: len(images.calls) > calls)
        shop.write({"assets.lock": before})
        assert watch.round().placed == ["hero.png"]
        watch.round()
        assert watch.calm() == []
    assert shop.call("check").code == 0


def test_two_watches_of_one_project_pay_once(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO)
    images.latency = 0.5
    with watching(shop, *LIVE) as one, watching(shop, *LIVE) as other:
        one.round()
        other.round()
        began = time.monotonic()
        shop.write({"assets.toml": HERO.replace("A lighthouse", "A ship")})
        one.round()
        other.round()
        one.calm()
        other.calm()
        assert time.monotonic() > began
    assert len(images.calls) == 2
    assert shop.call("check").code == 0
