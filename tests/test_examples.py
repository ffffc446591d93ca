"""The projects in `examples/`, and this project's own pictures, are what their READMEs say."""

import asyncio
import io
import json
import re
import shutil
from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from assetforge.model import Size
from assetforge.project import Options, Project, load
from assetforge.simulate.drawing import Pieces, Wanted
from tests.builder import Builder
from tests.images_server import ImagesServer, quickly

ROOT = Path(__file__).parent.parent
ITEMS = ("potion", "sword", "bow", "shield", "gem", "ghost")
TILES = [
    f"{theme}/{item}" for theme, item in product(("light", "dark"), ITEMS) if (item, theme) != ("ghost", "light")
]
LANGUAGES = ("en", "de", "fr", "es", "pl")
LAUNCHERS = {"mdpi": 2, "hdpi": 3, "xhdpi": 4, "xxhdpi": 6, "xxxhdpi": 8}
FAVICON = {"favicon.ico": (48, 48), "icon-192.png": (192, 192), "apple-touch-icon.png": (180, 180)}

# Every picture below the example's output folder, and its size: None where what is drawn tells it.
EXPECTED: dict[str, dict[str, tuple[int, int] | None]] = {
    "website": {
        **{
            f"images/hero-{width}w.{form}": (width, width * 9 // 16)
            for width, form in product((480, 768, 1280, 1920), ("avif", "webp"))
        },
        "images/hero-768w.jpg": (768, 432),
        "images/hero-1280w.jpg": (1280, 720),
        "images/hero-tall-480w.webp": (480, 600),
        "images/hero-tall-800w.webp": (800, 1000),
        "images/og-card.jpg": (1200, 630),
        **FAVICON,
    },
    "game-icons": {
        **{f"icons/{item}.png": None for item in ITEMS},
        **{f"tiles/{tile}-{width}.webp": (width, width) for tile, width in product(TILES, (64, 128))},
        "icons.webp": None,
        "chest.png": (768, 768),
    },
    "banners": {
        **{f"{lang}/spring-{width}.webp": (width, width // 3) for lang, width in product(LANGUAGES, (768, 1536))},
        **{f"{lang}/spring-feed.jpg": (512, 640) for lang in LANGUAGES},
    },
    "app-icon": {
        "ios/AppIcon.appiconset/AppIcon-1024.png": (1024, 1024),
        **{
            f"android/res/mipmap-{density}/ic_launcher{kind}.png": (times * unit, times * unit)
            for (density, times), (kind, unit) in product(
                LAUNCHERS.items(), (("", 24), ("_round", 24), ("_foreground", 54))
            )
        },
        "android/res/drawable-nodpi/ic_launcher_background.png": (432, 432),
        "android/ic_launcher-playstore.png": (512, 512),
        **{f"web/{kind}-{size}.png": (size, size) for kind, size in product(("pwa", "maskable"), (192, 512))},
        **{f"web/{name}": size for name, size in FAVICON.items()},
        "desktop/paperboat.icns": (512, 512),
        "desktop/paperboat.ico": (256, 256),
    },
}
# The text files that they emit, from the example's own folder.
EMITTED = {
    "website": {"src/pictures.html", "src/head.html", "src/assets.ts"},
    "game-icons": {"assets/icons.json"},
    "app-icon": {
        "icons/ios/AppIcon.appiconset/Contents.json",
        "icons/android/res/mipmap-anydpi-v26/ic_launcher.xml",
        "icons/android/res/mipmap-anydpi-v26/ic_launcher_round.xml",
        "icons/web/site.webmanifest",
        "icons/web/head.html",
    },
}
TEXTS = {".html", ".json", ".webmanifest", ".xml"}
PAID = {"website": 2, "game-icons": 9, "banners": 2, "app-icon": 3}
# Those in which nothing is paid for: the pictures of docs/steps.md, and a package with a step.
FREE = {"steps", "plugin"}


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("ASSETFORGE_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("ASSETFORGE_CONFIG_DIR", str(tmp_path / "config"))


def copied(name: str, to: Path) -> Project:
    """An example as it is committed, without what a build in place has left."""
    shutil.copytree(ROOT / "examples" / name, to)
    made = to / load(to).manifest.table.project.output_dir
    shutil.rmtree(made, ignore_errors=True)
    return load(to)


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Every picture below a folder, fully decoded, and its size."""
    found = {}
    for path in sorted(folder.rglob("*.*")):
        if path.is_dir() or path.suffix in TEXTS:
            continue
        with Image.open(path) as image:
            image.load()
            found[path.relative_to(folder).as_posix()] = image.size
    return found


def agree(name: str, root: Path) -> None:
    """What an example has made in a folder is what is expected, and nothing else."""
    found = sizes(root / load(root).manifest.table.project.output_dir)
    expected = EXPECTED[name]
    assert found == {path: expected.get(path) or size for path, size in found.items()}
    assert set(found) == set(expected)
    assert {path for path in EMITTED.get(name, ()) if not (root / path).is_file()} == set()


def on_the_ground_asked_for(wanted: Wanted) -> Pieces:
    """A shape on the plain colour that a prompt asks for, so that it can be cut out; else any picture."""
    ground = re.search(r"pure (#[0-9a-f]{6})\b", wanted.call.prompt)
    if ground is None:
        return quickly(wanted)
    size = Size.parse(wanted.size)
    with Image.new("RGB", size, ground[1]) as picture:
        pen = ImageDraw.Draw(picture)
        box = (size.width // 5, size.height // 4, size.width * 4 // 5, size.height * 3 // 4)
        pen.rounded_rectangle(box, radius=40, fill=(40, 60, 200 - wanted.serial), outline="white", width=24)
        spooled = io.BytesIO()
        picture.save(spooled, wanted.format)
    return (spooled.getvalue(),)


def test_every_example_is_tested() -> None:
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert folders == {*EXPECTED, *FREE}


@pytest.mark.parametrize("name", EXPECTED)
def test_example_builds_with_drafts_and_then_has_nothing_to_do(name: str, tmp_path: Path) -> None:
    project = copied(name, tmp_path / name)
    forecast = project.plan()
    assert forecast.problems == ()
    assert project.graph().warnings == ()
    assert forecast.unpriced == 0
    assert 0 < forecast.high <= (project.manifest.table.budget.max_usd_per_build or 0)

    first = asyncio.run(project.build(Options(on_miss="draft")))
    assert (first.failed, first.skipped, first.calls, first.spent) == ((), (), 0, 0.0)
    agree(name, tmp_path / name)
    assert len(first.placed) == len(EXPECTED[name])

    again = asyncio.run(load(tmp_path / name).build(Options(on_miss="draft")))
    assert (again.placed, again.failed) == ((), ())
    assert not (tmp_path / name / "assets.lock").exists(), "drafts are never locked"


@pytest.mark.parametrize("name", EXPECTED)
def test_example_builds_for_money_and_then_has_nothing_to_do(name: str, project: Builder) -> None:
    """Against an Images API: every cutout, text and check of it holds for pictures too, and it costs what it says."""
    shutil.rmtree(project.root)
    copied(name, project.root)
    with ImagesServer(draw=on_the_ground_asked_for) as images:
        project.environ |= images.environ
        built = project.run("build", "--yes")
        assert built.code == 0, built.out + built.err
        assert not re.search("^(warning|error)", built.err, re.MULTILINE), built.err
        agree(name, project.root)
        made = project.files()
        assert project.run("build").code == 0
        assert project.run("check").code == 0
        assert project.files() == made
        assert sum(len(call.images) for call in images.paid) == PAID[name]


def test_frames_of_the_game_are_the_icons(project: Builder) -> None:
    """Each frame of the sheet shows the very pixels of its icon."""
    shutil.rmtree(project.root)
    copied("game-icons", project.root)
    assert project.call("build", "--draft").code == 0
    told = json.loads(project.text("assets/icons.json"))
    assert tuple(told["frames"]) == ITEMS
    with Image.open(project.root / "assets" / told["image"]) as sheet:
        assert sheet.size == (told["width"], told["height"])
        for item, (x, y, width, height) in told["frames"].items():
            with Image.open(project.root / "assets" / "icons" / f"{item}.png") as icon:
                part = sheet.crop((x, y, x + width, y + height)).convert("RGBA")
                assert part.tobytes() == icon.convert("RGBA").tobytes()


def test_example_of_steps_is_made_without_a_key(tmp_path: Path) -> None:
    project = copied("steps", tmp_path / "steps")
    assert project.plan().problems == ()
    report = asyncio.run(project.build(Options()))
    assert (report.failed, report.skipped, report.spent) == ((), (), 0.0)
    assert report.placed


@pytest.mark.parametrize("name", EXPECTED)
def test_example_ignores_what_it_builds_but_not_its_lock(name: str) -> None:
    folder = ROOT / "examples" / name
    ignored = (folder / ".gitignore").read_text("utf-8").splitlines()
    made = {load(folder).manifest.table.project.output_dir, *EMITTED.get(name, ())}
    assert {
        path for path in made if not any(f"{path}/".startswith(line[1:]) for line in ignored if line[0] == "/")
    } == set()
    assert "assets.lock" not in ignored


def test_pictures_of_this_project_are_current_in_a_fresh_clone(tmp_path: Path) -> None:
    """The committed pictures, lock and manifest agree; with an empty store nothing is made."""
    for name in ("assets.toml", "assets.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs" / "pictures", tmp_path / "docs" / "pictures")
    assert load(tmp_path).check() == []
    report = asyncio.run(load(tmp_path).build())
    assert (report.placed, report.calls, report.failed) == ((), 0, ())


def test_pictures_of_this_project_are_small() -> None:
    total = sum(path.stat().st_size for path in (ROOT / "docs" / "pictures").rglob("*.*"))
    assert total < 600_000
