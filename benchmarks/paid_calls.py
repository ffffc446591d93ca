"""Paid calls against a server that only answers: how near to the floor, and in how much memory.

python -m benchmarks.paid_calls [--quick]

The floor is calls x latency / calls at once: what no client can beat. Each line is a build of its own, by the
command line, with an empty store; time and peak of resident memory (files that are mapped included) are those of
its process, as the kernel counts them. Memory is also given for a build of the same manifest with one call, so
that what each call adds can be told from what Python, HTTP and pictures need to be loaded.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.answering import Answering

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = """
[provider.openai]
concurrency = {at_once}

[data]
numbers = {numbers}

[asset.noise]
matrix.number = "data.numbers"
prompt = "Noise, number {{{{ number }}}}"
size = "{size}"
quality = "low"
{output}
"""
OUTPUT = 'output = "noise-{{ number }}.png"'


@dataclass(frozen=True)
class Load:
    """What is built. `most` is how often the floor it may take, 0.0 where only memory is of interest."""

    name: str
    calls: int
    size: str
    latency: float
    at_once: int
    most: float
    output: str = ""


LOADS = (
    Load("256 x 3 MB, 4 s, 64 at once", 256, "1024x1024", 4.0, 64, 1.25),
    Load("500 x 3 MB, 0.2 s, 16 at once", 500, "1024x1024", 0.2, 16, 2.0),
    Load("64 x 25 MB, 64 at once", 64, "3840x2160", 4.0, 64, 0.0),
    Load("64 x 25 MB, 64 at once, and written out", 64, "3840x2160", 4.0, 64, 0.0, OUTPUT),
    Load("1 x 25 MB", 1, "3840x2160", 0.1, 1, 0.0),
)


def build(load: Load, url: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of one build."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as folder:
        root = Path(folder, "project")
        root.mkdir()
        text = MANIFEST.format(
            at_once=load.at_once, numbers=list(range(load.calls)), size=load.size, output=load.output
        )
        (root / "assets.toml").write_text(text)
        environ = {
            **os.environ,
            "ASSETFORGE_CACHE_DIR": f"{folder}/store",
            "ASSETFORGE_CONFIG_DIR": f"{folder}/config",
            "OPENAI_API_KEY": "benchmark",
            "OPENAI_BASE_URL": url,
            "PYTHONPATH": str(ROOT),
        }
        began = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "assetforge", "build", "--yes", "-q"], cwd=root, env=environ)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"the build ended with {child.returncode}")
        return time.monotonic() - began, used.ru_maxrss / 1024


def main() -> None:
    quick = "--quick" in sys.argv
    print(f"{'load':<42} {'seconds':>8} {'floor':>7} {'ratio':>6} {'peak MB':>8}")
    for load in LOADS:
        with Answering(size=load.size, latency=load.latency) as server:
            runs = [build(load, server.url) for _ in range(1 if quick else 3)]
        seconds, peak = sorted(taken for taken, _ in runs)[len(runs) // 2], max(peak for _, peak in runs)
        floor = load.calls * load.latency / load.at_once
        ratio = f"{seconds / floor:6.2f}" if load.most else "      "
        goal = f"  (at most {load.most})" if load.most else ""
        print(f"{load.name:<42} {seconds:8.2f} {floor:7.2f} {ratio} {peak:8.0f}{goal}", flush=True)


if __name__ == "__main__":
    main()
