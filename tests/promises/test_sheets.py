"""Sheets keep the promises: built once, restored with their frames, bought and drafted like anything else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assetforge.outputs.lock import read_lock
from tests.builder import Builder
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, photo, png
from tests.promises.site import LOCK, Site, edited, make_site

Frames = tuple[tuple[int, int, int, int], ...]

# A game in small: icons from a table, a sheet for each of its kinds and themes, and one that is scaled.
GAME = """
[data]
items = [
  { id = "sword", kind = "weapon", w = 60 },
  { id = "bow", kind = "weapon", w = 40 },
  { id = "orb", kind = "magic", w = 50 },
]

[asset.icon]
matrix.item = "data.items"
matrix.theme = ["day", "night"]
exclude = [{ item.kind = "magic", theme = "night" }]
prompt = "A {{ item.id }} by {{ theme }}"
size = "1024x640"
steps = [{ op = "resize", width = "{{ item.w }}" }]
output = "icons/{{ theme }}/{{ item.id }}.png"

[asset.atlas]
matrix.kind = "data.items.kind"
matrix.theme = ["day", "night"]
exclude = [{ kind = "magic", theme = "night" }]
source = ["@icon[item.kind={{ kind }}]"]
steps = [{ op = "atlas", layout = "packed", padding = 2 }]
outputs = ["atlas/{{ kind }}-{{ theme }}.png", { path = "atlas/small/{{ kind }}-{{ theme }}.png", width = 32 }]
"""
DRAWN = '[defaults]\nprovider = "draft"\n' + GAME
WEAPONS = "atlas/weapon-day.png"
ICONS = ("icons/day/sword.png", "icons/day/bow.png")

NIGHT = """
[asset.night]
source = ["art/logo.png", "@hero"]
output = "night.png"
[[asset.night.steps]]
op = "atlas"
padding = 2
[[asset.night.steps]]
op = "pad"
width = 2000
height = 1500
[[asset.night.steps]]
op = "edit"
prompt = "Night"
size = "1024x640"

[asset.hero]
source = "art/photo.png"
steps = [{ op = "resize", width = 640 }]
"""


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def frames(site: Site, path: str) -> Frames:
    """The frames that the lock has for an output."""
    lines = read_lock(str(site.folder / LOCK)).lines
    return next(line.outputs[path].frames for line in lines.values() if path in line.outputs)


def shown(site: Site, sheet: str, frame: tuple[int, int, int, int]) -> bytes:
    """The pixels that a frame shows."""
    left, top, width, height = frame
    with Image.open(site.folder / sheet) as image:
        return image.convert("RGBA").crop((left, top, left + width, top + height)).tobytes()


def pixels(site: Site, path: str) -> bytes:
    with Image.open(site.folder / path) as image:
        return image.convert("RGBA").tobytes()


def test_each_frame_of_a_built_sheet_shows_the_file_of_its_picture(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, GAME)
    assert not site.build().failed
    assert len(frames(site, WEAPONS)) == 2
    for icon, frame in zip(ICONS, frames(site, WEAPONS), strict=True):
        assert shown(site, WEAPONS, frame) == pixels(site, icon)
    assert [frame[2:] for frame in frames(site, "atlas/magic-day.png")] == [(50, 31)]
    assert all("frames" not in site.lines_of(icon) for icon in ICONS)


def test_a_smaller_output_has_frames_of_its_own(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, GAME)
    site.build()
    with Image.open(site.folder / WEAPONS) as large, Image.open(site.folder / "atlas/small/weapon-day.png") as small:
        scale = small.width / large.width
        for old, new in zip(frames(site, WEAPONS), frames(site, "atlas/small/weapon-day.png"), strict=True):
            assert all(abs(one * scale - other) <= 1 for one, other in zip(old, new, strict=True))
            assert new[0] + new[2] <= small.width
            assert new[1] + new[3] <= small.height


def test_a_second_build_does_nothing_and_a_lost_file_comes_back_with_its_frames(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, GAME)
    site.build()
    lock, bought = site.lock, len(server.calls)
    assert site.build().placed == ()
    site.remove(WEAPONS)
    assert site.build().placed == (WEAPONS,)
    site.remove(LOCK, WEAPONS)
    site.build()
    assert (site.lock, len(server.calls)) == (lock, bought)


@pytest.mark.parametrize("store", [True, False])
def test_another_machine_has_the_frames_from_the_lock_or_makes_the_same(store: bool, tmp_path: Path) -> None:
    site = make_site(tmp_path, None, DRAWN)
    site.build()
    clone = site.clone("clone", store=store)
    assert clone.build().placed == ()
    assert clone.lock == site.lock
    fresh = site.clone("fresh", store=store, without=(WEAPONS, LOCK))
    assert fresh.build(guard="overwrite").failed == ()
    assert fresh.lines == site.lines


def test_two_formats_of_a_sheet_have_the_same_frames(tmp_path: Path) -> None:
    site = make_site(
        tmp_path, None, DRAWN.replace('outputs = ["atlas/', 'outputs = ["atlas/{{ kind }}-{{ theme }}.webp", "atlas/')
    )
    site.build()
    assert frames(site, "atlas/weapon-day.webp") == frames(site, WEAPONS)


def test_only_the_sheets_of_what_changed_are_made_again(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, DRAWN)
    site.build()
    edited("w = 40", "w = 30")(site)
    made = {path for path in site.build().placed if path.startswith("atlas/") and "small" not in path}
    assert made == {WEAPONS, "atlas/weapon-night.png"}
    assert [frame[2] for frame in frames(site, WEAPONS)] == [60, 30]


# --- candidates, drafts, failures -------------------------------------------------------------------------------


def test_candidates_stand_on_a_sheet_side_by_side(server: ImagesServer, tmp_path: Path) -> None:
    manifest = (
        '[asset.hero]\nprompt = "A lighthouse"\nsize = "1024x640"\nn = 3\npick = 2\n'
        '[asset.choice]\nsource = ["@hero#1", "@hero#2", "@hero#3", "@hero"]\nsteps = [{ op = "atlas" }]\n'
        'output = "choice.png"\n'
    )
    site = make_site(tmp_path, server, manifest)
    assert not site.build().failed
    first, second, third, picked = (shown(site, "choice.png", frame) for frame in frames(site, "choice.png"))
    assert len({first, second, third}) == 3
    assert picked == second


def test_a_sheet_of_drafts_is_a_draft_and_gives_way_to_the_pictures(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, GAME)
    report = site.build(on_miss="draft")
    assert (report.failed, len(report.drafted), server.calls) == ((), 8, [])
    drafted = site.read(WEAPONS)
    assert site.build(on_miss="draft").placed == ()
    assert not site.build().failed
    assert site.read(WEAPONS) != drafted
    assert len(frames(site, WEAPONS)) == 2
    assert site.check() == []


def test_drafts_need_no_key_and_no_network(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    user = Builder(tmp_path, tmp_path / "site").write({"assets.toml": GAME})
    assert user.call("build", "--draft").code == 0
    assert (user.root / WEAPONS).is_file()


def test_a_sheet_waits_for_all_its_pictures_and_is_skipped_with_the_first_that_fails(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, "[provider.openai]\nconcurrency = 1\n" + GAME)
    server.script(status=400, code="moderation_blocked", message="no")
    report = site.build()
    assert [failure.instance for failure in report.failed] == ["icon[item=sword,theme=day]"]
    assert report.skipped == ("atlas[kind=weapon,theme=day]",)
    assert WEAPONS not in report.placed
    assert "atlas/weapon-night.png" in report.placed
    assert not site.build(retry_refused=True).failed
    assert len(frames(site, WEAPONS)) == 2


def test_a_sheet_that_has_no_room_is_refused_with_the_numbers(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(
        tmp_path, server,
        '[asset.wide]\nprompt = "Wide {{ n }}"\nmatrix.n = [1, 2, 3, 4, 5, 6]\nsize = "3840x2160"\n'
        'steps = [{ op = "resize", width = 6000, upscale = true }]\n'
        '[asset.sheet]\nsource = ["@wide"]\nsteps = [{ op = "atlas" }]\noutput = "sheet.png"\n',
    )  # fmt: skip
    report = site.build(on_miss="draft")
    (failure,) = report.failed
    assert failure.problem.message.startswith("`sheet`: 6 pictures of 122 megapixels together don't fit on a sheet")


# --- an edit of a sheet -----------------------------------------------------------------------------------------


def edit_site(tmp_path: Path, server: ImagesServer) -> Site:
    """A sheet of two files that is edited by a model."""
    site = make_site(tmp_path, server, NIGHT)
    site.write("art/logo.png", png(logo()))
    site.write("art/photo.png", png(photo()))
    return site


def test_an_edit_of_a_sheet_is_sent_the_sheet_and_counts_it_by_recipe(server: ImagesServer, tmp_path: Path) -> None:
    site = edit_site(tmp_path, server)
    assert not site.build().failed
    assert len(server.paid) == 1
    assert site.build().calls == 0
    site.write("art/logo.png", png(logo(), level=1, note="the same pixels"))
    edited("padding = 2", 'padding = 2\nlayout = "grid"')(site)
    assert not site.build().failed
    assert len(server.paid) == 1
    assert frames(site, "night.png") == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [("padding = 2", "padding = 3"), ("padding = 2", 'layout = "packed"\npadding = 2'),
     ('"art/logo.png", "@hero"', '"@hero", "art/logo.png"'), ('"@hero"]', '"@hero", "art/logo.png"]')],
)  # fmt: skip
def test_another_sheet_is_another_edit(old: str, new: str, server: ImagesServer, tmp_path: Path) -> None:
    site = edit_site(tmp_path, server)
    site.build()
    edited(old, new)(site)
    assert not site.build().failed
    assert len(server.paid) == 2


def test_a_sheet_has_no_frames_in_an_icon_file(tmp_path: Path) -> None:
    site = make_site(
        tmp_path, None, DRAWN.replace('"atlas/{{ kind }}-{{ theme }}.png"', '"{{ kind }}-{{ theme }}.ico"')
    )
    report: Any = site.build()
    assert not report.failed
    assert frames(site, "weapon-day.ico") == ()
