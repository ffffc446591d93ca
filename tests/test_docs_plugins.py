"""docs/plugins.md: its packages are installed as they stand there, and its manifests are built with them."""

import re
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from assetforge.ops import spec
from tests.builder import ROOT, Builder
from tests.cli.manifests import picture
from tests.pages import blocks
from tests.plugins import describe, give

PAGE = ROOT / "docs" / "plugins.md"


def installed(project: Builder, site: Path, mark: str) -> Builder:
    """A project whose user has the package of the page's blocks with this mark, and its manifest."""
    files = {
        block.mark.removeprefix(f"{mark}: "): block.text
        for block in blocks(PAGE)
        if block.mark.startswith(f"{mark}: ")
    }
    told = tomllib.loads(files.pop("pyproject.toml"))["project"]
    project.write({"assets.toml": files.pop("assets.toml"), "art/photo.jpg": picture("teal", (90, 60))})
    site.mkdir()
    for name, text in files.items():
        (site / name).write_text(text, "utf-8")
    describe(site, told["name"], told["version"], told["entry-points"])
    give(project, site)
    return project


def test_the_step_of_the_page_works(project: Builder, tmp_path: Path) -> None:
    assert installed(project, tmp_path / "site", "file").run("build").code == 0
    with Image.open(project.root / "poster.png") as made:
        assert made.size == (90, 60)
        shown = made.convert("RGB").getpixel((0, 0))
    assert shown == (0, 128, 128)
    assert "posterise" in project.run("schema").out


def test_the_provider_of_the_page_works(project: Builder, tmp_path: Path) -> None:
    ran = installed(project, tmp_path / "site", "provider").run("build")
    assert (ran.code, ran.err) == (0, "made ground.png\n")
    with Image.open(project.root / "ground.png") as made:
        assert made.size == (640, 480)
    assert project.remove("ground.png").run("build", "--locked").code == 0
    assert (project.root / "ground.png").exists()


def test_names_that_the_page_promises_are_there() -> None:
    (table,) = re.findall(r"\| name \| is \|\n\|[- |]+\|\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    names = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert {"Op", "Params", "Color", "OpFailed"} <= set(names)
    for name in names:
        assert hasattr(spec, name), name


@pytest.mark.parametrize("mark", ["file", "provider"])
def test_the_page_shows_whole_packages(mark: str) -> None:
    named = [block.mark for block in blocks(PAGE) if block.mark.startswith(f"{mark}: ")]
    assert [name.rpartition(".")[2] for name in named] == ["toml", "py", "toml"]
