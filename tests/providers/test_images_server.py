"""The server that tests lean on refuses what the API refuses."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.images_server import ImagesServer


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def generate(server: ImagesServer, **fields: Any) -> httpx.Response:
    body = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024", "quality": "low"} | fields
    headers = {"Authorization": f"Bearer {server.key}"}
    return httpx.post(f"{server.url}/images/generations", headers=headers, json=body)


def edit(server: ImagesServer, *files: tuple[str, bytes, str], **fields: str) -> httpx.Response:
    form = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024", "quality": "low"} | fields
    parts = [(name, (f"{name}.bin", data, kind)) for name, data, kind in files]
    headers = {"Authorization": f"Bearer {server.key}"}
    return httpx.post(f"{server.url}/images/edits", headers=headers, data=form, files=parts)


def png(mode: str = "RGBA", size: tuple[int, int] = (32, 32), fill: int = 0) -> bytes:
    spooled = io.BytesIO()
    Image.new(mode, size, fill).save(spooled, "png")
    return spooled.getvalue()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"size": "1920x1080"}, 400, "invalid_value"),
        ({"size": "512x512"}, 400, "invalid_value"),
        ({"size": "4096x1024"}, 400, "invalid_value"),
        ({"quality": "best"}, 400, "invalid_value"),
        ({"n": 11}, 400, "invalid_value"),
        ({"background": "transparent"}, 400, "invalid_value"),
        ({"output_compression": 50}, 400, "invalid_value"),
        ({"prompt": ""}, 400, "missing_required_parameter"),
        ({"prompt": "x" * 32_001}, 400, "string_above_max_length"),
        ({"input_fidelity": "high"}, 400, "invalid_input_fidelity_model"),
        ({"response_format": "b64_json"}, 400, "unknown_parameter"),
        ({"model": "gpt-image-2-c", "background": "auto"}, 400, "unknown_parameter"),
        ({"model": "dall-e-3"}, 404, "model_not_found"),
    ],
)
def test_a_wrong_generation_is_refused(server: ImagesServer, fields: dict[str, Any], status: int, code: str) -> None:
    response = generate(server, **fields)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert server.calls[0].error == code
    assert not server.paid


@pytest.mark.parametrize(
    ("files", "fields", "status"),
    [
        ([], {}, 400),
        ([("image", png(), "image/png")], {"moderation": "low"}, 400),
        ([("image", png(), "image/jpeg")], {}, 400),
        ([("image", b"no picture", "image/png")], {}, 400),
        ([("image", png(), "image/png")] * 2, {}, 400),
        ([("image", png(), "image/png"), ("image[]", png(), "image/png")], {}, 422),
        ([("image[]", png(), "image/png")] * 17, {}, 400),
        ([("image", png(), "image/png"), ("mask", png("RGB"), "image/png")], {}, 400),
        ([("image", png(), "image/png"), ("mask", png(size=(32, 16)), "image/png")], {}, 400),
        ([("image", png(), "image/png"), ("mask", png("LA", fill=255), "image/png")], {}, 200),
        ([("image", png(), "image/png"), ("mask", png("RGBA", fill=0xFF000000), "image/png")], {}, 400),
        ([("image[]", png(), "image/png")] * 16, {"n": "2"}, 200),
    ],
)
def test_an_edit_is_taken_only_as_documented(
    server: ImagesServer, files: list[tuple[str, bytes, str]], fields: dict[str, str], status: int
) -> None:
    assert edit(server, *files, **fields).status_code == status


def test_a_script_waits_for_the_call_it_names(server: ImagesServer) -> None:
    server.script(match="boat", status=429, headers={"retry-after": "3"})
    assert generate(server, prompt="a tree").status_code == 200
    refused = generate(server, prompt="a boat")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert generate(server, prompt="a boat").status_code == 200


def test_another_size_and_format_than_asked_can_be_drawn(server: ImagesServer) -> None:
    server.script(size="640x480", format="jpeg", links=True)
    link = generate(server).json()["data"][0]["url"]
    with Image.open(io.BytesIO(httpx.get(server.origin + link).content)) as picture:
        assert (picture.size, picture.format) == ((640, 480), "JPEG")


def test_no_key_and_a_wrong_key_are_refused(server: ImagesServer) -> None:
    assert httpx.post(f"{server.url}/images/generations", json={"prompt": "x"}).status_code == 401
    server.key = "another"
    assert server.calls[0].status == 401
    assert httpx.get(f"{server.url}/models").status_code == 401
    assert httpx.get(f"{server.url}/nothing").status_code == 404
