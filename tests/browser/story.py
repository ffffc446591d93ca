"""A first day with the page, as a newcomer lives it: start the watch, edit a prompt, see the draft, approve the
price, compare the candidates, pick one. Tests and the screenshots of docs/looking.md play the same story.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.browser.site import Window
from tests.builder import Builder

MANIFEST = """\
[project]
name = "Northwind Sailing"

[vars]
style = "flat poster colours, calm water"

[asset.bay]
prompt = "A bay under green hills, three sails. {{ style }}"
size = "1536x1024"
n = 3
alt = "A bay with sailing boats"
tags = ["home"]
output = { path = "images/bay-{{ width }}.webp", width = [640, 1280] }

[asset.night]
source = "@bay"
tags = ["home"]
output = "images/night.webp"

[[asset.night.steps]]
op = "edit"
prompt = "The same bay at night, stars"

[asset.card]
source = "@bay"
tags = ["social"]
output = "images/card.png"

[[asset.card.steps]]
op = "resize"
width = 1200
height = 630
fit = "cover"

[[asset.card.steps]]
op = "text"
text = "Northwind Sailing"
size = 84
color = "white"
box = [0.05, 0.72, 0.9, 0.22]

[asset.port]
prompt = "A small port with {{ thing }}. {{ style }}"
size = "1024x1024"
tags = ["trips"]
output = "images/port-{{ thing | slug }}.webp"
matrix.thing = ["a lighthouse", "an old crane", "white steps"]
"""
GREEN, GOLDEN = "A bay under green hills, three sails", "A bay under golden hills at dusk, three sails"
PATIENCE = 20.0

# What is said of the card of an asset, and what is in its picture.
CARD = "document.querySelector('.card[data-name=\"%s\"]')"


@dataclass
class Story:
    """A watch with its page, in a browser's window. `url` lets the browser in."""

    project: Builder
    process: "subprocess.Popen[str]"
    window: Window
    url: str

    # --- what one does ---

    def edit_prompt(self, before: str = GREEN, after: str = GOLDEN) -> None:
        """Saves the manifest with another prompt, as an editor does."""
        text = self.project.text("assets.toml")
        assert before in text
        self.project.write({"assets.toml": text.replace(before, after)})

    def press(self, words: str, within: str = "document") -> None:
        """Presses the button that says this."""
        found = (
            "[...%s.querySelectorAll('button')].find(one => one.checkVisibility() && one.textContent.includes(%r))"
        )
        self.until(f"{found % (within, words)} && !{found % (within, words)}.disabled")
        # Who presses at once is not believed to have read what is asked.
        time.sleep(0.4)
        self.window.ask(f"{found % (within, words)}.click()")

    def open(self, name: str) -> None:
        """Looks at one asset."""
        self.window.ask(f"location.hash = {f'asset={name}'!r}")
        self.until("document.querySelector('dialog.detail')?.open")

    def look_at(self, stage: str) -> None:
        """Looks at one stage of the chain."""
        button = "[...document.querySelectorAll('.strip button')].find(one => one.textContent.includes(%r))"
        self.window.ask(f"{button % stage}.click()")

    def close(self) -> None:
        """Closes what is looked at."""
        self.window.ask("document.querySelector('dialog.detail').close()")

    def settle(self) -> None:
        """Lets messages of what was done go."""
        self.window.ask("document.querySelectorAll('.toast button').forEach(one => one.click())")

    # --- what one sees ---

    def until(self, condition: str) -> None:
        """Waits until something is true of the page."""
        deadline = time.monotonic() + PATIENCE
        while not self.window.ask(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition}\n{self.window.ask('return document.body.innerText')}"
            time.sleep(0.05)

    def until_state(self, name: str, state: str) -> None:
        """Waits until a card has this state, and its picture is there."""
        card = CARD % name
        self.until(f"{card}?.classList.contains('is-{state}') && {card}.querySelector('img')?.complete")

    def picture(self, name: str) -> str:
        """The address of a card's picture."""
        return str(self.window.ask(f"return {CARD % name}.querySelector('img:not(.ghost)').getAttribute('src')"))

    def until_other_picture(self, name: str, before: str) -> None:
        """Waits until a card has another picture."""
        self.until(f"{CARD % name}.querySelector('img:not(.ghost)')?.getAttribute('src') != {before!r}")

    def status(self) -> str:
        """What the line at the bottom says."""
        return str(self.window.ask("return document.querySelector('.status .line').innerText"))


@contextmanager
def playing(project: Builder, window: Window, *arguments: str) -> Iterator[Story]:
    """A watch of the story's project, with its page open in the window."""
    if not (project.root / "assets.toml").exists():
        project.write({"assets.toml": MANIFEST})
    process = project.start("watch", "--serve", *arguments)
    try:
        assert process.stderr is not None
        found = None
        while found is None:
            line = process.stderr.readline()
            assert line, "the watch ended"
            found = re.search(r"http://\S+", line)
        window.open(found[0])
        yield Story(project, process, window, found[0])
    finally:
        process.terminate()
        process.communicate(timeout=30)
