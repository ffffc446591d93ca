"""Pictures scaled and encoded: assetforge beside a bare Pillow loop, ImageMagick and sharp, taking turns.

    python -m benchmarks.renditions [--quick]

Every line is a process of its own on the same files with the same sizes, qualities and number of threads, and every
build starts with an empty store. Wall seconds are medians; `x Pillow` is the median of the rounds' ratios to the bare
Pillow loop. Memory is the peak of the process (of ImageMagick, of one of its two), less that of the same program on
one tiny picture, for each pixel of a source and each worker. ImageMagick and sharp are left out where they can't be
had; sharp is installed from npm into a temporary folder.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKERS = os.cpu_count() or 1
TINY = (16, 16)
MANIFEST = """
[data]
numbers = {numbers}
[asset.photo]
matrix.number = "data.numbers"
source = "photos/{{{{ number }}}}.png"
[asset.photo.output]
path = "out/{{{{ number }}}}-{{{{ width }}}}.{{{{ format }}}}"
format = {formats}
width = {widths}
"""


@dataclass(frozen=True)
class Load:
    """What is made: of so many pictures of one size each width in each format."""

    name: str
    pictures: int
    size: tuple[int, int]
    widths: tuple[int, ...]
    formats: tuple[str, ...]
    rounds: int
    most_bytes: int


LOADS = (
    Load("100 PNG of 2048x2048 to WebP of 512", 100, (2048, 2048), (512,), ("webp",), 5, 8),
    Load(
        "1 PNG of 2048x2048, twelve renditions",
        1,
        (2048, 2048),
        (320, 640, 1280, 1920),
        ("avif", "webp", "jpg"),
        5,
        30,
    ),
    Load("8 PNG of 3840x2160 to AVIF as large", 8, (3840, 2160), (3840,), ("avif",), 3, 30),
)


@dataclass(frozen=True)
class Project:
    """A folder with the pictures of a load, and where its renditions go."""

    root: Path
    load: Load

    def renditions(self) -> list[dict[str, object]]:
        """Each rendition: what it is made from, its path, width and format."""
        return [
            {
                "source": f"photos/{number}.png",
                "output": f"out/{number}-{width}.{form}",
                "width": width,
                "format": form,
            }
            for number in range(self.load.pictures)
            for form in self.load.formats
            for width in self.load.widths
        ]

    def prepare(self) -> None:
        """Nothing made before is there, and nothing is waiting to be written."""
        for name in ("out", "store"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        (self.root / "out").mkdir()
        os.sync()


def set_up(root: Path, load: Load) -> Project:
    """The pictures, a manifest, and the same as a list for the others."""
    project = Project(root, load)
    (root / "photos").mkdir(parents=True)
    numbers = [str(number) for number in (load.pictures, *load.size)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.photographs", root / "photos", *numbers], cwd=HERE.parent, check=True
    )
    text = MANIFEST.format(numbers=list(range(load.pictures)), formats=list(load.formats), widths=list(load.widths))
    (root / "assets.toml").write_text(text)
    (root / "job.json").write_text(json.dumps({"threads": WORKERS, "renditions": project.renditions()}))
    return project


# --- who takes part -------------------------------------------------------------------------------------------


def assetforge(_: Project) -> list[str]:
    """A build by the command line."""
    return [sys.executable, "-m", "assetforge", "build", "-q"]


def pillow(_: Project) -> list[str]:
    """The bare loop."""
    return [sys.executable, "-m", "benchmarks.bare_pillow", "job.json"]


QUALITY = {"webp": "80", "avif": "60", "jpg": "82"}
DEFINED = {"webp": ["-define", "webp:method=4"], "avif": ["-define", "heic:speed=8"], "jpg": ["-interlace", "JPEG"]}


def imagemagick(project: Project) -> list[str]:
    """`convert` for each rendition, in two processes at once."""
    lines = []
    for one in project.renditions():
        form, width = str(one["format"]), one["width"]
        how = ["-filter", "Lanczos", "-resize", f"{width}x", "-quality", QUALITY[form], *DEFINED[form]]
        lines.append("\0".join(["convert", str(one["source"]), *how, str(one["output"])]))
    per_line = lines[0].count("\0") + 1
    assert all(line.count("\0") + 1 == per_line for line in lines)
    (project.root / "convert.args").write_text("\0".join(lines) + "\0")
    return ["xargs", "-0", "-a", "convert.args", "-n", str(per_line), "-P", "2", "env"]


def find_imagemagick() -> bool:
    """Whether `convert` is there, and is ImageMagick's."""
    if shutil.which("convert") is None:
        return False
    told = subprocess.run(["convert", "-list", "format"], capture_output=True, text=True, check=False).stdout
    return all(name in told for name in ("WEBP", "AVIF"))


def install_sharp(folder: Path) -> Path | None:
    """sharp from npm; None where there is no node, no npm or no sharp to be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    (folder / "package.json").write_text("{}")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "sharp"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return folder if done.returncode == 0 else None


def contestants(folder: Path) -> Mapping[str, Callable[[Project], list[str]]]:
    """Who can take part here, by name; says who can't."""
    found: dict[str, Callable[[Project], list[str]]] = {"assetforge": assetforge, "Pillow": pillow}
    if find_imagemagick():
        found["ImageMagick"] = imagemagick
    else:
        print("ImageMagick is not here, or has no WebP or AVIF: left out")
    where = install_sharp(folder)
    if where is not None:
        script = str(HERE / "sharp_loop.cjs")
        found["sharp"] = lambda _: ["node", script, "job.json", str(where)]
    else:
        print("sharp is not to be had: left out")
    return found


# --- measuring ------------------------------------------------------------------------------------------------


def run(command: Sequence[str], project: Project) -> tuple[float, float]:
    """Wall seconds and peak memory in bytes of one run, which must have made every file."""
    project.prepare()
    environ = {
        **os.environ,
        "ASSETFORGE_CACHE_DIR": str(project.root / "store"),
        "ASSETFORGE_CONFIG_DIR": str(project.root / "config"),
        "PYTHONPATH": str(HERE.parent),
        # ImageMagick would take threads of its own in each process.
        "OMP_NUM_THREADS": "1",
    }
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=project.root, env=environ)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    missing = [one["output"] for one in project.renditions() if not (project.root / str(one["output"])).is_file()]
    if process.returncode or missing:
        raise SystemExit(
            f"{' '.join(command[:4])} ended with {process.returncode}, and {len(missing)} files are missing"
        )
    return seconds, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def compare(load: Load, rounds: int, makers: Mapping[str, Callable[[Project], list[str]]], root: Path) -> None:
    """Runs a load by each in turn, and prints a line for each."""
    small = replace(
        load, pictures=1, size=TINY, widths=tuple(width * TINY[0] // load.size[0] for width in load.widths)
    )
    tiny = set_up(root / "tiny", small)
    project = set_up(root / "all", load)
    idle = {name: run(make(tiny), tiny)[1] for name, make in makers.items()}
    taken = [{name: run(make(project), project) for name, make in makers.items()} for _ in range(rounds)]
    pixels, files = load.size[0] * load.size[1], len(project.renditions())
    print(f"\n{load.name}, {WORKERS} at once (at most {load.most_bytes} bytes a pixel and worker)")
    print(f"{'':<12} {'seconds':>8} {'files/s':>8} {'x Pillow':>9} {'peak MB':>8} {'bytes/pixel/worker':>19}")
    for name in makers:
        seconds = statistics.median(one[name][0] for one in taken)
        ratio = statistics.median(one[name][0] / one["Pillow"][0] for one in taken)
        peak = max(one[name][1] for one in taken)
        workers = 1 if name == "ImageMagick" else min(WORKERS, files)
        weight = (peak - idle[name]) / pixels / workers
        print(
            f"{name:<12} {seconds:8.2f} {files / seconds:8.1f} {ratio:9.2f} {peak / 1e6:8.0f} {weight:19.1f}",
            flush=True,
        )


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        folder = Path(name)
        makers = contestants(folder)
        for number, load in enumerate(LOADS):
            chosen = replace(load, pictures=min(load.pictures, 12)) if quick else load
            compare(chosen, 1 if quick else load.rounds, makers, folder / str(number))
            shutil.rmtree(folder / str(number))


if __name__ == "__main__":
    main()
