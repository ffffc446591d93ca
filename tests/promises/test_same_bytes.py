"""Promise 4, same inputs, same bytes: from manifest, lock and cache any machine writes the same files."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.errors import NotCurrent, UsageError
from tests.images_server import ImagesServer
from tests.promises.pictures import png
from tests.promises.processes import finish
from tests.promises.site import MANIFEST, ONE, ROOT, SCENE_CALLS, make_draft_scene, make_scene, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


# --- machines that differ ---


@pytest.mark.slow
def test_another_folder_time_zone_language_hash_seed_and_umask_write_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_draft_scene(tmp_path / "a"), make_draft_scene(tmp_path / "b" / "deeper down")
    finish(first.start(TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1"))
    other = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "2"}
    before = os.umask(0o077)
    try:
        child = second.start(**other)
    finally:
        os.umask(before)
    finish(child)
    assert first.files() == second.files()
    assert len(first.files()) == 10


def test_modes_of_outputs_do_not_depend_on_how_they_were_made(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    modes = {path: (site.folder / path).stat().st_mode & 0o777 for path in ("hero.png", "night.png", "assets.lock")}
    assert set(modes.values()) == {0o644}
    site.remove("hero.png", "night.png")
    site.build()
    assert modes == {path: (site.folder / path).stat().st_mode & 0o777 for path in modes}


@pytest.mark.parametrize("jobs", [1, 8])
def test_how_much_runs_at_once_does_not_show(jobs: int, tmp_path: Path) -> None:
    first, second = make_draft_scene(tmp_path / "a"), make_draft_scene(tmp_path / "b")
    first.build(jobs=jobs)
    second.build()
    assert first.files() == second.files()


def test_the_order_of_builds_does_not_show(tmp_path: Path) -> None:
    first, second = make_draft_scene(tmp_path / "a"), make_draft_scene(tmp_path / "b")
    first.build()
    for name in ("icon[item=shield]", "night", "hero", "icon"):
        second.build(select=(name,))
    assert first.files() == second.files()


# --- the lock ---


def test_the_lock_is_sorted_with_one_line_an_instance(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    rows = site.lock.decode().splitlines()
    names = [json.loads("{" + row.rstrip(",") + "}") for row in rows[1:-1]]
    assert [next(iter(row)) for row in names] == ["hero", "icon[item=shield]", "icon[item=sword]", "night"]
    assert json.loads(site.lock)["version"] == 1
    assert site.lock.endswith(b"}}\n")


def test_one_instance_s_change_touches_one_line(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = site.lock.splitlines()
    site.edit("A {{ item }}", "{% if item == 'sword' %}A big {% endif %}A {{ item }}")
    site.build()
    after = site.lock.splitlines()
    changed = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert [before[number].split(b'"')[1] for number in changed] == [b"icon[item=sword]"]


def test_the_lock_names_no_place_of_this_machine_and_no_secret(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    for secret in (str(tmp_path), server.key, "127.0.0.1", "lighthouse"):
        assert secret.encode() not in site.lock


def test_a_lock_that_was_merged_by_lines_is_taken_as_it_is(server: ImagesServer, tmp_path: Path) -> None:
    """Two branches buy two pictures; git joins their lines."""
    site = make_site(tmp_path, server)
    site.build()
    ship = "\n" + ONE.replace("hero", "ship").replace("lighthouse", "ship")
    theirs = site.clone("theirs", store=True)
    theirs.edit(ONE, ONE + ship)
    theirs.build()
    site.edit("A lighthouse", "A tower")
    site.build()
    lines = {**theirs.lines, **site.lines}
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(lines[name])}" for name in sorted(lines))
    site.write("assets.lock", f'{{"version": 1, "assets": {{\n{rows}\n}}}}\n')
    site.edit('output = "hero.png"', 'output = "hero.png"' + ship)
    assert not site.build().failed
    assert len(server.calls) == 3


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "assets": {"hero": 3}}', '{"version": 99, "assets": {}}'])
def test_a_lock_that_cannot_be_read_stops_the_build_before_any_call(
    text: str, server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.write("assets.lock", text)
    with pytest.raises(UsageError):
        site.build()
    assert server.calls == []
    assert site.lock == text.encode()


def test_conflict_marks_in_the_lock_are_named(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.write("assets.lock", b"<<<<<<< ours\n" + site.lock + b"=======\n" + site.lock + b">>>>>>> theirs\n")
    with pytest.raises(UsageError, match="merge conflicts"):
        site.build()
    assert len(server.calls) == 1


# --- locked builds ---


def test_a_locked_build_derives_outputs_anew_and_never_writes_the_lock(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    clone = site.clone("clone", store=True, without=("night.png", "night-320.jpg", "icons/sword.png"))
    shutil.rmtree(clone.cache / "records")
    for record in ("night.png", "night-320.jpg", "icons/sword.png"):
        digest = site.lines_of(record)["digest"]
        (clone.cache / "blobs" / digest[:2] / digest).unlink()
    (clone.folder / "assets.lock").chmod(0o444)
    stamp = (clone.folder / "assets.lock").stat()
    assert not clone.build(locked=True).failed
    assert clone.files() == site.files()
    after = (clone.folder / "assets.lock").stat()
    assert (after.st_mtime_ns, after.st_ino) == (stamp.st_mtime_ns, stamp.st_ino)
    assert len(server.calls) == SCENE_CALLS


def test_a_locked_build_draws_drafts_anew_with_the_pinned_pixels(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    outputs = ("hero.png", "night.png", "night-320.jpg", "night.webp", "icons/sword.png", "icons/shield.png")
    clone = site.clone("clone", without=outputs)
    assert not clone.build(locked=True).failed
    assert clone.files() == site.files()


@pytest.mark.parametrize("edit", ["A lighthouse", "width = 512"], ids=["a purchase", "a rendition"])
def test_a_locked_build_refuses_what_the_lock_does_not_have(edit: str, server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = site.files()
    site.edit(edit, {"A lighthouse": "A tower", "width = 512": "width = 500"}[edit])
    with pytest.raises(NotCurrent, match="what the lock does not have"):
        site.build(locked=True)
    assert {**site.files(), MANIFEST: b""} == {**before, MANIFEST: b""}
    assert len(server.calls) == SCENE_CALLS


def test_locked_and_a_profile_exclude_each_other(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + '[profile.preview]\nquality = "low"\n')
    site.build()
    with pytest.raises(UsageError):
        site.build(locked=True, profile="preview")
    assert len(server.calls) == 1


def test_reencoding_with_the_same_encoder_changes_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = site.files()
    assert not site.build(reencode=True).failed
    assert site.files() == before
    assert len(server.calls) == SCENE_CALLS


def test_an_output_with_other_bytes_and_the_line_s_pixels_is_current(server: ImagesServer, tmp_path: Path) -> None:
    """Another release of an encoder packs differently; the lock need not follow."""
    site = make_scene(tmp_path, server)
    site.build()
    clone = site.clone("clone")
    from PIL import Image

    with Image.open(clone.folder / "icons/sword.png") as picture:
        clone.write("icons/sword.png", png(picture.convert("RGB"), level=0))
    assert clone.check() == []
    assert clone.build().placed == ()
    assert clone.lock == site.lock


@pytest.mark.slow
def test_a_build_reads_nothing_of_the_user_s_home(tmp_path: Path) -> None:
    """All that it needs is named by its environment."""
    site = make_draft_scene(tmp_path)
    environ = dataclasses.replace(site).process_environ() | {"HOME": str(tmp_path / "nowhere")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.promises.site", str(site.folder)],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "nowhere").exists()
