"""Attacks by an answer: instead of a picture it holds a link, and the link leads where nobody should look.

behaviour.md, Calls: "URLs in results are fetched ... without the key, http(s) only, ... never from private addresses
unless the provider itself is there"
    -> test_a_link_leads_into_no_private_network, test_a_link_is_http_and_nothing_else,
       test_a_link_that_leads_on_is_judged_anew, test_a_link_gets_no_key

The provider of these tests is at 127.0.0.1, so that 127.0.0.2 is somebody else's. More addresses are in
`tests/providers/test_images_api.py`.
"""

import pytest

from tests.builder import Builder, Result
from tests.images_server import ImagesServer
from tests.trust.thief import Thief, redirect

ASSET = '[asset.a]\nprompt = "A lighthouse"\noutput = "a.png"\n'


def build(shop: Builder, images: ImagesServer, url: str) -> Result:
    """A build whose one answer is a link; all it asks for is that picture."""
    images.script(reshape=lambda body: {**body, "data": [{"url": url}]})
    told = shop.write({"assets.toml": ASSET}).call("build", "--yes", "-v")
    assert len(images.calls) == 1
    assert images.key not in told.out + told.err
    return told


@pytest.fixture
def thief() -> Thief:
    return Thief("127.0.0.2")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:{port}/x.png",
        "//127.0.0.2:{port}/x.png",
        "http://user:secret@127.0.0.2:{port}/x.png",
        "http://127.0.0.1@127.0.0.2:{port}/x.png",
        "http://127.0.0.1:80\\@127.0.0.2:{port}/x.png",
        "http://[::ffff:127.0.0.2]:{port}/x.png",
        "http://[64:ff9b::7f00:2]:{port}/x.png",
        "http://[2002:7f00:2::]:{port}/x.png",
        "http://0.0.0.0:{port}/x.png",
        "http://10.0.0.1/x.png",
        "http://192.168.0.1/x.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/x.png",
        "http://[fd00::1]/x.png",
        "http://224.0.0.1/x.png",
    ],
)
def test_a_link_leads_into_no_private_network(shop: Builder, images: ImagesServer, thief: Thief, url: str) -> None:
    with thief:
        told = build(shop, images, url.format(port=thief.port))
    assert told.code == 1
    assert "could not be fetched" in told.err
    assert thief.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.2/x.png",
        "gopher://127.0.0.2:70/x",
        "data:image/png;base64,iVBORw0KGgo=",
        "javascript:alert(1)",
        "unix:/run/docker.sock",
        "http://",
        "http://[",
        "http://127.0.0.1:99999/x.png",
        "\\\\127.0.0.2\\share\\x.png",
        "http://\r\nHost: evil/",
        "",
    ],
)
def test_a_link_is_http_and_nothing_else(shop: Builder, images: ImagesServer, url: str) -> None:
    told = build(shop, images, url)
    assert told.code == 1
    assert "a.png" not in shop.files()


@pytest.mark.parametrize("target", ["http://127.0.0.2:{port}/x.png", "file:///etc/hostname", "//127.0.0.2:{port}/x"])
def test_a_link_that_leads_on_is_judged_anew(shop: Builder, images: ImagesServer, thief: Thief, target: str) -> None:
    with thief, Thief(answer=redirect(target.format(port=thief.port))) as door:
        told = build(shop, images, f"{door.origin}/x.png")
    assert told.code == 1
    assert door.requests
    assert thief.requests == []


def test_a_link_that_leads_on_for_ever_is_left(shop: Builder, images: ImagesServer) -> None:
    with Thief(answer=redirect("/again")) as door:
        told = build(shop, images, f"{door.origin}/x.png")
    assert told.code == 1
    assert len(door.requests) <= 9


def test_a_link_gets_no_key(shop: Builder, images: ImagesServer) -> None:
    """Neither the one that is asked first, nor the one it leads on to."""
    with Thief() as last, Thief(answer=redirect(f"{last.origin}/x.png")) as first:
        build(shop, images, f"{first.origin}/x.png")
    assert first.requests
    assert last.requests
    for request in (*first.requests, *last.requests):
        assert request.startswith(b"GET /x.png ")
        assert images.key.encode() not in request
        assert b"authorization" not in request.lower()
        assert b"lighthouse" not in request
