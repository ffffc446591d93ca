"""The first day with the page, in a real browser and with a real Images API: what is pressed is done as the commands
do it, what is shown is what is there, and nothing is bought but what was approved.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.scenery import scenery
from tests.browser.site import Window
from tests.browser.story import CARD, GOLDEN, Story, playing
from tests.builder import Builder
from tests.images_server import ImagesServer

MOST = "2"


@pytest.fixture
def shop(project: Builder) -> Iterator[tuple[Builder, ImagesServer]]:
    with ImagesServer(draw=scenery) as images:
        project.environ |= images.environ
        yield project, images


def lock_of(project: Builder) -> dict[str, dict[str, object]]:
    path = Path(project.root, "assets.lock")
    assets: dict[str, dict[str, object]] = json.loads(path.read_text())["assets"] if path.exists() else {}
    return assets


def test_a_newcomer_edits_approves_compares_and_picks(shop: tuple[Builder, ImagesServer], window: Window) -> None:
    project, images = shop
    with playing(project, window, "--max-cost", MOST) as story:
        story.until_state("bay", "draft")
        story.until_state("night", "draft")
        assert images.calls == []
        # A saved prompt is seen at once, as a draft.
        before = story.picture("bay")
        story.edit_prompt()
        story.until_other_picture("bay", before)
        # The price is shown, and bought for is what was approved: three candidates, and no edit of them.
        story.press("Buy for at most $0.13", CARD % "bay")
        assert images.calls == []
        story.press("Yes", CARD % "bay")
        story.until_state("bay", "fresh")
        assert sum(call.n for call in images.paid) == 3
        assert {call.prompt.partition(".")[0] for call in images.paid} == {GOLDEN}
        assert set(lock_of(project)) == {"bay", "card"}
        # The edit that waited for it can be approved now, at its price, and is left alone.
        story.until(f"{CARD % 'night'}.innerText.includes('Buy for at most $0.0538')")
        # Candidates are compared, and one is picked, which writes the manifest as `pick` does.
        compare_and_pick(story)
        assert "n = 3\npick = 2\n" in project.text("assets.toml")
        story.close()
        story.press("Buy for at most", CARD % "night")
        story.press("Yes", CARD % "night")
        story.until_state("night", "fresh")
        assert [call.endpoint for call in images.paid].count("edits") == 1
        assert seen(window, story) == set()
    # Nothing that was approved is asked for again, and what was not is drafted still.
    bought = {card["instance"]: card["state"] for card in project.call("plan", "--json").object["assets"]}
    assert [name for name, state in bought.items() if state == "current"] == ["bay", "night", "card"]
    assert set(lock_of(project)) == {"bay", "night", "card"}


def compare_and_pick(story: Story) -> None:
    """Candidates 1 and 2 of `bay` beside each other, then the second one."""
    story.open("bay")
    story.look_at("generate")
    story.press("Compare two")
    story.window.ask("[...document.querySelectorAll('.candidate')].slice(0, 2).forEach(one => one.click())")
    story.until("document.querySelector('input.slide')")
    story.press("Stop comparing")
    story.press("Use this")
    story.until("document.querySelectorAll('.candidates li')[1]?.classList.contains('is-picked')")


def seen(window: Window, story: Story) -> set[str]:
    """What the console was told, and what was asked for elsewhere."""
    origin = story.url.partition("/?")[0]
    return {*window.console(), *(url for url in window.requests() if not url.startswith(f"{origin}/"))}


def test_what_is_wrong_with_the_manifest_is_shown_with_its_line_and_goes(
    shop: tuple[Builder, ImagesServer], window: Window
) -> None:
    project, _ = shop
    with playing(project, window) as story:
        story.until_state("bay", "draft")
        story.edit_prompt('source = "@bay"\ntags = ["social"]', 'source = "@bai"\ntags = ["social"]')
        story.until("document.querySelector('.problems')?.innerText.includes('@bai')")
        told = str(window.ask("return document.querySelector('.problems').innerText"))
        line = project.text("assets.toml").partition("@bai")[0].count("\n") + 1
        assert f"assets.toml:{line}:10" in told
        assert "did you mean @bay" in told.replace("`", "")
        story.until_state("bay", "draft")
        story.edit_prompt('source = "@bai"', 'source = "@bay"')
        story.until("!document.querySelector('.problems')?.checkVisibility()")
        assert seen(window, story) == set()


def test_without_a_limit_the_page_can_not_spend(shop: tuple[Builder, ImagesServer], window: Window) -> None:
    project, images = shop
    with playing(project, window) as story:
        story.until_state("bay", "draft")
        assert not window.ask("return document.body.innerText.includes('Buy for at most')")
        story.open("bay")
        story.until("document.querySelector('.offers')?.innerText.includes('--max-cost')")
        answer = window.ask("""
            const sent = await fetch("do/approve", { method: "POST",
                body: JSON.stringify({ name: "bay", offers: [] }),
                headers: { "Content-Type": "application/json", "X-Assetforge": "1" } });
            return sent.status;
        """)
        assert answer == 404
        assert images.calls == []
        window.console()  # the browser tells of the 404


def test_an_approval_fails_where_the_request_is_another_by_now(
    shop: tuple[Builder, ImagesServer], window: Window
) -> None:
    project, images = shop
    with playing(project, window, "--max-cost", MOST) as story:
        story.until_state("bay", "draft")
        answer = window.ask("""
            const sent = await fetch("do/approve", {
                method: "POST", headers: { "Content-Type": "application/json", "X-Assetforge": "1" },
                body: JSON.stringify({ name: "bay", offers: [{ key: "a".repeat(64), price: 0.0413 }] }),
            });
            return await sent.json();
        """)
        assert answer["ok"] is False
        assert "another one by now" in answer["errors"][0]["message"]
        assert images.calls == []
