"""Without `--live` nothing is asked of anybody and nothing is spent: placeholders stand in, and are never locked."""

import json
import signal
from typing import Any

import pytest

from tests.builder import Builder
from tests.cli.manifests import DRAFTS, picture
from tests.cli.terminal import Terminal
from tests.images_server import ImagesServer
from tests.promises.processes import wait_until
from tests.watch.projects import LOCAL, TWO, has_colour, write_one
from tests.watch.watching import watching


def lines(project: Builder) -> dict[str, Any]:
    """The lock's lines by instance."""
    if not (project.root / "assets.lock").exists():
        return {}
    found: dict[str, Any] = json.loads(project.text("assets.lock"))["assets"]
    return found


def test_nothing_is_asked_or_spent_and_no_draft_is_locked(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO + LOCAL)
    with watching(shop) as watch:
        found = watch.round()
        assert found.drafted == ["hero", "night"]
        assert set(found.placed) == {"hero.png", "night.png", "local.png"}
        assert lines(shop).keys() == {"local"}
        shop.write({"assets.toml": TWO.replace("A lighthouse", "A ship") + LOCAL})
        assert set(watch.round().placed) == {"hero.png", "night.png"}
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
        assert watch.calm() == []
        assert lines(shop).keys() == {"local"}
    assert images.calls == []
    assert shop.call("check").code == 3


def test_what_was_bought_before_is_used_and_drafts_stand_in_for_the_rest(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO + LOCAL)
    assert shop.call("build", "--yes").code == 0
    before, bought, calls = lines(shop), shop.files()["hero.png"], len(images.calls)
    with watching(shop) as watch:
        assert watch.round().drafted == []
        shop.write({"assets.toml": TWO.replace("Make it night", "Make it dusk") + LOCAL})
        assert watch.round().drafted == ["night"]
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
        assert shop.files()["hero.png"] == bought
        after = lines(shop)
        assert (after["hero"], after["night"]) == (before["hero"], before["night"])
        assert after["local"] != before["local"]
        shop.write({"assets.toml": TWO + LOCAL})
        assert watch.round().drafted == []
        watch.calm()
    assert len(images.calls) == calls
    assert shop.call("check").code == 0


@pytest.mark.parametrize("price", ["", '[provider.openai.price."gpt-image-2"]\nper_image = 0\n'])
def test_more_candidates_than_there_are_stop_nothing_and_are_not_asked_for(
    shop: Builder, images: ImagesServer, price: str
) -> None:
    """No placeholder stands in for a candidate that nothing is made from, and no price is low enough to buy it."""
    write_one(shop, TWO + LOCAL + price)
    assert shop.call("build", "--yes").code == 0
    calls = len(images.calls)
    more = TWO.replace('prompt = "A lighthouse"', 'prompt = "A lighthouse"\nn = 3') + LOCAL + price
    with watching(shop, OPENAI_API_KEY="") as watch:
        watch.round()
        shop.write({"assets.toml": more})
        found = watch.round()
        assert found.built
        assert found.drafted == found.errors == []
        before = lines(shop)
        shop.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["local.png"]
        assert lines(shop)["local"] != before["local"]
        assert lines(shop)["hero"] == before["hero"]
    assert len(images.calls) == calls


def test_a_warning_is_said_when_it_is_new(project: Builder) -> None:
    """Not at each save, nor by each of the builds of a round."""
    remote = '[cache]\nremote = "s3://pictures/of-others"\n'
    write_one(project, TWO + LOCAL + remote)
    terminal = Terminal(project, "watch")
    terminal.until("drafted")
    for wanted in ("red", "blue"):
        project.write({"in/a.png": picture(wanted)})
        wait_until(lambda wanted=wanted: has_colour(project, "local.png", wanted))  # type: ignore[misc]
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.text.count("is not trusted") == 1


def test_after_a_watch_that_had_local_work_only_everything_is_locked(project: Builder) -> None:
    write_one(project, LOCAL)
    with watching(project) as watch:
        watch.round()
        for wanted in ("red", "blue"):
            project.write({"in/a.png": picture(wanted)})
            watch.round()
            assert project.call("check").code == 0
    assert project.call("build", "--locked").code == 0


def test_pictures_of_a_provider_that_costs_nothing_are_made_for_real(project: Builder) -> None:
    write_one(project, DRAFTS + TWO + LOCAL)
    with watching(project) as watch:
        found = watch.round()
        assert found.drafted == []
        assert set(found.placed) == {"hero.png", "night.png", "local.png"}
        assert project.call("check").code == 0
        project.write({"assets.toml": DRAFTS + TWO.replace("A lighthouse", "A ship") + LOCAL})
        assert set(watch.round().placed) == {"hero.png", "night.png"}
        assert project.call("check").code == 0


def test_no_key_is_needed_for_drafts(project: Builder) -> None:
    write_one(project, TWO)
    with watching(project) as watch:
        found = watch.round()
        assert found.drafted == ["hero", "night"]
        assert found.errors == []


def test_a_build_in_another_process_puts_pictures_in_place_of_drafts(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO)
    with watching(shop) as watch:
        assert watch.round().drafted == ["hero", "night"]
        assert shop.run("build", "--yes").code == 0
        assert watch.round().drafted == []
        watch.calm()
        assert shop.call("check").code == 0
    assert len(images.calls) == 2


def test_what_is_accepted_or_picked_elsewhere_is_built(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO.replace('size = "1024x640"', 'size = "1024x640"\nn = 2'))
    assert shop.call("build", "--yes").code == 0
    with watching(shop) as watch:
        watch.round()
        before = shop.files()["hero.png"]
        assert shop.run("pick", "hero", "2").code == 0
        watch.until("hero.png")
        assert shop.files()["hero.png"] != before
        picked = shop.files()["hero.png"]
        shop.write({"assets.toml": shop.text("assets.toml").replace("A lighthouse", "A ship")})
        assert "hero" in watch.until("hero.png").drafted
        assert shop.run("accept", "hero").code == 0
        watch.until("hero.png")
        assert shop.files()["hero.png"] == picked
    assert len(images.calls) == 3


def test_only_what_is_selected_is_built(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO + LOCAL)
    with watching(shop, "local") as watch:
        assert watch.round().placed == ["local.png"]
        shop.write({"assets.toml": TWO.replace("A lighthouse", "A ship") + LOCAL, "in/a.png": picture("red")})
        watch.until("local.png")
        assert has_colour(shop, "local.png", "red")
        assert not (shop.root / "hero.png").exists()
    assert images.calls == []


def test_a_variable_is_the_command_lines(project: Builder) -> None:
    write_one(project, '[vars]\nname = "x"\n' + LOCAL.replace("local.png", "{{ name }}.png"))
    with watching(project, "--var", "name=y") as watch:
        assert watch.round().placed == ["y.png"]
        project.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["y.png"]
