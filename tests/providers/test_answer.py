"""A body gives every image that is whole in it, however it is written and wherever it ends."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.providers import answer
from assetforge.providers.answer import Answer, read_answer

IMAGES = [bytes(range(256)) * 40, b"\x89PNG" + b"\xff\xfe" * 3001, b"x"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def read(folder: Path, body: bytes | dict[str, Any]) -> Answer:
    path = folder / "body"
    path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return read_answer(path, folder)


def images(found: Answer) -> dict[int, bytes]:
    return {place: path.read_bytes() for place, path in found.images.items()}


def test_images_go_by_their_place(tmp_path: Path) -> None:
    data: list[dict[str, Any]] = [{"b64_json": encoded(image), "url": None} for image in IMAGES]
    data.insert(1, {"b64_json": None, "url": "/files/7"})
    found = read(tmp_path, {"created": 1, "data": data})
    assert images(found) == {1: IMAGES[0], 3: IMAGES[1], 4: IMAGES[2]}
    assert found.urls == {2: "/files/7"}
    assert (found.whole, found.error, found.broken) == (True, None, ())


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64," + encoded(IMAGES[0]),
        "\\n".join(encoded(IMAGES[0])[at : at + 76] for at in range(0, 20_000, 76)),
        encoded(IMAGES[0]).replace("/", "\\/"),
        encoded(IMAGES[0]).replace("+", "\\u002B").replace("=", "\\u003d"),
        encoded(IMAGES[0]).rstrip("="),
    ],
    ids=["data URL", "lines", "escaped slashes", "escaped signs", "no padding"],
)
def test_base64_may_be_dressed_up(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, b'{"data":[{"b64_json":"' + text.encode() + b'"}]}')
    assert images(found) == {1: IMAGES[0]}


def test_a_picture_is_decoded_across_pieces(tmp_path: Path) -> None:
    """Escapes and groups of four fall on the seams between pieces."""
    image = bytes(range(251)) * (answer.PIECE // 80)
    text = encoded(image).replace("/", "\\/").replace("+", "\\u002b").replace("A", "A\\r\\n")
    found = read(tmp_path, b'{"data":[{"b64_json":"' + text.encode() + b'"}]}')
    assert len(text) > 3 * answer.PIECE
    assert images(found) == {1: image}


@settings(max_examples=60)
@given(cut=st.integers(0, 100_000))
def test_a_cut_body_gives_its_complete_images(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    body = json.dumps({"data": [{"b64_json": encoded(image)} for image in IMAGES], "usage": {"output_tokens": 5}})
    cut %= len(body)
    ends = [body.index(f'"{encoded(image)}"') + len(encoded(image)) + 2 for image in IMAGES]
    found = read(tmp_path_factory.mktemp("cut"), body[:cut].encode())
    assert images(found) == {at + 1: image for at, image in enumerate(IMAGES) if ends[at] <= cut}
    assert not found.whole


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    assert read(tmp_path_factory.mktemp("any"), body).images == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_is_whole(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    body = json.dumps({"data": [], "more": value}, allow_nan=True)
    assert read(tmp_path_factory.mktemp("json"), body.encode()).whole


def test_base64_that_is_none_leaves_no_file(tmp_path: Path) -> None:
    found = read(tmp_path, {"data": [{"b64_json": "string!"}, {"b64_json": encoded(b"ok")}]})
    assert images(found) == {2: b"ok"}
    assert found.broken == (1,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["body", "image-2"]


def test_usage_is_flat_and_zeros_are_no_usage(tmp_path: Path) -> None:
    usage = {
        "total_tokens": 9,
        "input_tokens_details": {"text_tokens": 4, "image_tokens": 0},
        "note": "x",
        "ok": True,
    }
    assert read(tmp_path, {"data": [], "usage": usage}).usage == {
        "total_tokens": 9,
        "input_text_tokens": 4,
        "input_image_tokens": 0,
    }
    assert read(tmp_path, {"data": [], "usage": {"total_tokens": 0, "output_tokens": 0}}).usage == {}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"error": {"code": "slow_down", "message": "wait"}},
            {"error": {"code": "slow_down", "message": "wait"}},
        ),
        ({"error": "no"}, {"error": "no"}),
        ({"error": None, "data": []}, None),
        ({"detail": "no"}, {"detail": "no"}),
        ({"detail": [{"msg": "field required", "loc": ["body"]}]}, {"detail": "field required"}),
    ],
)
def test_an_error_under_a_success_is_found(
    tmp_path: Path, body: dict[str, Any], error: dict[str, Any] | None
) -> None:
    assert read(tmp_path, body).error == error


def test_nesting_without_end_is_no_answer(tmp_path: Path) -> None:
    assert not read(tmp_path, b'{"data":' + b"[" * 100_000).whole
