"""Where projects are is known to the store, and when they are there no more."""

import os
import shutil
import time
from pathlib import Path

import pytest

from assetforge.noop import PLACE
from assetforge.outputs.state import project_folder
from assetforge.outputs.whereabouts import keep_place, known_projects
from tests.builder import Builder
from tests.cli.manifests import HERO


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "blobs").mkdir(parents=True)
    return tmp_path / "data"


def made(path: Path) -> str:
    path.mkdir()
    return str(path)


def test_a_project_is_known_with_its_manifest(data: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "a site \udce9")
    keep_place(data, root, "assets.toml")
    keep_place(data, root, "print.toml")
    found = known_projects(data)
    assert {(one.root, one.manifest, one.is_there) for one in found} == {
        (root, "assets.toml", True),
        (root, "print.toml", True),
    }


def test_a_project_that_has_a_folder_is_known_before_there_are_pictures(tmp_path: Path) -> None:
    data, root = tmp_path / "data", made(tmp_path / "site")
    project_folder(data, root, "assets.toml").mkdir(parents=True)
    assert [(one.is_there, one.is_nameless) for one in known_projects(data)] == [(False, True)]
    keep_place(data, root, "assets.toml")
    assert [(one.is_there, one.is_nameless) for one in known_projects(data)] == [(True, False)]


def test_nothing_is_written_where_there_are_no_pictures_or_nothing_is_new(data: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "site")
    keep_place(tmp_path / "other", root, "assets.toml")
    assert not (tmp_path / "other").exists()
    keep_place(data, root, "assets.toml")
    (known,) = known_projects(data)
    os.utime(known.folder / PLACE, ns=(1, 1))
    keep_place(data, root, "assets.toml")
    assert (known.folder / PLACE).stat().st_mtime_ns == 1


def test_a_moved_project_is_the_same_one_when_it_is_seen_again(data: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "site")
    keep_place(data, root, "assets.toml")
    os.rename(root, tmp_path / "moved")
    assert [one.is_there for one in known_projects(data)] == [False]
    keep_place(data, str(tmp_path / "moved"), "assets.toml")
    assert [(one.root, one.is_there) for one in known_projects(data)] == [(str(tmp_path / "moved"), True)]


def test_another_folder_in_its_place_is_another_project(data: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "site")
    keep_place(data, root, "assets.toml")
    os.rename(root, tmp_path / "kept")
    made(tmp_path / "site")
    assert [one.is_there for one in known_projects(data)] == [False]


@pytest.mark.parametrize(
    "text",
    [b"", b"nonsense", b'{"v":1}', b'{"v":1,"root":5,"manifest":"x"}', b'{"v":1,"root":"\\u0000","manifest":"x"}'],
)
def test_what_can_t_be_read_is_a_project_that_nobody_knows_where_it_is(
    data: Path, tmp_path: Path, text: bytes
) -> None:
    keep_place(data, made(tmp_path / "site"), "assets.toml")
    (known,) = known_projects(data)
    (known.folder / PLACE).write_bytes(text)
    assert [one.is_there for one in known_projects(data)] == [False]
    shutil.rmtree(known.folder)
    assert known_projects(data) == []


# --- a fresh clone ---


@pytest.fixture
def clone(shop: Builder, tmp_path: Path) -> Builder:
    """A clone on a machine with a store of its own: manifest, lock and pictures are committed."""
    shop.write({"assets.toml": HERO})
    assert shop.call("build", "--yes").code == 0
    assert shop.call("cache", "export", str(tmp_path / "pictures.tar")).code == 0
    (tmp_path / "other").mkdir()
    shutil.copytree(shop.root, tmp_path / "clone")
    return Builder(tmp_path / "other", tmp_path / "clone", dict(shop.environ))


def take_in(clone: Builder, tmp_path: Path) -> set[str]:
    """Takes the pictures in, some days ago; gives the names of the blobs that there are."""
    assert clone.call("cache", "import", str(tmp_path / "pictures.tar")).code == 0
    assert clone.run("build").out == "nothing to do: 1 asset current\n"
    moment = time.time() - 3 * 24 * 3_600
    for path in (clone.home / "store" / "blobs").rglob("*"):
        os.utime(path, (moment, moment))
    return blobs_of(clone)


def blobs_of(project: Builder) -> set[str]:
    return {path.name for path in (project.home / "store" / "blobs").rglob("*") if path.is_file()}


def whereabouts(project: Builder) -> list[tuple[str, bool]]:
    return [(one.root, one.is_there) for one in known_projects(project.home / "store")]


def test_a_clone_that_found_nothing_to_do_keeps_what_its_lock_pins(clone: Builder, tmp_path: Path) -> None:
    assert clone.run("build").out == "nothing to do: 1 asset current\n"
    assert whereabouts(clone) == [(str(clone.root), True)]
    blobs = take_in(clone, tmp_path)
    for more in ((), ("--forget-gone",)):
        told = clone.call("cache", "gc", "--paid", "--yes", *more)
        assert (told.code, told.err) == (0, "")
    assert blobs
    assert blobs_of(clone) == blobs


def test_a_clone_that_was_only_cleaned_is_known(clone: Builder) -> None:
    assert clone.call("clean", "--stale", "--yes").code == 0
    assert whereabouts(clone) == [(str(clone.root), True)]


def test_what_nobody_knows_the_place_of_is_not_forgotten_with_what_is_gone(clone: Builder, tmp_path: Path) -> None:
    """As earlier releases left it. It is known again by the next build, though that has nothing to do."""
    clone.run("build")
    blobs = take_in(clone, tmp_path)
    (where,) = (clone.home / "store" / "projects").glob(f"*/{PLACE}")
    where.unlink()
    for more in ((), ("--forget-gone",)):
        told = clone.call("cache", "gc", "--paid", "--yes", *more)
        assert told.code == 4
        assert told.err.startswith(
            f"error: nothing paid for is removed: nobody knows where a project is: `{where.parent}`\n"
            "hint: build each project of this store where it is"
        )
    assert blobs_of(clone) == blobs
    assert f"{where.parent.name}  " in clone.call("cache", "stats").out
    assert clone.run("build").out == "nothing to do: 1 asset current\n"
    assert clone.call("cache", "gc", "--paid", "--forget-gone", "--yes").code == 0
    assert blobs_of(clone) == blobs
