"""Builds that are killed at random instants, again and again, and the builds that come after them.

Each turn has other prompts, so that there is always something to buy: single pictures, candidates by the three, and
edits of what was bought.
"""

import io
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from PIL import Image

from assetforge.simulate.drawing import Pieces, Wanted
from tests.images_server import ImagesServer, draw
from tests.promises.processes import kill, wait_for_plan, wait_until
from tests.promises.site import LOCK, MANIFEST, Site
from tests.soak.accounts import ARRIVED, Account, Left, check_outputs, entries_of, left_behind, settle

# Seconds of each call of builds that are killed, and of those that come after them.
LATENCY, QUICK = 0.15, 0.03
# How long a build takes from its plan to its end, and from its start to its plan; kills fall in between.
SPAN, START = 0.85, 0.35
SEED = 2026

MANIFEST_TEXT = """
[vars]
turn = "TURN"

[provider.openai]
concurrency = 6
max_n_per_request = 3

[asset.icon]
matrix.item = ["axe", "bow", "cup", "dot", "egg", "fan"]
prompt = "{{ item }} {{ turn }}"
size = "1024x640"
output = { path = "icons/{{ item }}.png", width = 64 }

[asset.trio]
matrix.item = ["gem", "hat"]
prompt = "{{ item }} {{ turn }}"
size = "1024x640"
n = 3
pick = 2
output = "trios/{{ item }}.png"

[asset.night]
matrix.item = ["axe", "bow", "cup"]
source = "@icon[item={{ item }}]"
output = "nights/{{ item }}.jpg"
steps = [{ op = "edit", prompt = "night {{ item }} {{ turn }}" }]
"""
PICTURES = 6 + 2 * 3 + 3


@dataclass
class Figures:
    """What came of many kills, for people to read."""

    kills: int = 0
    builds: int = 0
    calls: int = 0
    paid: int = 0
    kept: int = 0
    unheard: int = 0
    said: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def add(self, account: Account) -> None:
        self.calls += account.calls
        self.paid += account.paid
        self.kept += account.kept
        self.unheard += account.unheard
        self.said += account.said

    def __str__(self) -> str:
        phases = ", ".join(f"{name} {number}" for name, number in sorted(self.phases.items()))
        return (
            f"{self.kills} builds ended early, {self.builds} finished after them: {self.calls} calls, "
            f"{self.paid} images paid, {self.kept} kept, {self.unheard} never heard of, "
            f"{self.said} said to be maybe billed; {time.monotonic() - self.began:.0f} s\n  what they left: {phases}"
        )


def noise(wanted: Wanted) -> Pieces:
    """A picture as large as one can be: three bytes a pixel."""
    wide, _, high = wanted.size.partition("x")
    size, spooled = (int(wide), int(high)), io.BytesIO()
    pixels = random.Random(wanted.serial).randbytes(size[0] * size[1] * 3)
    Image.frombytes("RGB", size, pixels).save(spooled, "png", compress_level=0)
    return (spooled.getvalue(),)


def noisy(wanted: Wanted) -> Pieces:
    """A picture as the server draws it; every third of noise, whose answer takes its time to the disk."""
    if wanted.serial % 3 == 0:
        return noise(wanted)
    return (draw(wanted.serial, wanted.size, wanted.format, 100),)


def write_turn(site: Site, turn: int) -> None:
    """Other prompts than ever before."""
    site.write(MANIFEST, MANIFEST_TEXT.replace("TURN", str(turn)))


def kill_somewhere(site: Site, chance: random.Random, *, planned: bool) -> None:
    """Starts a build and kills it, after its plan or at any time since its start."""
    child = site.start(PYTHONUNBUFFERED="1")
    if planned:
        wait_for_plan(child)
        time.sleep(chance.uniform(0, SPAN))
    else:
        time.sleep(START + chance.uniform(0, SPAN))
    kill(child)


def turn_of_kills(site: Site, server: ImagesServer, chance: random.Random, figures: Figures) -> None:
    """One build or two are killed in a row; the one that follows finishes, and nothing that had arrived is lost."""
    lock, outputs = site.files().get(LOCK, b""), site.times()
    before = len(server.calls)
    left: dict[str, Left] = {}
    found: list[Left] = []
    server.latency = LATENCY
    for again in range(chance.choice((1, 1, 2))):
        kill_somewhere(site, chance, planned=not again)
        found = left_behind(site)
        figures.kills += 1
        figures.phases.update(one.phase for one in found)
        if not found:
            figures.phases[_between(site, lock, outputs, asked=len(server.calls) > before)] += 1
        left |= {one.call: one for one in found if not (one.call in left and left[one.call].arrived)}
    server.latency = QUICK
    report = site.build()
    said = " ".join(site.warnings)
    assert not report.failed
    check_said(said, found)
    check_left(site, left)
    check_outputs(site)
    assert site.build().calls == 0
    figures.builds += 1


def _between(site: Site, lock: bytes, outputs: dict[str, int], *, asked: bool) -> str:
    """Where a build was that left no open call."""
    if not asked:
        return "(before its first call)"
    if site.files().get(LOCK, b"") != lock:
        return "(lock written)"
    now = {path: moment for path, moment in site.times().items() if path != MANIFEST}
    placed = any(outputs.get(path) != moment for path, moment in now.items())
    return "(outputs placed)" if placed else "(between calls)"


def check_left(site: Site, left: dict[str, Left]) -> None:
    """What had arrived at a kill is stored under its own call; all else that had begun is told of."""
    entries = entries_of(site)
    for one in left.values():
        told = {entry.event: entry for entry in entries if entry.call == one.call}
        if one.arrived:
            assert "stored" in told, one
            assert len([digest for digest in told["stored"].digests if digest]) == len(one.keys), one
        else:
            assert told, one


def check_said(said: str, left: Iterable[Left]) -> None:
    """The build that finishes a dead one says so of calls whose answer is there, and of those without one."""
    phases = {one.phase for one in left}
    assert "ended early" in said or not phases & set(ARRIVED), said
    assert "may have been billed" in said or not phases & {"noted", "under way"}, said


def chapter(site: Site, server: ImagesServer, chance: random.Random, figures: Figures, kills: int) -> None:
    """So many kills on one store, then the books."""
    end, turn = figures.kills + kills, 0
    while figures.kills < end:
        turn += 1
        write_turn(site, turn)
        turn_of_kills(site, server, chance, figures)
    wait_until(lambda: all(call.ended for call in server.calls))
    account = settle(site, server)
    assert account.kept == turn * PICTURES
    assert account.paid == account.kept + account.unheard
    figures.add(account)
