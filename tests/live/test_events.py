"""Whoever listens knows what the board knows, at once, after a break, and however slowly others read."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from assetforge.live.answer import problem
from assetforge.live.board import PROGRESS, CallUnderWay, Progress, Round
from assetforge.live.feed import MOST_BYTES, MOST_WAITING, Listener, encoded
from tests.live.running import Running, Stream, card
from tests.live.test_serving import flood, listening_without_reading

BUILDING = Round("building", 0.0, 2.0)


def told(running: Running, *rounds: Round) -> None:
    for one in rounds:
        running.do(lambda one=one: running.board.round(one))  # type: ignore[misc]


def cards(running: Running, *words: str) -> None:
    """Cards `a`, `b` and so on, with these words."""
    found = [card("abcdefgh"[index], word) for index, word in enumerate(words)]
    running.do(lambda: running.board.set_cards(found, {}))


def words(data: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["word"] for one in data["cards"]}


def test_a_listener_is_told_all_and_then_what_changes(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "missing", "current")
        with running.listening() as stream:
            assert stream.response.getheader("content-type") == "text/event-stream"
            assert stream.response.getheader("cache-control") == "no-store"
            assert stream.until("hello") == {"boot": running.board.boot, "version": 1}
            first = stream.until("cards")
            assert (words(first), first["order"]) == ({"a": "missing", "b": "current"}, ["a", "b"])
            cards(running, "current", "current")
            second = stream.until("cards")
            assert (words(second), second["removed"], second["order"]) == ({"a": "current"}, [], None)
            cards(running, "current")
            third = stream.until("cards")
            assert (words(third), third["removed"], third["order"]) == ({}, ["b"], ["a"])


def test_what_is_the_same_is_not_told(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "current")
        with running.listening() as stream:
            stream.until("cards")
            cards(running, "current")
            told(running, BUILDING)
            assert next(iter(stream))[0] == "round"


def test_the_last_round_is_told_to_who_comes_later(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        wrong = problem("no `=` here", "write one")
        told(running, BUILDING, Round("broken", 0.5, 2.0, (f"in {tmp_path}/a.toml",), (wrong,), (problem("old"),)))
        with running.listening() as stream:
            assert stream.until("round") == {
                "state": "broken", "spent": 0.5, "limit": 2.0, "lines": ["in a.toml"], "errors": [wrong],
                "warnings": [problem("old")],
            }  # fmt: skip
        assert running.get("/").json()["live"]["spent"] == 0.5


def test_who_loads_the_page_is_told_only_what_came_after_it(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "missing", "missing")
        live = running.get("/").json()["live"]
        cards(running, "missing", "current")
        with running.listening(f"/events?since={live['boot']}.{live['version']}") as stream:
            assert words(stream.until("cards")) == {"b": "current"}
        with running.listening(f"/events?since={live['boot']}.{running.board.version}") as stream:
            told(running, BUILDING)
            assert [name for name, _, _ in (next(iter(stream)), next(iter(stream)))] == ["hello", "round"]


def test_who_was_away_is_told_what_he_missed(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "missing", "missing", "missing")
        with running.listening() as stream:
            identity = next(key for name, _, key in stream if name == "cards")
        assert identity is not None
        cards(running, "current", "missing", "missing")
        cards(running, "current", "missing")
        # A browser sends what it saw last; it goes before the URL, which is as old as the page.
        with running.listening("/events?since=x.0", **{"Last-Event-ID": identity}) as stream:
            missed = stream.until("cards")
            assert (words(missed), missed["removed"], missed["order"]) == ({"a": "current"}, ["c"], ["a", "b"])


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "x",
        "x.1",
        "{boot}",
        "{boot}.",
        "{boot}.-1",
        "{boot}.99",
        "{boot}.1.1",
        "{boot}.\u0661",
        "{boot}." + "9" * 5_000,
    ],
)
def test_who_knows_nothing_of_this_server_is_told_all(tmp_path: Path, seen: str) -> None:
    with Running(tmp_path) as running:
        cards(running, "current", "current")
        sent = seen.format(boot=running.board.boot)
        headers = {"Last-Event-ID": sent} if sent.isascii() and sent else {}
        with running.listening(
            "/events?since=" + sent.encode("unicode_escape").decode().replace("\\", "%5c"), **headers
        ) as stream:
            assert words(stream.until("cards")) == {"a": "current", "b": "current"}


def test_two_listeners_are_told_the_same(tmp_path: Path) -> None:
    with Running(tmp_path) as running, running.listening() as first, running.listening() as second:
        for word in ("missing", "current"):
            cards(running, word)
            assert words(first.until("cards")) == words(second.until("cards")) == {"a": word}


def test_who_does_not_read_is_sent_away_and_holds_nobody_up(tmp_path: Path) -> None:
    with Running(tmp_path) as running, ExitStack() as opened:
        deaf = opened.enter_context(listening_without_reading(running))
        with running.listening() as other:
            for number in range(300):
                flood(running, [number])
                told(running, Round("done", float(number), None))
                assert other.until("round")["spent"] == number
        deaf.settimeout(10)
        last = b""
        while piece := deaf.recv(1 << 20):
            last = piece
        # The stream ended without its last chunk: the browser comes again, and is told what it missed.
        assert not last.endswith(b"0\r\n\r\n")
        with running.listening() as again:
            assert words(again.until("cards"))["hero"].startswith("299 ")
            assert again.until("round")["spent"] == 299


def test_what_waits_for_a_listener_has_a_limit() -> None:
    """In messages and in bytes; but one that is too large by itself is sent."""
    many, large = Listener([]), Listener([])
    for _ in range(MOST_WAITING):
        many.offer(b"x")
    large.offer(b"x" * (MOST_BYTES + 1))
    assert not many.gone.is_set()
    assert not large.gone.is_set()
    many.offer(b"x")
    large.offer(b"x")
    assert many.gone.is_set()
    assert large.gone.is_set()


def test_who_comes_at_the_end_is_told_all_and_let_go(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "current")
        running.do(running.board.feed.close)
        with running.listening() as stream:
            assert [name for name, _, _ in stream] == ["hello", "cards"]


def test_silence_is_broken_by_a_ping(tmp_path: Path) -> None:
    with Running(tmp_path, silence=0.01) as running, running.listening() as stream:
        pings = iter(stream)
        while next(pings)[0] != ":":
            continue
        assert next(pings) == (":", "ping", None)
        cards(running, "current")
        assert words(stream.until("cards")) == {"a": "current"}


# --- progress ----------------------------------------------------------------------------------------------------


def progress(running: Running, done: int) -> None:
    call = CallUnderWay("hero", 1.5, "asked again")
    running.do(lambda: running.board.progress(Progress(done, 100, (call,), f"step {done}")))


def test_progress_is_told_a_few_times_a_second_and_at_its_end(tmp_path: Path) -> None:
    with Running(tmp_path) as running, running.listening() as stream:
        told(running, BUILDING)
        began = time.monotonic()
        for done in range(100):
            progress(running, done)
        heard: list[Any] = []
        while not heard or heard[-1]["done"] != 99:
            heard.append(stream.until("progress"))
        assert len(heard) <= (time.monotonic() - began) / PROGRESS + 1
        assert [one["done"] for one in heard] == sorted({one["done"] for one in heard})
        assert heard[0] == {
            "done": 0, "total": 100, "last": "step 0",
            "calls": [{"name": "hero", "seconds": 1.5, "note": "asked again"}],
        }  # fmt: skip


def test_the_last_progress_comes_before_the_end_of_its_round(tmp_path: Path) -> None:
    with Running(tmp_path) as running, running.listening() as stream:
        told(running, BUILDING)
        for done in (98, 99, 100):
            progress(running, done)
        told(running, Round("done", 0.0, None))
        names = [(name, data.get("done")) for name, data, _ in upto(stream, "done")]
        assert names[-2:] == [("progress", 100), ("round", None)]


def upto(stream: Stream, state: str) -> list[tuple[str, Any, str | None]]:
    found = []
    for event in stream:
        found.append(event)
        if event[0] == "round" and event[1]["state"] == state:
            break
    return found


def test_who_comes_in_the_middle_is_told_how_far_it_is(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        told(running, BUILDING)
        progress(running, 7)
        with running.listening() as stream:
            assert stream.until("progress")["done"] == 7
        told(running, Round("done", 0.0, None))
        with running.listening() as stream:
            assert stream.until("round")["state"] == "done"
            told(running, BUILDING)
            assert next(iter(stream))[0] == "round"


# --- the format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\r\n\r\ndata: b", "\u2028 \x85 \x00 \ud800", "灯台", "event: x\n\n"]
)
def test_no_text_ends_an_event(text: str) -> None:
    message = encoded("round", {"lines": [text]})
    name, data, *rest = message.decode("ascii").split("\n")
    assert (name, rest) == ("event: round", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {"lines": [text]}
    assert "\r" not in data


def test_the_board_needs_no_listener(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        cards(running, "current")
        told(running, BUILDING)
        progress(running, 1)
        assert running.do(lambda: len(asyncio.all_tasks())) < 10
