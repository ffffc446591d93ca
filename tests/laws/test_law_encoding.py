"""The canonical encoding: two values share a digest only where they are one value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.digest import digest_document, tagged

texts = st.one_of(
    st.sampled_from(["", "f", "l", "m", "null", "1", "true", '["l"]', "[]"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
small = st.one_of(st.sampled_from([None, False, True, 0, 1, 0.0, 1.0, "", "0", "1", "f", "l", "m"]), scalars)
values: st.SearchStrategy[Any] = st.recursive(
    small, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one, types included; a tuple is a list, and the order of a table's keys is nothing."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and repr(one) == repr(other)


def encoded(value: Any) -> str:
    return json.dumps(tagged(value))


@given(values, values)
def test_values_encode_alike_only_where_they_are_one(one: Any, other: Any) -> None:
    assert (encoded(one) == encoded(other)) is same(one, other)


@given(values)
def test_no_value_encodes_like_what_it_is_encoded_as(value: Any) -> None:
    """A list could otherwise be written that hashes like a fraction, or like a table."""
    assert (encoded(tagged(value)) == encoded(value)) is same(tagged(value), value)


@given(st.dictionaries(texts, values, min_size=2, max_size=4))
def test_the_order_of_a_tables_keys_is_nothing(table: dict[str, Any]) -> None:
    assert encoded(dict(reversed(table.items()))) == encoded(table)


@given(values)
def test_what_encodes_like_text_is_text(value: Any) -> None:
    text = encoded(value)
    for spelling in (text, json.dumps(value) if not isinstance(value, float) else repr(value)):
        assert (encoded(spelling) == text) is same(spelling, value)


@given(values)
def test_a_value_differs_from_the_list_or_table_it_is_in(value: Any) -> None:
    assert len({encoded(value), encoded([value]), encoded({"": value}), encoded([[value]])}) == 4


@given(st.lists(st.tuples(texts, values), max_size=3), st.lists(st.tuples(texts, values), max_size=3))
def test_documents_share_a_digest_only_where_they_are_one(
    one: list[tuple[str, Any]], other: list[tuple[str, Any]]
) -> None:
    assert (digest_document("paid", one) == digest_document("paid", other)) is same(one, other)
    assert digest_document("paid", one) != digest_document("rendition", one)


@pytest.mark.parametrize("value", [b"a", bytearray(b"a"), {1, 2}, object(), range(3), {1: "a"}, {None: 1}, [b"a"]])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical form"):
        tagged(value)
