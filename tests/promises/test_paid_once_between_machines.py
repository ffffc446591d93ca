"""Promise 1 between machines that share a remote: what one bought, no other pays for."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.errors import NotCurrent
from assetforge.simulate.drawing import Pieces, Wanted
from tests.images_server import ImagesServer, draw
from tests.promises.site import LOCK, SCENE_CALLS, Site, make_scene, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def sharing(site: Site, tmp_path: Path) -> Site:
    """The same site with a remote in a folder, which its user names."""
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    return site


def names(tmp_path: Path, folder: str) -> set[str]:
    return {path.name for path in (tmp_path / "remote" / folder).iterdir()}


def test_another_machine_adopts_everything_and_pays_nothing(server: ImagesServer, tmp_path: Path) -> None:
    first = sharing(make_scene(tmp_path, server), tmp_path)
    second = first.clone("second")
    assert first.build().calls == SCENE_CALLS
    report = second.build()
    assert (report.calls, report.reused["remote"], report.failed) == (0, SCENE_CALLS, ())
    assert report.saved == pytest.approx(first_cost(first))
    assert second.files() == first.files()
    assert len(server.calls) == SCENE_CALLS


def first_cost(site: Site) -> float:
    steps = [step for line in site.lines.values() for step in line.get("steps", {}).values()]
    return sum(float(candidate["cost"]) for step in steps for candidate in step.values())


def test_every_picture_is_there_before_the_build_ends_and_leads_to_its_bytes(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = sharing(make_scene(tmp_path, server), tmp_path)
    site.build()
    pinned = {
        candidate["key"]: candidate["digest"]
        for line in site.lines.values()
        for step in line.get("steps", {}).values()
        for candidate in step.values()
    }
    assert names(tmp_path, "records") == set(pinned)
    outputs = {output["digest"] for line in site.lines.values() for output in line.get("outputs", {}).values()}
    assert names(tmp_path, "blobs") == {*pinned.values(), *outputs}


def test_a_clone_with_the_lock_and_no_store_gets_its_files_and_no_originals(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = sharing(make_scene(tmp_path, server), tmp_path)
    site.build()
    outputs = {path: told["digest"] for line in site.lines.values() for path, told in line["outputs"].items()}
    fresh = site.clone("fresh", without=tuple(outputs))
    report = fresh.build(locked=True)
    assert (report.calls, report.failed) == (0, ())
    assert fresh.files() == site.files()
    kept = {path.name for path in (fresh.cache / "blobs").rglob("*") if path.is_file()}
    assert kept == set(outputs.values())


def test_a_key_that_is_known_only_when_something_was_bought_is_looked_up_then(tmp_path: Path) -> None:
    with ImagesServer(draw=always_the_same) as server:
        first = sharing(make_scene(tmp_path, server), tmp_path)
        second = first.clone("second")
        first.build()
        for path in (tmp_path / "remote" / "records").iterdir():
            if ["operation", "generate"] in json.loads(path.read_bytes())["ingredients"]:
                path.unlink()
        report = second.build(select=("night",))
        assert (report.calls, report.reused["remote"], report.failed) == (1, 2, ())
        assert len(server.calls) == SCENE_CALLS + 1


def always_the_same(wanted: Wanted) -> Pieces:
    return (draw(7, wanted.size, wanted.format, 100),)


def test_a_record_whose_picture_is_gone_is_none_and_is_written_anew(server: ImagesServer, tmp_path: Path) -> None:
    first = sharing(make_site(tmp_path, server), tmp_path)
    first.build()
    (pin,) = first.pins
    (tmp_path / "remote" / "blobs" / pin).unlink()
    second, third = (
        first.clone("second", without=(LOCK, "hero.png")),
        first.clone("third", without=(LOCK, "hero.png")),
    )
    assert second.build().calls == 1
    assert third.build().calls == 0
    assert third.pins == second.pins != first.pins


def test_wrong_bytes_are_never_used_and_are_replaced(server: ImagesServer, tmp_path: Path) -> None:
    first = sharing(make_site(tmp_path, server), tmp_path)
    first.build()
    (pin,) = first.pins
    (tmp_path / "remote" / "blobs" / pin).write_bytes(b"something else")
    second = first.clone("second", without=(LOCK, "hero.png"))
    assert second.build().calls == 1
    assert any("other bytes" in warning for warning in second.warnings)


def test_nothing_is_written_to_a_remote_that_is_only_read(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.edit("[asset.hero]", '[cache]\nremote = "shared"\nremote_mode = "read-only"\n[asset.hero]')
    site.environ["ASSETFORGE_TRUST"] = str(site.folder / "shared")
    assert site.build().calls == 1
    assert not list((site.folder / "shared").rglob("*"))


def test_locked_says_what_the_remote_does_not_have_either(server: ImagesServer, tmp_path: Path) -> None:
    site = sharing(make_site(tmp_path, server), tmp_path)
    with pytest.raises(NotCurrent):
        site.build(locked=True)
    assert server.calls == []


def test_lost_pictures_are_fetched_before_anybody_thinks_of_buying_them_again(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = sharing(make_site(tmp_path, server), tmp_path)
    site.build()
    fresh = site.clone("fresh", without=("hero.png",))
    (tmp_path / "remote" / "blobs" / next(iter(fresh.pins))).stat()
    fresh.edit('output = "hero.png"', 'outputs = ["hero.png", "hero.webp"]')
    assert fresh.build(rebuy_lost=True).calls == 0
    assert len(server.calls) == 1
