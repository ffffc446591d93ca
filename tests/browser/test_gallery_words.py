"""What the gallery says of money, of earlier requests, of what went wrong and of itself, and where."""

from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.gallery.cards import Offer
from tests.browser.gallery_pages import LIVE, card, gallery
from tests.browser.live_site import LiveSite
from tests.browser.site import Window
from tests.browser.test_gallery import click, look


def test_a_part_of_a_project_says_that_it_is_one(tmp_path: Path, window: Window) -> None:
    look(window, gallery(tmp_path, [card(tmp_path, 0)], part="logo tag:web").url)
    assert window.ask("return document.querySelector('.part').innerText") == "a part of the project: logo tag:web"
    look(window, gallery(tmp_path, [card(tmp_path, 0)]).url)
    assert window.ask("return document.querySelector('.part')") is None


def test_a_picture_that_cards_share_is_paid_for_once(tmp_path: Path, window: Window) -> None:
    """Three candidates at $0.0415 and an edit at $0.05 are on both cards, and the same are to be bought."""
    one = card(tmp_path, 2, name="one")
    look(window, gallery(tmp_path, [one, replace(one, name="other", asset="other")]).url)
    sums = window.ask("return document.querySelector('.sums').textContent")
    assert sums == "2 pictures · $0.17 paid · up to $0.14 to buy"


def test_what_is_of_the_earlier_request_says_so(tmp_path: Path, window: Window) -> None:
    earlier = "of the earlier request"
    look(window, gallery(tmp_path, [card(tmp_path, 3)]).url, "asset=asset-3")
    assert window.ask("return document.querySelector('[data-key=\"stage:0\"]').innerText").endswith("earlier request")
    told = window.ask("return document.querySelector('.candidates .told').textContent")
    assert told == f"1{earlier}, $0.0415"
    click(window, "[data-key='candidate:0:0']")
    assert earlier in window.ask("return document.querySelector('.tools').textContent")
    click(window, "[data-key='pair:0']")
    click(window, "[data-key='candidate:0:0']")
    click(window, "[data-key='candidate:0:2']")
    assert f"both {earlier}" in window.ask("return document.querySelector('.tools').textContent")
    click(window, "[data-key='stage:1']")
    assert earlier not in window.ask("return document.querySelector('.tools').textContent")


@pytest.mark.parametrize(
    ("low", "high", "unpriced", "told"),
    [
        (0.0, 0.1249, 0, "would spend $0.00 to at most $0.13"),
        (0.09999, 0.09999, 0, "would spend at most $0.10"),
        (0.1 + 0.2, 0.1 + 0.2, 0, "would spend at most $0.30"),
        (0.0289, 0.0289, 1, "would spend at most $0.0289, and make 1 call of unknown price"),
        (0.0, 0.0, 2, "would make 2 calls of unknown price"),
    ],
)
def test_the_most_that_a_build_would_spend_is_never_told_too_low(
    low: float, high: float, unpriced: int, told: str, tmp_path: Path, window: Window
) -> None:
    look(window, gallery(tmp_path, [card(tmp_path, 3, low=low, high=high, unpriced=unpriced)]).url, "asset=asset-3")
    about = "return [...document.querySelectorAll('.about .pairs > div')].map(one => one.textContent)"
    assert f"A build{told}" in window.ask(about)


def test_nobody_is_asked_to_buy_at_a_price_that_nobody_knows(tmp_path: Path, window: Window) -> None:
    offers = (
        Offer("asset-3:generate", 1, "a" * 64, None, "96x64"),
        Offer("asset-3:generate", 2, "b" * 64, 0.05, None),
    )
    whole = card(tmp_path, 3, offers=offers)
    first = replace(whole.stages[0], settings=(("provider", "relay"), ("model", "sketch-1")))
    cards = [replace(whole, stages=(first, *whole.stages[1:]))]
    with LiveSite(gallery(tmp_path, cards, LIVE)) as site:
        look(window, f"{site.origin}/", "asset=asset-3")
        told = window.ask("return document.querySelector('.facts .offers').innerText")
    assert "Buy 1 picture, at most $0.0500" in told
    assert "1 picture to buy, price unknown: say what it costs" in told
    assert 'in the manifest, under [provider.relay.price."sketch-1"].' in told


def test_what_went_wrong_stands_above_the_button_that_tries_again(tmp_path: Path, window: Window) -> None:
    draft = card(tmp_path, 2, reasons=("the provider has no credit",), hint="add some")
    with LiveSite(gallery(tmp_path, [draft], LIVE)) as site:
        look(window, f"{site.origin}/", "asset=asset-2")
        told = window.ask("return document.querySelector('.facts .standing').innerText.split(/\\n+/)")
    assert told[:4] == ["draft", "the provider has no credit", "add some", "Buy 2 pictures, at most $0.0830"]


def test_names_and_prompts_do_not_turn_what_stands_beside_them(tmp_path: Path, window: Window) -> None:
    odd = "a\u202egnp.exe\x1b"
    look(window, gallery(tmp_path, [card(tmp_path, 3, name=odd, asset=odd, axes={"lang": "עברית"})]).url)
    shown = "a\\u202egnp.exe\\u001b"
    assert window.ask("return document.querySelector('.name b').textContent") == shown
    assert window.ask("return document.querySelector('a.open').title") == shown
    click(window, "a.open")
    assert shown in window.ask("return document.querySelector('.facts').textContent")
    assert not window.ask("return /[\\u202e\\u001b]/.test(document.getElementById('page').textContent)")
    isolated = window.ask("""
        return ["dialog h2 bdi", ".axes bdi", ".facts code", ".name b"].map(place =>
            getComputedStyle(document.querySelector(place)).unicodeBidi);
    """)
    assert isolated == ["isolate"] * 4
