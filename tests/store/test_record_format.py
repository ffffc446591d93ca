"""Laws of a record's bytes: they come back as they went, and what is not a record is none."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.model import Media, Record
from assetforge.ops.atlas import MAX_FRAMES
from assetforge.store.record_format import SIZE_LIMIT, decode_record, encode_record

MEDIA = Media(digest="d" * 64, pixels="e" * 64, width=1024, height=768, format="png", bytes=54321)
RECORD = Record(
    key="a" * 64,
    media=MEDIA,
    kind="images-api",
    model="gpt-image-2",
    cost=0.0421,
    made="2026-11-22",
    usage={"output_tokens": 1056},
    request="req_1",
    ingredients=(("prompt", "ein Haus, 雪"), ("inputs", ["f" * 64, {"op": "crop", "at": 0.5}])),
)


digests = st.text("0123456789abcdef", min_size=64, max_size=64)
finite = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
media = st.builds(
    Media,
    digest=digests,
    pixels=digests | st.just(""),
    width=st.integers(1, 65535),
    height=st.integers(1, 65535),
    format=st.sampled_from(["png", "jpeg", "webp", "avif"]),
    bytes=st.integers(1, 2**40),
)
any_record = st.builds(
    Record,
    key=digests,
    media=media,
    kind=st.text(max_size=50),
    model=st.text(max_size=50),
    cost=st.none() | st.floats(0, 1000),
    estimated=st.booleans(),
    made=st.sampled_from(["", "2026-11-22", "2026-11-22T10:00:00Z"]),
    usage=st.dictionaries(st.text(max_size=20), st.integers(0, 2**40), max_size=4),
    request=st.text(max_size=50),
    ingredients=st.lists(st.tuples(st.text(max_size=20), plain), max_size=4).map(tuple),
    by=st.sampled_from(["", "by hand", "accepted"]),
    frames=st.lists(st.tuples(*[st.integers(0, 16_384)] * 4), max_size=3).map(tuple),
)


@given(record=any_record)
def test_a_record_is_decoded_as_it_was_encoded(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_record_are_none(data: bytes) -> None:
    assert decode_record(data) is None


def test_the_same_record_is_always_the_same_bytes() -> None:
    other = replace(RECORD, usage=dict(reversed([*RECORD.usage.items(), ("a", 1)])))
    assert encode_record(other) == encode_record(replace(RECORD, usage={"a": 1, **RECORD.usage}))


def test_text_that_only_data_files_can_hold_comes_back() -> None:
    record = replace(RECORD, ingredients=(("prompt", "half a pair: \ud83d"),))
    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", '"' + "x" * SIZE_LIMIT + '"', "[" * 5000 + "]" * 5000])
def test_values_that_json_does_not_have_or_are_too_large_are_none(text: str) -> None:
    data = encode_record(replace(RECORD, ingredients=(("name", "HERE"),)))
    assert decode_record(data.replace(b'"HERE"', text.encode())) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 0),
        ("v", "1"),
        ("key", "a" * 63),
        ("key", 5),
        ("media", None),
        ("media", {"digest": "d" * 64}),
        ("kind", None),
        ("model", ["gpt"]),
        ("cost", "1"),
        ("cost", -0.1),
        ("cost", True),
        ("estimated", 1),
        ("made", "yesterday"),
        ("made", "2026-11-22\n"),
        ("usage", []),
        ("usage", {"tokens": -1}),
        ("usage", {"tokens": "1"}),
        ("request", 7),
        ("ingredients", {}),
        ("ingredients", [["name"]]),
        ("ingredients", [[1, 2]]),
        ("by", "magic"),
        ("frames", None),
        ("frames", [[0, 0, 8]]),
        ("frames", [[0, 0, 8, -8]]),
    ],
)
def test_a_field_that_is_not_what_it_should_be_makes_a_record_none(name: str, value: object) -> None:
    assert decode_record(changed(RECORD, **{name: value})) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "../x"),
        ("pixels", None),
        ("width", 0),
        ("width", 1.5),
        ("width", True),
        ("height", 2**40),
        ("bytes", -1),
        ("format", "PNG"),
        ("format", "../png"),
    ],
)
def test_a_media_fact_that_is_not_what_it_should_be_makes_a_record_none(name: str, value: object) -> None:
    told = {each: getattr(MEDIA, each) for each in ("digest", "pixels", "width", "height", "format", "bytes")}
    assert decode_record(changed(RECORD, media=told)) == RECORD
    assert decode_record(changed(RECORD, media={**told, name: value})) is None


def changed(record: Record, **values: object) -> bytes:
    return json.dumps({**json.loads(encode_record(record)), **values}).encode()


def test_the_frames_of_the_fullest_sheet_have_room() -> None:
    """Ingredients may be left out for them; frames are told by nobody else."""
    frames = tuple((16_383 - number % 9, 16_383, 16_384, 16_384) for number in range(MAX_FRAMES))
    record = replace(RECORD, frames=frames)
    assert decode_record(encode_record(record)) == record


def test_a_record_is_not_lost_for_ingredients_that_do_not_fit() -> None:
    record = replace(RECORD, ingredients=(("prompt", "x" * SIZE_LIMIT),))
    assert decode_record(encode_record(record)) == replace(record, ingredients=())
