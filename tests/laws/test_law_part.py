"""The law of parts: a build that looks only at what changed leaves everything as one that looks at all of it."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import AssetforgeError
from assetforge.model import Report
from assetforge.noop import NAME as STAMP
from assetforge.outputs.kept import NAME as GRAPH
from assetforge.outputs.kept import Part, find_part
from assetforge.outputs.state import project_folder
from assetforge.paths import Root
from tests.promises.pictures import logo, png
from tests.promises.site import LOCK, MANIFEST, Site, make_site

NAMES = ("red", "green", "blue", "gold")
PLAIN = """
[defaults]
provider = "draft"
[data]
colors = ["red", "green", "blue", "gold"]
[asset.card]
matrix.color = "data.colors"
source = "art/{{ color }}.png"
steps = [{ op = "resize", width = 48 }]
outputs = ["cards/{{ color }}.png", { path = "cards/{{ color }}.webp", width = 24 }]
[asset.framed]
matrix.color = ["red", "green"]
source = "@card[color={{ color }}]"
steps = [{ op = "overlay", image = "art/frame.png" }]
output = "framed/{{ color }}.png"
[asset.sheet]
source = ["@framed[color=red]", "@framed[color=green]"]
steps = [{ op = "atlas", padding = 2 }]
output = "sheet.png"
[asset.drawn]
source = "art/gold.png"
steps = [{ op = "edit", prompt = "In winter", size = "1024x640" }]
output = { path = "drawn.webp", width = 64 }
"""
SOURCES = (*(f"art/{name}.png" for name in NAMES), "art/frame.png")
OUTPUTS = ("cards/red.png", "cards/blue.webp", "framed/green.png", "sheet.png", "drawn.webp")


def make_gallery(folder: Path) -> Site:
    """The project above with its source files, built."""
    site = make_site(folder, None, PLAIN)
    for name in SOURCES:
        site.write(name, png(logo(Path(name).stem if Path(name).stem in NAMES else "black")))
    site.build()
    return site


def state_of(site: Site) -> Path:
    return project_folder(site.cache, str(site.folder), MANIFEST)


def part_of(site: Site) -> Part | None:
    return find_part(state_of(site), Root(str(site.folder)))


def looked_at(site: Site) -> set[str]:
    part = part_of(site)
    assert part is not None
    return set(part.graph.instances)


@pytest.fixture
def gallery(tmp_path: Path) -> Site:
    return make_gallery(tmp_path)


# --- what is looked at ---


def test_nothing_is_looked_at_where_nothing_changed(gallery: Site) -> None:
    part = part_of(gallery)
    assert part is not None
    assert not part.graph.instances
    assert part.rest.instances == 8


@pytest.mark.parametrize(
    ("path", "instances"),
    [
        ("art/blue.png", {"card[color=blue]"}),
        (
            "art/green.png",
            {"card[color=green]", "framed[color=green]", "sheet", "framed[color=red]", "card[color=red]"},
        ),
        ("art/gold.png", {"card[color=gold]", "drawn"}),
        ("cards/blue.webp", {"card[color=blue]"}),
        ("sheet.png", {"sheet", "framed[color=red]", "framed[color=green]", "card[color=red]", "card[color=green]"}),
    ],
)
def test_a_changed_file_matters_to_what_needs_it_and_to_what_that_needs(
    gallery: Site, path: str, instances: set[str]
) -> None:
    os.utime(gallery.folder / path, (1, 1))
    assert looked_at(gallery) == instances


@pytest.mark.parametrize("path", [MANIFEST, LOCK])
def test_everything_is_looked_at_where_more_than_pictures_changed(gallery: Site, path: str) -> None:
    os.utime(gallery.folder / path, (1, 1))
    assert part_of(gallery) is None


def test_a_source_that_is_gone_is_told_of_by_who_resolves(gallery: Site) -> None:
    gallery.remove("art/blue.png")
    assert part_of(gallery) is None
    with pytest.raises(AssetforgeError, match=r"art/blue\.png"):
        gallery.build()


def test_a_graph_of_another_stamp_is_no_graph(gallery: Site) -> None:
    kept = (state_of(gallery) / GRAPH).read_bytes()
    gallery.edit("width = 48", "width = 50")
    gallery.build()
    (state_of(gallery) / GRAPH).write_bytes(kept)
    assert part_of(gallery) is None


@pytest.mark.parametrize("keep", [0, 7, 1_000])
def test_a_graph_that_is_damaged_is_no_graph(gallery: Site, keep: int) -> None:
    path = state_of(gallery) / GRAPH
    path.write_bytes(path.read_bytes()[:keep])
    os.utime(gallery.folder / "art/blue.png", (1, 1))
    assert part_of(gallery) is None
    assert gallery.build().current == 8


# --- folders ---

FOUND = """
[data]
photos = "art/*.png"
[asset.photo]
matrix.photo = "data.photos"
source = "{{ photo.path }}"
output = { path = "out/{{ photo.id }}.webp", width = 24 }
"""


@pytest.fixture
def found(tmp_path: Path) -> Site:
    site = make_site(tmp_path, None, FOUND)
    for name in SOURCES:
        site.write(name, png(logo(Path(name).stem if Path(name).stem in NAMES else "black")))
    site.build()
    return site


def test_a_file_replaced_by_one_of_its_name_is_all_that_is_looked_at(found: Site) -> None:
    found.write("art/new.part", png(logo("purple")))
    (found.folder / "art/new.part").rename(found.folder / "art/blue.png")
    before = found.files()
    assert len(looked_at(found)) == 1
    assert found.build().placed == ("out/blue.webp",)
    assert {path for path, data in found.files().items() if data != before[path]} == {"out/blue.webp", LOCK}
    assert looked_at(found) == set()


@pytest.mark.parametrize("kind", ["more", "less", "folder"])
def test_a_folder_that_holds_something_else_makes_another_graph(found: Site, kind: str) -> None:
    art = found.folder / "art"
    if kind == "more":
        found.write("art/new.png", png(logo("purple")))
    else:
        (art / "blue.png").unlink()
        if kind == "folder":
            (art / "blue.png").mkdir()
    assert part_of(found) is None
    assert found.build().current == {"more": 5, "less": 4, "folder": 4}[kind]


# --- what it leaves behind ---


def told(report: Report) -> Report:
    """What does not depend on how fast which thread was."""
    return replace(report, seconds=0.0, placed=tuple(sorted(report.placed)))


def build(site: Site) -> Report | str:
    try:
        return told(site.build())
    except AssetforgeError as error:
        return "\n".join(problem.message for problem in error.problems)


def change(site: Site, kind: str, path: str) -> None:
    """Changes a file: other pixels, other bytes of the same pixels, none, or only its times."""
    target = site.folder / path
    match kind:
        case "repaint":
            site.write(path, png(logo("purple")))
        case "recompress":
            site.write(path, png(logo("black"), level=1))
        case "remove":
            target.unlink(missing_ok=True)
        case "touch" if target.exists():
            os.utime(target, (2, 2))
        case _:
            pass


CHANGES = st.lists(
    st.tuples(st.sampled_from(["repaint", "recompress", "touch", "remove"]), st.sampled_from(SOURCES + OUTPUTS)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25)
@given(rounds=st.lists(CHANGES, min_size=1, max_size=3))
def test_a_part_is_built_as_the_whole_would_be(rounds: list[list[tuple[str, str]]]) -> None:
    with TemporaryDirectory() as name:
        quick, thorough = make_gallery(Path(name, "quick")), make_gallery(Path(name, "thorough"))
        for changes in rounds:
            for kind, path in changes:
                change(quick, kind, path)
                change(thorough, kind, path)
            (state_of(thorough) / STAMP).unlink(missing_ok=True)
            assert build(quick) == build(thorough)
            assert quick.files() == thorough.files()
