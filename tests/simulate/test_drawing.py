"""No two pictures are alike, in bytes and in pixels, and they go out as they are made."""

import base64
import hashlib
import io
import json
import os
import threading
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assetforge.simulate.answer import filled, hole, in_base64
from assetforge.simulate.app import Setup
from assetforge.simulate.call import Call, SentFile
from assetforge.simulate.drawing import Pieces, Wanted, prepared, rehearsed
from tests.images_server import ImagesServer
from tests.simulate.speaking import edit as ask_edit
from tests.simulate.speaking import encoded, generate, picture, sent


def wanted(serial: int, form: str = "png", size: str = "1024x640", **fields: object) -> Wanted:
    return Wanted(Call("generations", {"prompt": "a ship", "model": "m", **fields}), serial, 1, size, form)


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.tobytes()


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("png", {}),
        ("png", {"background": "transparent"}),
        ("webp", {"background": "transparent", "output_compression": 0}),
        ("jpeg", {"output_compression": 0}),
    ],
)
@pytest.mark.parametrize("size", ["1024x640", "1536x512", "512x1536"])
def test_a_number_makes_every_draft_another(form: str, fields: dict[str, object], size: str) -> None:
    first, second = (b"".join(rehearsed(wanted(serial, form, size, **fields))) for serial in (1_000_001, 1_000_002))
    assert first != second
    assert pixels(first) != pixels(second)
    with Image.open(io.BytesIO(first)) as opened:
        assert (f"{opened.width}x{opened.height}", opened.format) == (size, form.upper())
        assert opened.has_transparency_data == ("background" in fields)


@pytest.mark.parametrize("size", ["1024x1024", "1536x1024", "1216x640", "1536x512", "512x1536", "640x1024"])
@pytest.mark.parametrize(("edits", "background"), [(False, "auto"), (False, "transparent"), (True, "auto")])
def test_the_number_covers_nothing_that_a_draft_writes(size: str, edits: bool, background: str) -> None:
    """It stands in the margin at the lower edge, inside what a card shows."""
    asked = numbered(size, edits, background)
    first, second = (b"".join(rehearsed(replace(asked, serial=serial))) for serial in (7, 999_999))
    with Image.open(io.BytesIO(first)) as few, Image.open(io.BytesIO(second)) as many:
        changed = ImageChops.difference(few.convert("RGB"), many.convert("RGB")).getbbox()
        shown = few.getchannel("A").getbbox() if background == "transparent" else (0, 0, *few.size)
    assert changed is not None
    assert shown is not None
    short = min(shown[2] - shown[0], shown[3] - shown[1])
    assert shown[3] - short // 22 <= changed[1] < changed[3] <= shown[3]
    assert shown[0] < changed[0] < changed[2] <= shown[2] - short // 22 + 1


@pytest.mark.parametrize("size", ["1024x1024", "1536x512", "640x1024"])
def test_the_number_stands_inside_what_is_on_a_flat_ground(size: str) -> None:
    """So that a picture of a rehearsal can be cut out as a real one."""
    asked = wanted(7, size=size, prompt="A ship on a flat #00ff00 background")
    with Image.open(io.BytesIO(b"".join(rehearsed(asked)))) as made:
        ground = Image.new("RGB", made.size, (0, 255, 0))
        box = ImageChops.difference(made.convert("RGB"), ground).getbbox()
    inset = min(ground.size) // 12
    assert box == (inset, inset, ground.width - inset, ground.height - inset)


def numbered(size: str, edits: bool, background: str) -> Wanted:
    """A picture with a long prompt, so that its panel is as large as it gets."""
    fields = {"prompt": "A harbour among hills " * 12, "model": "gpt-image-2", "background": background}
    width, _, height = size.partition("x")
    data = encoded("png", size=(int(width), int(height)), fill=(90, 120, 90, 255))
    source = SentFile("image", "a.png", "image/png", "", int(width), int(height), len(data), data)
    call = Call("edits" if edits else "generations", fields, files=(source,) if edits else ())
    return Wanted(call, 0, 1, size, "png")


def test_a_number_is_short() -> None:
    assert all(Setup().serial < 1_000_000 for _ in range(200))


def test_two_servers_begin_at_different_numbers() -> None:
    assert Setup().serial != Setup().serial


def test_an_edit_is_drawn_from_what_was_sent() -> None:
    with ImagesServer(draw=rehearsed) as server:
        source = sent(size=(1024, 1024), fill=(200, 30, 30, 255))
        mask = sent(field="mask", size=(1024, 1024))
        told = ask_edit(server, source, mask, prompt="at night", n="2").json()
        assert [picture(item).size for item in told["data"]] == [(1024, 1024)] * 2
        broken = ("image", encoded("png", size=(1024, 1024))[:200], "image/png")
        assert ask_edit(server, broken).json()["error"]["code"] == "invalid_image_file"


@pytest.mark.parametrize(("form", "mode"), [("png", "RGBA"), ("jpeg", "RGB")])
def test_a_prepared_picture_is_told_apart_by_its_bytes_alone(form: str, mode: str) -> None:
    data = encoded(form, mode, (64, 64), 0)
    first, second = (b"".join(prepared(data)(wanted(serial))) for serial in (1, 2))
    assert first != second != data
    assert pixels(first) == pixels(second) == pixels(data)


def test_what_is_no_picture_is_not_prepared() -> None:
    with pytest.raises(ValueError, match="neither a PNG nor a JPEG"):
        prepared(b"GIF89a")


@given(st.lists(st.binary(max_size=9)))
def test_pieces_in_base64_are_the_whole_in_base64(pieces: list[bytes]) -> None:
    assert b"".join(in_base64(tuple(pieces))) == base64.b64encode(b"".join(pieces))


@given(st.lists(st.lists(st.binary(max_size=9), max_size=3), max_size=4))
def test_an_answer_is_as_long_as_it_says(pictures: list[list[bytes]]) -> None:
    items = [{"b64_json": hole(at)} for at in range(len(pictures))]
    body = filled({"data": items, "size": "x"}, [tuple(one) for one in pictures])
    sent = b"".join(body.pieces())
    assert len(sent) == len(body)
    data = json.loads(sent)["data"]
    assert [base64.b64decode(item["b64_json"]) for item in data] == [b"".join(one) for one in pictures]


def test_many_calls_share_a_prepared_picture() -> None:
    """16 calls at once of 8 MB each: what is held is one picture, and what is under way to each."""
    noise = encoded("png", "RGB", (32, 32)) + os.urandom(8_000_000)
    give, given_out = prepared(noise), set[int]()

    def draw(asked: Wanted) -> Pieces:
        pieces = give(asked)
        given_out.update(id(piece) for piece in pieces if len(piece) > 1_000_000)
        return pieces

    with ImagesServer(draw=draw) as server:
        digests = set[str]()

        def call() -> None:
            data = base64.b64decode(generate(server).json()["data"][0]["b64_json"])
            digests.add(hashlib.sha256(data).hexdigest())

        threads = [threading.Thread(target=call) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert digests == {digest for one in server.calls for digest in one.images}
        assert len(digests) == 16
    assert len(given_out) == 1


def test_only_the_newest_links_live() -> None:
    with ImagesServer() as server:
        first = generate(server, model="gpt-image-2-c", size="1024x640").json()["data"][0]["url"]
        server.script(images=256, links=True)
        generate(server, size="1024x640", output_format="jpeg")
        assert httpx.get(server.origin + first).status_code == 404
