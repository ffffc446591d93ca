"""A step that was asked for and found nothing to do is told of: once for each, at the end of a build that ran it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from assetforge.events import Warned
from tests.images_server import ImagesServer
from tests.promises.pictures import png
from tests.promises.site import Site, make_site

CUT = """
[chain]
cut = [{ op = "cutout", color = "#00ff00" }]

[asset.boat]
source = "art/boat.png"
steps = [{ use = "cut" }]
outputs = ["boat.png", "boat.webp", { path = "boat-{{ width }}.png", width = [40, 20] }]

[asset.small]
source = "@boat"
steps = [{ op = "resize", width = 30 }]
output = "small.png"

[asset.ship]
source = "art/boat.png"
steps = [{ use = "cut" }, { op = "flip" }]
output = "ship.png"
"""
TOLD = "`cutout` took nothing away: no pixel is like #00ff00, and the corners are #f3f8fc"
EDITED = """
[asset.boat]
source = "art/boat.png"
steps = [{ op = "cutout", color = "#00ff00" }, { op = "edit", prompt = "Make it night" }]
output = "boat.png"
"""


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def boat(site: Site, ground: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (1024, 640), ground)
    image.paste((200, 60, 40), (200, 200, 800, 400))
    site.write("art/boat.png", png(image))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = make_site(tmp_path, None, CUT)
    boat(site, (243, 248, 252))
    return site


@pytest.mark.parametrize("jobs", [1, 4])
def test_each_asset_s_cutout_is_told_once_in_the_order_of_the_manifest(site: Site, jobs: int) -> None:
    assert not site.build(jobs=jobs).failed
    assert site.warnings == [f"`boat`: {TOLD}", f"`ship`: {TOLD}"]
    problems = [event.problem for event in site.events if isinstance(event, Warned)]
    assert {problem.where and problem.where.key for problem in problems} == {("chain", "cut", 0)}
    assert {problem.hint for problem in problems} == {
        'write color = "#f3f8fc" where that is the background, or "auto"'
    }


def test_a_build_that_makes_nothing_has_nothing_to_tell(site: Site) -> None:
    site.build()
    site.build()
    assert site.warnings == []


def test_what_is_cut_out_is_not_told(site: Site) -> None:
    boat(site, (0, 255, 0))
    site.build()
    assert site.warnings == []


def test_a_cutout_that_leaves_nothing_is_told(site: Site) -> None:
    site.write("art/boat.png", png(Image.new("RGB", (60, 40), (0, 255, 0))))
    site.build()
    told = "`cutout` took everything away: every pixel is like #00ff00"
    assert site.warnings == [f"`boat`: {told}", f"`ship`: {told}"]


def test_a_selected_build_tells_of_its_own(site: Site) -> None:
    site.build(select=("ship",))
    assert site.warnings == [f"`ship`: {TOLD}"]


def test_what_is_sent_to_an_edit_is_told_of_too(tmp_path: Path, server: ImagesServer) -> None:
    site = make_site(tmp_path, server, EDITED)
    boat(site, (243, 248, 252))
    assert not site.build().failed
    assert site.warnings == [f"`boat`: {TOLD}"]


def test_nothing_is_told_of_a_placeholder(tmp_path: Path, server: ImagesServer) -> None:
    steps = '{ op = "cutout" }, { op = "flatten", color = "#f3f8fc" }, { op = "cutout", color = "#00ff00" }'
    site = make_site(tmp_path, server, f'[asset.a]\nprompt = "A boat"\nsteps = [{steps}]\noutput = "a.png"\n')
    assert not site.build(on_miss="draft").failed
    assert site.warnings == []
    assert not site.build().failed
    assert site.warnings == [f"`a`: {TOLD}"]
