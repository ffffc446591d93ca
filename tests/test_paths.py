"""Laws of paths: whatever a stranger's manifest, files and links say, nothing outside the root is met."""

import contextlib
import os
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetforge import atomic
from assetforge.paths import MissingFile, PathError, Root, fold, is_listed

SECRET = "secret"
components = st.one_of(
    st.sampled_from([".", "..", "a", "b.png", ".git", ".GIT", "NUL.txt", "C:", "x ", "~", "", ".env", "*"]),
    st.text(max_size=6),
)
spellings = st.lists(components, max_size=6).map("/".join)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "id.txt").write_text(SECRET)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def root(home: Path) -> Root:
    return Root(str(home))


def put(home: Path, path: str) -> str:
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    (home / path).write_text(path)
    return path


# --- as a path is written -----------------------------------------------------------------------------------


@given(spellings, st.sampled_from(["", ".", "public/assets"]))
def test_a_clean_path_stays_below_the_root_and_is_clean(spelling: str, base: str) -> None:
    try:
        path = Root.clean(spelling, base)
    except PathError:
        return
    assert Root.clean(path) == path
    assert os.path.normpath(path) == path
    assert not os.path.isabs(path)
    assert ".." not in path.split("/")
    assert fold(path.split("/")[0]) not in {".git", ".hg", ".svn", ".jj"}


@pytest.mark.parametrize(
    ("path", "base", "expected"),
    [
        ("a/./b//c.png", "", "a/b/c.png"),
        ("hero.png", "public/assets", "public/assets/hero.png"),
        ("../hero.png", "public/assets", "public/hero.png"),
        ("a/../b", ".", "b"),
        ("icons/", "", "icons"),
        ("...x/console.txt", "", "...x/console.txt"),
        ("grün/日本.png", "./out/", "out/grün/日本.png"),
    ],
)
def test_a_path_is_joined_and_normalised(path: str, base: str, expected: str) -> None:
    assert Root.clean(path, base) == expected


@pytest.mark.parametrize(
    ("path", "base"),
    [
        *[(path, "") for path in ("", ".", "a/..", "..", "../x", "a/../../x", "/etc/passwd", "//host/x")],
        *[
            (path, "")
            for path in (
                "a\\b",
                "C:/x",
                "c:x",
                "./C:",
                "a/c:x",
                "a\0b",
                "a\nb",
                "a\x1b[2Jb",
                "a\x9bb",
                "\ud800.png",
            )
        ],
        *[(path, "") for path in (".git/hooks/x", "a/.GIT/x", ".Hg/x", ".svn", "a/.jj", ".git/../x", "GIT~1/x")],
        *[(path, "") for path in (".g\u200cit/x", ".\u017fvn/x")],
        *[
            (path, "")
            for path in ("a./x", "a /x", "x.png ", "con", "a/NUL.txt", "Com1.tar.gz", "lpt\u00b2", "aux .x")
        ],
        ("a" * 256, ""),
        ("\u00fc" * 128, ""),
        ("../../x", "public"),
        ("x", "/etc"),
        ("x", ".git"),
        ("x", "a\\b"),
    ],
)
def test_a_path_that_no_project_should_have_is_refused(path: str, base: str) -> None:
    with pytest.raises(PathError):
        Root.clean(path, base)


@given(st.text())
@example("\u0345\u0301A")
def test_folding_forgets_composition_and_folding_twice_changes_nothing(path: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)
    assert fold(composed) == fold(decomposed) == fold(path) == fold(fold(path))


@pytest.mark.parametrize(
    ("path", "other"), [("Hero.PNG", "hero.png"), ("Caf\u00e9", "cafe\u0301"), ("STRASSE", "stra\u00dfe")]
)
def test_paths_that_differ_in_case_or_composition_fold_alike(path: str, other: str) -> None:
    assert fold(path) == fold(other)


def test_a_refusal_can_be_printed_on_a_terminal() -> None:
    with pytest.raises(PathError) as caught:
        Root.clean("a\x1b[2J\n\u009b")
    assert caught.value.message == r"`a\u001b[2J\u000a\u009b` has a control character or half a character in it"


# --- reading ------------------------------------------------------------------------------------------------


def test_a_file_is_read_through_links_that_stay_inside(root: Root, home: Path) -> None:
    put(home, "art/a.txt")
    (home / "linked").symlink_to("art")
    (home / "alias.txt").symlink_to(home / "linked" / "a.txt")
    expected = os.path.realpath(home / "art" / "a.txt")
    assert {root.readable(path, text=True) for path in ("art/a.txt", "linked/a.txt", "alias.txt")} == {expected}


def test_the_root_may_itself_be_reached_through_a_link(home: Path, tmp_path: Path) -> None:
    put(home, "a.txt")
    (tmp_path / "link").symlink_to(home)
    assert Root(str(tmp_path / "link")).readable("a.txt", text=True) == os.path.realpath(home / "a.txt")


def test_a_link_that_leads_outside_is_refused_whether_or_not_something_is_there(
    root: Root, home: Path, outside: Path
) -> None:
    (home / "file.txt").symlink_to(outside / "id.txt")
    (home / "gone.txt").symlink_to(outside / "gone.txt")
    (home / "folder").symlink_to("../outside")
    (home / "twice").symlink_to("folder")
    for path in ("file.txt", "gone.txt", "folder/id.txt", "twice/id.txt", "folder/gone.txt"):
        with pytest.raises(PathError, match="leads outside the root") as caught:
            root.readable(path, text=False)
        assert not isinstance(caught.value, MissingFile)


def test_a_folder_beside_the_root_with_a_longer_name_is_outside(home: Path, root: Root, tmp_path: Path) -> None:
    (tmp_path / "project-private").mkdir()
    (tmp_path / "project-private" / "a.txt").write_text(SECRET)
    (home / "a.txt").symlink_to(tmp_path / "project-private" / "a.txt")
    with pytest.raises(PathError, match="outside"):
        root.readable("a.txt", text=True)


def test_a_link_into_version_control_is_refused(root: Root, home: Path) -> None:
    put(home, ".git/config")
    (home / "config.txt").symlink_to(".git/config")
    with pytest.raises(PathError, match="version control"):
        root.readable("config.txt", text=False)
    with pytest.raises(PathError, match="version control"):
        root.writable("config.txt/x")


def test_hidden_text_is_not_read_before_or_after_links_but_hidden_pictures_are(root: Root, home: Path) -> None:
    put(home, ".env")
    put(home, ".art/a.png")
    (home / "notes.txt").symlink_to(".env")
    for path in (".env", "notes.txt", ".art/a.png"):
        with pytest.raises(PathError, match="hidden"):
            root.readable(path, text=True)
    assert root.readable(".art/a.png", text=False).endswith(".art/a.png")


def test_what_is_missing_is_told_apart_from_what_is_refused(root: Root, home: Path) -> None:
    put(home, "a.txt")
    (home / "dangling").symlink_to("nowhere")
    for path in ("b.txt", "a.txt/b", "no/folder/x", "dangling"):
        with pytest.raises(MissingFile, match=f"`{path}` does not exist"):
            root.readable(path, text=True)


def test_only_regular_files_are_read(root: Root, home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "folder").mkdir()
    (home / "circle").symlink_to("circle")
    for path in ("pipe", "folder", "circle"):
        with pytest.raises(PathError) as caught:
            root.readable(path, text=False)
        assert not isinstance(caught.value, MissingFile)


# --- writing ------------------------------------------------------------------------------------------------


def test_parents_need_not_exist_to_be_writable(root: Root, home: Path) -> None:
    assert root.writable("new/deep/a.png") == os.path.realpath(home / "new" / "deep" / "a.png")
    assert not (home / "new").exists()


def test_nothing_is_written_outside_over_a_folder_or_below_a_file(root: Root, home: Path, outside: Path) -> None:
    put(home, "file")
    (home / "folder").mkdir()
    (home / "out").symlink_to(outside)
    (home / "out-later").symlink_to(outside / "new")
    for path in ("out/a.png", "out-later/a.png", "folder", "file/a.png", "file/b/a.png", "../a.png"):
        with pytest.raises(PathError):
            root.writable(path)
        with pytest.raises(PathError), root.open_parent(path):
            pass
    assert os.listdir(outside) == ["id.txt"]


def test_an_open_parent_is_the_folder_of_the_path(root: Root, home: Path) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to("real")
    for path, there in [("a.png", "a.png"), ("x/y/b.png", "x/y/b.png"), ("link/new/c.png", "real/new/c.png")]:
        with root.open_parent(path) as folder:
            atomic.write_in(folder, os.path.basename(path), b"pixels")
        assert (home / there).read_bytes() == b"pixels"
    assert (home / "x" / "y").stat().st_mode & 0o022 == 0


def test_an_open_parent_is_closed_at_the_end_and_on_failure(root: Root, home: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    with root.open_parent("a/b/c.png"):
        pass
    put(home, "file")
    with pytest.raises(RuntimeError), root.open_parent("a/b/c.png"):
        raise RuntimeError
    with pytest.raises(PathError), root.open_parent("file/c.png"):
        pass
    assert len(os.listdir("/dev/fd")) == before


def test_a_folder_swapped_for_a_link_after_opening_changes_nothing(root: Root, home: Path, outside: Path) -> None:
    with root.open_parent("a/b.png") as folder:
        (home / "a").rename(home / "moved")
        (home / "a").symlink_to(outside)
        atomic.write_in(folder, "b.png", b"pixels")
    assert (home / "moved" / "b.png").exists()
    assert os.listdir(outside) == ["id.txt"]


def test_a_folder_swapped_for_a_link_while_opening_never_leads_outside(root: Root, home: Path, outside: Path) -> None:
    """An adversary exchanges a folder and a link without pause; each write lands inside, or is refused."""
    (home / "a" / "deep").mkdir(parents=True)
    (outside / "deep").mkdir()
    (home / "link").symlink_to(outside)
    done = threading.Event()
    adversary = threading.Thread(target=exchange, args=(home, done.is_set))
    adversary.start()
    landed = 0
    try:
        for _ in range(800):
            try:
                with root.open_parent("a/deep/b.png") as folder:
                    atomic.write_in(folder, "b.png", b"pixels")
                landed += 1
            except PathError:
                continue
    finally:
        done.set()
        adversary.join()
    assert os.listdir(outside / "deep") == []
    assert sorted(os.listdir(outside)) == ["deep", "id.txt"]
    assert landed


def exchange(home: Path, is_done: Callable[[], bool]) -> None:
    """Puts the link where the folder is, and back; a folder that the build made meanwhile goes aside."""
    number = 0
    while not is_done():
        for shelf, other in (("folder", "link"), ("link", "folder")):
            number += 1
            place = home / (f"aside-{number}" if os.path.lexists(home / shelf) else shelf)
            with contextlib.suppress(OSError):
                (home / "a").rename(place)
                (home / other).rename(home / "a")


# --- globs --------------------------------------------------------------------------------------------------


@pytest.fixture
def shots(home: Path) -> Path:
    for path in ("b.png", "a.png", "a.txt", ".c.png", "x/d.png", "x/y/e.png", ".z/f.png", "x/.g/h.png"):
        put(home, f"art/{path}")
    return home


@pytest.mark.parametrize(
    ("pattern", "files", "folders"),
    [
        ("art/*.png", "art/a.png art/b.png", "art"),
        ("art/?.[pt]*", "art/a.png art/a.txt art/b.png", "art"),
        ("art/**/*.png", "art/a.png art/b.png art/x/d.png art/x/y/e.png", "art art/x art/x/y"),
        ("**/y/*.png", "art/x/y/e.png", ". art art/x art/x/y"),
        ("art/x/**", "art/x/d.png art/x/y/e.png", "art/x art/x/y"),
        ("art/*/d.png", "art/x/d.png", "art art/x"),
        ("art/a.png", "art/a.png", "art"),
        ("./art/x/../*.txt", "art/a.txt", "art"),
        ("art/new/*.png", "", "art"),
        ("new/deep/*.png", "", "."),
        ("art/A.png", "", "art"),
        ("art/*", "art/a.png art/a.txt art/b.png", "art"),
    ],
)
def test_a_glob_lists_files_that_are_not_hidden_and_the_folders_it_looked_in(
    shots: Path, pattern: str, files: str, folders: str
) -> None:
    root = Root(str(shots))
    assert root.list_glob(pattern) == tuple(files.split())
    assert root.glob_folders(pattern) == tuple(folders.split())


@pytest.mark.parametrize("new", ["art/x/y/z/new.png", "art/new.png", "art/w/new.png", "late/new.png", "new.png"])
@pytest.mark.parametrize("pattern", ["**/*.png", "art/*.png", "art/*/new.png", "late/*.png", "*/**/new.png"])
def test_a_glob_that_finds_more_had_told_a_folder_that_changed(shots: Path, pattern: str, new: str) -> None:
    root = Root(str(shots))
    before = root.list_glob(pattern)
    listings = {folder: sorted(os.listdir(shots / folder)) for folder in root.glob_folders(pattern)}
    put(shots, new)
    if root.list_glob(pattern) != before:
        assert any(sorted(os.listdir(shots / folder)) != names for folder, names in listings.items())


def test_globs_follow_links_of_folders_inside_by_name_and_by_wildcard_but_not_by_any_depth(
    shots: Path,
) -> None:
    (shots / "link").symlink_to("art")
    (shots / "art" / "x" / "up").symlink_to("..")
    root = Root(str(shots))
    assert root.list_glob("link/a.*") == ("link/a.png", "link/a.txt")
    assert root.list_glob("*/b.png") == ("art/b.png", "link/b.png")
    assert root.list_glob("**/b.png") == ("art/b.png",)


def test_globs_never_list_what_is_outside(shots: Path, outside: Path) -> None:
    (outside / "a.png").write_text(SECRET)
    (shots / "out").symlink_to(outside)
    root = Root(str(shots))
    assert root.list_glob("*/a.png") == ("art/a.png",)
    assert root.list_glob("**/a.png") == ("art/a.png",)
    for pattern in ("out/*.png", "../outside/*", "/etc/*", ".git/*", ".*/*", "art/.z/*"):
        with pytest.raises(PathError):
            root.list_glob(pattern)


def test_a_link_to_a_file_outside_is_an_error_of_the_glob_and_a_dangling_one_is_no_file(
    shots: Path, outside: Path
) -> None:
    root = Root(str(shots))
    (shots / "art" / "dangling.png").symlink_to("nowhere")
    (shots / "art" / "folder.png").mkdir()
    assert root.list_glob("art/*.png") == ("art/a.png", "art/b.png")
    (shots / "art" / "stolen.png").symlink_to(outside / "id.txt")
    with pytest.raises(PathError, match=r"`art/stolen\.png` leads outside"):
        root.list_glob("art/*.png")


def test_a_name_that_windows_reserves_is_an_error_of_the_glob(shots: Path) -> None:
    put(shots, "art/aux.png")
    with pytest.raises(PathError, match=r"`aux\.png`, which Windows reserves"):
        Root(str(shots)).list_glob("art/*.png")


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("art/a.png", "art/*.png", True),
        ("art/deep/a.png", "art/*.png", False),
        ("art/deep/a.png", "art/**/*.png", True),
        ("art/a.png", "art/**/*.png", True),
        ("art/.a.png", "art/*.png", False),
        ("art/a.jpg", "art/*.png", False),
        ("a.png", "**/*.png", True),
    ],
)
def test_a_path_is_listed_as_the_disk_would_list_it(tmp_path: Path, path: str, pattern: str, expected: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_bytes(b"x")
    assert is_listed(path, pattern) is expected
    assert (path in Root(str(tmp_path)).list_glob(pattern)) is expected
