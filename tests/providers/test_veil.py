"""A key is not repeated, however it is escaped and wherever it is cut."""

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.providers.veil import MARK, Veil

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12, max_size=60)
Escape = Callable[[str], str]
ESCAPES: dict[str, Escape] = {
    "plain": str,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON in numbers": lambda key: "".join(f"\\u{ord(sign):04X}" for sign in key),
    "Python": lambda key: repr(key)[1:-1],
    "bytes": lambda key: "".join(f"\\x{ord(sign):02x}" for sign in key),
    "HTML": html.escape,
    "HTML in numbers": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
    "HTML in other numbers": lambda key: "".join(f"&#x{ord(sign):X};" for sign in key),
    "URL": lambda key: quote(key, safe=""),
    "URL of a path": quote,
    "URL of a form": quote_plus,
    "URL in small letters": lambda key: "".join(f"%{ord(sign):02x}" for sign in key),
}


@given(KEYS, st.lists(st.sampled_from(sorted(ESCAPES)), min_size=1, max_size=3), st.text("a b-", max_size=5))
def test_a_key_is_veiled_however_it_is_escaped(key: str, escapes: list[str], around: str) -> None:
    said = key
    for name in escapes:
        said = ESCAPES[name](said)
    assert Veil(key).words(f"{around} {said} {around} {said}") == f"{around} {MARK} {around} {MARK}"


@given(KEYS, st.text(max_size=11))
def test_other_words_stay_as_they_are(key: str, words: str) -> None:
    assert Veil(key).words(words) == words
    assert Veil("").words(words) == words


@pytest.mark.parametrize("words", ["aaaa", "aaaaa", "xaaaax", "aaaaaaaa"])
def test_keys_that_overlap_leave_nothing(words: str) -> None:
    assert "aaaa" not in Veil("aaaa").words(words)


@given(st.text("ab1", min_size=16, max_size=20), st.lists(st.text("ab1-", max_size=30)), st.integers(1, 40))
def test_a_stream_is_masked_wherever_it_is_cut(key: str, others: list[str], size: int) -> None:
    body = key.join(others).encode()
    veil, out, rest = Veil(key), b"", b""
    for at in range(0, len(body), size):
        clear, rest = veil.masked(rest, body[at : at + size])
        out += clear
    assert out + rest == body.replace(key.encode(), b"*" * len(key))


def test_a_short_key_leaves_a_stream_alone() -> None:
    """It could stand in a picture by chance."""
    assert Veil("abcd").masked(b"", b"xabcdx") == (b"xabcdx", b"")


def test_a_veil_does_not_show_its_key() -> None:
    assert "secret" not in repr(Veil("a-secret-of-many-signs"))
