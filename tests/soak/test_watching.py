"""A watch by force: a minute in which nothing may happen, and a thousand random changes with one right end."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.images_server import ImagesServer
from tests.watch.projects import LOCAL, TWO, write_everything, write_one
from tests.watch.watching import Watching

pytestmark = pytest.mark.soak

STILL, CHANGES = 60.0, 1_000
# Another program that writes beside a watch: pages, previews and temporary files.
BESIDE = 0.25
SHOTS = """
[project]
include = ["more/*.assets.toml"]
output_dir = "out"
[data]
shots = "in/**/*.png"
[asset.shot]
matrix.shot = "data.shots"
source = "{{ shot.path }}"
output = { path = "{{ shot.path | replace('/', '-') }}", width = 8 }
[asset.hero]
prompt = "A lighthouse {% include 'words.md' %}"
size = "1024x640"
output = { path = "hero.png", width = 16 }
"""


def still(watch: Watching, project: Builder) -> int:
    """How many rounds come in a minute in which nobody saves a file that is read."""
    watch.round()
    watch.calm()
    end, written, rounds = time.monotonic() + STILL, 0, 0
    while time.monotonic() < end:
        project.write({f"assetforge-gallery/pictures/{written}.webp": b"x", "assetforge-gallery/index.html": "page"})
        project.write({f"note-{written % 7}.tmp": "x"})
        written += 1
        time.sleep(BESIDE)
        rounds += len(watch.calm())
    return rounds


def test_in_a_minute_nothing_is_built_that_nobody_asked_for(project: Builder, images: ImagesServer) -> None:
    twins = [
        Builder(project.home / name, project.root / name, images.environ) for name in ("real", "drafted", "live")
    ]
    watches = []
    for twin in twins:
        twin.root.mkdir()
        twin.home.mkdir()
    write_everything(twins[0])
    write_one(twins[1], TWO + LOCAL)
    write_one(twins[2], TWO + LOCAL)
    try:
        watches = [Watching(twins[0]), Watching(twins[1]), Watching(twins[2], "--live", "--max-cost", "1")]
        began = time.monotonic()
        for watch in watches[1:]:
            watch.round()
        assert still(watches[0], twins[0]) == 0
        others = [watch.calm() for watch in watches[1:]]
        used = [cpu_seconds(watch.process.pid) for watch in watches]
        print(f"\n{time.monotonic() - began:.0f} s: seconds of processor {', '.join(f'{one:.1f}' for one in used)}")
        assert others == [[], []]
        assert [watch.end() for watch in watches] == [130] * 3
    finally:
        for watch in watches:
            watch.close()
    assert len(images.calls) == 2


def cpu_seconds(pid: int) -> float:
    """What a process has used until now; nothing where the system does not tell."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Chaos:
    """Random changes of one project."""

    def __init__(self, project: Builder, chance: random.Random) -> None:
        self.project, self.chance = project, chance
        self.colours = ("red", "lime", "blue", "olive", "aqua", "maroon", "navy", "purple")

    def step(self) -> None:
        """One of them."""
        self.chance.choice(
            (self.save, self.save, self.save, self.rename, self.remove, self.words, self.folder, self.manifest)
        )()

    def place(self) -> Path:
        # The names of files are those of instances, and each is there once.
        folder, name = self.chance.choice((("in", "a"), ("in/deep", "b"), ("in/deep/er", "c")))
        return self.project.root / folder / f"{name}{self.chance.randrange(6)}.png"

    def save(self) -> None:
        path, data = self.place(), picture(self.chance.choice(self.colours))
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.chance.random() < 0.5:
            path.write_bytes(data)
            return
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(data)
        temporary.replace(path)

    def rename(self) -> None:
        one, other = self.place(), self.place()
        if one.exists():
            other.parent.mkdir(parents=True, exist_ok=True)
            one.replace(other)

    def remove(self) -> None:
        self.place().unlink(missing_ok=True)

    def words(self) -> None:
        self.project.write({"words.md": f"number {self.chance.randrange(5)}"})

    def folder(self) -> None:
        deep, away = self.project.root / "in/deep", self.project.root / "away"
        if away.exists() and not deep.exists():
            away.rename(deep)
        elif deep.exists() and not away.exists() and self.chance.random() < 0.5:
            deep.rename(away)
        else:
            shutil.rmtree(deep, ignore_errors=True)

    def manifest(self) -> None:
        kind = self.chance.randrange(4)
        if kind == 0:
            self.project.write({"assets.toml": SHOTS.replace("width = 8", f"width = {self.chance.randrange(4, 9)}")})
        elif kind == 1:
            self.project.write({"assets.toml": SHOTS[: self.chance.randrange(len(SHOTS))]})
        elif kind == 2:
            self.project.write({"more/x.assets.toml": f"[vars]\nx{self.chance.randrange(3)} = 1\n"})
        else:
            (self.project.root / "more/x.assets.toml").unlink(missing_ok=True)


def test_a_thousand_random_changes_end_in_what_a_fresh_build_makes(project: Builder, images: ImagesServer) -> None:
    seed = int(os.environ.get("SOAK_SEED", "2026"))
    chance = random.Random(seed)
    project.environ |= images.environ
    project.write({"assets.toml": SHOTS, "words.md": "", "in/first.png": picture(), "more/none.txt": ""})
    watch, chaos, began = Watching(project), Chaos(project, chance), time.monotonic()
    try:
        watch.round()
        for _ in range(20):
            for _ in range(CHANGES // 20):
                chaos.step()
                time.sleep(chance.choice((0, 0, 0.001, 0.01, 0.05)))
            project.write({"assets.toml": SHOTS, "in/first.png": picture(chance.choice(chaos.colours))})
            settle(watch)
            compare(project)
        rounds, cut = len(watch.rounds), sum(bool(one.row["overtaken"]) for one in watch.rounds)
        took = time.monotonic() - began
        assert watch.end(signal.SIGTERM) == 130
    finally:
        watch.close()
    assert images.calls == []
    print(f"\n{CHANGES} changes (seed {seed}) in {took:.0f} s: {rounds} rounds, {cut} of them cut short")


def settle(watch: Watching) -> None:
    """Returns when no round came for a while."""
    watch.round()
    while watch.calm():
        pass
    time.sleep(1.0)
    while watch.calm():
        pass


def compare(project: Builder) -> None:
    """What the watch has built is what somebody else makes of the same files."""
    other = Builder(project.home / "other", project.home / "fresh", {})
    shutil.rmtree(other.root, ignore_errors=True)
    shutil.rmtree(other.home, ignore_errors=True)
    other.home.mkdir()
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns("out", "assets.lock", "away"))
    assert other.call("build", "--draft").code == 0
    ours, theirs = project.files(), other.files()
    made = {path for path in theirs if path.startswith("out/")}
    assert {path: ours.get(path) for path in made} == {path: theirs[path] for path in made}
