"""The page of `diff --html` in a real browser: what changed, before and after, and what was paid for it."""

from pathlib import Path

import pytest

from tests.browser.gallery_pages import MARKUP, Gallery, difference
from tests.browser.site import Window
from tests.browser.test_gallery import WIDER, click, look


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return difference(tmp_path_factory.mktemp("difference"))


def test_changes_stand_before_and_after_and_are_filtered(compared: Gallery, window: Window) -> None:
    look(window, compared.url)
    titles = "return [...document.querySelectorAll('.change:not([hidden]) h2')].map(title => title.textContent)"
    assert window.ask(titles) == ["changed-one", "added-one", "removed-one", "renamed-one"]
    assert window.ask("return document.querySelectorAll('.slide').length") == 1
    assert window.ask("return document.querySelector('.change ins').textContent") == MARKUP
    click(window, ".chip[data-key='added']")
    assert window.ask(titles) == ["added-one"]
    assert window.ask("return window.broken ?? null") is None
    assert window.console() == []
    look(window, compared.url, width=360)
    assert window.ask(WIDER) <= 0


def test_a_page_of_changes_says_what_was_paid_and_where_nobody_knows(compared: Gallery, window: Window) -> None:
    look(window, compared.url)
    told = window.ask("return document.querySelector('.sums').textContent")
    assert told == "4 changed since main; 3 pictures bought for $0.12 and what 1 more cost"
    paid = window.ask("return [...document.querySelectorAll('.change > header')].map(one => one.textContent)")
    assert paid[0].endswith("$0.0415")
    assert paid[1].endswith("price unknown")
    # Only what is somebody's name is set as code, whatever is in it.
    names = "return [...document.querySelectorAll('.note code, .change:first-child .reasons code')]"
    assert window.ask(f"{names}.map(one => one.textContent)") == ["`a`", MARKUP]


def test_two_thousand_changes_are_one_page_that_loads_only_what_is_seen(tmp_path: Path, window: Window) -> None:
    look(window, difference(tmp_path, more=2000).url)
    window.ask("while (!document.querySelector('.large.there')) await new Promise(requestAnimationFrame)")
    assert 0 < len({url for url in window.requests() if "/pictures/" in url}) < 40
    assert window.ask("return document.querySelectorAll('*').length") < 20_000
    window.ask("document.querySelector('.change:last-child').scrollIntoView()")
    shown = "document.querySelector('.change:last-child .large.there')"
    window.ask(f"while (!{shown}) await new Promise(requestAnimationFrame)")
    assert len({url for url in window.requests() if "/pictures/" in url}) < 80
    assert window.console() == []
