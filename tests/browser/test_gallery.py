"""The gallery in a real browser, from disk and from a server: what it shows, finds, compares and tells, by mouse and
by keyboard, without a request to anybody else.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.gallery_pages import MARKUP, Gallery, gallery, many, thirty
from tests.browser.site import Site, Window
from tests.browser.test_pictures import SHIFTS

SHOWN = "return [...document.querySelectorAll('.card:not([hidden])')].map(card => card.dataset.name)"
FOCUSED = "return document.activeElement.closest('.card')?.dataset.name ?? document.activeElement.id"
TITLE = "return document.querySelector('dialog[open] h2')?.firstChild.textContent ?? null"
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
SETTLED = """
    const until = performance.now() + 10000;
    while (document.querySelectorAll('.card').length < %d) {
        if (performance.now() > until) throw new Error('cards are lacking');
        await new Promise(requestAnimationFrame);
    }
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    folder = tmp_path_factory.mktemp("gallery")
    return gallery(folder, thirty(folder))


@pytest.fixture
def site(made: Gallery) -> Iterator[Site]:
    with Site(made.folder, made.rendered.policy) as running:
        yield running


@pytest.fixture
def window(window: Window) -> Window:
    """One that has forgotten what was chosen before."""
    scheme(window, "light")
    return window


def scheme(window: Window, name: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": name}]
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def press(window: Window, *keys: str) -> None:
    for key in keys:
        ActionChains(window.driver, duration=0).send_keys(key).perform()


def click(window: Window, css: str) -> None:
    window.driver.find_element("css selector", css).click()


def look(window: Window, url: str, view: str = "", *, width: int = 1280, height: int = 800) -> None:
    """Opens a page anew, also where only what follows the `#` is another."""
    window.driver.get("about:blank")
    window.open(f"{url}#{view}", width=width, height=height)


# --- it opens ---


def test_it_opens_from_disk_and_asks_for_nothing_but_its_pictures(made: Gallery, window: Window) -> None:
    look(window, made.url)
    window.see_everything()
    assert sorted(window.ask(SHOWN)) == sorted(made.names)
    folder = made.folder.as_uri()
    asked = [url.partition("#")[0] for url in window.requests() if url != "about:blank"]
    assert {url for url in asked if not url.startswith(f"{folder}/pictures/")} == {made.url}
    assert any(url.startswith(f"{folder}/pictures/") for url in asked)
    assert window.console() == []


def test_it_opens_from_a_server_under_the_policy_it_names(site: Site, made: Gallery, window: Window) -> None:
    look(window, f"{site.origin}/index.html")
    window.see_everything()
    assert sorted(window.ask(SHOWN)) == sorted(made.names)
    assert all(url.startswith((site.origin, "about:")) for url in window.requests())
    assert window.console() == []


def test_what_is_put_into_the_page_does_not_run(made: Gallery, window: Window) -> None:
    look(window, made.url)
    window.ask("""
        const script = document.createElement("script");
        script.append("window.broken = 1");
        document.body.append(script);
        const style = document.createElement("style");
        style.append("body { display: none }");
        document.head.append(style);
        try { document.body.innerHTML = "<img src=x onerror='window.broken = 1'>"; } catch {}
        try { await fetch("index.html"); window.broken = 2; } catch {}
    """)
    assert window.ask("return window.broken ?? null") is None
    assert window.ask("return getComputedStyle(document.body).display") == "block"
    assert sorted(window.ask(SHOWN)) == sorted(made.names)
    assert len([line for line in window.console() if "Content Security Policy" in line or "Trusted" in line]) >= 3


def test_markup_of_the_manifest_is_text(made: Gallery, window: Window) -> None:
    look(window, made.url, f"asset={quote(MARKUP)}")
    assert window.ask(TITLE) == MARKUP
    for place in (".facts .reasons li", ".facts .hint", ".facts .tagged"):
        assert window.ask(f"return document.querySelector(`{place}`).textContent") == MARKUP.replace("`", "")
    assert window.ask("return window.broken ?? null") is None
    assert window.ask("return document.querySelectorAll('[onerror]').length") == 0
    assert window.console() == []


def test_nothing_moves_while_pictures_load(site: Site, window: Window) -> None:
    site.pictures.clear()
    look(window, f"{site.origin}/index.html")
    boxes = (
        "return [...document.querySelectorAll('.well')].slice(0, 12).map(well => well.getBoundingClientRect().top)"
    )
    before = window.ask(boxes)
    site.pictures.set()
    window.ask("for (const image of [...document.images].slice(0, 8)) await image.decode()")
    assert window.ask(boxes) == before
    assert window.ask(SHIFTS) == 0


# --- what is found ---


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ("q=number+7&tag=tag-0", ["asset-7"]),
        ("q=public/asset-3.png", ["asset-3"]),
        ("q=BANNER+dark", ["banner[theme=dark,lang=en]", "banner[theme=dark,lang=de]"]),
        ("q=سفينة", ["السفينة-في-الميناء"]),
        ("tag=web&q=lang%3Den", ["banner[theme=light,lang=en]", "banner[theme=dark,lang=en]"]),
        ("tag=tag-3&state=failed", ["asset-17"]),
        ("q=nothing-is-called-this", []),
    ],
)
def test_an_address_is_a_view(view: str, found: list[str], made: Gallery, window: Window) -> None:
    look(window, made.url, view)
    assert window.ask(SHOWN) == found
    window.driver.refresh()
    assert window.ask(SHOWN) == found


def test_chips_and_words_narrow_the_view_and_stand_in_the_address(made: Gallery, window: Window) -> None:
    look(window, made.url)
    click(window, ".chip.is-stale")
    stale = [card["name"] for card in made.page["cards"] if card["state"] == "stale"]
    assert sorted(window.ask(SHOWN)) == sorted(stale)
    click(window, ".chip.is-failed")
    either = [card["name"] for card in made.page["cards"] if card["state"] in ("stale", "failed")]
    assert sorted(window.ask(SHOWN)) == sorted(either)
    press(window, "/", "asset-9.png")
    assert window.ask("return location.hash") == "#q=asset-9.png&state=stale%2Cfailed"
    assert window.ask(SHOWN) == ["asset-9"]
    assert "1 of 30 pictures" in window.ask("return document.querySelector('.sums').textContent")
    press(window, Keys.ESCAPE)
    assert sorted(window.ask(SHOWN)) == sorted(either)


def test_where_nothing_matches_everything_is_one_press_away(made: Gallery, window: Window) -> None:
    look(window, made.url, "q=xyzzy")
    assert "Nothing matches" in window.ask("return document.querySelector('.empty').textContent")
    click(window, ".empty button")
    assert len(window.ask(SHOWN)) == 30


def test_an_empty_project_says_what_to_do(tmp_path: Path, window: Window) -> None:
    look(window, gallery(tmp_path, []).url)
    assert "No pictures yet" in window.ask("return document.querySelector('.empty').textContent")
    assert window.console() == []


def test_pictures_of_one_asset_stand_under_its_name(made: Gallery, window: Window) -> None:
    look(window, made.url)
    assert window.ask("return [...document.querySelectorAll('.group')].map(group => group.textContent)") == [
        "banner4"
    ]
    assert window.ask(SHOWN)[-4:] == [name for name in made.names if name.startswith("banner")]
    look(window, made.url, "order=written")
    assert window.ask(SHOWN) == made.names


# --- the keyboard ---


def test_the_keyboard_alone_goes_everywhere(made: Gallery, window: Window) -> None:
    look(window, made.url, "order=written")
    press(window, "/")
    assert window.ask(FOCUSED) == "find"
    press(window, Keys.ENTER)
    assert window.ask(FOCUSED) == "asset-0"
    press(window, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert window.ask(FOCUSED) == "asset-1"
    press(window, Keys.ARROW_DOWN)
    below = window.ask("""
        const [one, other] = ["asset-1", document.activeElement.closest(".card").dataset.name].map(name =>
            document.querySelector(`.card[data-name="${name}"]`).getBoundingClientRect());
        return [other.left - one.left, other.top > one.top];
    """)
    assert below == [0, True]
    press(window, Keys.ARROW_UP, Keys.ENTER)
    assert window.ask(TITLE) == "asset-1"
    assert window.ask("return location.hash") == "#asset=asset-1&order=written"
    press(window, Keys.ARROW_RIGHT)
    assert window.ask(TITLE) == "asset-2"
    press(window, Keys.ESCAPE)
    assert window.ask(TITLE) is None
    assert window.ask(FOCUSED) == "asset-2"
    press(window, "?")
    assert window.ask(TITLE) == "Keys"
    press(window, Keys.ESCAPE)
    assert window.ask(TITLE) is None


def test_tab_goes_through_the_page_and_shows_where_it_is(made: Gallery, window: Window) -> None:
    look(window, made.url)
    seen = []
    for _ in range(40):
        press(window, Keys.TAB)
        told = window.ask("""
            const at = document.activeElement;
            return [at.matches("a.open"), getComputedStyle(at).outlineStyle];
        """)
        seen.append(told)
        if told[0]:
            break
    assert seen[-1][0], "the grid is not reached"
    assert {outline for _, outline in seen} == {"solid"}


def test_back_closes_what_was_opened(made: Gallery, window: Window) -> None:
    look(window, made.url, "state=fresh")
    click(window, ".card[data-name='asset-0'] a")
    assert window.ask(TITLE) == "asset-0"
    window.driver.back()
    assert window.ask(TITLE) is None
    assert window.ask("return location.hash") == "#state=fresh"


# --- one picture ---


def test_a_link_to_a_picture_opens_it(made: Gallery, window: Window) -> None:
    look(window, made.url, f"asset={quote('banner[theme=dark,lang=de]')}")
    assert window.ask(TITLE) == "banner"
    told = window.ask("return document.querySelector('.facts').textContent")
    assert "public/banner[theme=dark,lang=de].png" in told
    assert "assets.toml:43" in told


def test_arrows_stay_within_what_was_found(made: Gallery, window: Window) -> None:
    look(window, made.url, "q=public/asset-1&order=written&state=fresh&asset=asset-10")
    press(window, Keys.ARROW_RIGHT)
    assert window.ask(TITLE) == "asset-12"
    press(window, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert window.ask(TITLE) == "asset-1"


def test_the_slider_uncovers_by_keys_what_was_before(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-1")
    click(window, "[data-key='stage:1']")
    window.ask("document.querySelector('.slide').focus()")
    clip = "return getComputedStyle(document.querySelector('.is-after')).clipPath"
    assert window.ask(clip) == "inset(0px 0px 0px 50%)"
    press(window, *[Keys.ARROW_RIGHT] * 3)
    assert window.ask(clip) == "inset(0px 0px 0px 53%)"
    assert window.ask(TITLE) == "asset-1"
    press(window, Keys.HOME)
    assert window.ask(clip) == "inset(0px 0px 0px 0%)"
    assert window.ask("return document.querySelector('.slide').getAttribute('aria-valuetext')") == "0 % before"


def test_pictures_of_different_proportions_share_one_box(made: Gallery, window: Window) -> None:
    """A crop of 96x64 to 48x48: both whole, both centred, neither stretched."""
    look(window, made.url, "asset=asset-1")
    click(window, "[data-key='stage:1']")
    pair, before, after = window.ask("""
        return [".pair", ".is-before img", ".is-after img"].map(name => {
            const { left, top, width, height } = document.querySelector(name).getBoundingClientRect();
            return { ratio: width / height, height, centre: [left + width / 2, top + height / 2] };
        });
    """)
    assert abs(before["ratio"] - 1.5) < 0.01
    assert abs(after["ratio"] - 1) < 0.01
    assert max(before["height"], after["height"]) <= pair["height"] + 0.5
    for one in (before, after):
        assert all(abs(a - b) < 1 for a, b in zip(one["centre"], pair["centre"], strict=True))


def test_side_by_side_shows_both(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-1")
    click(window, "[data-key='stage:2']")
    window.ask(
        "[...document.querySelectorAll('.tools button')].find(one => one.textContent === 'Side by side').click()"
    )
    told = window.ask("return [...document.querySelectorAll('.beside figcaption')].map(one => one.textContent)")
    assert [line.split()[0] for line in told] == ["before", "after"]


def test_the_picked_candidate_is_marked_in_words_and_two_can_be_compared(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-1")
    names = "return [...document.querySelectorAll('.candidate')].map(one => one.getAttribute('aria-label'))"
    assert window.ask(names) == ["Candidate 1", "Candidate 2, picked", "Candidate 3"]
    assert window.ask("return document.querySelector('.is-picked .told').textContent").startswith("2picked")
    click(window, "[data-key='pair:0']")
    click(window, "[data-key='candidate:0:0']")
    click(window, "[data-key='candidate:0:2']")
    told = window.ask("return [...document.querySelectorAll('.pair .label')].map(one => one.textContent)")
    assert told == ["candidate 1", "candidate 3"]


def test_a_picture_shows_its_own_pixels_on_demand(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-1")
    width = "return document.querySelector('.large').getBoundingClientRect().width"
    assert window.ask(width) > 96
    click(window, ".large")
    assert window.ask(width) == 96
    click(window, ".large")
    assert window.ask(width) > 96


def test_what_is_behind_a_picture_can_be_chosen(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-0")
    behind = "return getComputedStyle(document.querySelector('.large')).backgroundColor"
    window.ask("await document.querySelector('.large').decode()")
    window.ask("[...document.querySelectorAll('.tools button')].find(one => one.textContent === 'Dark').click()")
    assert window.ask(behind) == "rgb(23, 24, 26)"
    window.ask("[...document.querySelectorAll('.tools button')].find(one => one.textContent === 'Checker').click()")


def test_without_a_server_there_are_prices_and_no_buttons(made: Gallery, window: Window) -> None:
    look(window, made.url, "asset=asset-2")
    told = window.ask("return document.querySelector('.offers').textContent")
    assert told == (
        "A build would buy 2 pictures, at most $0.0830.Then 1 more, at most $0.0500, when these are there."
    )
    assert window.ask("return [...document.querySelectorAll('.main, .second')].map(one => one.textContent)") == []


# --- sizes and colours ---


@pytest.mark.parametrize("view", ["", "size=s", "size=l", "asset=asset-1", f"asset={'n' * 180}", "asset=tagged"])
def test_a_phone_shows_everything_in_its_width(view: str, made: Gallery, window: Window) -> None:
    look(window, made.url, view, width=360, height=740)
    assert window.ask(WIDER) <= 0
    assert window.ask("""
        const dialog = document.querySelector("dialog[open]");
        return dialog === null ? 0 : dialog.scrollWidth - dialog.clientWidth;
    """) <= 0  # fmt: skip
    small = window.ask("""
        return [...document.querySelectorAll("button, select, a.open, input:not(.slide)")]
            .filter(one => one.checkVisibility() && !one.disabled)
            .map(one => [one.className, one.textContent, one.getBoundingClientRect().height])
            .filter(([, , height]) => height && height < 39.5);
    """)
    assert small == []


def test_light_and_dark_follow_the_system_until_somebody_chooses(made: Gallery, window: Window) -> None:
    colour = "return getComputedStyle(document.documentElement).backgroundColor"
    look(window, made.url)
    light = window.ask(colour)
    scheme(window, "dark")
    dark = window.ask(colour)
    assert light != dark
    click(window, "[aria-label='Light or dark']")
    assert window.ask(colour) == light
    window.driver.refresh()
    assert window.ask(colour) == light
    window.ask("localStorage.clear()")
    window.driver.refresh()
    assert window.ask(colour) == dark


def test_two_thousand_pictures_are_one_page_that_loads_only_what_is_seen(tmp_path: Path, window: Window) -> None:
    look(window, gallery(tmp_path, many(tmp_path, 2000)).url)
    window.ask(SETTLED % 2000)
    asked = {url for url in window.requests() if "/pictures/" in url}
    assert 0 < len(asked) < 300
    press(window, "/", "many-1999")
    assert window.ask(SHOWN) == ["many-1999"]
    press(window, Keys.ESCAPE)
    assert len(window.ask(SHOWN)) == 2000
    assert window.console() == []


def test_one_picture_is_a_page(tmp_path: Path, window: Window) -> None:
    look(window, gallery(tmp_path, many(tmp_path, 1)).url)
    assert window.ask(SHOWN) == ["many-0"]
    assert "1 picture ·" in window.ask("return document.querySelector('.sums').textContent")
