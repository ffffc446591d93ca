"""However a file comes to be what it is, the state at the end is the right one, and it takes few rounds."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.watch.projects import ONE, has_colour, write_one
from tests.watch.watching import Watching, watching

Save = Callable[[Path, bytes], None]


def in_place(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def by_rename(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def by_rename_without_a_dot(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.crswap")
    temporary.write_bytes(data)
    temporary.replace(path)


def from_another_folder(path: Path, data: bytes) -> None:
    temporary = path.parent.parent / "saving.tmp"
    temporary.write_bytes(data)
    temporary.replace(path)


def by_removing(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def by_removing_slowly(path: Path, data: bytes) -> None:
    path.unlink()
    time.sleep(0.1)
    path.write_bytes(data)


def with_a_backup(path: Path, data: bytes) -> None:
    """As vim does with `backupcopy=no`: a swap file, the old one renamed to a backup, the new one written."""
    swap, backup, probe = path.with_name(f".{path.name}.swp"), path.with_name(f"{path.name}~"), path.with_name("4913")
    swap.write_bytes(b"b0VIM")
    probe.write_bytes(b"")
    probe.unlink()
    path.replace(backup)
    path.write_bytes(data)
    backup.unlink()
    swap.unlink()


def with_a_kept_backup(path: Path, data: bytes) -> None:
    """As emacs does: a lock that is a link to nowhere, an autosave, a backup that stays."""
    lock, autosave = path.with_name(f".#{path.name}"), path.with_name(f"#{path.name}#")
    lock.symlink_to("user@host.1234:1")
    autosave.write_bytes(data[:10])
    path.replace(path.with_name(f"{path.name}~"))
    path.write_bytes(data)
    autosave.unlink()
    lock.unlink()


def in_pieces(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        for start in range(0, len(data), max(1, len(data) // 4)):
            file.write(data[start : start + max(1, len(data) // 4)])
            file.flush()
            time.sleep(0.02)


def as_a_link_to_another(path: Path, data: bytes) -> None:
    other = path.with_name(f"other-{time.monotonic_ns()}")
    other.write_bytes(data)
    path.unlink()
    path.symlink_to(other.name)


SAVES: tuple[Save, ...] = (
    in_place, by_rename, by_rename_without_a_dot, from_another_folder, by_removing, by_removing_slowly, with_a_backup,
    with_a_kept_backup, in_pieces, as_a_link_to_another,
)  # fmt: skip
# What takes its time may be seen in the middle of it; at the end all is well.
IN_STEPS = frozenset({in_pieces, by_removing_slowly})
COLOURS = ("red", "lime", "blue", "olive", "aqua", "maroon", "navy", "purple", "gray", "silver")


def settled(watch: Watching, until: Callable[[], bool]) -> int:
    """Waits for the rounds after which this is true, and for no more to come; gives how many they were, those
    included that were cut short."""
    before = len(watch.rounds)
    while True:
        watch.round()
        if until():
            break
    watch.calm()
    assert until()
    return len(watch.rounds) - before


def test_a_picture_is_built_whichever_way_an_editor_saves_it(project: Builder) -> None:
    write_one(project, f'[data]\nshots = "in/*.png"\n{ONE}')
    with watching(project) as watch:
        watch.round()
        for save, wanted in zip(SAVES, COLOURS, strict=True):
            save(project.root / "in/a.png", picture(wanted))
            count = settled(watch, lambda wanted=wanted: has_colour(project, "a.png", wanted))  # type: ignore[misc]
            told = [found.errors for found in watch.rounds[-count:]]
            assert not any(told) if save not in IN_STEPS else not told[-1], save.__name__
            assert count <= 2 or save in IN_STEPS, save.__name__


def test_the_manifest_is_read_whichever_way_an_editor_saves_it(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        for number, save in enumerate(SAVES[:-1]):
            save(project.root / "assets.toml", ONE.replace('a.png", width', f'a{number}.png", width').encode())
            count = settled(watch, lambda number=number: (project.root / f"a{number}.png").is_file())  # type: ignore[misc]
            told = [found.errors for found in watch.rounds[-count:]]
            assert not any(told) if save not in IN_STEPS else not told[-1], save.__name__
            assert count <= 2 or save in IN_STEPS, save.__name__


@pytest.mark.slow
def test_fifty_saves_in_a_second_are_a_round_or_two(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        time.sleep(1)
        began = time.monotonic()
        for number in range(50):
            time.sleep(max(0.0, began + number / 50 - time.monotonic()))
            project.write({"in/a.png": picture("red" if number % 2 else "blue", (64 + number, 64))})
        project.write({"in/a.png": picture("yellow")})
        assert settled(watch, lambda: has_colour(project, "a.png", "yellow")) <= 2


def test_many_files_that_come_and_go_at_once_are_few_rounds(project: Builder) -> None:
    manifest = '[data]\nshots = "in/*.png"\n[asset.a]\nmatrix.shot = "data.shots"\nsource = "{{ shot.path }}"\n'
    write_one(project, manifest + 'output = { path = "out/{{ shot.id }}.png", width = 8 }\n')
    with watching(project) as watch:
        watch.round()
        for number in range(100):
            project.write({f"in/{number:03}.png": picture("red")})
        assert settled(watch, lambda: len(list((project.root / "out").iterdir())) == 101) <= 2
        for number in range(100):
            project.write({f"in/{number:03}.png": picture("blue")})
            (project.root / f"in/{number:03}.png").rename(project.root / f"in/b{number:03}.png")
        assert settled(watch, lambda: len(list((project.root / "out").glob("b*.png"))) == 100) <= 2
        assert watch.rounds[-1].row["current"] + len(watch.rounds[-1].row["made"]) == 101


# --- links and folders -------------------------------------------------------------------------------------------


def test_a_link_is_followed_to_what_it_is_a_link_to(project: Builder) -> None:
    write_one(project)
    root = project.write({"far/red.png": picture("red"), "far/blue.png": picture("blue")}).root
    (root / "in/a.png").unlink()
    (root / "in/a.png").symlink_to("../far/red.png")
    with watching(project) as watch:
        watch.round()
        assert has_colour(project, "a.png", "red")
        project.write({"far/red.png": picture("lime")})
        watch.round()
        assert has_colour(project, "a.png", "lime")
        (root / "in/new.png").symlink_to("../far/blue.png")
        (root / "in/new.png").replace(root / "in/a.png")
        watch.until("a.png")
        assert has_colour(project, "a.png", "blue")
        project.write({"far/blue.png": picture("navy")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "navy")


def test_a_folder_that_is_a_link_is_followed_too(project: Builder) -> None:
    write_one(project)
    root = project.write({"far/a.png": picture("red"), "near/a.png": picture("blue")}).root
    shutil.rmtree(root / "in")
    (root / "in").symlink_to("far")
    with watching(project) as watch:
        watch.round()
        assert has_colour(project, "a.png", "red")
        (root / "new").symlink_to("near")
        (root / "new").replace(root / "in")
        watch.until("a.png")
        assert has_colour(project, "a.png", "blue")
        project.write({"near/a.png": picture("navy")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "navy")


def test_a_folder_of_sources_may_go_and_come_again(project: Builder) -> None:
    write_one(project, f'[data]\nshots = "in/*.png"\n{ONE}')
    root = project.root
    with watching(project) as watch:
        watch.round()
        shutil.rmtree(root / "in")
        assert watch.round().errors != []
        project.write({"in/a.png": picture("red")})
        watch.until("a.png")
        (root / "in").rename(root / "away")
        assert watch.round().errors != []
        project.write({"away/a.png": picture("blue")})
        assert watch.calm() == []
        (root / "away").rename(root / "in")
        watch.until("a.png")
        assert has_colour(project, "a.png", "blue")
        project.write({"in/a.png": picture("navy")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "navy")


def test_deep_folders_may_go_and_come_again_all_at_once(project: Builder) -> None:
    project.write({"assets.toml": ONE.replace("in/a.png", "one/two/three/a.png")})
    with watching(project) as watch:
        assert watch.round().errors != []
        project.write({"one/two/three/a.png": picture("red")})
        watch.until("a.png")
        shutil.rmtree(project.root / "one")
        project.write({"one/two/three/a.png": picture("blue")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "blue")
        project.write({"one/two/three/a.png": picture("navy")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "navy")


def test_the_manifest_may_go_and_come_again(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        project.remove("assets.toml")
        gone = watch.round()
        assert not gone.built
        assert gone.errors != []
        assert has_colour(project, "a.png", "teal")
        write_one(project, ONE.replace("width = 8", "width = 9"))
        watch.until("a.png")


# --- other processes ------------------------------------------------------------------------------------------------


def git(project: Builder, *words: str) -> None:
    told = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=project.root, env=project.env(),
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr + told.stdout


def commit_all(project: Builder) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", "so far")


def test_another_branch_and_back_and_a_merge_are_built_as_they_are(project: Builder) -> None:
    write_one(project)
    git(project, "init", "-q", "-b", "main")
    assert project.call("build").code == 0
    commit_all(project)
    git(project, "checkout", "-qb", "other")
    project.write({"in/b.png": picture("blue"), "in/a.png": picture("red")})
    project.write({"assets.toml": ONE + ONE.replace("a.png", "b.png").replace("asset.a", "asset.b")})
    assert project.call("build").code == 0
    commit_all(project)
    with watching(project) as watch:
        watch.round()
        for branch, wanted in (("main", "teal"), ("other", "red"), ("main", "teal"), ("other", "red")):
            git(project, "checkout", "-q", branch)
            watch.round()
            watch.calm()
            assert not any(found.errors for found in watch.rounds)
            assert has_colour(project, "a.png", wanted)
            assert project.call("check").code == 0
            assert (project.root / "b.png").exists() == (branch == "other")
        git(project, "checkout", "-q", "main")
        watch.round()
        project.write({"assets.toml": '[vars]\nx = "1"\n' + ONE})
        watch.round()
        commit_all(project)
        git(project, "merge", "-qm", "both", "other")
        watch.round()
        watch.calm()
        assert has_colour(project, "a.png", "red")
        assert project.call("check").code == 0


def test_a_build_in_another_process_disturbs_nothing(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        for wanted in ("red", "lime", "blue"):
            project.write({"in/a.png": picture(wanted)})
            assert project.run("build").code == 0
            watch.round()
            watch.calm()
            assert has_colour(project, "a.png", wanted)
            assert project.call("check").code == 0
        assert not any(found.errors for found in watch.rounds)


def test_a_lock_that_is_put_back_is_made_right_again(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        old = project.text("assets.lock")
        project.write({"in/a.png": picture("red")})
        watch.round()
        project.write({"assets.lock": old})
        watch.round()
        watch.calm()
        assert project.call("check").code == 0
        project.remove("assets.lock")
        watch.round()
        watch.calm()
        assert project.call("check").code == 0
