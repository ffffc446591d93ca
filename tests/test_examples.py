"""The projects in `examples/`, and this project's own pictures, are what their READMEs say."""

import asyncio
import shutil
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from assetforge.project import Options, Project, load

ROOT = Path(__file__).parent.parent
ICONS = [
    f"{theme}/{item}"
    for item, theme in product(("potion", "sword", "bow", "shield", "gem", "ghost"), ("light", "dark"))
    if (item, theme) != ("ghost", "light")
]
LANGUAGES = ("en", "de", "fr", "es", "pl")

# Every output below the example's output folder, and its size.
EXPECTED: dict[str, dict[str, tuple[int, int]]] = {
    "website": {
        **{
            f"hero-{width}w.{form}": (width, width * 9 // 16)
            for width, form in product((480, 768, 1280, 1920), ("avif", "webp"))
        },
        "hero-768w.jpg": (768, 432),
        "hero-1280w.jpg": (1280, 720),
        "hero-tall-480w.webp": (480, 600),
        "hero-tall-800w.webp": (800, 1000),
        "og-card.jpg": (1200, 630),
    },
    "game-icons": {
        **{f"{icon}.png": (256, 256) for icon in ICONS},
        **{f"{icon}-{width}.webp": (width, width) for icon, width in product(ICONS, (64, 128))},
        "chest.png": (768, 768),
    },
    "banners": {
        **{f"{lang}/spring-{width}.webp": (width, width // 3) for lang, width in product(LANGUAGES, (768, 1536))},
        **{f"{lang}/spring-square.jpg": (512, 512) for lang in LANGUAGES},
    },
    "app-icon": {
        **{f"icon-{width}.{form}": (width, width) for width, form in product((180, 192, 512), ("png", "webp"))},
        **{f"icon-{width}.png": (width, width) for width in (16, 32, 48)},
        "store-1024.png": (1024, 1024),
        "maskable-512.png": (512, 512),
        "maskable-512.webp": (512, 512),
    },
}


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
        with Image.open(path) as image:
            image.load()
            found[path.relative_to(folder).as_posix()] = image.size
    return found


def test_every_example_is_tested() -> None:
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert folders == set(EXPECTED)


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
    output_dir = project.manifest.table.project.output_dir
    assert sizes(tmp_path / name / output_dir) == EXPECTED[name]
    assert len(first.placed) == len(EXPECTED[name])

    again = asyncio.run(load(tmp_path / name).build(Options(on_miss="draft")))
    assert (again.placed, again.failed) == ((), ())
    assert not (tmp_path / name / "assets.lock").exists(), "drafts are never locked"


@pytest.mark.parametrize("name", EXPECTED)
def test_example_ignores_what_it_builds_but_not_its_lock(name: str) -> None:
    folder = ROOT / "examples" / name
    ignored = (folder / ".gitignore").read_text("utf-8").splitlines()
    assert f"/{load(folder).manifest.table.project.output_dir}/" in ignored
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
