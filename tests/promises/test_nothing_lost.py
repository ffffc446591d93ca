"""Promise 3, nothing is lost: a file of the user's stays as it is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.model import Report
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, png
from tests.promises.site import MANIFEST, ONE, make_scene, make_site

SHIP = ONE.replace("hero", "ship").replace("lighthouse", "ship")
SMALL = ONE.replace('"hero.png"', '{ path = "hero.png", width = 64 }')
MINE = png(logo("purple"))


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def told(report: Report) -> dict[str, str]:
    """What failed, and why."""
    return {failure.instance: failure.problem.message for failure in report.failed}


# --- files of the user's ---


def test_a_file_of_the_user_s_is_reported_before_any_call_and_never_replaced(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, ONE + SHIP)
    site.write("hero.png", MINE)
    report = site.build()
    assert told(report) == {"hero": "`hero.png` is a file of yours: it was not made here, or was changed since"}
    assert "--overwrite" in str(report.failed[0].problem.hint)
    assert site.read("hero.png") == MINE
    assert [call.prompt for call in server.calls] == ["A ship"]
    assert report.placed == ("ship.png",)
    assert set(site.lines) == {"ship"}


def test_an_output_that_the_user_changed_is_the_user_s(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.write("hero.png", MINE)
    site.edit("A lighthouse", "A house")
    lock = site.lock
    assert set(told(site.build())) == {"hero"}
    assert site.read("hero.png") == MINE
    assert site.lock == lock
    assert len(server.calls) == 1


def test_an_output_that_the_user_changed_is_not_restored_over(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.write("hero.png", MINE)
    assert set(told(site.build())) == {"hero"}
    assert site.read("hero.png") == MINE


def test_overwrite_replaces_what_is_the_user_s(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.write("hero.png", MINE)
    assert not site.build(guard="overwrite").failed
    assert site.read("hero.png") != MINE
    assert site.check() == []


def test_a_file_that_a_build_wrote_is_replaced_and_its_bytes_are_kept(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, SMALL)
    site.build()
    first = site.read("hero.png")
    shutil.rmtree(site.cache / "blobs")
    site.edit("A lighthouse", "A house")
    assert not site.build().failed
    assert site.read("hero.png") != first
    assert site.blob(first)


def test_a_file_that_the_lock_names_is_replaced_in_a_clone_and_its_bytes_are_kept(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, SMALL)
    site.build()
    clone = site.clone("clone")
    clone.edit("A lighthouse", "A house")
    assert not clone.build().failed
    assert clone.read("hero.png") != site.read("hero.png")
    assert clone.blob(site.read("hero.png"))


def test_a_file_is_the_user_s_at_one_path_though_the_lock_names_it_at_another(
    server: ImagesServer, tmp_path: Path
) -> None:
    """A copy of an output, in a clone without a store: who knows what it is for."""
    site = make_site(tmp_path, server, SMALL)
    site.build()
    clone = site.clone("clone")
    clone.write("copy.png", b"not this project's " + clone.read("hero.png"))
    clone.edit("hero.png", "copy.png")
    assert set(told(clone.build())) == {"hero"}
    assert clone.read("copy.png").startswith(b"not this project's ")


def test_a_link_at_an_output_path_is_not_followed(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    outside = tmp_path / "outside.png"
    outside.write_bytes(MINE)
    (site.folder / "hero.png").symlink_to(outside)
    assert set(told(site.build())) == {"hero"}
    assert server.calls == []
    assert not site.build(guard="overwrite").failed
    assert outside.read_bytes() == MINE
    assert not (site.folder / "hero.png").is_symlink()


def test_a_folder_that_leads_out_of_the_root_is_not_written_to(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE.replace("hero.png", "img/hero.png"))
    (tmp_path / "outside").mkdir()
    (site.folder / "img").symlink_to(tmp_path / "outside")
    assert "leads outside the root through a link" in told(site.build(guard="overwrite"))["hero"]
    assert server.calls == []
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_at_an_output_path_is_reported_before_any_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    (site.folder / "hero.png").mkdir()
    for guard in ("ask", "overwrite"):
        assert set(told(site.build(guard=guard))) == {"hero"}
    assert server.calls == []


def test_an_output_that_is_edited_does_not_edit_the_store(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    first = site.read("hero.png")
    with open(site.folder / "hero.png", "r+b") as file:
        file.write(b"scribble")
    assert site.blob(first)
    site.remove("hero.png")
    assert not site.build().failed
    assert site.read("hero.png") == first


def test_what_is_read_is_never_written(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    sources = {path: site.read(path) for path in ("masks/sky.png", "art/logo.png", MANIFEST)}
    site.build(guard="overwrite")
    assert {path: site.read(path) for path in sources} == sources
