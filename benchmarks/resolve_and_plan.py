"""Resolving and planning one matrix of N instances, or N entries, in fresh processes that take turns.

    python -m benchmarks.resolve_and_plan [N ...] [--entries N] [--runs 5]

`api` is `assetforge.load(".").plan()`, imports included; `cli` is `assetforge plan --json`, which also writes it all
out; `python` a bare start. Wall seconds are medians of the runs after a warm-up, memory is the peak in MiB.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MANIFEST = """
[project]
output_dir = "out"
[vars]
style = "flat vector, muted earth tones"
house = "In {{ style }}."
[data]
items = "items.csv"
[asset.icon]
matrix.item = "data.items"
prompt = "A {{ item.look }} of {{ item.name }}. {{ house }}"
size = "256x256"
steps = [{ op = "resize", width = 128, height = 128 }]
output = "icons/{{ item.id }}.png"
overrides = [{ when = { item.kind = "k3" }, quality = "low" }]
"""


ENTRY = """
[asset.icon-{index}]
prompt = "A shiny thing {index} of Item {index}. {{{{ house }}}}"
size = "256x256"
steps = [{{ op = "resize", width = 128, height = 128 }}]
output = "icons/item-{index}.png"
"""


def write_entries(folder: Path, instances: int) -> None:
    """A manifest with as many assets."""
    head = MANIFEST[: MANIFEST.index("[data]")]
    entries = "".join(ENTRY.format(index=index) for index in range(instances))
    (folder / "assets.toml").write_text(head + entries, "utf-8")


def write_matrix(folder: Path, instances: int) -> None:
    """A manifest with one asset, and the CSV its axis comes from."""
    rows = (f"item-{index},Item {index},shiny thing {index},k{index % 10}" for index in range(instances))
    (folder / "assets.toml").write_text(MANIFEST, "utf-8")
    (folder / "items.csv").write_text("\n".join(["id,name,look,kind", *rows]) + "\n", "utf-8")


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of one run."""
    environ = {**os.environ, "ASSETFORGE_CACHE_DIR": str(folder / "cache")}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    unit = 1024 if sys.platform != "darwin" else 1024**2
    return seconds, used.ru_maxrss / unit


API = "import gc; gc.set_threshold(1_000_000, 50, 100); import assetforge; assetforge.load('.').plan()"
COMMANDS = {
    "api": [sys.executable, "-c", API],
    "cli": [sys.executable, "-m", "assetforge", "plan", "--json"],
    "python": [sys.executable, "-c", "pass"],
}


def main() -> None:
    """Prints one row for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--entries", type=int, action="append", default=[])
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    print(f"{'instances':>17} {'api s':>7} {'spread':>14} {'MiB':>5} {'cli s':>7} {'MiB':>5} {'python s':>9}")
    rows = [(size, "matrix", write_matrix) for size in asked.sizes]
    rows += [(size, "entries", write_entries) for size in asked.entries]
    for instances, kind, write in rows:
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), instances)
            measure(COMMANDS["cli"], Path(name))
            rounds = [
                {command: measure(words, Path(name)) for command, words in COMMANDS.items()}
                for _ in range(asked.runs)
            ]
        seconds = {command: [taken[command][0] for taken in rounds] for command in COMMANDS}
        memory = {command: max(taken[command][1] for taken in rounds) for command in COMMANDS}
        middle = {command: statistics.median(walls) for command, walls in seconds.items()}
        spread = f"{min(seconds['api']):.2f} to {max(seconds['api']):.2f}"
        print(
            f"{instances:>9,} {kind:>7} {middle['api']:>7.2f} {spread:>14} {memory['api']:>5.0f} "
            f"{middle['cli']:>7.2f} {memory['cli']:>5.0f} {middle['python']:>9.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
