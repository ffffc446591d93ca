"""The vendor's own SDK, which shares nothing with us, speaks to the simulated API and understands its answers."""

import base64
import io
from collections.abc import Iterator

import openai
import pytest
from PIL import Image

from tests.images_server import ImagesServer
from tests.simulate.speaking import encoded

MODEL = "gpt-image-2"
RED, BLUE = ("red.png", encoded("png", fill=(200, 0, 0, 255))), ("blue.png", encoded("png", fill=(0, 0, 200, 255)))


@pytest.fixture(scope="module")
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


@pytest.fixture
def client(server: ImagesServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key=server.key, max_retries=0) as made:
        yield made


def size_of(text: str | None) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(text or ""))) as picture:
        picture.load()
        return picture.size


def test_one_is_generated(server: ImagesServer, client: openai.OpenAI) -> None:
    told = client.images.generate(model=MODEL, prompt="a ship", size="1536x1024", quality="low")
    assert told.data is not None
    assert [size_of(one.b64_json) for one in told.data] == [(1536, 1024)]
    assert told.usage is not None
    assert (told.usage.output_tokens, told.size, told.quality, told.output_format) == (158, "1536x1024", "low", "png")
    assert server.calls[-1].headers["user-agent"].startswith("OpenAI/Python")


def test_several_are_generated(client: openai.OpenAI) -> None:
    told = client.images.generate(model=MODEL, prompt="a ship", size="1024x1024", n=3, output_format="jpeg")
    assert told.data is not None
    assert len({one.b64_json for one in told.data}) == 3


def test_a_reseller_gives_a_url(server: ImagesServer, client: openai.OpenAI) -> None:
    told = client.images.generate(model="gpt-image-2-c", prompt="a ship", size="1024x1024", response_format="url")
    assert told.data is not None
    assert told.data[0].url
    assert server.calls[-1].status == 200


def test_one_picture_is_edited(server: ImagesServer, client: openai.OpenAI) -> None:
    told = client.images.edit(model=MODEL, prompt="at night", image=RED, size="1024x1024", quality="low")
    assert told.data is not None
    assert size_of(told.data[0].b64_json) == (1024, 1024)
    assert [(file.field, file.name, file.type) for file in server.calls[-1].files] == [("image", *_named(RED))]


def test_several_pictures_are_edited_with_a_mask(server: ImagesServer, client: openai.OpenAI) -> None:
    mask = ("mask.png", encoded("png"))
    client.images.edit(model=MODEL, prompt="both", image=[RED, BLUE], mask=mask, n=2, size="1024x1024")
    call = server.calls[-1]
    assert [(file.field, file.name) for file in call.files] == [
        ("image[]", "red.png"), ("image[]", "blue.png"), ("mask", "mask.png"),
    ]  # fmt: skip
    assert len(call.images) == 2


def _named(picture: tuple[str, bytes]) -> tuple[str, str]:
    return picture[0], "image/png"


def test_a_mask_without_alpha_is_refused(client: openai.OpenAI) -> None:
    mask = ("mask.png", encoded("png", "RGB"))
    with pytest.raises(openai.BadRequestError, match="no alpha channel"):
        client.images.edit(model=MODEL, prompt="both", image=RED, mask=mask)


def test_azure_is_spoken_to_in_its_own_way(server: ImagesServer) -> None:
    with openai.AzureOpenAI(
        azure_endpoint=server.origin, api_key=server.key, api_version="2025-04-01-preview", max_retries=0
    ) as client:
        told = client.images.generate(model=MODEL, prompt="a ship", size="1024x1024")
        assert told.data is not None
        assert size_of(told.data[0].b64_json) == (1024, 1024)


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert MODEL in {model.id for model in client.models.list()}
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("dall-e-3")


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("moderation_blocked", openai.BadRequestError, "moderation_blocked"),
        ("billing_hard_limit_reached", openai.BadRequestError, "billing_hard_limit_reached"),
        ("invalid_api_key", openai.AuthenticationError, "invalid_api_key"),
        ("organization_not_verified", openai.PermissionDeniedError, None),
        ("conflict", openai.ConflictError, None),
        ("rate_limit_exceeded", openai.RateLimitError, "rate_limit_exceeded"),
        ("insufficient_quota", openai.RateLimitError, "insufficient_quota"),
        ("server_error", openai.InternalServerError, None),
        ("gateway_timeout", openai.InternalServerError, None),
        ("drop_before", openai.APIConnectionError, None),
    ],
)
def test_a_failure_is_of_the_sdks_own_class(
    server: ImagesServer, client: openai.OpenAI, fault: str, kind: type[openai.APIError], code: str | None
) -> None:
    server.script(fault=fault)
    with pytest.raises(kind) as caught:
        client.images.generate(model=MODEL, prompt="a ship")
    assert caught.value.code == code


def test_a_wrong_size_is_told_with_its_parameter(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="divisible by 16") as caught:
        client.images.generate(model=MODEL, prompt="a ship", size="1920x1080")
    assert (caught.value.param, caught.value.code) == ("size", "invalid_value")


def test_the_sdk_waits_as_long_as_it_is_told(server: ImagesServer) -> None:
    with openai.OpenAI(base_url=server.url, api_key=server.key, max_retries=1) as client:
        server.script(fault="slow_down", headers={"retry-after-ms": "5"})
        before = len(server.calls)
        assert client.images.generate(model=MODEL, prompt="a ship").data
    assert [call.status for call in server.calls[before:]] == [429, 200]
