"""Nothing to do, one source changed, one touched, a line of the manifest changed, all from nothing: beside other
tools on equal chains of files.

    python -m benchmarks.chains [--sizes 1000,10000] [--rounds 7] [--peers dvc,snakemake,doit,make,ninja] [--side 32]

N sources, N outputs. The peers copy a file, assetforge scales a picture of `--side` pixels to half of that: cold
builds are not compared with them, but with a bare loop of as many threads that reads, scales and writes the same.
All rows of a table take turns; times are medians, and a ratio is the median of each round's own. assetforge is built
as a wheel and installed into an environment of its own, the peers from PyPI into another; ninja and make are the
system's where it has them.
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
PACKAGES = {"doit": "doit", "snakemake": "snakemake", "dvc": "dvc"}
# Beyond these a cold build alone takes longer than anybody waits (docs/performance.md).
# DVC reads and writes its lock file anew for each stage.
MOST = {"dvc": 200, "snakemake": 1_000, "doit": 10_000}

MANIFEST = """
[project]
output_dir = "out"
[data]
items = "items.csv"
[asset.chain]
matrix.item = "data.items"
source = "in/{{ item.id }}.png"
output = { path = "{{ item.id }}.webp", width = SIDE }
"""
BARE = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
def one(name):
    with Image.open(f"in/{name}") as image:
        small = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
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
    """A build tool: how its project is written into a folder that has `in/`, the command that builds it, and the
    file that says what is to be built."""

    name: str
    write: Callable[[Path], None]
    command: tuple[str, ...]
    file: str


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "in"))


def write_assetforge(folder: Path) -> None:
    with Image.open(folder / "in" / names_in(folder)[0]) as image:
        side = image.width // 2
    (folder / "assets.toml").write_text(MANIFEST.replace("SIDE", str(side)))
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


def write_snakemake(folder: Path) -> None:
    (folder / "Snakefile").write_text("import shutil\n" + SNAKEFILE)


def write_dvc(folder: Path) -> None:
    (folder / "out").mkdir()
    rows = ["stages:"]
    for name in names_in(folder):
        rows += [f"  {name[:-4]}:", f"    cmd: cp in/{name} out/{name}"]
        rows += [f"    deps: [in/{name}]", f"    outs: [out/{name}]"]
    (folder / "dvc.yaml").write_text("\n".join(rows) + "\n")
    (folder / ".dvc").mkdir()
    settings = ["[core]", "    no_scm = true", "    analytics = false", "    check_update = false"]
    (folder / ".dvc" / "config").write_text("\n".join(settings) + "\n")


def write_bare(folder: Path) -> None:
    with Image.open(folder / "in" / names_in(folder)[0]) as image:
        side = image.width // 2
    (folder / "bare.py").write_text(BARE.replace("SIDE", str(side)))


def tools(environment: Path, peers: list[str]) -> list[Tool]:
    """What is measured, as far as it can be installed here."""
    own, others = environment / "own", environment / "peers"
    install(own, [wheel(environment), "pillow"])
    found = [Tool("assetforge", write_assetforge, (str(own / "bin/assetforge"), "build", "-q"), "assets.toml")]
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
        "ninja": (write_ninja, "build.ninja"),
        "make": (write_make, "Makefile"),
        "doit": (write_doit, "dodo.py"),
        "dvc": (write_dvc, "dvc.yaml"),
        "snakemake": (write_snakemake, "Snakefile"),
    }
    for name in peers:
        if not commands[name][0]:
            print(f"{name} is not on this machine, and left out", file=sys.stderr)
            continue
        write, file = writers[name]
        found.append(Tool(name, write, commands[name], file))
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
    environ = {**os.environ, "ASSETFORGE_CACHE_DIR": str(folder / ".store")}
    runner = [sys.executable, "-I", "-S", "-c", RUNNER, *command]
    told = subprocess.run(runner, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{command} ended with {told.returncode}:\n{told.stderr[-2000:]}")
    seconds, peak = map(float, told.stdout.split()[-2:])
    return seconds, peak / (1024 if sys.platform != "darwin" else 1024**2)


def draw_sources(folder: Path, count: int, side: int) -> None:
    """Small pictures, each another one."""
    folder.mkdir(parents=True)
    image = Image.linear_gradient("L").resize((side, side))
    turned = image.rotate(90)
    for number in range(count):
        tinted = Image.merge("RGB", (image, turned, Image.new("L", (side, side), number % 251)))
        tinted.putpixel((number % side, number // side % side), (number % 256, number // 256 % 256, 7))
        tinted.save(folder / f"s{number:06}.png", compress_level=1)


def change(folder: Path, _: Tool, turn: int) -> None:
    """One source with another content."""
    path = folder / "in" / "s000007.png"
    with Image.open(path) as image:
        image.load()
    image.putpixel((3, 3), (turn % 256, 250, turn // 256))
    image.save(path)


def touch(folder: Path, _: Tool, __: int) -> None:
    """One source with another time only."""
    os.utime(folder / "in" / "s000007.png")


def say(folder: Path, tool: Tool, turn: int) -> None:
    """One line more in the file that says what is to be built, which changes nothing of it."""
    with (folder / tool.file).open("a") as file:
        file.write(f"# {turn}\n")


def nothing(_: Path, __: Tool, ___: int) -> None:
    """Nothing changed."""


SCENARIOS = {"no-op": nothing, "one changed": change, "one touched": touch, "a line": say}
Taken = dict[str, list[tuple[float, float]]]


def compare(found: list[Tool], count: int, rounds: int, base: Path) -> None:
    """One table: rounds in which all take turns."""
    folders: dict[str, Path] = {}
    for tool in found:
        folder = folders[tool.name] = base / tool.name
        folder.mkdir()
        shutil.copytree(base / "sources", folder / "in")
        tool.write(folder)
        run(tool.command, folder)
        run(tool.command, folder)
    for name, alter in SCENARIOS.items():
        taken: Taken = {tool.name: [] for tool in found}
        for turn in range(rounds):
            for tool in found:
                alter(folders[tool.name], tool, turn)
                taken[tool.name].append(run(tool.command, folders[tool.name]))
        show(taken, count, name)


def compare_cold(own: Tool, count: int, rounds: int, base: Path) -> None:
    """Everything made from nothing, beside a bare loop that makes the same."""
    folders = {"assetforge": base / "cold", "bare loop": base / "bare"}
    for folder in folders.values():
        folder.mkdir()
        shutil.copytree(base / "sources", folder / "in")
    own.write(folders["assetforge"])
    write_bare(folders["bare loop"])
    commands = {"assetforge": own.command, "bare loop": (str(Path(own.command[0]).with_name("python")), "bare.py")}
    taken: Taken = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            for made in ("out", ".store", "assets.lock"):
                shutil.rmtree(folders[name] / made, ignore_errors=True)
            (folders[name] / "assets.lock").unlink(missing_ok=True)
            os.sync()
            taken[name].append(run(command, folders[name]))
    show(taken, count, "cold")


def show(taken: Taken, count: int, scenario: str) -> None:
    """A row for each; ratios are to the last one."""
    last = list(taken)[-1]
    for name, runs in taken.items():
        seconds = [wall for wall, _ in runs]
        ratio = statistics.median(wall / other for (wall, _), (other, _) in zip(runs, taken[last], strict=True))
        memory = max(peak for _, peak in runs)
        print(
            f"{count:>8,} {scenario:<12} {name:<11} {statistics.median(seconds):9.3f} "
            f"{ratio:8.2f} x {last:<9} {memory:6.0f} MiB",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default="doit,make,ninja", help="the last one is what ratios are of")
    parser.add_argument("--side", type=int, default=32, help="of the sources, in pixels")
    parser.add_argument("--cold", type=int, default=3, help="rounds of cold builds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        found = tools(Path(name), [peer for peer in asked.peers.split(",") if peer])
        for size in map(int, asked.sizes.split(",")):
            able = [tool for tool in found if size <= MOST.get(tool.name, size)]
            base = Path(name, str(size))
            draw_sources(base / "sources", size, asked.side)
            if asked.rounds:
                compare(able, size, asked.rounds, base)
            if asked.cold:
                compare_cold(found[0], size, asked.cold, base)
            shutil.rmtree(base)


if __name__ == "__main__":
    main()
