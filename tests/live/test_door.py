"""Only the pages of this server come in, in a browser that was given the URL; whatever else is asked is refused."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.live.door import Door, Refusal, Welcome, knock_of
from tests.live.running import READS, WRITES, Running

PORT = 4343
ROUTES = [("GET", path) for path in (*READS, "/nothing")] + [("POST", path) for path in (*WRITES, "/do/nothing")]
every_route = pytest.mark.parametrize(("method", "path"), ROUTES, ids=str)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


def refused(running: Running, method: str, path: str, headers: Mapping[str, str]) -> int:
    """The status of a refusal, which tells nothing of what is served, and does nothing."""
    told = running.raw(method, path, headers, b"{}" if method == "POST" else b"")
    assert b"cards" not in told.body
    assert len(told.body) < 400
    assert "set-cookie" not in told.headers
    assert "access-control-allow-origin" not in told.headers
    assert running.desk.asked == []
    return told.status


def all_headers(running: Running, method: str) -> dict[str, str]:
    return dict(running.writer if method == "POST" else running.guest)


def changed(running: Running, method: str, **headers: str) -> dict[str, str]:
    return all_headers(running, method) | {name.replace("_", "-"): value for name, value in headers.items()}


@every_route
def test_a_foreign_host_is_refused(shared: Running, method: str, path: str) -> None:
    """A name that resolves to this machine by somebody else's will is still somebody else's name."""
    port = shared.port
    for host in (
        f"evil.example:{port}", "evil.example", "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}",
        f"127.0.0.1:{port}.evil.example", f"localhost.evil.example:{port}", f"0.0.0.0:{port}", f"127.1:{port}",
        f"127.0.0.1.:{port}", f"user@127.0.0.1:{port}", "",
    ):  # fmt: skip
        assert refused(shared, method, path, changed(shared, method, Host=host)) == 403


@every_route
def test_a_foreign_origin_is_refused(shared: Running, method: str, path: str) -> None:
    port = shared.port
    for origin in (
        "http://evil.example", "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}",
        f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port} http://evil.example", "",
    ):  # fmt: skip
        assert refused(shared, method, path, changed(shared, method, Origin=origin)) == 403


@every_route
@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "Same-Origin"])
def test_what_another_page_began_is_refused(shared: Running, method: str, path: str, site: str) -> None:
    """Other ports of this machine are the same site, so that the cookie comes along with what they ask."""
    assert refused(shared, method, path, changed(shared, method, Sec_Fetch_Site=site)) == 403


@every_route
def test_who_has_no_cookie_is_refused(shared: Running, method: str, path: str) -> None:
    name, _, value = shared.cookie.partition("=")
    for cookie in (
        "",
        name,
        f"{name}=",
        f"{name}={value[:-1]}",
        f"{name}={value}x",
        f"other={value}",
        f"{name}=é",
        value,
    ):
        assert refused(shared, method, path, changed(shared, method, Cookie=cookie)) == 403
    without = {key: told for key, told in all_headers(shared, method).items() if key != "Cookie"}
    assert refused(shared, method, path, without) == 403


@pytest.mark.parametrize("path", WRITES)
def test_a_write_needs_origin_and_header(shared: Running, path: str) -> None:
    for name in ("Origin", "X-Assetforge"):
        without = {key: told for key, told in shared.writer.items() if key != name}
        assert refused(shared, "POST", path, without) == 403
    assert refused(shared, "POST", path, changed(shared, "POST", X_Assetforge="0")) == 403


@pytest.mark.parametrize("path", [*READS, *WRITES])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused(shared: Running, method: str, path: str) -> None:
    assert refused(shared, method, path, shared.writer) == 405


@pytest.mark.parametrize(("method", "paths"), [("GET", WRITES), ("POST", READS)])
def test_reads_and_writes_have_their_method(shared: Running, method: str, paths: tuple[str, ...]) -> None:
    for path in paths:
        assert refused(shared, method, path, shared.writer) in (404, 405)


def test_the_token_is_exchanged_for_a_cookie(shared: Running) -> None:
    for _ in range(2):
        told = shared.let_in()
        assert (told.status, told.one("location"), told.body) == (303, "/", b"")
        name, *rest = told.one("set-cookie").split("; ")
        assert name.startswith(f"assetforge-{shared.port}=")
        assert rest == ["HttpOnly", "SameSite=Strict", "Path=/"]
        assert told.one("cache-control") == "no-store"
        assert shared.raw("GET", "/", shared.host | {"Cookie": name}).status == 200
    assert shared.door.url.partition("token=")[2] not in str(told)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_with_the_token_lets_in_by_a_page_of_our_own(shared: Running, site: str) -> None:
    """A strict cookie does not come along with a redirect that another site's link led to."""
    path = shared.door.url.removeprefix(shared.door.origin)
    told = shared.raw("GET", path, shared.host | {"Sec-Fetch-Site": site})
    assert told.status == 200
    assert b'http-equiv="refresh" content="0; url=/"' in told.body
    assert told.one("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"
    assert shared.raw("GET", "/", shared.host | {"Cookie": told.one("set-cookie").partition(";")[0]}).status == 200


def test_the_token_opens_nothing_but_the_page(shared: Running) -> None:
    query = shared.door.url.partition("?")[2]
    for path in (*READS[1:], "//", "/index.html"):
        assert refused(shared, "GET", f"{path}?{query}", shared.host) == 403
    for path in WRITES:
        assert refused(shared, "POST", f"{path}?{query}", shared.writer | {"Cookie": ""}) == 403


def test_a_wrong_token_is_told_where_the_right_one_is(shared: Running) -> None:
    token = shared.door.url.partition("token=")[2]
    for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), f"{token}&token={token}", "%C3%A9"):
        told = shared.raw("GET", f"/?token={wrong}", shared.host)
        assert told.status == 403
        assert "set-cookie" not in told.headers
        assert b"the URL that assetforge printed in the terminal" in told.body


def test_a_link_to_the_page_opens_it_in_a_browser_that_was_let_in(shared: Running) -> None:
    opened = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
    assert shared.raw("GET", "/", shared.guest | opened).status == 200
    assert refused(shared, "GET", "/", shared.guest | opened | {"Sec-Fetch-Dest": "iframe"}) == 403
    assert refused(shared, "GET", READS[2], shared.guest | opened) == 403


def test_every_start_has_secrets_of_its_own() -> None:
    doors = [Door(PORT) for _ in range(20)]
    tokens = {door.url for door in doors}
    cookies = {verdict.cookie for door in doors if isinstance(verdict := opened(door), Welcome)}
    assert (len(tokens), len(cookies)) == (20, 20)
    assert all(len(url.partition("token=")[2]) == 43 for url in tokens)
    assert "token" not in doors[0].origin
    assert doors[0].url.partition("token=")[2] not in repr(doors[0])


def opened(door: Door) -> object:
    query = door.url.partition("?")[2].encode()
    return door.judge(knock_of("GET", "/", query, [(b"host", f"127.0.0.1:{PORT}".encode())]))


@given(
    st.sampled_from(["GET", "POST", "PUT", "get"]),
    st.one_of(st.sampled_from(["/", "/events", "/do/pick"]), texts),
    st.one_of(texts.map(lambda text: f"token={text}"), texts),
    st.lists(
        st.tuples(
            st.sampled_from(["host", "Origin", "cookie", "X-Assetforge", "sec-fetch-site", "Sec-Fetch-Dest"]),
            st.one_of(
                texts, st.sampled_from([f"127.0.0.1:{PORT}", f"http://127.0.0.1:{PORT}", f"assetforge-{PORT}=", "1"])
            ),
        )
    ),
)
def test_nobody_guesses_a_way_in(method: str, path: str, query: str, headers: list[tuple[str, str]]) -> None:
    """Whatever is sent without a secret is refused, and nothing that can be sent breaks the door."""
    sent = [(name.encode(), value.encode()) for name, value in headers]
    assert isinstance(Door(PORT).judge(knock_of(method, path, query.encode(), sent)), Refusal)


def test_on_the_port_that_is_http_s_own_no_browser_names_it() -> None:
    door = Door(80)
    headers = [(b"host", b"127.0.0.1"), (b"sec-fetch-site", b"none")]
    token = door.url.partition("?")[2].encode()
    assert isinstance(door.judge(knock_of("GET", "/", token, headers)), Welcome)
    foreign = door.judge(knock_of("GET", "/", token, [(b"host", b"127.0.0.1:4343")]))
    assert isinstance(foreign, Refusal)
