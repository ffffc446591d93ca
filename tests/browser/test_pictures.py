"""The `<picture>` markup of the example `website`, in a page under a strict policy, is shown by a real browser as it
says: every file loads, the window's width chooses, and nothing moves.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.site import STRICT, Site, Window
from tests.builder import ROOT, Builder

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Northwind</title>
{}
<link rel="stylesheet" href="/page.css">
{}
<p id="below">Below all pictures</p>
</html>
"""
STYLE = "body, p { margin: 0 } img { display: block; width: 100%; height: auto }"
# The placeholder behind a picture is the one thing in the markup that is styled in place.
INLINE = f"{STRICT}; style-src-attr 'unsafe-inline'"
BOXES = """
    return [...document.images].map(image => {
        const box = image.getBoundingClientRect();
        return [box.width, Math.round(box.height)];
    });
"""

# How often something on the page has moved by itself since it was opened.
SHIFTS = """
    return await new Promise(resolve => {
        const moved = [];
        const observer = new PerformanceObserver(list => moved.push(...list.getEntries()));
        observer.observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(moved.length)));
    });
"""


@pytest.fixture
def folder(project: Builder) -> Path:
    """What the example's web server would show: its drafted pictures, and a page of its markup."""
    example = ROOT / "examples" / "website"
    for name in ("assets.toml", "art"):
        copy = shutil.copytree if (example / name).is_dir() else shutil.copy
        copy(example / name, project.root / name)
    built = project.call("build", "--draft")
    assert built.code == 0, built.out + built.err
    page = PAGE.format(project.text("src/head.html"), project.text("src/pictures.html"))
    project.write({"public/index.html": page, "public/page.css": STYLE})
    return project.root / "public"


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with Site(folder, INLINE) as running:
        yield running


def test_every_file_that_the_markup_names_loads_with_its_width(site: Site, window: Window) -> None:
    window.open(f"{site.origin}/index.html")
    candidates = window.ask("""
        const found = [];
        for (const element of document.querySelectorAll("source, img")) {
            for (const candidate of element.srcset.split(", ")) {
                const [url, width] = candidate.split(" ");
                const image = new Image();
                image.src = url;
                await image.decode();
                found.push([url, width, image.naturalWidth + "w", element.type || ""]);
            }
            if (element.src) {
                const image = new Image();
                image.src = element.src;
                await image.decode();
                found.push([element.src, element.getAttribute("width"), String(image.naturalWidth), ""]);
            }
        }
        return found;
    """)
    assert [told for told in candidates if told[1] != told[2]] == []
    images = site.folder / "images"
    named = {Path(url).name for url, *_ in candidates}
    assert named == {path.name for path in images.iterdir() if path.name.startswith("hero")}
    assert window.console() == []


def test_every_icon_that_the_head_names_loads(site: Site, window: Window) -> None:
    window.open(f"{site.origin}/index.html")
    icons = window.ask("""
        const found = [];
        for (const link of document.querySelectorAll("link[rel*=icon]")) {
            const image = new Image();
            image.src = link.href;
            await image.decode();
            found.push([link.getAttribute("href"), image.naturalWidth]);
        }
        return found;
    """)
    assert dict(icons) == {"/favicon.ico": 48, "/icon-192.png": 192, "/apple-touch-icon.png": 180}
    assert window.console() == []


@pytest.mark.parametrize(("width", "chosen"), [(400, 480), (700, 768), (1200, 1280), (1800, 1920)])
def test_the_windows_width_chooses_the_file(width: int, chosen: int, site: Site, window: Window) -> None:
    window.open(f"{site.origin}/index.html", width=width)
    window.see_everything()
    hero, tall = window.ask("return [...document.images].map(image => image.currentSrc)")
    assert hero == f"{site.origin}/images/hero-{chosen}w.avif"
    assert tall == f"{site.origin}/images/hero-tall-{480 if width <= 480 else 800}w.webp"


def test_a_page_asks_for_nothing_more_and_nothing_elsewhere(site: Site, window: Window) -> None:
    window.open(f"{site.origin}/index.html", width=700)
    window.see_everything()
    asked = window.requests()
    expected = {"index.html", "page.css", "images/hero-768w.avif", "images/hero-tall-800w.webp"}
    icons = {"favicon.ico", "icon-192.png"}  # without a screen the tab's may be left alone
    assert set(asked) - {f"{site.origin}/{name}" for name in icons} == {f"{site.origin}/{name}" for name in expected}
    assert len(asked) == len(set(asked))
    assert window.console() == []


def test_every_picture_is_described_and_has_its_size(site: Site, window: Window) -> None:
    window.open(f"{site.origin}/index.html")
    window.see_everything()
    told = window.ask("""
        return [...document.images].map(image => [
            image.getAttribute("alt"), Number(image.getAttribute("width")) / Number(image.getAttribute("height")),
            image.naturalWidth / image.naturalHeight,
        ]);
    """)
    assert [alt for alt, _, _ in told] == ["A sailing boat leaving a harbour at dawn", "A lighthouse at dawn"]
    assert all(abs(written - natural) < 0.01 for _, written, natural in told)


def test_nothing_moves_while_pictures_load(site: Site, window: Window) -> None:
    """Boxes have their sizes, and a placeholder in them, before the first picture is there."""
    site.pictures.clear()
    window.open(f"{site.origin}/index.html", width=800, height=3000)
    before = window.ask(BOXES)
    below = window.ask("return document.getElementById('below').offsetTop")
    missing = window.ask("return [...document.images].map(image => image.naturalWidth)")
    behind = window.ask("return [...document.images].map(image => getComputedStyle(image).backgroundImage)")
    site.pictures.set()
    window.see_everything()
    assert missing == [0, 0]
    assert before == [[800, 450], [800, 1000]] == window.ask(BOXES)
    assert below == 1450 == window.ask("return document.getElementById('below').offsetTop")
    assert all(url.startswith('url("data:image/png;base64,') for url in behind)
    assert window.ask(SHIFTS) == 0


def test_where_inline_styles_are_forbidden_only_the_placeholder_is_lost(folder: Path, window: Window) -> None:
    with Site(folder, STRICT) as site:
        window.open(f"{site.origin}/index.html", width=800, height=3000)
        window.see_everything()
        assert window.ask(BOXES) == [[800, 450], [800, 1000]]
        said = window.console()
    assert said
    assert all("inline style" in line for line in said)
