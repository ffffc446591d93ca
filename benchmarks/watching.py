"""From a save to the finished local rebuild while `assetforge watch` runs, from outside: from when a file is saved to
when the bytes of the output are other ones.

    python -m benchmarks.watching [--sizes 1000,10000] [--rounds 15] [--pause 1.5]

One asset of N instances, each a picture of 32 pixels scaled to half. Saved are one source, in place and by rename;
one line of the manifest, which changes one output; and both while a picture is drafted beside them, so that nothing
is known to be clean. The watch is a process of its own.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from benchmarks.chains import draw_sources

MANIFEST = """
[project]
output_dir = "out"
[data]
items = "items.csv"
[asset.chain]
matrix.item = "data.items"
source = "in/{{ item.id }}.png"
output = { path = "{{ item.id }}.png", width = 16 }
[asset.one]
source = "in/s000007.png"
steps = [{ op = "tint", color = "COLOUR" }]
output = "one.png"
"""
DRAFTED = '[asset.hero]\nprompt = "A lighthouse"\nsize = "1024x640"\noutput = { path = "hero.png", width = 16 }\n'
PATIENCE = 600.0
Save = Callable[[Path, int], None]


def manifest_of(turn: int) -> str:
    return MANIFEST.replace("COLOUR", f"#{turn * 4099 % 0x1000000:06x}")


def source_of(turn: int) -> bytes:
    """A picture that no other turn gives, also when it is scaled."""
    spooled = io.BytesIO()
    Image.new("RGB", (32, 32), (turn * 7 % 256, turn * 11 % 256, turn * 13 % 256)).save(spooled, "PNG")
    return spooled.getvalue()


def in_place(folder: Path, turn: int) -> None:
    (folder / "in/s000003.png").write_bytes(source_of(turn))


def by_rename(folder: Path, turn: int) -> None:
    temporary = folder / "in/.new"
    temporary.write_bytes(source_of(turn))
    temporary.replace(folder / "in/s000003.png")


def a_line(folder: Path, turn: int) -> None:
    drafted = DRAFTED if "asset.hero" in (folder / "assets.toml").read_text() else ""
    (folder / "assets.toml").write_text(manifest_of(turn) + drafted)


SCENARIOS: dict[str, tuple[Save, str, bool]] = {
    "a source, in place": (in_place, "s000003.png", False),
    "a source, by rename": (by_rename, "s000003.png", False),
    "a line of the manifest": (a_line, "one.png", False),
    "a source, beside a draft": (in_place, "s000003.png", True),
    "a line, beside a draft": (a_line, "one.png", True),
}


@contextmanager
def watched(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A watch of the folder that has finished its first round."""
    environ = {**os.environ, "ASSETFORGE_CACHE_DIR": str(folder / ".store")}
    process = subprocess.Popen(
        [sys.executable, "-m", "assetforge", "-C", str(folder), "watch", "--json"], env=environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.communicate()


def measure(folder: Path, scenario: str, rounds: int, pause: float) -> list[float]:
    """Seconds of each round."""
    save, output, is_drafted = SCENARIOS[scenario]
    (folder / "assets.toml").write_text(manifest_of(0) + (DRAFTED if is_drafted else ""))
    taken = []
    path = folder / "out" / output
    with watched(folder):
        for turn in range(1, rounds + 2):
            time.sleep(pause)
            before = path.read_bytes()
            began = time.perf_counter()
            save(folder, turn)
            while path.read_bytes() == before:
                if time.perf_counter() - began > PATIENCE:
                    raise SystemExit(f"{scenario}: nothing was built")
                time.sleep(0.001)
            taken.append(time.perf_counter() - began)
    # The first one after a start loads what builds, and is told apart.
    return taken


def show(count: int, scenario: str, taken: list[float]) -> None:
    first, *others = (seconds * 1000 for seconds in taken)
    load = os.getloadavg()[0]
    print(
        f"{count:>8,} {scenario:<26} median {statistics.median(others):6.0f} ms  most {max(others):6.0f} ms  "
        f"first {first:6.0f} ms  load {load:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--pause", type=float, default=1.5, help="seconds between a round and the next save")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        for size in map(int, asked.sizes.split(",")):
            folder = Path(name, str(size))
            draw_sources(folder / "in", size, 32)
            rows = ["id", *(path.stem for path in sorted((folder / "in").iterdir()))]
            (folder / "items.csv").write_text("\n".join(rows) + "\n")
            for scenario in SCENARIOS:
                show(size, scenario, measure(folder, scenario, asked.rounds, asked.pause))
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
