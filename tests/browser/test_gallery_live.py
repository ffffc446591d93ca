"""A served page: what it is told shows in place, and its buttons send what was agreed to, and nothing before that."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from assetforge.gallery.cards import Card, Offer
from tests.browser.gallery_pages import LIVE, gallery, picture, thirty
from tests.browser.live_site import LiveSite
from tests.browser.site import Window
from tests.browser.test_gallery import FOCUSED, SHOWN, TITLE, click, look, press

QUIET = {"state": "done", "lines": [], "errors": [], "warnings": [], "spent": 0.12, "limit": 2.0}
PROBLEM = {
    "message": "asset `hero` refers to `@heroo`, which does not exist", "hint": "did you mean `@hero`?",
    "file": "assets.toml", "line": 41, "column": 10, "excerpt": 'source = "@heroo"', "carets": "          ^^^^^^^^",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def cards(folder: Path) -> list[Card]:
    return thirty(folder)


@pytest.fixture
def site(folder: Path, cards: list[Card]) -> Iterator[LiveSite]:
    with LiveSite(gallery(folder, cards, LIVE)) as running:
        running.send("hello", version=1, boot="one")
        yield running


def until(window: Window, condition: str) -> Any:
    """What a JavaScript expression is as soon as it is something."""
    return window.ask(f"""
        const end = performance.now() + 10000;
        for (;;) {{
            const value = ({condition});
            if (value) return value;
            if (performance.now() > end) throw new Error("not so after 10 s");
            await new Promise(resolve => setTimeout(resolve, 10));
        }}
    """)


def status(window: Window, words: str) -> str:
    told = until(window, f"(text => text.includes({json.dumps(words)}) && text)"
                         "(document.querySelector('.line').innerText)")  # fmt: skip
    return str(told)


def text_of(window: Window, css: str) -> str:
    return str(window.ask(f"return document.querySelector({json.dumps(css)}).innerText"))


def press_button(window: Window, text: str, within: str = "body") -> None:
    window.ask(f"""
        const found = [...document.querySelectorAll({json.dumps(within)} + " button")]
            .filter(one => one.checkVisibility() && one.textContent === {json.dumps(text)});
        if (!found.length) throw new Error("there is no button " + {json.dumps(text)});
        found[0].click();
    """)


def say_yes(window: Window, within: str) -> None:
    """As a person does, who reads the question first."""
    window.ask("await new Promise(resolve => setTimeout(resolve, 400))")
    press_button(window, "Yes", within)


# --- what it is told ---


def test_a_new_picture_takes_its_place_and_nothing_else_moves(
    site: LiveSite, cards: list[Card], folder: Path, window: Window
) -> None:
    look(window, f"{site.origin}/", "order=written")
    window.ask("document.querySelector(\".card[data-name='asset-4'] a\").focus()")
    window.ask("window.before = document.querySelector(\".card[data-name='asset-5']\")")
    top = "return document.querySelector(\".card[data-name='asset-5']\").getBoundingClientRect().top"
    before = window.ask(top)
    shown = picture(folder, "#00ff88", (96, 64))
    site.send("cards", cards=[asdict(replace(cards[4], picture=shown))], removed=[], order=None)
    until(window, f"document.querySelector(\".card[data-name='asset-4'] img[src*='{shown.digest}'].there\")")
    assert window.ask(top) == before
    assert window.ask("return window.before.isConnected")
    assert window.ask("return document.activeElement.closest('.card').dataset.name") == "asset-4"
    assert window.console() == []


def test_what_comes_goes_and_is_ordered_anew_does_so_here(site: LiveSite, cards: list[Card], window: Window) -> None:
    look(window, f"{site.origin}/", "order=written")
    new = replace(cards[0], name="new-one", asset="new-one")
    order = ["new-one", *(card.name for card in reversed(cards) if card.name != "asset-0")]
    site.send("cards", cards=[asdict(new)], removed=["asset-0"], order=order)
    until(window, "document.querySelector(\".card[data-name='new-one']\")")
    assert window.ask(SHOWN) == order


def test_an_open_picture_follows_the_news(site: LiveSite, cards: list[Card], window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-3")
    click(window, "[data-key='stage:1']")
    site.send("cards", cards=[asdict(replace(cards[3], state="fresh", reasons=()))], removed=[], order=None)
    until(window, "document.querySelector('.head .badge').textContent === 'fresh'")
    assert window.ask("return document.querySelector('.stage[aria-current]').dataset.key") == "stage:1"


def test_a_build_tells_how_far_it_is_and_what_is_being_made(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    site.send("round", **QUIET | {"state": "building"})
    calls = [{"name": "asset-2:generate", "seconds": 12.0, "note": ""}]
    site.send("progress", done=3, total=12, calls=calls, last="made hero.png")
    assert "3 of 12" in status(window, "asset-2:generate 12 s")
    assert "being made, 1" in text_of(window, ".card[data-name='asset-2'] .calling")
    site.send(
        "progress", done=3, total=12, calls=[calls[0] | {"note": "waits for another build"}], last="made hero.png"
    )
    status(window, "asset-2:generate 12 s, waits for another build")
    site.send("progress", done=3, total=12, calls=[], last="waits for `assetforge build` of another folder")
    status(window, "waits for assetforge build of another folder")
    site.send("round", **QUIET | {"lines": ["1 made in 0.2 s"], "spent": 0.16})
    assert "$0.16 of $2.00 spent" in status(window, "1 made in 0.2 s")
    assert text_of(window, ".card[data-name='asset-2'] .calling") == ""


def test_a_broken_manifest_is_told_with_its_line_until_it_is_mended(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    site.send("round", **QUIET | {"state": "broken", "errors": [PROBLEM]})
    status(window, "1 error")
    told = text_of(window, ".problems")
    assert "asset hero refers to @heroo, which does not exist" in told
    assert "assets.toml:41:10" in told
    assert '41 │ source = "@heroo"\n               ^^^^^^^^' in told
    assert "did you mean @hero?" in told
    site.send("round", **QUIET)
    status(window, "watching")
    assert not window.ask("return document.querySelector('.problems').checkVisibility()")


def test_a_lost_server_is_told_and_a_new_one_reloads(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    status(window, "watching")
    window.ask("window.before = true")
    site.events.put(("", {}))
    status(window, "assetforge has stopped")
    site.send("hello", version=1, boot="two")
    until(window, "window.before === undefined && document.querySelector('.card')")


def test_a_server_that_was_started_again_is_told_from_one_that_is_gone(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    status(window, "watching")
    site.stranger = True
    site.events.put(("", {}))
    assert "open the address that the terminal shows" in status(window, "it was started again")


def test_a_manifest_that_is_broken_from_the_start_is_told_in_the_middle(folder: Path, window: Window) -> None:
    with LiveSite(gallery(folder, [], LIVE | {"version": 0})) as site:
        look(window, f"{site.origin}/")
        assert text_of(window, ".empty") == "Looking at the pictures"
        site.send("round", **QUIET | {"state": "broken", "errors": [PROBLEM, PROBLEM]})
        status(window, "2 errors")
        told = text_of(window, ".empty")
    assert told.startswith("The manifest has 2 errors\n")
    assert "assets.toml:41:10" in told


def test_only_calls_that_failed_can_be_tried_again(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    site.send("round", **QUIET | {"errors": [PROBLEM]})
    assert "Build again" in status(window, "1 error")
    site.send("round", **QUIET | {"state": "broken", "errors": [PROBLEM, PROBLEM]})
    assert "Build again" not in status(window, "2 errors")


def test_warnings_are_there_for_who_wants_them(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    site.send("round", **QUIET | {"warnings": [PROBLEM]})
    status(window, "1 warning")
    seen = "return document.querySelector('.problems').checkVisibility()"
    assert not window.ask(seen)
    press_button(window, "1 warning")
    assert window.ask(seen)
    window.ask("document.querySelector('.problems .close').click()")
    assert not window.ask(seen)


def test_the_line_sums_up_what_is_to_be_done_until_all_is_fresh(
    site: LiveSite, cards: list[Card], window: Window
) -> None:
    look(window, f"{site.origin}/")
    assert re.search(r"\d+ to buy, \d+ failed", status(window, "watching"))
    assert window.ask("return document.querySelector('.line .is-fresh')") is None
    site.send("cards", cards=[], removed=[card.name for card in cards[1:]], order=None)
    status(window, "all fresh: commit assets.toml, assets.lock and the pictures")


# --- what it sends ---


def test_nothing_is_bought_before_the_price_was_agreed_to(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-2")
    press_button(window, "Buy 2 pictures, at most $0.0830", ".facts")
    assert text_of(window, ".facts .question") == "Spend $0.0830?"
    press_button(window, "No", ".facts")
    press_button(window, "Buy 2 pictures, at most $0.0830", ".facts")
    press(window, Keys.ESCAPE)
    assert window.ask(TITLE) == "asset-2"
    assert site.posts.empty()
    press_button(window, "Buy 2 pictures, at most $0.0830", ".facts")
    press_button(window, "Yes", ".facts")  # the second half of a double click
    assert site.posts.empty()
    say_yes(window, ".facts")
    path, headers, body = site.posted()
    assert path == "/do/approve"
    assert headers["x-assetforge"] == "1"
    assert headers["content-type"] == "application/json"
    offers = [{"key": "a" * 64, "price": 0.0415}, {"key": "b" * 64, "price": 0.0415}]
    assert body == {"name": "asset-2", "offers": offers}
    assert window.console() == []


def test_a_draft_is_bought_from_its_card(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/")
    press_button(window, "Buy for at most $0.0830", ".card[data-name='asset-2']")
    say_yes(window, ".card[data-name='asset-2']")
    offers = [{"key": "a" * 64, "price": 0.0415}, {"key": "b" * 64, "price": 0.0415}]
    assert site.posted()[::2] == ("/do/approve", {"name": "asset-2", "offers": offers})


QUICK = ".card[data-name='asset-2'] .quick"


def test_what_was_bought_is_not_offered_again_before_its_card_comes(
    site: LiveSite, cards: list[Card], window: Window
) -> None:
    """Nor loses its place who bought it by keys."""
    look(window, f"{site.origin}/")
    press_button(window, "Buy for at most $0.0830", QUICK)
    say_yes(window, QUICK)
    site.posted()
    until(window, f"document.querySelector({json.dumps(QUICK)})?.innerText === 'bought, being finished'")
    assert window.ask(FOCUSED) == "asset-2"
    # The same request on another card was paid for as well.
    assert text_of(window, ".card[data-name='asset-3'] .quick") == "bought, being finished"
    site.send("cards", cards=[asdict(cards[2])], removed=[], order=None)
    until(window, f"document.querySelector({json.dumps(QUICK)})?.innerText.startsWith('Buy for')")


def test_what_would_pass_the_limit_can_not_be_pressed(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-2")
    pressed = "return [...document.querySelectorAll('.quick button, .offers button')].map(one => one.disabled)"
    assert set(window.ask(pressed)) == {False}
    site.send("round", **QUIET | {"spent": 1.95})
    status(window, "$1.95 of $2.00")
    assert set(window.ask(pressed)) == {True}
    assert "over the limit: $0.0500 left" in text_of(window, ".facts .offers")


def test_no_candidate_is_used_that_is_not_there(folder: Path, cards: list[Card], window: Window) -> None:
    first = cards[0].stages[0]
    one, other, third = first.candidates
    assert third.picture is not None
    lacking = (replace(one, picture=None), other, replace(third, picture=replace(third.picture, draft=True)))
    card = replace(cards[0], stages=(replace(first, candidates=lacking), *cards[0].stages[1:]))
    with LiveSite(gallery(folder, [card], LIVE)) as site:
        look(window, f"{site.origin}/", "asset=asset-0")
        assert "Use this" not in text_of(window, ".candidates")


def test_what_was_pressed_keeps_its_place(site: LiveSite, cards: list[Card], window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-3")
    key = "return document.activeElement.dataset.key"
    for _ in range(2):
        click(window, "[data-key='pair:0']")
        assert window.ask(key) == "pair:0"
    click(window, "[data-key='use:0:0']")
    site.posted()
    site.send("cards", cards=[asdict(replace(cards[3], alt="A ship"))], removed=[], order=None)
    until(window, "document.querySelector('.facts').innerText.includes('A ship')")
    assert window.ask(key) == "use:0:0"


def test_a_question_goes_when_the_request_changed_and_says_so(
    site: LiveSite, cards: list[Card], window: Window
) -> None:
    look(window, f"{site.origin}/")
    press_button(window, "Buy for at most $0.0830", QUICK)
    site.send("cards", cards=[asdict(replace(cards[2], alt="A ship"))], removed=[], order=None)
    until(window, "document.querySelector(\".card[data-name='asset-2'] img\").alt === 'A ship'")
    assert text_of(window, f"{QUICK} .question") == "Spend $0.0830?"
    offers = (replace(cards[2].offers[0], key="c" * 64),)
    site.send("cards", cards=[asdict(replace(cards[2], offers=offers))], removed=[], order=None)
    assert until(window, "document.querySelector('.toast')?.innerText") == "the request changed: look again"
    assert text_of(window, QUICK) == "Buy for at most $0.0415"


@pytest.mark.parametrize("message", ["it could cost $0.05, and $0.01 is left of $2.00", None])
def test_many_cards_are_bought_with_one_question(
    message: str | None, folder: Path, cards: list[Card], window: Window
) -> None:
    """A few at once, each picture once, and none after the limit was reached."""
    offered = [
        replace(
            cards[2], name=f"night-{number}", asset="night", offers=(Offer("night:generate", 1, key, 0.05, None),)
        )
        for number, key in enumerate([*(str(digit) * 64 for digit in range(8)), "0" * 64])
    ]
    with LiveSite(gallery(folder, [cards[0], *offered], LIVE)) as site:
        if message:
            site.answer |= {"ok": False, "errors": [{"message": message, "hint": None}]}
        look(window, f"{site.origin}/")
        press_button(window, "Buy these 8, at most $0.40", ".group")
        assert text_of(window, ".group .question") == "Spend $0.40?"
        assert site.posts.empty()
        say_yes(window, ".group")
        told = until(window, "document.querySelector('.toast')?.innerText")
        bodies = [site.posted()[2] for _ in range(site.posts.qsize())]
        assert len(window.ask("return [...document.querySelectorAll('.toast')]")) == 1
    if message:
        assert told == f"0 bought, 8 not: {message}"
        assert len(bodies) <= 3
    else:
        assert told == "8 bought"
        assert sorted(offer["key"][0] for body in bodies for offer in body["offers"]) == list("01234567")


def test_what_is_found_is_counted_aloud_and_can_be_bought_at_once(
    folder: Path, cards: list[Card], window: Window
) -> None:
    one = replace(cards[2], offers=(Offer("asset-2:generate", 1, "1" * 64, 0.05, None),))
    other = replace(cards[3], offers=(Offer("asset-3:generate", 1, "2" * 64, 0.05, None),))
    with LiveSite(gallery(folder, [cards[0], one, other], LIVE)) as site:
        look(window, f"{site.origin}/")
        assert text_of(window, ".whole") == ""
        window.ask("location.hash = 'state=draft,stale'")
        assert until(window, "document.querySelector('.unseen').textContent") == "2 matches"
        assert text_of(window, ".whole") == "Buy these 2, at most $0.10"


@pytest.mark.parametrize(
    ("button", "within", "path", "body"),
    [
        ("Use this", ".candidates", "/do/pick", {"step": "asset-3:generate", "number": 1}),
        ("Keep this picture", ".facts", "/do/accept", {"name": "asset-3"}),
    ],
)
def test_a_choice_is_sent_as_the_commands_take_it(
    button: str, within: str, path: str, body: dict[str, Any], site: LiveSite, window: Window
) -> None:
    look(window, f"{site.origin}/", "asset=asset-3")
    site.answer["lines"] = ["done as `asked`", "and more"]
    press_button(window, button, within)
    assert site.posted()[::2] == (path, body)
    assert until(window, "document.querySelector('.toast')?.innerText") == "done as asked\nand more"


def test_a_refusal_is_told_with_its_hint(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-3")
    site.answer |= {"ok": False, "errors": [{"message": "the price changed", "hint": "look again"}]}
    press_button(window, "Keep this picture", ".facts")
    assert until(window, "document.querySelector('.toast.is-refused')?.innerText") == "the price changed: look again"


def test_a_refusal_of_the_server_itself_is_told_in_its_words(site: LiveSite, window: Window) -> None:
    look(window, f"{site.origin}/", "asset=asset-3")
    site.status = 403
    site.answer |= {"ok": False, "errors": [{"message": "open the URL in the terminal", "hint": None}]}
    press_button(window, "Keep this picture", ".facts")
    assert until(window, "document.querySelector('.toast.is-refused')?.innerText") == "open the URL in the terminal"
    site.status, site.answer = 502, {}
    press_button(window, "Keep this picture", ".facts")
    until(window, "[...document.querySelectorAll('.toast')].some(one => one.innerText === 'the server answered 502')")


@pytest.mark.parametrize(
    ("name", "button", "question", "path", "body"),
    [
        ("asset-3", "Use this", "This is", "/do/pick", {"step": "asset-3:generate", "number": 1}),
        ("asset-1", "Use this", "Edits of it are", "/do/pick", {"step": "asset-1:generate", "number": 1}),
    ],
)
def test_a_watch_that_buys_by_itself_is_asked_for_nothing_without_a_question(
    name: str, button: str, question: str, path: str, body: dict[str, Any], folder: Path, cards: list[Card],
    window: Window,
) -> None:  # fmt: skip
    with LiveSite(gallery(folder, cards, LIVE | {"buys": True})) as site:
        look(window, f"{site.origin}/", f"asset={name}")
        press_button(window, button, ".candidates")
        told = text_of(window, ".candidates .question")
        assert told == f"{question} bought at once, within the limit. Go on?"
        assert site.posts.empty()
        window.ask("await new Promise(resolve => setTimeout(resolve, 400))")
        press_button(window, "Go on", ".candidates")
        assert site.posted()[::2] == (path, body)


@pytest.mark.parametrize(("buys", "price"), [(False, ""), (True, ", at once, for about $0.13")])
def test_others_are_not_asked_for_before_it_is_said_what_becomes_of_the_present_ones(
    buys: bool, price: str, folder: Path, cards: list[Card], window: Window
) -> None:
    with LiveSite(gallery(folder, cards, LIVE | {"buys": buys})) as site:
        look(window, f"{site.origin}/", "asset=asset-3")
        press_button(window, "Ask for others", ".candidates")
        told = text_of(window, ".candidates .question")
        assert told == f"All candidates are asked for anew{price}; the present ones stay in the history. Go on?"
        assert site.posts.empty()
        window.ask("await new Promise(resolve => setTimeout(resolve, 400))")
        press_button(window, "Go on", ".candidates")
        assert site.posted()[::2] == ("/do/reroll", {"step": "asset-3:generate"})


@pytest.mark.parametrize(("uses", "asks"), [("@plain", True), ("@other", False)])
def test_a_bought_candidate_is_used_at_once_where_nothing_is_edited_from_it(
    uses: str, asks: bool, folder: Path, cards: list[Card], window: Window
) -> None:
    """Edits may be on the card of another asset, which begins with this one's picture."""
    plain = replace(cards[0], name="plain", asset="plain", stages=cards[0].stages[:2])
    cut, edit = (replace(stage, step=f"night:{stage.name}") for stage in cards[0].stages[1:])
    night = replace(plain, name="night", asset="night", stages=(replace(cut, inputs=(uses,)), edit))
    with LiveSite(gallery(folder, [plain, night], LIVE | {"buys": True})) as site:
        look(window, f"{site.origin}/", "asset=plain")
        press_button(window, "Use this", ".candidates")
        if asks:
            assert text_of(window, ".candidates .question").startswith("Edits of it are bought at once")
            assert site.posts.empty()
        else:
            assert site.posted()[::2] == ("/do/pick", {"step": "asset-0:generate", "number": 1})


def test_who_may_not_spend_sees_prices_only(folder: Path, cards: list[Card], window: Window) -> None:
    with LiveSite(gallery(folder, cards, LIVE | {"can_spend": False})) as site:
        look(window, f"{site.origin}/", "asset=asset-3")
        told = text_of(window, ".facts .offers")
        buttons = window.ask("return [...document.querySelectorAll('button')].map(one => one.textContent)")
        assert "A build would buy 2 pictures, at most $0.0830." in told
        assert "--max-cost" in told
        assert not [text for text in buttons if text.startswith("Buy")]
        assert "Use this" in buttons
