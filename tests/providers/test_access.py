"""Where a request goes: to the trusted origin, whatever a table puts together, and never into a private network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.config import origin_of
from assetforge.entry import RENDERED, Invalid
from assetforge.errors import UsageError
from assetforge.providers.access import Access, endpoint, is_fetchable
from assetforge.providers.spec import ProviderTable

OPENAI = Access("https://api.openai.com", "https://api.openai.com", "sk-1")
RELAY = Access("https://relay.example:44/v1", "https://relay.example:44", "sk-1")


def test_a_path_and_a_query_are_joined_to_the_base_url() -> None:
    assert endpoint(OPENAI, "/v1/images/edits", {}) == "https://api.openai.com/v1/images/edits"
    assert endpoint(RELAY, "/x", {"api-version": "1", "a b": "&?"}) == (
        "https://relay.example:44/v1/x?api-version=1&a+b=%26%3F"
    )


@pytest.mark.parametrize(
    "path",
    [
        ".evil.example/x",
        "@evil.example/x",
        ":44@evil.example/x",
        ":8443/x",
        "3/x",
        "\\\\evil.example/x",
        "/x?redirect=1",
        "/x#y",
        "/x y",
        "/\u2025/x",
        "/x\n",
    ],
)
def test_a_path_that_would_lead_away_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        endpoint(OPENAI, path, {})


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3))
def test_no_path_and_no_query_leaves_the_origin(path: str, query: dict[str, str]) -> None:
    try:
        url = endpoint(OPENAI, path, query)
    except UsageError:
        return
    assert origin_of(url) == "https://api.openai.com"


@pytest.mark.parametrize(
    "name",
    [
        "Host", "authorization", "AUTHORIZATION", "Cookie", "Proxy-Authorization", "proxy-anything", "Content-Type",
        "content-length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Expect", "api-key", "X-Api-Key",
        "Accept", "Accept-Encoding", ":authority", ":path", "a b", "a:", "", "a\r\nHost", "\u00e9",
    ],
)  # fmt: skip
def test_a_table_cannot_set_what_a_request_is_made_of(name: str) -> None:
    with pytest.raises(Invalid):
        table(headers={name: "x"})


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\0", "\u00e9", " a", "a "])
def test_a_header_of_a_table_has_a_plain_value(value: str) -> None:
    with pytest.raises(Invalid):
        table(headers={"X-Team": value})
    assert table(headers={"X-Team": "a b", "User-Agent": "mine"}).headers["X-Team"] == "a b"


def table(**settings: object) -> ProviderTable:
    return ProviderTable.model_validate({"kind": "images-api", **settings}, context=RENDERED)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe",
        "2001:0:a9fe:a9fe::", "64:ff9b::127.0.0.1",
    ],
)  # fmt: skip
def test_no_private_address_is_fetched_from_in_any_dress(address: str) -> None:
    assert not is_fetchable([address], ["93.184.216.34"])
    assert is_fetchable([address], [address])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_a_public_address_is_fetched_from(address: str) -> None:
    assert is_fetchable([address], [])
