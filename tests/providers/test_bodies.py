"""What comes under a status of success, whole or not, and where it is kept."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.providers.calls import (
    FolderNote,
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


def test_an_answer_is_written_into_the_room_that_was_kept_for_it(tmp_path: Path) -> None:
    """The very file, so that a full disk has room for it; what is beyond the answer is given back."""
    note = FolderNote(tmp_path / "note")
    (note.folder / "room").write_bytes(bytes(8 << 20))
    kept = (note.folder / "room").stat().st_ino
    with serving() as server:
        delivery = ask(server, tmp_path, order())
    assert digests(delivery) == server.calls[0].images
    assert note.body.stat().st_ino == kept
    assert json.loads(note.body.read_bytes())["created"]
    assert not (note.folder / "room").exists()


def test_a_room_that_is_too_small_grows(tmp_path: Path) -> None:
    (FolderNote(tmp_path / "note").folder / "room").write_bytes(b"\0" * 10)
    with serving() as server:
        delivery = ask(server, tmp_path, order())
    assert digests(delivery) == server.calls[0].images


def test_a_part_that_a_dead_build_left_in_its_room_gives_what_is_whole_in_it(tmp_path: Path) -> None:
    note = FolderNote(tmp_path / "note")
    image = base64.b64encode(b"picture")
    begun = b'{"data": [{"b64_json": "' + image + b'"}, {"b64_json": "aaaa'
    (note.folder / "body.part").write_bytes(begun + bytes(1 << 20))
    delivery = using_at("http://127.0.0.1:9/v1", tmp_path, lambda api, note: api.collect(note))
    assert [path.read_bytes() for path in delivery.images] == [b"picture"]
    assert delivery.cut


def test_a_cut_is_no_fault_of_a_picture(tmp_path: Path) -> None:
    image = base64.b64encode(b"picture").decode()
    with serving() as server:
        server.script(body=f'{{"data": [{{"b64_json": "{image}"}}, {{"b64_json": "{image[:4]}'.encode())
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert [path.read_bytes() for path in delivery.images] == [b"picture"]
    assert (delivery.cut, delivery.faults, delivery.remarks[-1]) == (True, (), "the answer was cut off")


def test_a_whole_answer_with_fewer_pictures_is_not_cut(tmp_path: Path) -> None:
    with serving() as server:
        server.script(images=1)
        delivery = ask(server, tmp_path, order(n=2, candidates=(1, 2)))
    assert len(delivery.images) == 1
    assert not delivery.cut


def test_an_error_beside_a_picture_is_told(tmp_path: Path) -> None:
    error = {"code": "moderation_blocked", "message": "one was blocked"}
    with serving() as server:
        server.script(reshape=lambda body: body | {"error": error})
        delivery = ask(server, tmp_path, order())
    assert len(delivery.images) == 1
    assert delivery.remarks[-1] == "the answer tells an error too: 200 moderation_blocked: one was blocked"


def test_an_error_that_tells_of_usage_was_billed(tmp_path: Path) -> None:
    body = {"error": {"code": "moderation_blocked", "message": "no"}, "usage": {"output_tokens": 9}}
    with serving() as server:
        server.script(body=json.dumps(body).encode())
        error = fail(server, tmp_path, order())
    assert (error.category, error.moderation) == ("refused", True)
    assert error.answer is not None
    assert error.answer.usage == {"output_tokens": 9}


def test_a_simulated_picture_is_known_for_one(tmp_path: Path) -> None:
    image = base64.b64encode(b"picture")
    body = b'{"data": [{"b64_json": "' + image + b'"}]}'
    with answering(reply(200, body, x_assetforge_simulated="1")) as (url, _):
        delivery = ask_at(url, tmp_path)
    assert delivery.simulated
    with answering(reply(200, body)) as (url, _):
        delivery = ask_at(url, tmp_path / "real")
    assert not delivery.simulated


def test_an_answer_that_cannot_be_written_was_paid_for(tmp_path: Path) -> None:
    (FolderNote(tmp_path / "note").folder / "body.part").mkdir()
    with serving() as server:
        error = fail(server, tmp_path, order())
    assert (error.category, len(server.calls)) == ("maybe_billed", 1)
    assert str(error).startswith("the answer could not be written: ")
    assert error.hint == "make room, and build again"


def test_a_body_without_end_is_not_waited_for(tmp_path: Path) -> None:
    """A server that drips bytes holds a call no longer than its time; what is complete is kept."""
    image = base64.b64encode(b"picture").decode()
    with dripping(b'{"data": [{"b64_json": "' + image.encode() + b'"},') as url:
        delivery = ask_at(url, tmp_path, timeout_seconds=0.4)
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
