"""Pictures that an answer links to: fetched without the key, as often as it takes, and from nowhere private."""

import asyncio
import socket
from pathlib import Path

import pytest

from assetforge.providers.images_api import ImagesApi
from assetforge.providers.links import LinkFailed, Links
from assetforge.providers.spec import UNFETCHED, CallFailed, Delivery
from tests.providers.calls import (
    FolderNote,
    Waits,
    answering,
    ask,
    ask_at,
    digests,
    fail,
    order,
    reply,
    serving,
    using_at,
)

PICTURE = b"\x89PNG a picture"


def fetch(base_url: str, url: str, folder: Path, waits: Waits | None = None) -> bytes:
    """A picture by its link, as an answer from `base_url` has it."""

    async def run() -> bytes:
        links = Links(base_url, 5.0, (waits or Waits()).pace)
        try:
            await links.fetch(url, folder / "image-1")
        finally:
            await links.close()
        return (folder / "image-1").read_bytes()

    return asyncio.run(run())


def test_linked_pictures_are_fetched_without_the_key(tmp_path: Path) -> None:
    with serving() as server:
        server.script(links=True)
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert digests(delivery) == server.calls[0].images
    assert len(server.fetched) == 2
    assert all(server.key not in str(headers) for headers in server.fetched)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("/files/1?sig=a%2Fb", b"GET /files/1?sig=a%2Fb HTTP/1.1"),
        ("files/1", b"GET /v1/files/1 HTTP/1.1"),
        ("ORIGIN/x", b"GET /x HTTP/1.1"),
    ],
)
def test_a_link_is_read_from_the_base_url(tmp_path: Path, url: str, asked: bytes) -> None:
    with answering(reply(200, PICTURE)) as (base_url, requests):
        origin = base_url.removesuffix("/v1")
        assert fetch(base_url, url.replace("ORIGIN", origin), tmp_path) == PICTURE
    assert requests[0].split(b"\r\n")[0] == asked
    assert f"host: {origin.removeprefix('http://')}".encode() in requests[0].lower()
    assert b"authorization" not in requests[0].lower()


def test_what_is_paid_for_is_asked_for_again(tmp_path: Path) -> None:
    waits = Waits()
    with answering(reply(503), reply(200, PICTURE)[:-3], reply(200, PICTURE)) as (base_url, requests):
        assert fetch(base_url, "/1", tmp_path, waits) == PICTURE
    assert (len(requests), len(waits.slept)) == (3, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image-1"]


def test_after_three_tries_it_is_told_without_the_link(tmp_path: Path) -> None:
    """It may be signed."""
    with answering(reply(404)) as (base_url, requests), pytest.raises(LinkFailed, match=r"^status 404$"):
        fetch(base_url, "/1?signature=s", tmp_path)
    assert len(requests) == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "http://10.255.255.1/x.png",
        "http://169.254.169.254/",
        "https://192.168.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://[::1]:9/x",
        "http://user@127.0.0.1/",
        "http://[",
        "http://a\u0000b/",
        "//10.0.0.1/x",
        "javascript:alert(1)",
    ],
)
def test_a_link_leads_over_http_and_into_no_private_network(tmp_path: Path, url: str) -> None:
    waits = Waits()
    with answering(reply(200, PICTURE)) as (base_url, requests), pytest.raises(LinkFailed):
        fetch(base_url, url, tmp_path, waits)
    assert (requests, waits.slept) == ([], [])


def test_a_link_is_not_followed_into_a_private_network(tmp_path: Path) -> None:
    with (
        answering(reply(302, location="http://10.0.0.1/secret")) as (base_url, requests),
        pytest.raises(LinkFailed, match=r"`10\.0\.0\.1` is in a private network"),
    ):
        fetch(base_url, "/1", tmp_path)
    assert len(requests) == 1


def test_a_link_may_lead_on_a_little(tmp_path: Path) -> None:
    with answering(reply(302, location="/2"), reply(307, location="3"), reply(200, PICTURE)) as (base_url, requests):
        assert fetch(base_url, "/1", tmp_path) == PICTURE
    assert [request.split(b" ")[1] for request in requests] == [b"/1", b"/2", b"/3"]
    with answering(reply(302, location="/1")) as (base_url, _), pytest.raises(LinkFailed, match="too often"):
        fetch(base_url, "/1", tmp_path)


def test_a_proxy_is_not_asked_for_a_private_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(reply(200, PICTURE)) as (proxy, requests):
        monkeypatch.setenv("http_proxy", proxy.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert fetch("https://relay.example/v1", "http://files.example/1", tmp_path) == PICTURE
        with pytest.raises(LinkFailed, match="private network"):
            fetch("https://relay.example/v1", "http://10.0.0.1/1", tmp_path)
    assert [request.split(b"\r\n")[0] for request in requests] == [b"GET http://files.example/1 HTTP/1.1"]


def test_an_image_that_is_fetched_takes_the_place_of_none_that_was_kept(tmp_path: Path) -> None:
    """The file that was collected before may be one with a file of the store by now."""
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "image-1").hardlink_to(tmp_path / "kept")
    with answering(reply(200, PICTURE)) as (base_url, _):
        fetch(base_url, "/1", tmp_path)
    assert (tmp_path / "kept").read_bytes() == b"kept"


def test_some_links_fail_and_others_do_not(tmp_path: Path) -> None:
    with serving() as server:
        server.script(links=True, reshape=lambda body: body | {"data": [*body["data"], {"url": "/files/none"}]})
        delivery = ask(server, tmp_path, order())
    assert digests(delivery) == server.calls[0].images
    assert delivery.faults == ("`image-2`, which the answer links to, could not be fetched: status 404",)
    assert not delivery.cut


@pytest.mark.parametrize("fetches", [0, 1])
def test_what_came_beside_a_link_waits_for_it_and_is_not_given_up_with_it(tmp_path: Path, fetches: int) -> None:
    """While a later build may fetch the picture the answer stays whole; the last one keeps what there is."""
    body = b'{"data": [{"b64_json": "cGljdHVyZQ=="}, {"url": "/files/2"}]}'

    async def collected(api: ImagesApi, note: FolderNote) -> Delivery:
        await api.submit(order(n=2, candidates=(1, 2)), note, Waits())
        note.add(fetches=fetches)
        return await api.collect(note)

    with answering(reply(200, body), reply(503)) as (base_url, _):
        if not fetches:
            with pytest.raises(CallFailed) as caught:
                using_at(base_url, tmp_path, collected, waits=Waits())
            assert caught.value.reason == UNFETCHED
            return
        delivery = using_at(base_url, tmp_path, collected, waits=Waits())
    assert [path.read_bytes() for path in delivery.images] == [b"picture"]
    assert delivery.faults == ("`image-2`, which the answer links to, could not be fetched: status 503",)


def test_an_answer_of_dead_links_was_paid_for(tmp_path: Path) -> None:
    with serving() as server:
        server.script(reshape=lambda body: body | {"data": [{"url": "http://10.0.0.1/x"}]})
        error = fail(server, tmp_path, order())
    assert error.category == "maybe_billed"
    assert error.answer is not None
    assert error.answer.usage["output_tokens"] == 196
    assert "`10.0.0.1` is in a private network" in str(error)


def test_a_link_that_carries_its_picture_is_not_fetched(tmp_path: Path) -> None:
    body = b'{"data": [{"url": "data:image/png;base64,cGljdHVyZQ=="}]}'
    with answering(reply(200, body)) as (base_url, requests):
        delivery = ask_at(base_url, tmp_path)
    assert [path.read_bytes() for path in delivery.images] == [b"picture"]
    assert len(requests) == 1


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    with pytest.raises(LinkFailed, match="connection attempts failed"):
        fetch(base_url, "/1", tmp_path)
