"""A real provider against a real server: what goes over the wire, what comes back, and what is never done."""

import asyncio
import base64
import io
import json
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assetforge.config import load_settings
from assetforge.digest import digest_bytes
from assetforge.model import Size
from assetforge.providers.access import find_access
from assetforge.providers.images_api import ImagesApi
from assetforge.providers.retry import Pace
from assetforge.providers.spec import CallFailed, Delivery, Order, ProviderTable, Retry, Upload
from tests.images_server import ImagesServer

SIZE = Size(1024, 1024)


class FolderNote:
    """A note in a folder, its facts in a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.body = folder / "body"

    @property
    def facts(self) -> Mapping[str, Any]:
        path = self.folder / "facts.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def add(self, **facts: Any) -> None:
        (self.folder / "facts.json").write_text(json.dumps({**self.facts, **facts}))


class Waits:
    """A clock that does not wait, and what it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def retrying(self, retry: Retry) -> None:
        self.told.append(retry.reason)

    @property
    def pace(self) -> Pace:
        return Pace(now=lambda: 0.0, sleep=self.sleep, chance=lambda: 0.0)


def order(**changed: Any) -> Order:
    plain: dict[str, Any] = {
        "operation": "generate",
        "model": "gpt-image-2",
        "prompt": "A lighthouse — at dawn\nand a boat",
        "size": SIZE,
        "quality": "low",
        "background": "auto",
        "format": "png",
    }
    return Order(**(plain | changed))


def upload(name: str, form: str = "png", *, alpha: int = 255, size: Size = SIZE) -> Upload:
    spooled = io.BytesIO()
    with Image.new("RGBA", size, (9, 99, 199, alpha)) as picture:
        (picture if form == "png" else picture.convert("RGB")).save(spooled, form)
    return Upload(name, form, spooled.getvalue())


@contextmanager
def serving(**options: Any) -> Iterator[ImagesServer]:
    with ImagesServer(**options) as server:
        yield server


def open_api(server: ImagesServer, pace: Pace, folder: Path, **settings: Any) -> ImagesApi:
    table = ProviderTable(kind="images-api", **settings)
    environ = {**server.environ, "ASSETFORGE_CONFIG_DIR": str(folder)}
    return ImagesApi("openai", table, find_access("openai", table, load_settings(environ), environ), pace)


def using(
    server: ImagesServer,
    folder: Path,
    work: Callable[[ImagesApi, FolderNote], Awaitable[Any]],
    **settings: Any,
) -> tuple[Any, Waits]:
    """Runs something with an open provider; the waits there would have been come with it."""
    waits = Waits()

    async def run() -> Any:
        api = open_api(server, waits.pace, folder, **settings)
        try:
            return await work(api, FolderNote(folder / "note"))
        finally:
            await api.close()

    return asyncio.run(run()), waits


def ask(server: ImagesServer, folder: Path, asked: Order, **settings: Any) -> Delivery:
    """Submits and collects."""

    async def work(api: ImagesApi, note: FolderNote) -> Delivery:
        await api.submit(asked, note, lambda retry: None)
        return await api.collect(note)

    delivery: Delivery = using(server, folder, work, **settings)[0]
    return delivery


def fail(server: ImagesServer, folder: Path, asked: Order, **settings: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        ask(server, folder, asked, **settings)
    return caught.value


def digests(delivery: Delivery) -> tuple[str, ...]:
    return tuple(digest_bytes(path.read_bytes()) for path in delivery.images)


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
        await api.submit(order(), note, lambda retry: None)

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
    assert facts["headers"] == {
        "x-request-id": "req_000001",
        "openai-processing-ms": "12",
        "cf-ray": "ray [key]",
    }
    assert all(server.key.encode() not in path.read_bytes() for path in (tmp_path / "note").iterdir())


def test_what_passes_is_asked_again_after_the_wait_that_was_asked_for(tmp_path: Path) -> None:
    async def work(api: ImagesApi, note: FolderNote) -> Delivery:
        await api.submit(order(), note, waits.retrying)
        return await api.collect(note)

    waits = Waits()
    with serving() as server:
        server.script(status=429, code="rate_limit_exceeded", headers={"retry-after": "7"})
        server.script(status=503, body=b"busy", content_type="text/plain")
        server.script(status=500, code=None)
        delivery, slept = using(server, tmp_path, work)
    assert [call.status for call in server.calls] == [429, 503, 500, 200]
    assert slept.slept == [7.0, 4.0, 8.0]
    assert waits.told[0] == "429 rate_limit_exceeded: scripted"
    assert digests(delivery) == server.calls[-1].images
    assert FolderNote(tmp_path / "note").facts["doubtful"] == 1


def test_six_tries_are_the_most(tmp_path: Path) -> None:
    with serving() as server:
        server.script(status=429, code="slow_down", times=9)
        error = fail(server, tmp_path, order())
    assert error.category == "passing"
    assert str(error) == "429 slow_down: scripted (6 tries)"
    assert len(server.calls) == 6


@pytest.mark.parametrize(
    ("scripted", "category"),
    [
        ({"status": 400, "code": "moderation_blocked"}, "refused"),
        ({"status": 429, "code": "insufficient_quota"}, "everything"),
        ({"status": 401, "code": "invalid_api_key"}, "everything"),
        ({"status": 404}, "stop"),
        ({"status": 307, "headers": {"location": "/v1/images/generations"}}, "stop"),
        ({"status": 502, "body": b"<html>", "content_type": "text/html"}, "maybe_billed"),
        ({"status": 500, "body": b"<html>", "content_type": "text/html"}, "maybe_billed"),
        ({"status": 524}, "maybe_billed"),
        ({"status": 408}, "maybe_billed"),
        ({"drop": "before"}, "maybe_billed"),
        ({"drop": "after"}, "maybe_billed"),
        ({"drop": "within"}, "maybe_billed"),
        ({"body": b""}, "maybe_billed"),
        ({"body": b"<html>not yet</html>", "content_type": "text/html"}, "maybe_billed"),
        ({"body": b'{"created": 1, "data": []}'}, "maybe_billed"),
        ({"body": b'{"data": [{"b64_json": "string!"}]}'}, "maybe_billed"),
        ({"body": b'{"error": {"code": "odd", "message": "?"}}'}, "maybe_billed"),
        ({"body": b'{"error": {"code": "moderation_blocked", "message": "no"}}'}, "refused"),
    ],
)
def test_nothing_else_is_asked_twice(tmp_path: Path, scripted: dict[str, Any], category: str) -> None:
    with serving() as server:
        server.script(**scripted)
        error = fail(server, tmp_path, order())
    assert error.category == category
    assert len(server.calls) == 1


def test_an_error_under_a_success_that_passes_is_asked_again(tmp_path: Path) -> None:
    with serving() as server:
        server.script(body=b'{"error": {"code": "slow_down", "message": "wait"}, "data": []}')
        delivery = ask(server, tmp_path, order())
    assert digests(delivery) == server.calls[1].images


def test_a_time_out_may_have_been_billed(tmp_path: Path) -> None:
    with serving() as server:
        server.script(latency=5)
        error = fail(server, tmp_path, order(), timeout_seconds=0.2)
    assert error.category == "maybe_billed"
    assert str(error) == "no answer within 0.2 s"
    assert len(server.calls) == 1


def test_a_body_that_is_cut_off_gives_its_complete_images(tmp_path: Path) -> None:
    with serving() as server:
        server.script(drop="within", reshape=lambda body: body | {"filler": "x" * 600_000})
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert digests(delivery) == server.calls[0].images
    assert FolderNote(tmp_path / "note").facts["truncated"] is True


def test_a_server_that_is_not_there_costs_nothing(tmp_path: Path) -> None:
    with serving() as server:
        pass
    error = fail(server, tmp_path, order())
    assert error.category == "passing"
    assert str(error).startswith(f"`{server.origin}` can't be reached")
    assert not server.calls


def test_linked_pictures_are_fetched_without_the_key(tmp_path: Path) -> None:
    with serving() as server:
        server.script(links=True)
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert digests(delivery) == server.calls[0].images
    assert len(server.fetched) == 2
    assert all("authorization" not in headers for headers in server.fetched)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.255.255.1/x.png",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "http://[::1]:9/x",
        "http://",
    ],
)
def test_a_link_does_not_lead_into_a_private_network(tmp_path: Path, url: str) -> None:
    with serving() as server:
        server.script(reshape=lambda body: {"data": [{"url": url}]})
        error = fail(server, tmp_path, order())
    assert error.category == "maybe_billed"
    assert "could not be fetched" in str(error)


def test_the_key_is_in_no_error(tmp_path: Path) -> None:
    """A server may repeat the key in what it says."""
    with serving() as server:
        server.script(status=400, code="odd", message=f"your key {server.key} is fine")
        error = fail(server, tmp_path, order())
    assert str(error) == "400 odd: your key [key] is fine"
    assert server.key not in repr(error.__context__) + repr(error.__cause__)


def test_a_wrong_key_stops_everything_and_is_not_shown(tmp_path: Path) -> None:
    with serving() as server:
        true, server.key = server.key, "another"
        environ = {**server.environ, "OPENAI_API_KEY": true, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        table = ProviderTable(kind="images-api")
        api = ImagesApi("openai", table, find_access("openai", table, load_settings(environ), environ))
        with pytest.raises(CallFailed, match=re.escape("Incorrect API key provided: [key].")) as caught:
            asyncio.run(api.submit(order(), FolderNote(tmp_path / "note"), lambda retry: None))
    assert caught.value.category == "everything"


def test_without_trust_or_a_key_nothing_is_sent(tmp_path: Path) -> None:
    with serving() as server:
        table = ProviderTable(kind="images-api", base_url=server.url)
        environ = {"OPENAI_API_KEY": server.key, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        api = ImagesApi("relay", table, find_access("relay", table, load_settings(environ), environ))
        problem = api.ready()
        assert problem is not None
        assert problem.message == f"`{server.origin}` is not trusted"
        with pytest.raises(CallFailed, match="is not trusted") as caught:
            asyncio.run(api.submit(order(), FolderNote(tmp_path / "note"), lambda retry: None))
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
        await asyncio.gather(*(api.submit(order(), each, lambda retry: None) for each in notes))

    with serving(latency=0.2) as server:
        using(server, tmp_path, work)
    assert server.together == 4


def test_a_body_without_end_is_not_waited_for(tmp_path: Path) -> None:
    """A server that drips bytes holds a call no longer than its time; what is complete is kept."""
    image = base64.b64encode(b"picture").decode()
    with dripping(b'{"data": [{"b64_json": "' + image.encode() + b'"},') as url:
        table = ProviderTable(kind="images-api", timeout_seconds=0.4)
        environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url, "ASSETFORGE_CONFIG_DIR": str(tmp_path)}
        api = ImagesApi("openai", table, find_access("openai", table, load_settings(environ), environ))

        async def work() -> Delivery:
            note = FolderNote(tmp_path / "note")
            await api.submit(order(), note, lambda retry: None)
            return await api.collect(note)

        delivery = asyncio.run(work())
    assert [path.read_bytes() for path in delivery.images] == [b"picture"]


@contextmanager
def dripping(start: bytes) -> Iterator[str]:
    """A server that sends the beginning of a body, and then a space now and then for ever."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + start)
            while not over.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        over.set()
        thread.join(5)
