"""axe-core finds no serious fault in the pages: light and dark, whole and with a picture open, wide and narrow."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.gallery_pages import LIVE, Gallery, difference, gallery, thirty
from tests.browser.live_site import LiveSite
from tests.browser.site import Window
from tests.browser.test_gallery import look, scheme
from tests.browser.test_gallery_live import PROBLEM, QUIET, press_button, status

VIEWS = {
    "grid": "",
    "nothing": "q=xyzzy",
    "picture": "asset=asset-3",
    "failed": "asset=asset-5",
}
FAULTS = """
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(node => [node.html.slice(0, 160), node.failureSummary])]);
"""
# Colours are judged as they are in the end, not on their way there.
STILL = """
    for (const animation of document.getAnimations()) if (animation.playState !== "finished") {
        try { animation.finish(); } catch { animation.cancel(); }
    }
"""


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script, which a package from PyPI carries. Its own driver of browsers is not used."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        told = "needs axe-playwright-python, which `pip install -e .[dev]` brings"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(told)
    return Path(package.origin).with_name("axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    folder = tmp_path_factory.mktemp("accessible")
    return gallery(folder, thirty(folder), LIVE)


@pytest.fixture
def site(made: Gallery) -> Iterator[LiveSite]:
    with LiveSite(made) as running:
        running.send("hello", version=1, boot="one")
        running.send("round", **QUIET)
        yield running


def faults(window: Window, axe: str) -> list[object]:
    window.driver.execute_script(axe)
    window.ask(STILL)
    found: list[object] = window.ask(FAULTS)
    return found


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_gallery_has_no_serious_fault(
    view: str, colours: str, width: int, site: LiveSite, axe: str, window: Window
) -> None:
    scheme(window, colours)
    look(window, f"{site.origin}/", VIEWS[view], width=width)
    status(window, "watching")
    assert faults(window, axe) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_errors_questions_and_messages_have_none(colours: str, site: LiveSite, axe: str, window: Window) -> None:
    scheme(window, colours)
    site.answer |= {"ok": False, "lines": ["picked candidate 2"], "errors": [PROBLEM]}
    look(window, f"{site.origin}/", "asset=asset-3")
    site.send("round", **QUIET | {"state": "broken", "errors": [PROBLEM]})
    status(window, "1 error")
    press_button(window, "Keep this picture", ".facts")
    press_button(window, "Buy 2 pictures, at most $0.0830", ".facts")
    window.ask("document.querySelector('[data-key=\"stage:1\"]').click()")
    assert faults(window, axe) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_of_changes_has_none(colours: str, tmp_path: Path, axe: str, window: Window) -> None:
    scheme(window, colours)
    look(window, difference(tmp_path).url)
    assert faults(window, axe) == []


def test_a_serious_fault_would_be_found(made: Gallery, axe: str, window: Window) -> None:
    """Also under the page's own policy, and of a colour."""
    scheme(window, "light")
    look(window, made.url)
    window.ask(
        "document.querySelector('h1').style.color = '#cccccc'; document.documentElement.removeAttribute('lang')"
    )
    assert {fault[0] for fault in faults(window, axe) if isinstance(fault, list)} == {
        "color-contrast",
        "html-has-lang",
    }
