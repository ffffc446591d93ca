"""What this machine knows of a project: kept by manifest, merged between builds, and never misled by a file."""

import marshal
import os
import threading
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from assetforge.outputs.state import NAME, State, StateFile, Written, pointed_at, project_folder
from assetforge.paths import Root
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO

OTHER = DRAFTS + '[asset.other]\nprompt = "A tower"\noutput = "other.png"\n'


def pointer(oid: str) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 5\n".encode()


def written(name: str) -> Written:
    return Written(digest_bytes(name.encode()), digest_bytes(b"key"), draft=True)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "site").mkdir()
    return Root(str(tmp_path / "site"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


# --- one state a manifest ---


def test_a_build_of_one_manifest_proves_nothing_of_another(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "other.toml": OTHER})
    assert project.run("build", "-m", "other.toml").code == 0
    assert "nothing to do" not in project.run("build").out
    assert {"hero.png", "other.png"} <= project.files().keys()
    assert "nothing to do" in project.run("build").out


def test_cleaning_one_manifest_leaves_what_another_made(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "other.toml": OTHER})
    project.call("build")
    project.call("build", "-m", "other.toml")
    assert project.call("clean", "--yes").code == 0
    assert "other.png" in project.files()
    assert "hero.png" not in project.files()


def test_every_manifest_s_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    names = ["assets.toml", "other.toml", "other", "a b.toml", "a-b.toml", "../x.toml", "ä.toml", "x" * 250]
    folders = [project_folder(tmp_path / "data", str(tmp_path), name) for name in names]
    assert len(set(folders)) == len(names)
    assert {found.parent for found in folders} == {tmp_path / "data" / "projects"}
    assert max(len(found.name) for found in folders) < 100


# --- pointers ---


@pytest.mark.parametrize("oid", ["zzz", "", "a" * 63, "A" * 64, "a" * 64 + "b", "../../x"])
def test_a_pointer_to_no_digest_is_an_ordinary_file(root: Root, folder: Path, oid: str) -> None:
    target = Path(root.path) / "hero.png"
    target.write_bytes(pointer(oid))
    assert pointed_at(str(target), target.stat().st_size) is None
    state = State(folder, root)
    assert state.digest("hero.png") == digest_bytes(pointer(oid))
    assert not state.is_pointer("hero.png")


def test_a_broken_pointer_at_an_output_path_is_a_file_of_the_user_s(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "hero.png": pointer("zzz")})
    told = project.call("build")
    assert told.code == 1
    assert "is a file of yours" in told.err + told.out


# --- two builds at once ---


def test_what_two_builds_write_is_known_of_both(root: Root, folder: Path) -> None:
    first, second = State(folder, root), State(folder, root)
    first.written["a.png"] = written("a")
    second.written["b.png"] = written("b")
    first.save()
    second.save()
    assert State(folder, root).written == {"a.png": written("a"), "b.png": written("b")}


def test_what_one_build_forgets_another_does_not_bring_back(root: Root, folder: Path) -> None:
    before = State(folder, root)
    before.written |= {"a.png": written("a"), "b.png": written("b")}
    before.save()
    first, second = State(folder, root), State(folder, root)
    del first.written["a.png"]
    first.save()
    second.written["c.png"] = written("c")
    second.save()
    assert set(State(folder, root).written) == {"b.png", "c.png"}


def test_what_one_build_forgets_and_another_writes_anew_is_known(root: Root, folder: Path) -> None:
    """Whichever of them ends last, and though the very same file was made again."""
    for forgets_last in (False, True):
        before = State(folder, root)
        before.written["a.png"] = written("old")
        before.save()
        first, second = State(folder, root), State(folder, root)
        del first.written["a.png"]
        second.written["a.png"] = written("new" if forgets_last else "old")
        for state in (second, first) if forgets_last else (first, second):
            state.save()
        assert "a.png" in State(folder, root).written


def test_a_state_that_is_saved_twice_forgets_in_between(root: Root, folder: Path) -> None:
    state = State(folder, root)
    state.written["a.png"] = written("a")
    state.save()
    del state.written["a.png"]
    state.save()
    assert State(folder, root).written == {}


def test_digests_that_two_builds_saw_are_both_remembered(root: Root, folder: Path) -> None:
    for name in ("a", "b"):
        (Path(root.path) / name).write_text(name)
        os.utime(Path(root.path) / name, (1, 1))
    first, second = State(folder, root), State(folder, root)
    assert threading.Event().wait(0.03) is False  # older than a clock's tick
    first.digest("a")
    second.digest("b")
    first.save()
    second.save()
    assert set(State(folder, root)._seen) == {"a", "b"}


def test_many_builds_at_once_lose_nothing(root: Root, folder: Path) -> None:
    states = [State(folder, root) for _ in range(8)]
    for number, state in enumerate(states):
        state.written[f"{number}.png"] = written(str(number))
    threads = [threading.Thread(target=state.save) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(State(folder, root).written) == {f"{number}.png" for number in range(8)}


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\0" * 100, marshal.dumps(None), marshal.dumps(()), marshal.dumps((1, "/root", [], [])),
     marshal.dumps((2, "/root", [], []))[:-1], marshal.dumps((2, "/root", [("a", ("x",))], [])),
     marshal.dumps((2, "/root", [], [1]))],
)  # fmt: skip
def test_a_state_that_cannot_be_read_is_no_state(root: Root, folder: Path, data: bytes) -> None:
    folder.mkdir()
    (folder / "state").write_bytes(data)
    assert State(folder, root).written == {}


# --- looking ahead ---


def test_what_was_looked_at_ahead_is_known_and_what_is_not_there_is_told_later(root: Root, folder: Path) -> None:
    state = State(folder, root)
    paths = [f"{number}.png" for number in range(20)]
    for path in paths:
        (Path(root.path) / path).write_bytes(path.encode())
        # Older than the tick in which a file might still change without a trace.
        os.utime(Path(root.path) / path, (1, 1))
    Path(root.path, "folder").mkdir()
    state.look_ahead([*paths, "missing.png", "folder"])
    assert [state.digest(path) for path in paths] == [digest_bytes(path.encode()) for path in paths]
    assert [state.digest("missing.png"), state.digest("folder")] == ["", ""]
    (Path(root.path) / "3.png").write_bytes(b"changed")
    assert state.digest("3.png") == digest_bytes(b"changed")


# --- a process that looks again and again ---


def test_who_looks_again_sees_what_another_build_wrote(root: Root, folder: Path) -> None:
    file = StateFile(folder / NAME)
    ours = State(folder, root, file)
    ours.written["a.png"] = written("a")
    ours.save()
    other = State(folder, root)
    other.written["b.png"] = written("b")
    other.save()
    again = State(folder, root, file)
    assert again.written == {"a.png": written("a"), "b.png": written("b")}
    del again.written["a.png"]
    again.save()
    assert State(folder, root).written == State(folder, root, file).written == {"b.png": written("b")}


def test_what_one_round_changes_and_does_not_keep_is_not_there_for_the_next(root: Root, folder: Path) -> None:
    file = StateFile(folder / NAME)
    State(folder, root, file).save()
    State(folder, root, file).written["a.png"] = written("a")
    assert State(folder, root, file).written == {}
