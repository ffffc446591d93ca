"""`cache export` and `cache import` as users run them: one machine's pictures on another, for nothing."""

import contextlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from assetforge.ops.decode import measure
from assetforge.store.blobs import Blobs
from assetforge.store.layout import REHEARSAL
from assetforge.store.parcel import blob_name, opening, record_name, writing
from assetforge.store.record_format import decode_record, encode_record
from assetforge.store.records import Records
from assetforge.store.tar import read_member
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, EDITED, HERO, picture
from tests.cli.test_cli_json import EVERY, KEYS
from tests.images_server import ImagesServer
from tests.store.purchases import key_of


@pytest.fixture
def edited(shop: Builder) -> Builder:
    shop.write({"assets.toml": EDITED, "art/logo.png": picture()})
    assert shop.call("build", "--yes").code == 0
    return shop


def clone(project: Builder, *without: str) -> Builder:
    """Another machine with the same files, but for its outputs, and an empty store."""
    other = Builder(project.home / "other", project.root.with_name("clone"), dict(project.environ))
    other.home.mkdir()
    shutil.copytree(project.root, other.root)
    for name in without:
        other.remove(name)
    return other


def names_in(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """A file whose members were changed by somebody."""
    with opening(str(path)) as (file, parcel):
        files = {record_name(key): read_member(file, one, 1 << 20) or b"" for key, one in parcel.records.items()}
        files |= {blob_name(digest): read_member(file, one, 1 << 24) or b"" for digest, one in parcel.blobs.items()}
    change(files)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def store_of(project: Builder) -> dict[str, bytes]:
    """The blobs of a store, with the documents of its records."""
    folder = project.home / "store"
    blobs, records = Blobs(folder / "blobs", lambda _: None), Records(folder / "records")
    found = {digest: blobs.path(digest).read_bytes() for digest in blobs.digests()}
    for key in list(records.keys()):
        record = records.get(key)
        assert record is not None
        found[key] = encode_record(record)
    records.close()
    return found


# --- from one machine to another ---


def test_another_machine_builds_the_same_bytes_without_a_call(edited: Builder, images: ImagesServer) -> None:
    told = edited.call("cache", "export", "shared.tar")
    assert told.code == 0, told
    calls = len(images.calls)
    other = clone(edited, "night.png", "night.webp")
    told = other.call("cache", "import", "shared.tar")
    assert told.code == 0, told
    assert other.call("cache", "verify").code == 0
    # With the lock, and even without it.
    for name in ("", "assets.lock"):
        if name:
            other.remove("night.png").remove("night.webp").remove(name)
        assert other.call("build").code == 0
        assert other.files() == edited.files()
    assert len(images.calls) == calls
    assert other.call("spend").out == "nothing was paid yet\n"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_same_lock_and_store_give_the_same_bytes(edited: Builder, umask: int) -> None:
    before = os.umask(umask)
    try:
        edited.call("cache", "export", "a.tar")
        edited.run("cache", "export", "b.tar", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="1")
    finally:
        os.umask(before)
    assert (edited.root / "a.tar").read_bytes() == (edited.root / "b.tar").read_bytes()
    names = names_in(edited.root / "a.tar")
    assert names == sorted(names)
    # From the machine that took it, too.
    other = clone(edited, "b.tar")
    other.call("cache", "import", "a.tar")
    other.call("cache", "export", "b.tar")
    assert (edited.root / "a.tar").read_bytes() == (other.root / "b.tar").read_bytes()


def test_importing_again_changes_nothing(edited: Builder) -> None:
    edited.call("cache", "export", "shared.tar")
    other = clone(edited)
    told = other.call("cache", "import", "shared.tar", "--json").object
    assert (told["pictures"], told["records"]) == (3, 4)
    before = store_of(other)
    again = other.call("cache", "import", "shared.tar")
    assert again.out == "0 pictures and 0 records taken; 3 pictures and 4 records were here\n"
    assert store_of(other) == before


def test_what_is_selected_comes_with_what_it_needs(edited: Builder) -> None:
    assert edited.call("cache", "export", "hero.tar", "hero").out.startswith("1 picture and 1 record in hero.tar, ")
    edited.call("cache", "export", "night.tar", "night", "--paid-only")
    edited.call("cache", "export", "all.tar", "--paid-only")
    assert names_in(edited.root / "night.tar") == names_in(edited.root / "all.tar")
    assert len(names_in(edited.root / "night.tar")) == 1 + 2 + 2


def test_the_whole_store_has_what_no_lock_names(edited: Builder) -> None:
    edited.write({"assets.toml": EDITED.replace('prompt = "', 'prompt = "Again: ')}).call("build", "--yes")
    edited.call("cache", "export", "lock.tar", "--paid-only")
    edited.call("cache", "export", "all.tar", "--all", "--paid-only")
    assert len(names_in(edited.root / "all.tar")) == len(names_in(edited.root / "lock.tar")) + 4
    other = clone(edited)
    assert other.call("cache", "import", "all.tar").code == 0
    other.write({"assets.toml": EDITED})
    assert other.call("build", "--on-miss=fail").code == 0


def test_a_picture_that_only_a_file_of_the_project_has_is_in_it(edited: Builder) -> None:
    """The store was lost; outputs that are a provider's very bytes are there."""
    edited.write({"assets.toml": HERO}).call("build", "--yes")
    other = clone(edited)
    told = other.call("cache", "export", "shared.tar")
    assert (told.code, told.out[:25]) == (0, "1 picture and 0 records i")


def test_what_is_nowhere_is_told_with_its_price(edited: Builder) -> None:
    other = clone(edited, "night.png")
    told = other.call("cache", "export", "shared.tar")
    assert told.code == 1
    assert told.err.startswith(
        "error: 2 bought pictures of `hero:generate` and `night:edit` are nowhere here: had cost $0."
    )
    found = other.call("cache", "export", "shared.tar", "--json").object
    assert set(found) == KEYS["cache export"] | EVERY
    assert [one["step"] for one in found["lacking"]] == ["hero:generate", "night:edit"]


def test_what_is_not_locked_yet_is_told(edited: Builder) -> None:
    edited.write({"assets.toml": EDITED + HERO.replace("hero", "new")})
    told = edited.call("cache", "export", "shared.tar")
    assert (told.code, told.err) == (
        0, "warning: `new` is not in the lock, so not in the file\nhint: build first\n",
    )  # fmt: skip


def test_no_file_of_the_users_is_overwritten_and_one_of_ours_is(edited: Builder) -> None:
    edited.write({"mine.tar": b"mine"})
    told = edited.call("cache", "export", "mine.tar")
    assert (told.code, told.err.splitlines()[0]) == (2, "error: `mine.tar` is there, and is no export")
    assert edited.text("mine.tar") == "mine"
    assert edited.call("cache", "export", "ours.tar", "hero").code == 0
    assert edited.call("cache", "export", "ours.tar").code == 0
    assert len(names_in(edited.root / "ours.tar")) == 1 + 3 + 4
    assert not [path for path in edited.root.iterdir() if path.name.endswith(".tmp")]


def test_drafts_of_a_priceless_provider_go_along(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO}).call("build")
    project.call("cache", "export", "shared.tar")
    other = clone(project, "hero.png")
    assert other.call("cache", "import", "shared.tar").code == 0
    assert other.call("build").code == 0
    assert other.files() == project.files()


def test_a_rehearsal_stays_one(edited: Builder) -> None:
    (edited.home / "store" / REHEARSAL).touch()
    edited.call("cache", "export", "shared.tar", "--all")
    other = clone(edited)
    told = other.call("cache", "import", "shared.tar")
    assert (told.code, told.err.splitlines()[0]) == (
        2, "error: `shared.tar` can't be taken: it holds simulated pictures, and this store is for real ones",
    )  # fmt: skip
    assert edited.call("cache", "import", "shared.tar").code == 0


@pytest.mark.parametrize("path", ["nowhere/x.tar", "assets.toml/x.tar"])
def test_a_folder_that_is_not_there_is_told(edited: Builder, path: str) -> None:
    told = edited.call("cache", "export", path)
    assert (told.code, told.err.splitlines()[0].rpartition(": ")[0]) == (2, f"error: `{path}` can't be written")
    assert not (edited.root / "nowhere").exists()


def test_a_picture_by_hand_goes_along_and_builds_elsewhere(edited: Builder, images: ImagesServer) -> None:
    edited.write({"hand.png": picture("red", (1024, 1024))})
    assert edited.call("adopt", "night", "hand.png").code == 0
    assert edited.call("build").code == 0
    calls = len(images.calls)
    other = clone(edited, "night.png", "night.webp", "hand.png")
    told = edited.call("cache", "export", "../clone/all.tar", "--all", "--paid-only")
    assert told.out.endswith("; 1 picture without a record, which only a lock knows\n")
    # Its bytes are those of an output, too, which has a record.
    assert edited.call("cache", "export", "all.tar", "--all", "--json").object["unrecorded"] == 0
    assert other.call("cache", "import", "all.tar").code == 0
    assert other.call("build").code == 0
    assert other.text("assets.lock") == edited.text("assets.lock")
    assert (other.root / "night.png").read_bytes() == (edited.root / "night.png").read_bytes()
    assert len(images.calls) == calls


def test_a_picture_by_hand_that_is_nowhere_is_told_apart(edited: Builder) -> None:
    edited.write({"hand.png": picture("red", (1024, 1024))}).call("adopt", "night", "hand.png")
    other = clone(edited, "hand.png", "night.png", "night.webp", "assets.toml")
    other.write({"assets.toml": EDITED})
    told = other.call("cache", "export", "shared.tar", "night", "--json").object
    assert [(one["step"], one["by"]) for one in told["lacking"]] == [("hero:generate", ""), ("night:edit", "by hand")]
    assert "1 picture made by hand for `night:edit` is nowhere here" in [one["message"] for one in told["errors"]]


# --- what somebody else may have made of it ---


@pytest.fixture
def shared(edited: Builder) -> tuple[Builder, Path]:
    """Another machine, and a file of the first one."""
    edited.call("cache", "export", "shared.tar")
    other = clone(edited)
    return other, other.root / "shared.tar"


def first(files: dict[str, bytes], kind: str) -> str:
    return min(name for name in files if name.startswith(kind))


def with_record(files: dict[str, bytes], **what: object) -> None:
    """The first bought picture's record says something else."""
    for name, data in sorted(files.items()):
        record = decode_record(data) if name.startswith("records/") else None
        if record is not None and record.kind == "images-api":
            files[name] = encode_record(replace(record, **what))  # type: ignore[arg-type]
            return


def swap(files: dict[str, bytes]) -> None:
    one, two = [name for name in sorted(files) if name.startswith("blobs/")][:2]
    files[one], files[two] = files[two], files[one]


BOMB = picture("teal", (64, 64)).replace(b"\0\0\0@\0\0\0@", b"\0\xff\xff\xff\0\xff\xff\xff")
TAMPERED: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "other bytes": (lambda files: files.update({first(files, "blobs/"): picture("red")}), "other bytes"),
    "two exchanged": (swap, "other bytes"),
    "no picture": (lambda files: files.update({blob_name(digest_bytes(b"no")): b"no"}), "not a picture"),
    "a bomb": (lambda files: files.update({blob_name(digest_bytes(BOMB)): BOMB}), "picture"),
    "another key's record": (
        lambda files: files.update({record_name(key_of(1)): files[first(files, "records/")]}), "another key",
    ),
    "no record": (lambda files: files.update({first(files, "records/"): b'{"v":1}'}), "no record"),
    "a newer record": (lambda files: files.update({first(files, "records/"): b'{"v":9}'}), "newer assetforge"),
    "a placeholder": (lambda files: with_record(files, kind="placeholder"), "a placeholder"),
    "a huge record": (lambda files: files.update({first(files, "records/"): b" " * 300_000}), "too large"),
    "a picture that is missing": (lambda files: files.pop(first(files, "blobs/")), "is not here"),
    "a path that leads out": (lambda files: files.update({"../../evil": b"x"}), "no place"),
    "an absolute path": (lambda files: files.update({"/tmp/evil": b"x"}), "no place"),
    "a blob in another's folder": (
        lambda files: files.update({f"blobs/00/{'f' * 64}": b"x"}), "no place",
    ),
    "a ledger": (lambda files: files.update({"ledger.jsonl": b"{}"}), "no place"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_was_tampered_with_is_told_and_all_else_is_taken(
    shared: tuple[Builder, Path], change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    other, path = shared
    changed(path, change)
    told = other.call("cache", "import", "shared.tar", "--json")
    assert told.code == 1
    assert set(told.object) == KEYS["cache import"] | (EVERY - {"root"})
    assert any(reason in one["reason"] for one in told.object["refused"]), told.out
    assert told.object["pictures"] + told.object["records"] >= 2
    assert other.call("cache", "verify").code == 0
    assert not Path("/tmp/evil").exists()
    assert not list(other.root.parent.rglob("evil"))
    assert not list((other.home / "store" / "blobs").glob(".*"))


def test_what_a_record_says_of_its_picture_is_measured_here(shared: tuple[Builder, Path]) -> None:
    other, path = shared
    data = picture("red")
    lies = replace(measure(data, "x"), width=5, pixels="f" * 64, format="zip", bytes=7)
    with writing(str(path), is_rehearsal=False) as tar:
        tar.add(blob_name(lies.digest), data)
        with opening(str(path)) as (file, parcel):
            key, member = min(parcel.records.items())
            told = decode_record(read_member(file, member, 1 << 20) or b"")
        assert told is not None
        tar.add(record_name(key), encode_record(replace(told, media=lies)))
    assert other.call("cache", "import", "shared.tar").code == 0
    records = Records(other.home / "store" / "records")
    kept = records.get(key)
    records.close()
    assert kept is not None
    assert kept.media == measure(data, "x")


def test_a_link_is_no_file(shared: tuple[Builder, Path]) -> None:
    other, path = shared
    with tarfile.open(path, "a") as tar:
        for kind, name in ((tarfile.SYMTYPE, blob_name("a" * 64)), (tarfile.LNKTYPE, record_name("b" * 64))):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    told = other.call("cache", "import", "shared.tar")
    assert told.code == 1
    assert told.err.startswith(
        f"error: 2 entries are not taken, such as `{blob_name('a' * 64)}`: it is not a regular "
    )


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("what", [(".",), ("./assetforge.json", "records", "./blobs")], ids=["all", "each"])
def test_what_tar_packs_again_is_taken(shared: tuple[Builder, Path], form: int, what: tuple[str, ...]) -> None:
    other, path = shared
    names = names_in(path)
    with tarfile.open(path) as tar:
        tar.extractall(other.home / "unpacked", filter="data")
    for file in (other.home / "unpacked").rglob("*"):
        os.utime(file, (1.5, 1.5))  # which only one of the forms can tell, by a remark of its own
    with tarfile.open(path, "w", format=form) as tar, contextlib.chdir(other.home / "unpacked"):
        for name in what:
            tar.add(name)
    told = other.call("cache", "import", "shared.tar", "--json").object
    assert (told["exit_code"], told["pictures"] + told["records"]) == (0, len(names) - 1)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (None, "no such file or directory"),
        (b"", "it is no tar"),
        (b"\x1f\x8b\x08", "is compressed"),
        (b"x" * 5_000, "it is no tar"),
    ],
)
def test_what_is_no_export_is_told(project: Builder, data: bytes | None, error: str) -> None:
    if data is not None:
        project.write({"x.tar": data})
    told = project.call("cache", "import", "x.tar")
    assert told.code == 2
    assert told.err.startswith("error: `x.tar` ")
    assert error in told.err
    assert not (project.home / "store").exists()


def test_a_file_that_was_cut_off_is_not_half_taken(shared: tuple[Builder, Path]) -> None:
    other, path = shared
    path.write_bytes(path.read_bytes()[:-11_000])
    told = other.call("cache", "import", "shared.tar")
    assert told.code == 2
    assert "shared.tar` can't be read: it ends " in told.err
    assert not (other.home / "store" / "blobs").exists()


def test_a_file_of_a_newer_release_is_refused(shared: tuple[Builder, Path]) -> None:
    other, path = shared
    changed(path, lambda files: files.update({"assetforge.json": b'{"v":2}'}))
    told = other.call("cache", "import", "shared.tar")
    assert (told.code, told.err.splitlines()[0]) == (2, "error: the export was written by a newer assetforge")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("export",), "error: `assetforge cache export` needs FILE.tar\n"),
        (("export", "x.tar"), "error: the project has no lock, which says what to export\n"),
        (("export", "x.tar", "nope"), "error: "),
        (("export", "x.tar", "hero", "--all"), "error: --all takes no selection\n"),
        (("export", "x.tar", "--all"), "error: there is no store in "),
        (("export", "no/such/x.tar", "--all"), "error: "),
        (("import", "a.tar", "b.tar"), "error: `assetforge cache import` takes no `b.tar`\n"),
        (("import", "."), "error: `.` can't be read: is a directory\n"),
    ],
)
def test_a_wrong_command_line_is_told(project: Builder, arguments: tuple[str, ...], error: str) -> None:
    project.write({"assets.toml": HERO})
    told = project.call("cache", *arguments)
    assert told.code == 2
    assert told.err.startswith(error)
