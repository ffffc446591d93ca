"""Where projects are is known to the store, and when they are there no more."""

import os
import shutil
from pathlib import Path

import pytest

from assetforge.outputs.whereabouts import NAME, keep_place, known_projects


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


def test_nothing_is_written_where_there_are_no_pictures_or_nothing_is_new(data: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "site")
    keep_place(tmp_path / "other", root, "assets.toml")
    assert not (tmp_path / "other").exists()
    keep_place(data, root, "assets.toml")
    (known,) = known_projects(data)
    os.utime(known.folder / NAME, ns=(1, 1))
    keep_place(data, root, "assets.toml")
    assert (known.folder / NAME).stat().st_mtime_ns == 1


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
    (known.folder / NAME).write_bytes(text)
    assert [one.is_there for one in known_projects(data)] == [False]
    shutil.rmtree(known.folder)
    assert known_projects(data) == []
