"""The pictures of docs/looking.md, from the story played in a real browser against a rehearsed Images API.

    python -m tests.browser.screenshots [FOLDER]

They are written as WebP, and differ a little from machine to machine, as fonts do.
"""

import io
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.browser.chromium import opened
from tests.browser.scenery import scenery
from tests.browser.site import Window
from tests.browser.story import CARD, Story, playing
from tests.builder import ROOT, Builder
from tests.images_server import ImagesServer

FOLDER = ROOT / "docs" / "pictures" / "looking"
WIDTH, HEIGHT = 1280, 800
SETTLED = 0.7


def main(folder: Path) -> None:
    """Plays the story, and writes what is seen of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        opened(Path(place)) as chromium,
        ImagesServer(draw=scenery) as images,
    ):
        home, root = Path(place) / "home", Path(place) / "northwind"
        home.mkdir()
        root.mkdir()
        images.latency = 1.5
        project = Builder(home, root, images.environ)
        with playing(project, Window(chromium), "--max-cost", "2") as story:
            for name in play(story):
                time.sleep(SETTLED)
                with Image.open(io.BytesIO(chromium.get_screenshot_as_png())) as picture:
                    picture.convert("RGB").save(folder / f"{name}.webp", quality=88, method=6)


def play(story: Story) -> Iterator[str]:
    """The story; gives the name of each picture when it is to be taken."""
    story.until("document.querySelectorAll('.card.is-draft img.there').length == 6")
    yield "drafts"
    story.edit_prompt('source = "@bay"\ntags = ["social"]', 'source = "@bai"\ntags = ["social"]')
    story.until("document.querySelector('.problems')?.innerText.includes('@bai')")
    yield "mistake"
    before = story.picture("bay")
    story.edit_prompt('source = "@bai"', 'source = "@bay"')
    story.edit_prompt()
    story.until_other_picture("bay", before)
    story.press("Buy for at most", CARD % "bay")
    yield "approve"
    story.press("Yes", CARD % "bay")
    story.until_state("bay", "fresh")
    story.until_state("card", "fresh")
    yield "bought"
    story.open("bay")
    story.look_at("generate")
    story.press("Compare two")
    story.window.ask("[...document.querySelectorAll('.candidate')].slice(0, 2).forEach(one => one.click())")
    story.until("document.querySelector('input.slide')")
    story.settle()
    yield "compare"
    story.press("Stop comparing")
    story.press("Use this")
    story.until("document.querySelectorAll('.candidates li')[1]?.classList.contains('is-picked')")
    story.close()
    story.press("Buy for at most", CARD % "night")
    story.press("Yes", CARD % "night")
    story.until_state("night", "fresh")
    story.open("night")
    story.look_at("edit")
    story.settle()
    yield "edit"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
