"""What the simulated API takes is what the vendor's documents say, model by model."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assetforge.simulate.models import MODELS
from tests.images_server import ImagesServer
from tests.simulate.speaking import File, edit, encoded, generate, picture, sent

FLARE, SUNBURST = "gpt-image-2.5-flare", "gpt-image-2.6-sunburst"


@pytest.fixture(scope="module")
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        # Each parameter on its own.
        ({"prompt": None}, 400, "missing_required_parameter"),
        ({"prompt": 5}, 400, "invalid_type"),
        ({"prompt": "x" * 32_000}, 200, None),
        ({"model": None}, 404, "model_not_found"),
        ({"model": "gpt-image-1"}, 404, "model_not_found"),
        ({"n": 0}, 400, "invalid_value"),
        ({"n": "2"}, 400, "invalid_type"),
        ({"n": True}, 400, "invalid_type"),
        ({"size": "1024"}, 400, "invalid_value"),
        ({"size": "9" * 5000 + "x16"}, 400, "invalid_value"),
        ({"size": "3840x2176"}, 400, "invalid_value"),
        ({"size": "640x1024"}, 200, None),
        ({"size": "auto", "quality": "auto"}, 200, None),
        ({"quality": "xhigh"}, 400, "invalid_value"),
        ({"quality": "hd"}, 400, "invalid_value"),
        ({"output_format": "gif"}, 400, "invalid_value"),
        ({"output_format": "webp", "output_compression": 0}, 200, None),
        ({"output_format": "webp", "output_compression": 101}, 400, "invalid_value"),
        ({"output_format": "png", "output_compression": 100}, 200, None),
        ({"moderation": "low", "user": "me", "safety_identifier": "me"}, 200, None),
        ({"moderation": "high"}, 400, "invalid_value"),
        ({"partial_images": 4}, 400, "invalid_value"),
        ({"stream": True}, 400, "unsupported_value"),
        ({"style": "vivid"}, 400, "unknown_parameter"),
        ({"input_fidelity": None, "image": "x"}, 400, "unknown_parameter"),
        # What models differ in.
        ({"model": "gpt-image-2-2026-04-21"}, 200, None),
        ({"model": FLARE, "quality": "max"}, 200, None),
        ({"model": f"{FLARE}-2026-09-08", "background": "transparent"}, 200, None),
        ({"model": SUNBURST, "quality": "xhigh", "background": "transparent", "output_format": "webp"}, 200, None),
        ({"model": SUNBURST, "background": "transparent", "output_format": "jpeg"}, 400, "invalid_value"),
        ({"model": "gpt-image-1.5", "background": "transparent"}, 200, None),
        ({"model": "gpt-image-1.5", "size": "1280x1024"}, 400, "invalid_value"),
        ({"model": "gpt-image-1-mini", "size": "1024x1536"}, 200, None),
        ({"model": "gpt-image-1-mini", "quality": "max"}, 400, "invalid_value"),
        ({"model": "gpt-image-2-c", "response_format": "b64_json"}, 200, None),
        ({"model": "gpt-image-2-c", "response_format": "hex"}, 400, "invalid_value"),
        ({"model": "gpt-image-2-c", "output_format": "webp"}, 400, "invalid_value"),
        ({"model": "gpt-image-2-c", "quality": "auto"}, 400, "invalid_value"),
    ],
)
def test_a_generation_is_taken_only_as_documented(
    server: ImagesServer, fields: dict[str, Any], status: int, code: str | None
) -> None:
    response = generate(server, **fields)
    assert response.status_code == status, response.text[:200]
    assert response.json().get("error", {}).get("code") == code
    assert bool(server.calls[-1].images) == (status == 200)


@pytest.mark.parametrize(
    ("files", "fields", "status", "code"),
    [
        ([sent()], {}, 200, None),
        ([sent("jpeg")], {}, 200, None),
        ([sent("webp")], {}, 200, None),
        ([sent("webp")], {"model": "gpt-image-2-c"}, 400, "invalid_image_file"),
        ([sent("gif")], {}, 400, "invalid_image_file"),
        ([sent(field="picture")], {}, 400, "unknown_parameter"),
        ([sent(field="image[]")], {"n": "10"}, 200, None),
        ([sent()], {"n": "1.5"}, 400, "invalid_value"),
        ([sent(), sent(field="mask")], {}, 200, None),
        ([sent("jpeg"), sent(field="mask")], {}, 400, "invalid_image_file"),
        ([sent(), sent(field="mask"), sent(field="mask")], {}, 400, "duplicate_parameter"),
        ([sent(), sent("jpeg", "mask")], {}, 400, "invalid_image_file"),
        ([sent(), ("mask", encoded("png")[:60], "image/png")], {}, 400, "invalid_image_file"),
        ([sent(field="image[]"), sent(field="image[]", size=(64, 64)), sent(field="mask")], {}, 200, None),
        ([sent()], {"input_fidelity": "high"}, 400, "invalid_input_fidelity_model"),
        ([sent()], {"model": "gpt-image-1.5", "input_fidelity": "high"}, 200, None),
        ([sent()], {"model": "gpt-image-1-mini", "input_fidelity": "low"}, 200, None),
        ([sent()], {"model": "gpt-image-1-mini", "input_fidelity": "high"}, 400, "invalid_value"),
        ([sent(), sent(field="markup")], {}, 400, "unknown_parameter"),
        ([sent(), sent(field="markup")], {"model": FLARE}, 200, None),
        ([sent(), sent(field="markup", mode="RGB")], {"model": FLARE}, 400, "invalid_image_format"),
        ([sent(), sent(field="markup", size=(16, 32))], {"model": FLARE}, 400, "invalid_image_file"),
        ([sent(), sent(field="markup"), sent(field="mask")], {"model": FLARE}, 400, "invalid_value"),
    ],
)
def test_an_edit_is_taken_only_as_documented(
    server: ImagesServer, files: list[File], fields: dict[str, str], status: int, code: str | None
) -> None:
    response = edit(server, *files, **fields)
    assert (response.status_code, response.json().get("error", {}).get("code")) == (status, code)


def test_a_file_of_50_mb_is_too_large(server: ImagesServer) -> None:
    name, data, kind = sent()
    assert edit(server, (name, data + bytes(50_000_000 - len(data)), kind)).status_code == 413
    assert edit(server, (name, data + bytes(49_999_999 - len(data)), kind)).status_code == 200
    assert not any(file.data for call in server.calls for file in call.files)


@pytest.mark.parametrize(
    ("content_type", "body"), [("application/json", b"{"), ("application/json", b"[]"), ("text/plain", b"{}")]
)
def test_a_body_that_is_none_is_refused(server: ImagesServer, content_type: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {server.key}", "content-type": content_type}
    response = httpx.post(f"{server.url}/images/generations", headers=headers, content=body)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_broken_form_is_refused(server: ImagesServer) -> None:
    headers = {"Authorization": f"Bearer {server.key}", "content-type": "multipart/form-data; boundary=x"}
    for body in (b"no form at all", b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n"):
        response = httpx.post(f"{server.url}/images/edits", headers=headers, content=body)
        assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


# --- answers ---


def test_an_answer_tells_what_was_made(server: ImagesServer) -> None:
    told = generate(server, model=FLARE, n=2, size="1536x1024", quality="auto", background="transparent").json()
    assert {name: told[name] for name in ("size", "quality", "output_format", "background")} == {
        "size": "1536x1024", "quality": "high", "output_format": "png", "background": "transparent",
    }  # fmt: skip
    first, second = map(picture, told["data"])
    assert (first.size, first.mode, second.size) == ((1536, 1024), "RGBA", (1536, 1024))
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize(("fields", "is_link"), [({}, True), ({"response_format": "url"}, True)])
def test_the_reseller_answers_with_links(server: ImagesServer, fields: dict[str, Any], is_link: bool) -> None:
    told = generate(server, model="gpt-image-2-c", **fields).json()
    assert ("url" in told["data"][0]) == is_link
    assert "usage" not in told
    link = httpx.get(server.origin + told["data"][0]["url"])
    assert (link.status_code, link.headers["content-type"]) == (200, "image/png")


# --- money: figures of the vendor's own calculator and price pages ---


@pytest.mark.parametrize(
    ("model", "size", "quality", "tokens"),
    [
        ("gpt-image-2", "1024x1024", "high", 7024),
        ("gpt-image-2", "1536x1024", "high", 5488),
        ("gpt-image-2", "1792x1024", "high", 5063),
        ("gpt-image-2", "3584x2048", "high", 12329),
        ("gpt-image-2", "1024x1536", "medium", 1372),
        ("gpt-image-2", "3840x2160", "low", 371),
        (FLARE, "1024x768", "medium", 301),
        (FLARE, "1024x768", "high", 1204),
        ("gpt-image-1.5", "1024x1536", "high", 6240),
    ],
)
def test_a_picture_has_the_published_tokens(model: str, size: str, quality: str, tokens: int) -> None:
    assert MODELS[model].tokens(size, quality) == tokens


@pytest.mark.parametrize(
    ("size", "quality", "usd"),
    [("1024x1024", "low", 0.005), ("1024x1536", "medium", 0.015), ("1536x1024", "high", 0.052)],
)
def test_a_picture_of_the_mini_has_the_published_price(size: str, quality: str, usd: float) -> None:
    mini = MODELS["gpt-image-1-mini"]
    assert mini.prices is not None
    assert mini.tokens(size, quality) * mini.prices.made / 1_000_000 == pytest.approx(usd)


def test_usage_and_cost_are_of_what_was_drawn_and_sent(server: ImagesServer) -> None:
    large = sent(field="image[]", size=(2048, 2048))
    told = edit(server, large, sent(field="image[]"), prompt="x" * 40, n="2").json()["usage"]
    # 1,536 patches at most for the large one; 32 pixels become 64, four patches.
    assert told["input_tokens_details"] == {"text_tokens": 20, "image_tokens": 2 * (1536 + 4)}
    assert told["output_tokens"] == 2 * 196
    assert told["total_tokens"] == 20 + 3080 + 392
    assert server.calls[-1].cost == pytest.approx((20 * 5 + 3080 * 8 + 392 * 30) / 1_000_000)


def test_the_reseller_has_no_known_price(server: ImagesServer) -> None:
    before = server.total_cost
    generate(server, model="gpt-image-2-c")
    assert (server.calls[-1].cost, server.total_cost) == (None, before)


# --- places and keys ---

AZURE = "/openai/deployments/pictures/images"


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        (f"{AZURE}/generations?api-version=2025-04-01-preview", "api-key", 200),
        (f"{AZURE}/generations?api-version=2024-02-01", "api-key", 200),
        (f"{AZURE}/generations", "api-key", 404),
        (f"{AZURE}/generations?api-version=", "api-key", 404),
        (f"{AZURE}/generations?api-version=2025-04-01-preview", "bearer", 401),
        ("/openai/v1/images/generations", "api-key", 200),
        ("/openai/v1/images/generations", "bearer", 401),
        ("/v1/images/generations", "api-key", 401),
        ("/images/generations", "bearer", 404),
        ("/v1/images/variations", "bearer", 404),
    ],
)
def test_each_place_has_its_own_way_to_show_a_key(server: ImagesServer, path: str, header: str, status: int) -> None:
    headers = {"api-key": server.key} if header == "api-key" else {"Authorization": f"Bearer {server.key}"}
    assert generate(server, path=path, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("asked", "drawn", "status"),
    [(None, "gpt-image-2", 200), (FLARE, FLARE, 200), ("pictures", "pictures", 404)],
)
def test_the_name_of_a_deployment_is_no_model(
    server: ImagesServer, asked: str | None, drawn: str, status: int
) -> None:
    path = f"{AZURE}/generations?api-version=2025-04-01-preview"
    response = generate(server, path=path, headers={"api-key": server.key}, model=asked)
    assert (response.status_code, server.calls[-1].model) == (status, drawn)


def test_a_request_without_a_version_is_told_as_azure_does(server: ImagesServer) -> None:
    response = generate(server, path=f"{AZURE}/generations", headers={"api-key": server.key})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (404, "404", "Resource not found")


def test_azure_edits_pictures_since_a_release(server: ImagesServer) -> None:
    headers = {"api-key": server.key}
    for version, status in (("2024-02-01", 404), ("2025-04-01-preview", 200)):
        path = f"{AZURE}/edits?api-version={version}"
        assert edit(server, sent(), path=path, headers=headers).status_code == status


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer another", "Basic c2s="])
def test_a_wrong_key_is_refused(server: ImagesServer, given: str) -> None:
    response = generate(server, headers={"Authorization": given})
    assert response.status_code == 401
    assert server.calls[-1].images == ()


def test_models_are_listed_with_the_day_they_end(server: ImagesServer) -> None:
    headers = {"Authorization": f"Bearer {server.key}"}
    told = httpx.get(f"{server.url}/models", headers=headers).json()
    ends = {model["id"]: model["shutdown_date"] for model in told["data"]}
    assert (ends["gpt-image-2"], ends["gpt-image-1-mini"]) == (None, "2026-12-01")
    assert told["data"][0]["created"] == 1_776_729_600  # 2026-04-21
    assert httpx.get(f"{server.url}/models/{FLARE}", headers=headers).json()["id"] == FLARE
    assert httpx.get(f"{server.url}/models/dall-e-3", headers=headers).status_code == 404
    assert httpx.get(f"{server.origin}/openai/v1/models", headers={"api-key": server.key}).status_code == 200
    assert httpx.get(f"{server.url}/models").status_code == 401


def test_a_method_that_is_not_there_is_refused(server: ImagesServer) -> None:
    assert httpx.get(f"{server.url}/images/generations").status_code == 405
    assert httpx.post(f"{server.url}/models").status_code == 404


def test_a_page_whose_name_was_made_to_point_here_sees_nothing(server: ImagesServer) -> None:
    response = httpx.get(f"{server.origin}/calls", headers={"host": "evil.example:80"})
    assert response.status_code == 421


def test_every_call_is_told_without_its_key(server: ImagesServer) -> None:
    generate(server, prompt="a lighthouse")
    told = httpx.get(f"{server.origin}/calls")
    last = told.json()["calls"][-1]
    assert (last["prompt"], last["status"], last["images"]) == ("a lighthouse", 200, list(server.calls[-1].images))
    assert server.key not in told.text
