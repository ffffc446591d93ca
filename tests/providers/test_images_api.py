"""A real provider against a real server: what goes over the wire, what comes back, and what is never done."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assetforge.config import load_settings
from assetforge.digest import digest_bytes
from assetforge.model import Size
from assetforge.providers.access import find_access
from assetforge.providers.images_api import ImagesApi
from assetforge.providers.spec import CallFailed, Delivery, ProviderTable, Upload
from tests.providers.calls import (
    KEY,
    FolderNote,
    Waits,
    answering,
    ask,
    asking,
    digests,
    fail,
    fail_at,
    order,
    reply,
    serving,
    upload,
    using,
    using_at,
)


def test_a_generation_sends_what_is_asked_and_nothing_else(tmp_path: Path) -> None:
    with serving() as server:
        delivery = ask(server, tmp_path, order())
    (call,) = server.calls
    assert call.fields == {
        "model": "gpt-image-2",
        "prompt": "A lighthouse — at dawn\nand a boat",
        "size": "1024x1024",
        "quality": "low",
        "output_format": "png",
    }
    assert call.endpoint == "generations"
    assert digests(delivery) == call.images
    assert delivery.usage["output_tokens"] == 196
    assert delivery.request == "req_000001"


def test_what_is_not_the_default_is_sent(tmp_path: Path) -> None:
    asked = order(background="opaque", format="jpeg", compression=80, moderation="low", n=2, candidates=(1, 2))
    with serving() as server:
        delivery = ask(server, tmp_path, asked)
    (call,) = server.calls
    sent = {
        "background": "opaque",
        "output_compression": 80,
        "moderation": "low",
        "n": 2,
        "output_format": "jpeg",
    }
    assert sent.items() <= call.fields.items()
    assert digests(delivery) == call.images
    assert [path.name for path in delivery.images] == ["image-1", "image-2"]


def test_one_picture_goes_as_image(tmp_path: Path) -> None:
    picture, mask = upload("boat.png"), upload("mask.png", alpha=0)
    with serving() as server:
        ask(server, tmp_path, order(operation="edit", pictures=(picture,), mask=mask, moderation="low", n=2))
    (call,) = server.calls
    assert [(file.field, file.name, file.type, file.digest) for file in call.files] == [
        ("image", "boat.png", "image/png", digest_bytes(picture.data)),
        ("mask", "mask.png", "image/png", digest_bytes(mask.data)),
    ]
    assert call.fields.keys() == {"model", "prompt", "size", "quality", "output_format", "n"}
    assert call.fields["prompt"] == "A lighthouse — at dawn\nand a boat"
    assert call.status == 200


def test_several_pictures_go_as_an_array_in_order(tmp_path: Path) -> None:
    pictures = (upload("b.png"), upload("a.jpg", "jpeg"), upload("c.png", size=Size(64, 32)))
    with serving() as server:
        ask(server, tmp_path, order(operation="edit", pictures=pictures))
    (call,) = server.calls
    assert [(file.field, file.name, file.type) for file in call.files] == [
        ("image[]", "b.png", "image/png"),
        ("image[]", "a.jpg", "image/jpeg"),
        ("image[]", "c.png", "image/png"),
    ]
    assert [file.digest for file in call.files] == [digest_bytes(picture.data) for picture in pictures]


def test_the_resellers_variant_is_asked_for_bytes_and_no_background(tmp_path: Path) -> None:
    with serving() as server:
        ask(server, tmp_path, order(model="gpt-image-2-c", background="opaque"))
    (call,) = server.calls
    assert call.fields["response_format"] == "b64_json"
    assert "background" not in call.fields


def test_two_calls_are_two_pictures(tmp_path: Path) -> None:
    with serving() as server:
        first = ask(server, tmp_path / "1", order())
        second = ask(server, tmp_path / "2", order())
    assert digests(first) != digests(second)
    assert len(server.paid) == 2


def test_an_answer_is_collected_by_whoever_finds_it(tmp_path: Path) -> None:
    """The process that asked is gone; its note is enough, and nothing is asked again."""

    async def submit(api: ImagesApi, note: FolderNote) -> None:
        await api.submit(order(), note, Waits())

    async def collect(api: ImagesApi, note: FolderNote) -> Delivery:
        return await api.collect(note)

    with serving() as server:
        using(server, tmp_path, submit)
        assert sorted(path.name for path in (tmp_path / "note").iterdir()) == ["body", "facts.json"]
        first, second = using(server, tmp_path, collect)[0], using(server, tmp_path, collect)[0]
    assert digests(first) == digests(second) == server.calls[0].images
    assert len(server.calls) == 1


def test_the_facts_of_an_answer_are_kept_and_the_key_is_not(tmp_path: Path) -> None:
    with serving() as server:
        server.script(headers={"cf-ray": f"ray {server.key}"})
        ask(server, tmp_path, order())
    facts = json.loads((tmp_path / "note" / "facts.json").read_text())
    assert facts["status"] == 200
    assert facts["headers"]["x-request-id"] == "req_000001"
    assert facts["headers"]["openai-processing-ms"] == "12"
    assert facts["headers"]["cf-ray"] == "ray [key]"
    assert all(server.key.encode() not in path.read_bytes() for path in (tmp_path / "note").iterdir())


# --- where and how it is asked ---


def test_azure_has_its_own_path_query_and_header(tmp_path: Path) -> None:
    table: dict[str, Any] = {
        "auth": "api-key",
        "generations_path": "/openai/deployments/gpt-image-2/images/generations",
        "query": {"api-version": "2025-04-01-preview"},
        "headers": {"X-Team": "art"},
    }
    with serving() as server:
        delivery = using_at(server.origin, tmp_path, asking(order()), **table)
    (call,) = server.calls
    assert digests(delivery) == call.images
    assert call.headers["api-key"] == server.key
    assert "authorization" not in call.headers
    assert call.headers["x-team"] == "art"


def test_paths_and_queries_are_those_of_the_table(tmp_path: Path) -> None:
    table: dict[str, Any] = {"generations_path": "/make", "edits_path": "/change", "query": {"q": "a b&c=d#e"}}
    with answering(reply(404)) as (url, requests):
        fail_at(url, tmp_path, **table)
        with pytest.raises(CallFailed):
            using_at(url, tmp_path, asking(order(operation="edit", pictures=(upload("a.png"),))), **table)
    lines = [request.partition(b"\r\n")[0] for request in requests]
    assert lines == [b"POST /v1/make?q=a+b%26c%3Dd%23e HTTP/1.1", b"POST /v1/change?q=a+b%26c%3Dd%23e HTTP/1.1"]


def test_what_we_say_of_a_request_no_table_unsays(tmp_path: Path) -> None:
    """Also where a table was made without its own checks."""
    evil = {"authorization": "Bearer other", "Accept": "text/html", "User-Agent": "mine"}
    table = ProviderTable(kind="images-api").model_copy(update={"headers": evil})
    with answering(reply(404)) as (url, requests):
        environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        api = ImagesApi("openai", table, find_access("openai", table, load_settings(environ), environ))
        with pytest.raises(CallFailed):
            asyncio.run(api.submit(order(), FolderNote(tmp_path / "note"), Waits()))
    head = requests[0].partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert [line for line in head if line.startswith((b"auth", b"accept:", b"user-agent"))] == [
        b"accept: application/json",
        b"user-agent: mine",
        b"authorization: bearer sk-test-2f6c1e7ad94b",
    ]


@pytest.mark.parametrize("path", [".evil.example/x", "@evil.example/x", ":8443/x", "/../x?y", "/x#y", "/x y", "\\x"])
def test_a_path_that_leads_elsewhere_is_found_before_the_first_call(tmp_path: Path, path: str) -> None:
    table = ProviderTable(kind="images-api").model_copy(update={"edits_path": path})
    environ = {"OPENAI_API_KEY": "sk-1", "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
    access = replace(find_access("openai", table, load_settings(environ), environ), base_url="https://api.openai.com")
    problem = ImagesApi("openai", table, access).ready()
    assert problem is not None
    assert "leads away from `https://api.openai.com`" in problem.message or "not a plain URL" in problem.message


def test_without_trust_or_a_key_nothing_is_sent(tmp_path: Path) -> None:
    with serving() as server:
        table = ProviderTable(kind="images-api", base_url=server.url)
        environ = {"OPENAI_API_KEY": server.key, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        api = ImagesApi("relay", table, find_access("relay", table, load_settings(environ), environ))
        problem = api.ready()
        assert problem is not None
        assert problem.message == f"`{server.origin}` is not trusted"
        with pytest.raises(CallFailed, match="is not trusted") as caught:
            asyncio.run(api.submit(order(), FolderNote(tmp_path / "note"), Waits()))
    assert caught.value.category == "stop"
    assert not server.calls


def test_a_picture_over_the_limit_is_not_sent(tmp_path: Path) -> None:
    huge = Upload("huge.png", "png", bytes(50_000_000))
    with serving() as server:
        error = fail(server, tmp_path, order(operation="edit", pictures=(huge,)))
    assert error.category == "refused"
    assert str(error) == "`huge.png` has 50.0 MB, pictures must be under 50.0 MB"
    assert not server.calls


def test_calls_run_side_by_side(tmp_path: Path) -> None:
    async def work(api: ImagesApi, note: FolderNote) -> None:
        notes = [FolderNote(note.folder / str(number)) for number in range(4)]
        await asyncio.gather(*(api.submit(order(), each, Waits()) for each in notes))

    with serving(latency=0.2) as server:
        using(server, tmp_path, work)
    assert server.together == 4
