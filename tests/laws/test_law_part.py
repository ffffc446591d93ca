"""The law of parts: a build that looks only at what changed leaves everything as one that looks at all of it."""

import asyncio
import marshal
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assetforge
from assetforge.digest import digest_bytes
from assetforge.errors import AssetforgeError, Problem, Where
from assetforge.events import Event, Placed
from assetforge.gate import Options
from assetforge.model import Report, Size
from assetforge.noop import FORMAT, proved_words
from assetforge.noop import NAME as STAMP
from assetforge.ops.geometry import Resize
from assetforge.outputs.kept import NAME as GRAPH
from assetforge.outputs.kept import Part, find_part
from assetforge.outputs.plain import DATACLASS, DATE, MODEL, NAMED, TABLE, NotPlainError, Reader, Writer
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


def make_gallery(folder: Path, manifest: str = PLAIN) -> Site:
    """A project with the source files of the one above, built."""
    site = make_site(folder, None, manifest)
    for name in SOURCES:
        site.write(name, png(logo(Path(name).stem if Path(name).stem in NAMES else "black")))
    site.build()
    return site


def state_of(site: Site) -> Path:
    return project_folder(site.cache, str(site.folder), MANIFEST)


def part_of(site: Site) -> Part | None:
    return find_part(state_of(site), Root(str(site.folder)), MANIFEST)


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


# --- links, and files of others ---


def test_a_source_that_became_a_link_out_of_the_root_is_refused(gallery: Site) -> None:
    outside = gallery.folder.with_name("outside.png")
    (gallery.folder / "art/blue.png").rename(outside)
    (gallery.folder / "art/blue.png").symlink_to(outside)
    with pytest.raises(AssetforgeError, match="leads outside the root"):
        gallery.build()


def test_a_source_is_not_overwritten_through_a_link(gallery: Site) -> None:
    before = gallery.files()
    shutil.rmtree(gallery.folder / "cards")
    (gallery.folder / "cards").symlink_to("art")
    report = gallery.build()
    assert {failure.problem.message for failure in report.failed} >= {
        "`cards/red.png` is a file that is read, by way of a link"
    }
    assert {path: data for path, data in gallery.files().items() if path.startswith("art/")} == {
        path: data for path, data in before.items() if path.startswith("art/")
    }


def test_a_lock_that_somebody_writes_during_a_part_is_looked_at_again(gallery: Site) -> None:
    gallery.write("art/blue.png", png(logo("purple")))
    whole = gallery.lock

    def merge(event: Event) -> None:
        if isinstance(event, Placed):
            lines = [line for line in gallery.lock.splitlines(keepends=True) if b'"drawn"' not in line]
            gallery.write(LOCK, b"".join(lines).replace(b",\n}}", b"\n}}"))

    asyncio.run(gallery.project().build(Options(), merge))
    assert b'"drawn"' not in gallery.lock
    gallery.build()
    assert gallery.lock.count(b"\n") == whole.count(b"\n")


def test_lines_that_a_manifest_no_longer_has_go_when_their_files_are_gone(gallery: Site) -> None:
    gallery.edit("[asset.drawn]", "[asset.painted]")
    gallery.edit('"drawn.webp"', '"painted.webp"')
    gallery.build()
    assert {"drawn", "painted"} <= gallery.lines.keys()
    gallery.remove("drawn.webp")
    gallery.write("art/blue.png", png(logo("purple")))
    gallery.build()
    assert "drawn" not in gallery.lines


def test_a_pointer_of_git_lfs_stands_for_the_bytes_that_the_store_has(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, '[asset.a]\nsource = "a.png"\noutputs = ["copy.png"]\n')
    data = png(logo())
    site.write("a.png", data)
    site.build()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest_bytes(data)}\nsize {len(data)}\n"
    site.write("a.png", pointer)
    os.utime(site.folder / "a.png", (1, 1))
    site.edit('["copy.png"]', '["copy.png", { path = "small.png", width = 24 }]')
    assert site.build().failed == ()
    assert "small.png" in site.files()


# --- hostile files ---


class Call:
    """A pickle that calls."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("called",)


@pytest.mark.parametrize(
    "told",
    [None, {}, (), (1, 2), "x", pickle.dumps(Call()), (1,) * 10, (FORMAT, "NAME", (5, "os:system", "mkdir called"))],
)
@pytest.mark.parametrize("name", [GRAPH, STAMP, "state"])
def test_what_we_did_not_write_is_no_reason_for_anything(
    gallery: Site, monkeypatch: pytest.MonkeyPatch, name: str, told: Any
) -> None:
    monkeypatch.chdir(gallery.folder)
    (state_of(gallery) / name).write_bytes(told if isinstance(told, bytes) else marshal.dumps(told))
    gallery.write("art/blue.png", png(logo("purple")))
    proved_words(["build"], assetforge.__version__)
    assert "cards/blue.png" in gallery.build().placed
    assert not (gallery.folder / "called").exists()


HEADS = [
    (DATACLASS, "os:system", "mkdir called"),
    (DATACLASS, "assetforge.model:Size.parse.__func__.__class__", 1),
    (DATACLASS, "assetforge.model:Any", 1),
    (NAMED, "assetforge.paths:Root", "/"),
    (MODEL, "assetforge.model:Size", (TABLE,)),
    (DATE, "object", "2026-01-01"),
    (99,),
    [1],
]


@pytest.mark.parametrize("plain", HEADS)
def test_only_what_a_graph_consists_of_is_read(plain: Any) -> None:
    with pytest.raises((NotPlainError, LookupError, TypeError, ValueError)):
        Reader().value(plain)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.builds(Size, st.integers(1, 9), st.integers(1, 9))
    | st.builds(Where, st.text())
    | st.builds(lambda width: Resize(width=width), st.integers(1, 9)),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.text())
        | st.builds(lambda value: Problem("x", None, value), inner)
    ),
    max_leaves=20,
)


@given(value=VALUES)
def test_what_is_kept_comes_back_as_it_was(value: Any) -> None:
    back = Reader().value(marshal.loads(marshal.dumps(Writer().plain(value))))
    assert back == value
    assert type(back) is type(value)


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
    return make_gallery(tmp_path, FOUND)


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
