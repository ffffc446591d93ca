"""Laws of plain tars: any tar program reads what is written, the same contents give the same bytes, and of what is
read only regular files count."""

import io
import tarfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.store.tar import RECORD, TarError, TarWriter, members, read_member

names = st.text("abcdef0123456789/._-", min_size=1, max_size=100).filter(lambda name: name.strip("/"))
contents = st.dictionaries(names, st.binary(max_size=2_000), max_size=6)


def written(files: dict[str, bytes]) -> bytes:
    spooled = io.BytesIO()
    tar = TarWriter(spooled)
    for name, data in files.items():
        tar.add(name, data)
    tar.close()
    return spooled.getvalue()


def read(data: bytes) -> list[tuple[str, bytes | None, bool]]:
    file = io.BytesIO(data)
    return [(one.name, read_member(file, one, 10_000), one.is_file) for one in members(file)]


@given(contents)
def test_what_is_written_is_read(files: dict[str, bytes]) -> None:
    assert read(written(files)) == [(name, data, True) for name, data in files.items()]


@given(contents)
def test_another_program_reads_it_as_files_of_nobody_and_of_no_time(files: dict[str, bytes]) -> None:
    data = written(files)
    assert len(data) % RECORD == 0
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        found = tar.getmembers()
        assert [one.name for one in found] == [name.rstrip("/") if one.isdir() else name
                                               for one, name in zip(found, files, strict=True)]  # fmt: skip
        for one in found:
            assert (one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) == (0, 0, 0, "", "", 0o644)
            assert one.isdir() or tar.extractfile(one).read() == files[one.name]  # type: ignore[union-attr]


@given(contents)
def test_what_another_program_writes_is_read(files: dict[str, bytes]) -> None:
    spooled = io.BytesIO()
    with tarfile.open(fileobj=spooled, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert [(name, data) for name, data, _ in read(spooled.getvalue())] == list(files.items())


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_what_is_no_regular_file_is_none(kind: bytes) -> None:
    spooled = io.BytesIO()
    with tarfile.open(fileobj=spooled, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    ((_, data, is_file),) = read(spooled.getvalue())
    assert (data, is_file) == (b"", False)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_that_need_more_than_a_header_are_not_put_together(form: int) -> None:
    """What follows has a name that was cut off, and no place where names are strict."""
    spooled = io.BytesIO()
    with tarfile.open(fileobj=spooled, mode="w", format=form) as tar:
        tar.addfile(tarfile.TarInfo("d/" * 100 + "x"))
    assert all(len(name) <= 257 for name, _, is_file in read(spooled.getvalue()) if is_file)


def test_remarks_on_entries_and_on_all_of_them_are_no_entries() -> None:
    spooled = io.BytesIO()
    with tarfile.open(
        fileobj=spooled, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x" * 600}
    ) as tar:
        info = tarfile.TarInfo("x")
        info.size, info.mtime = 1, 0.5
        tar.addfile(info, io.BytesIO(b"1"))
    assert b"PaxHeader" in spooled.getvalue()
    assert read(spooled.getvalue()) == [("x", b"1", True)]


def test_more_than_is_asked_for_is_not_read() -> None:
    file = io.BytesIO(written({"x": b"12345"}))
    (member,) = members(file)
    assert read_member(file, member, 4) is None
    assert read_member(file, member, 5) == b"12345"


@pytest.mark.parametrize("cut", [1, 511, 512, 700, 1_000, 1_535])
def test_a_tar_that_ends_too_early_is_none(cut: int) -> None:
    with pytest.raises(TarError):
        read(written({"x": b"1" * 600})[:cut])


def test_a_header_that_was_changed_is_found_out() -> None:
    data = bytearray(written({"x": b"1", "y": b"2"}))
    data[1_024] ^= 1
    with pytest.raises(TarError, match="damaged"):
        read(bytes(data))


@given(st.binary(max_size=2_000))
def test_any_bytes_are_no_tar(data: bytes) -> None:
    """Or an empty one: a header has the sum of its bytes."""
    with pytest.raises(TarError) if any(data[:512]) or len(data) < 512 else nullcontext():
        assert read(data) == []


def test_a_size_in_binary_has_no_place() -> None:
    """As GNU writes what is over 8 GiB: nothing here is so large."""
    spooled = io.BytesIO()
    info = tarfile.TarInfo("x")
    info.size = 9 << 30
    spooled.write(info.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(TarError):
        read(spooled.getvalue())


def test_a_name_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file, pytest.raises(ValueError, match="no place"):
        TarWriter(file).add("x" * 101, b"")
