"""A body gives every image that is whole in it, however it is written and wherever it ends."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.providers.answer import MAX_IMAGES, Answer, read_answer
from assetforge.providers.scan import PIECE

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
    image = bytes(range(251)) * (PIECE // 80)
    text = encoded(image).replace("/", "\\/").replace("+", "\\u002b").replace("A", "A\\r\\n")
    found = read(tmp_path, b'{"data":[{"b64_json":"' + text.encode() + b'"}]}')
    assert len(text) > 3 * PIECE
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


@pytest.mark.parametrize(
    "text",
    [
        "QUJD=QUJD",
        "QUI=QUJD",
        "Q",
        "QUJD!",
        "QUJD\u00e9",
        "data:",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:image/png,QUJD",
        " ",
        "QUI=" * (PIECE // 4) + "QUJD",
    ],
)
def test_what_only_looks_like_base64_is_broken(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, {"data": [{"b64_json": text}]}).broken == (1,)


def test_a_link_that_carries_its_picture_is_one(tmp_path: Path) -> None:
    carried = "data:image/png;base64," + encoded(IMAGES[0])
    upper = "DATA:image/png;base64," + encoded(IMAGES[1]).replace("/", "\\/")
    body = f'{{"data": [{{"url": "{carried}"}}, {{"url": "{upper}", "b64_json": null}}, {{"url": "data:,none"}}]}}'
    found = read(tmp_path, body.encode())
    assert images(found) == {1: IMAGES[0], 2: IMAGES[1]}
    assert (found.urls, found.broken) == ({}, (3,))


@pytest.mark.parametrize("pair", [{"b64_json": "eA==", "url": "/1"}, {"url": "/1", "b64_json": "eA=="}])
def test_bytes_are_taken_before_a_link(tmp_path: Path, pair: dict[str, str]) -> None:
    found = read(tmp_path, {"data": [pair]})
    assert images(found) == {1: b"x"}
    assert found.broken == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\0" * 999,
        b"<!DOCTYPE html><html></html>",
        b"upstream timed out",
        b"[1,",
        b'{"data"',
        b'{"data":}',
        b'{"data":[{"b64_json":"QUJD',
        b"\xff\xfe{\0}\0",
    ],
)
def test_what_is_no_json_is_not_whole(tmp_path: Path, body: bytes) -> None:
    found = read(tmp_path, body)
    assert (found.whole, dict(found.images)) == (False, {})


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"b64_json": "QUJD"}},
        {"data": "QUJD"},
        {"data": None},
        {"data": [["QUJD"], "QUJD", None, 7, {"b64_json": 7}, {"b64_json": ["QUJD"]}, {"b64_json": ""}]},
        {"data": [{"data": [{"b64_json": "QUJD"}]}]},
        {"result": {"data": [{"b64_json": "QUJD"}]}},
        [{"b64_json": "QUJD"}],
    ],
)
def test_what_is_not_where_images_are_is_none(tmp_path: Path, body: Any) -> None:
    found = read(tmp_path, json.dumps(body).encode())
    assert (found.whole, dict(found.images), found.broken) == (True, {}, ())


def test_what_stands_behind_a_whole_answer_is_not_missing(tmp_path: Path) -> None:
    found = read(tmp_path, b'{"data": [{"b64_json": "eA=="}]}' + bytes(100))
    assert (images(found), found.whole) == ({1: b"x"}, True)


def test_the_last_of_two_with_one_name_counts_as_in_json(tmp_path: Path) -> None:
    assert images(read(tmp_path, b'{"data": [{"b64_json": "eA=="}], "data": [{"b64_json": "eQ=="}]}')) == {1: b"y"}


def test_a_name_may_be_escaped(tmp_path: Path) -> None:
    assert images(read(tmp_path, b'{"d\\u0061ta": [{"b64\\u005fjson": "eA=="}]}')) == {1: b"x"}


def test_more_images_than_anybody_asks_for_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, {"data": [{"b64_json": "eA==", "url": None}] * 20_000})
    assert len(found.images) == MAX_IMAGES
    assert (found.beyond, found.whole) == (20_000 - MAX_IMAGES, True)
    assert len(list(tmp_path.iterdir())) == MAX_IMAGES + 1


@given(st.lists(st.sampled_from(['\\"', "\\\\", "a", "\\/"]), max_size=30), st.integers(0, 40))
def test_a_string_ends_at_its_own_quote(
    tmp_path_factory: pytest.TempPathFactory, inside: list[str], before: int
) -> None:
    """Also where the escapes fall on the seam between two pieces."""
    text = "".join(inside)
    head = '{"x": "'
    fill = "-" * (PIECE - len(head) - before)
    body = f'{head}{fill}{text}", "data": [{{"b64_json": "eA=="}}]}}'
    assert images(read(tmp_path_factory.mktemp("seam"), body.encode())) == {1: b"x"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of a process")
def test_memory_does_not_grow_with_an_answer(tmp_path: Path) -> None:
    """64 answers of this size are under way at once; pages of a mapped file would count too."""
    image = bytes(range(256)) * (30 << 12)
    (tmp_path / "body").write_bytes(b'{"data":[{"b64_json":"' + base64.b64encode(image) + b'"}]}')
    code = (
        "import sys\nfrom pathlib import Path\nfrom assetforge.providers.answer import read_answer\n"
        "def most():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return int(next(line for line in lines if line.startswith('VmHWM')).split()[1])\n"
        "folder = Path(sys.argv[1])\nbefore = most()\nread_answer(folder / 'body', folder)\nprint(most() - before)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert (tmp_path / "body").stat().st_size > 40_000_000
    assert (tmp_path / "image-1").read_bytes() == image
    assert int(told.stdout) < 12_000


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
