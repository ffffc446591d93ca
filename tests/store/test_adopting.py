"""What another machine made is kept as it is measured here, or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.adopting import Unfit, keep_taken, take_record
from assetforge.digest import digest_bytes
from assetforge.model import Media, Record
from assetforge.ops.decode import measure
from assetforge.store.audit import verify
from assetforge.store.blobs import Blobs
from assetforge.store.record_format import SIZE_LIMIT, encode_record
from assetforge.store.records import Records
from tests.store.purchases import key_of, picture

DATA = picture(1, (8, 6))
MEDIA = measure(DATA, "x")
RECORD = Record(key_of(1), MEDIA, "images-api", "gpt-image-2", 0.06, made="2026-11-22", request="req_1")
FRAMED = replace(RECORD, frames=((4, 0, 5, 6),))


def test_a_record_and_its_picture_are_taken_from_bytes_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(DATA)
    assert take_record(encode_record(RECORD), RECORD.key, DATA) == RECORD
    assert take_record(encode_record(RECORD), RECORD.key, tmp_path / "x") == RECORD


@given(
    st.builds(
        Media,
        st.just(MEDIA.digest), st.sampled_from(["", "f" * 64]), st.integers(1, 2**31), st.integers(1, 2**31),
        st.sampled_from(["png", "jpeg", "zip"]), st.integers(1, 2**53),
    )
)  # fmt: skip
def test_what_is_told_of_a_picture_is_measured_here(told: Media) -> None:
    assert take_record(encode_record(replace(RECORD, media=told)), RECORD.key, DATA).media == MEDIA


@pytest.mark.parametrize(
    ("data", "key", "blob", "reason"),
    [
        (b"", RECORD.key, DATA, "it is no record"),
        (b'{"v":1}', RECORD.key, DATA, "it is no record"),
        (b" " * (SIZE_LIMIT + 1), RECORD.key, DATA, "it is no record"),
        (b'{"v":2}', RECORD.key, DATA, "it was written by a newer assetforge"),
        (encode_record(RECORD), key_of(2), DATA, "it is the record of another key"),
        (encode_record(replace(RECORD, kind="placeholder")), RECORD.key, DATA, "it is the record of a placeholder"),
        (encode_record(RECORD), RECORD.key, picture(2), "its picture has other bytes"),
        (encode_record(FRAMED), RECORD.key, DATA, "its frames are outside its picture"),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_told(data: bytes, key: str, blob: bytes, reason: str) -> None:
    with pytest.raises(Unfit, match=f"^{reason}$"):
        take_record(data, key, blob)


def test_what_is_no_picture_is_not_taken() -> None:
    data = b"no picture"
    record = replace(RECORD, media=replace(MEDIA, digest=digest_bytes(data)))
    with pytest.raises(Unfit, match=r"^its picture is not a picture that can be read"):
        take_record(encode_record(record), record.key, data)


def test_the_first_record_of_a_key_is_the_choice_unless_its_picture_is_gone(tmp_path: Path) -> None:
    records, blobs = Records(tmp_path / "records"), Blobs(tmp_path / "blobs", lambda _: None)
    blobs.put(DATA, durable=True)
    other = picture(2)
    blobs.put(other, durable=True)
    second = replace(RECORD, media=measure(other, "x"))
    assert keep_taken(RECORD, records, blobs) == RECORD
    assert keep_taken(second, records, blobs) == RECORD
    blobs.remove(MEDIA.digest)
    assert keep_taken(second, records, blobs) == second
    assert records.get(RECORD.key) == second
    records.close()


def test_what_was_bought_elsewhere_is_missed_in_no_ledger(tmp_path: Path) -> None:
    records, blobs = Records(tmp_path / "records"), Blobs(tmp_path / "blobs", lambda _: None)
    blobs.put(DATA, durable=True)
    records.put(replace(RECORD, key=key_of(2)))
    keep_taken(RECORD, records, blobs)
    records.close()
    assert [one.key for one in verify(tmp_path).unlisted] == [key_of(2)]
