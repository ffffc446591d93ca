"""Nothing to do, one source changed, one touched, all from nothing: beside other tools on equal chains of files.

    python -m benchmarks.chains [--sizes 1000,10000] [--rounds 7] [--peers dvc,snakemake,doit,make,ninja]

N sources, N outputs. The peers copy a file, assetforge scales a small picture: cold builds are not compared with
them, but with a bare loop that reads, scales, writes and flushes as assetforge does. All rows of a table take turns;
times are medians, and a ratio is the median of each round's own. assetforge is built as a wheel and installed into
an environment of its own, the peers from PyPI into another; ninja and make are the system's where it has them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"doit": "doit", "dvc": "dvc", "snakemake": "snakemake"}
# Beyond these a cold build alone takes longer than anybody waits (docs/performance.md).
MOST = {"dvc": 200, "snakemake": 1_000, "doit": 10_000}

MANIFEST = """
[project]
output_dir = "out"
[data]
items = "items.csv"
[asset.chain]
matrix.item = "data.items"
source = "in/{{ item.id }}.png"
output = { path = "{{ item.id }}.webp", width = 16 }
"""
BARE = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
def one(name):
    with Image.open(f"in/{name}") as image:
        small = image.resize((16, 16), Image.Resampling.LANCZOS)
    temporary = f"out/.{name}"
    with open(temporary, "wb") as file:
        small.save(file, "WEBP", quality=80, method=4)
        file.flush()
    os.replace(temporary, f"out/{name[:-4]}.webp")
os.makedirs("out", exist_ok=True)
with ThreadPoolExecutor(os.cpu_count()) as pool:
    list(pool.map(one, sorted(os.listdir("in"))))
"""
DODO = """
import os, shutil
def task_copy():
    for name in sorted(os.listdir("in")):
        yield {"name": name, "file_dep": [f"in/{name}"], "targets": [f"out/{name}"],
               "actions": [(shutil.copyfile, [f"in/{name}", f"out/{name}"])]}
"""
SNAKEFILE = """
import os
NAMES = sorted(os.listdir("in"))
rule all:
    input: expand("out/{name}", name=NAMES)
rule copy:
    input: "in/{name}"
    output: "out/{name}"
    run: shutil.copyfile(input[0], output[0])
"""

# A process begins as a copy of its parent, and its peak of memory with its parent's: this one is small.
RUNNER = """
import os, sys, time
began = time.perf_counter()
to_nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_nowhere)
_, status, used = os.wait4(child, 0)
print(time.perf_counter() - began, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Tool:
    """A build tool: how its project is written into a folder that has `in/`, and the command that builds it."""

    name: str
    write: Callable[[Path], None]
    command: tuple[str, ...]


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "in"))


def write_assetforge(folder: Path) -> None:
    (folder / "assets.toml").write_text(MANIFEST)
    (folder / "items.csv").write_text("\n".join(["id", *(name[:-4] for name in names_in(folder))]) + "\n")


def write_ninja(folder: Path) -> None:
    rows = [f"build out/{name}: cp in/{name}" for name in names_in(folder)]
    (folder / "build.ninja").write_text("\n".join(["rule cp", "  command = cp $in $out", *rows]) + "\n")


def write_make(folder: Path) -> None:
    (folder / "out").mkdir()
    targets = " ".join(f"out/{name}" for name in names_in(folder))
    (folder / "Makefile").write_text(f"all: {targets}\nout/%: in/%\n\t@cp $< $@\n")


def write_doit(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "dodo.py").write_text(DODO)


def write_dvc(folder: Path) -> None:
    (folder / "out").mkdir()
    rows = "".join(f"\n      - {name}" for name in names_in(folder))
    stage = "    cmd: cp in/${item} out/${item}\n    deps: [in/${item}]\n    outs: [out/${item}]\n"
    (folder / "dvc.yaml").write_text(
        f"stages:\n  copy:\n    foreach:{rows}\n    do:\n" + stage.replace("    ", "      ")
    )


def write_snakemake(folder: Path) -> None:
    (folder / "Snakefile").write_text("import shutil\n" + SNAKEFILE)


def write_bare(folder: Path) -> None:
    (folder / "bare.py").write_text(BARE)


def tools(environment: Path, peers: list[str]) -> list[Tool]:
    """What is measured, as far as it can be installed here."""
    own, others = environment / "own", environment / "peers"
    install(own, [wheel(environment), "pillow"])
    found = [Tool("assetforge", write_assetforge, (str(own / "bin/assetforge"), "build", "-q"))]
    wanted = [PACKAGES[name] for name in peers if name in PACKAGES]
    if wanted:
        install(others, wanted)
    commands = {
        "ninja": (shutil.which("ninja") or "", "--quiet"),
        "make": (shutil.which("make") or "", "-s", f"-j{os.cpu_count()}"),
        "doit": (str(others / "bin/doit"), "run", "-v0"),
        "dvc": (str(others / "bin/dvc"), "repro", "-q"),
        "snakemake": (str(others / "bin/snakemake"), "-q", "all", f"-c{os.cpu_count()}"),
    }
    writers = {
        "ninja": write_ninja, "make": write_make, "doit": write_doit, "dvc": write_dvc, "snakemake": write_snakemake,
    }  # fmt: skip
    for name in peers:
        if not commands[name][0]:
            print(f"{name} is not on this machine, and left out", file=sys.stderr)
            continue
        found.append(Tool(name, writers[name], commands[name]))
    return found


def wheel(environment: Path) -> str:
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(environment), str(ROOT)], ROOT)
    return str(next(environment.glob("assetforge*.whl")))


def install(environment: Path, packages: list[str]) -> None:
    # The command that an older pip writes imports `re`, which takes half as long as a bare start.
    run([sys.executable, "-m", "venv", str(environment)], ROOT)
    run([str(environment / "bin/pip"), "install", "-q", "--upgrade", "pip"], ROOT)
    run([str(environment / "bin/pip"), "install", "-q", *packages], ROOT)


def run(command: list[str] | tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Wall seconds, and peak memory in MiB of the command itself."""
    environ = {**os.environ, "ASSETFORGE_CACHE_DIR": str(folder / ".store"), "DVC_NO_ANALYTICS": "1"}
    runner = [sys.executable, "-I", "-S", "-c", RUNNER, *command]
    told = subprocess.run(runner, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{command} ended with {told.returncode}:\n{told.stderr[-2000:]}")
    seconds, peak = map(float, told.stdout.split()[-2:])
    return seconds, peak / (1024 if sys.platform != "darwin" else 1024**2)


def draw_sources(folder: Path, count: int) -> None:
    """Small pictures, each another one."""
    folder.mkdir(parents=True)
    for number in range(count):
        image = Image.linear_gradient("L").resize((32, 32))
        tinted = Image.merge("RGB", (image, image.rotate(90), Image.new("L", (32, 32), number % 251)))
        tinted.putpixel((number % 32, number // 32 % 32), (number % 256, number // 256 % 256, 7))
        tinted.save(folder / f"s{number:06}.png", compress_level=1)


def change(folder: Path, turn: int) -> None:
    """One source with another content."""
    path = folder / "in" / "s000007.png"
    with Image.open(path) as image:
        image.load()
    image.putpixel((3, 3), (turn % 256, 250, turn // 256))
    image.save(path)


def touch(folder: Path, _: int) -> None:
    """One source with another time only."""
    os.utime(folder / "in" / "s000007.png")


def nothing(_: Path, __: int) -> None:
    """Nothing changed."""


SCENARIOS = {"no-op": nothing, "one changed": change, "one touched": touch}


def compare(found: list[Tool], count: int, rounds: int, base: Path) -> None:
    """One table: a cold build of each, then rounds in which all take turns."""
    draw_sources(base / "sources", count)
    folders: dict[str, Path] = {}
    for tool in found:
        folder = folders[tool.name] = base / tool.name
        folder.mkdir()
        shutil.copytree(base / "sources", folder / "in")
        tool.write(folder)
        cold, _ = run(tool.command, folder)
        run(tool.command, folder)
        print(f"{count:>8,} {'cold, once':<12} {tool.name:<11} {cold:9.3f}", flush=True)
    bare = base / "bare"
    bare.mkdir()
    shutil.copytree(base / "sources", bare / "in")
    write_bare(bare)
    own_python = str(Path(found[0].command[0]).with_name("python"))
    print(
        f"{count:>8,} {'cold, once':<12} {'bare loop':<11} {run((own_python, 'bare.py'), bare)[0]:9.3f}", flush=True
    )
    for name, alter in SCENARIOS.items():
        taken: dict[str, list[tuple[float, float]]] = {tool.name: [] for tool in found}
        for turn in range(rounds):
            for tool in found:
                alter(folders[tool.name], turn)
                taken[tool.name].append(run(tool.command, folders[tool.name]))
        for tool in found:
            seconds = [wall for wall, _ in taken[tool.name]]
            ratio = statistics.median(
                wall / other for (wall, _), (other, _) in zip(taken[tool.name], taken[found[-1].name], strict=True)
            )
            memory = max(peak for _, peak in taken[tool.name])
            print(
                f"{count:>8,} {name:<12} {tool.name:<11} {statistics.median(seconds):9.3f} "
                f"{ratio:8.2f} x {found[-1].name:<7} {memory:6.0f} MiB",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default="doit,make,ninja", help="the last one is what ratios are of")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        found = tools(Path(name), [peer for peer in asked.peers.split(",") if peer])
        for size in map(int, asked.sizes.split(",")):
            able = [tool for tool in found if size <= MOST.get(tool.name, size)]
            compare(able, size, asked.rounds, Path(name, str(size)))


if __name__ == "__main__":
    main()
