"""The manifests of two trades build whole, as they stand, and a second build does nothing.

`web` is a company's site, `game` the icons and sheets of a game; both are as their users wrote them.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.images_server import ImagesServer
from tests.promises.site import Site, make_site

CASES = Path(__file__).parent


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def make_case(name: str, tmp_path: Path, server: ImagesServer | None) -> Site:
    """A copy of a case, with a store of its own."""
    site = make_site(tmp_path, server)
    shutil.copytree(CASES / name, site.folder, dirs_exist_ok=True)
    return site


def sizes(site: Site, pattern: str) -> dict[str, tuple[int, int]]:
    """The pictures below a folder of the case with their sizes."""
    found = {}
    for path in sorted(site.folder.glob(pattern)):
        with Image.open(path) as image:
            found[path.name] = image.size
    return found


def test_the_site_builds_whole_and_only_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_case("web", tmp_path, server)
    report = site.build()
    assert (report.failed, report.skipped) == ((), ())
    bought = len(server.paid)
    assert bought == 1 + 11 * 2 + 4 + 1 + 4  # a hero, 12 posts, a ground for cards, 4 marks
    before = site.times()
    again = site.build()
    assert (again.placed, again.calls, len(server.paid)) == ((), 0, bought)
    assert site.times() == before
    assert site.check() == []
    assert set(sizes(site, "public/img/og/*.jpg").values()) == {(1200, 630)}
    assert all(path.stat().st_size <= 300_000 for path in site.folder.glob("public/img/og/*.jpg"))
    assert sizes(site, "public/img/icons/*.png") == {
        "apple-touch-icon.png": (180, 180),
        "icon-192.png": (192, 192),
        "icon-512.png": (512, 512),
        "maskable-192.png": (192, 192),
        "maskable-512.png": (512, 512),
    }
    icons = json.loads(site.read("public/site.webmanifest"))["icons"]
    assert [icon["sizes"] for icon in icons] == ["192x192", "512x512", "192x192", "512x512"]
    assert all((site.folder / "public" / icon["src"]).is_file() for icon in icons)
    assert (
        '"hello-world"' in site.read("src/generated/assets.ts").decode()
        or "hello-world" in site.read("src/generated/assets.ts").decode()
    )


def test_the_game_is_drafted_whole_and_only_once(tmp_path: Path) -> None:
    site = make_case("game", tmp_path, None)
    report = site.build(on_miss="draft")
    assert (report.failed, report.skipped) == ((), ())
    again = site.build(on_miss="draft")
    assert (again.placed, again.calls) == ((), 0)
    sheets = sorted(site.folder.glob("game/assets/atlas/*.png"))
    assert len(sheets) == len(sorted(site.folder.glob("game/assets/atlas/*.json")))
    for sheet in sheets:
        told = json.loads(sheet.with_suffix(".json").read_text())
        with Image.open(sheet) as image:
            assert told["meta"] == {"image": sheet.name, "size": {"w": image.width, "h": image.height}}
            for frame in told["frames"].values():
                assert frame["x"] + frame["w"] <= image.width
                assert frame["y"] + frame["h"] <= image.height
                cut = image.crop((frame["x"], frame["y"], frame["x"] + frame["w"], frame["y"] + frame["h"]))
                assert cut.getbbox() is not None
    assert sum(len(json.loads(sheet.with_suffix(".json").read_text())["frames"]) for sheet in sheets) == len(
        sorted(site.folder.glob("game/assets/icons/*/*/*.png"))
    )
