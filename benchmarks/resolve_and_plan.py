"""Resolving and planning one matrix of N instances, as `assetforge plan` does it, in fresh processes.

    python -m benchmarks.resolve_and_plan [N ...]

Prints wall seconds (the median of five runs after a warm-up) and peak memory in MiB beside a bare Python start.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
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


def write_project(folder: Path, instances: int) -> None:
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


def main() -> None:
    """Prints one row for each size."""
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 10_000]
    print(f"{'instances':>10} {'plan s':>8} {'spread':>15} {'peak MiB':>9} {'python s':>9}")
    for instances in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_project(folder, instances)
            plan = [sys.executable, "-m", "assetforge", "plan", "--json"]
            bare = [sys.executable, "-c", "pass"]
            measure(plan, folder)
            runs = [(measure(plan, folder), measure(bare, folder)) for _ in range(RUNS)]
        walls = [planned[0] for planned, _ in runs]
        memory = max(planned[1] for planned, _ in runs)
        start = statistics.median(started[0] for _, started in runs)
        spread = f"{min(walls):.2f} to {max(walls):.2f}"
        print(f"{instances:>10,} {statistics.median(walls):>8.2f} {spread:>15} {memory:>9.0f} {start:>9.3f}")


if __name__ == "__main__":
    main()
