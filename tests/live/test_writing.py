"""A write does what the desk does, answers when that is done, and takes only what is exactly right."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import AssetforgeError, ManifestError, NotCurrent, Problem, UsageError, Where
from assetforge.live.answer import Answer, problem
from assetforge.live.app import MOST_BODY
from assetforge.project import load
from tests.builder import Builder
from tests.live.running import WRITES, Running

KEY = "ab" * 32
FIELDS = {"message", "hint", "file", "line", "column", "excerpt", "carets"}


def test_a_write_reaches_the_desk(shared: Running) -> None:
    for path, body in WRITES.items():
        assert shared.post(path, body).json() == {"ok": True, "lines": ["done"], "errors": []}
    assert shared.desk.asked == [
        ("pick", "hero:edit", 2), ("reroll", "hero"), ("accept", "hero"), ("approve", "hero", {KEY: 0.25}),
        ("again",),
    ]  # fmt: skip


def test_where_nothing_may_be_spent_there_is_no_approval(tmp_path: Path) -> None:
    with Running(tmp_path, can_spend=False) as running:
        told = {path: running.post(path, body).status for path, body in WRITES.items()}
        there = WRITES.keys() - {"/do/approve"}
        assert told == {path: 200 if path in there else 404 for path in WRITES}
        assert {f"/do/{asked[0]}" for asked in running.desk.asked} == there


def test_it_answers_when_it_is_done(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        running.do(running.desk.open.clear)
        told: list[Any] = []
        write = threading.Thread(target=lambda: told.append(running.post("/do/again", {}).json()))
        write.start()
        while not running.desk.asked:
            assert running.get("/").status == 200
        assert running.get("/").status == 200
        assert told == []
        running.desk.answer = Answer(False, (f"{tmp_path}/a.toml was not",), (problem("too late"),))
        running.do(running.desk.open.set)
        write.join(10)
        (answer,) = told
        assert (answer["ok"], answer["lines"], answer["errors"][0]["message"]) == (
            False,
            ["a.toml was not"],
            "too late",
        )


# --- bodies ------------------------------------------------------------------------------------------------------


def refused(running: Running, path: str, body: bytes, **headers: str) -> int:
    before = len(running.desk.asked)
    sent = running.writer | {name.replace("_", "-"): value for name, value in headers.items()}
    told = running.raw("POST", path, sent, body)
    answer = told.json()
    assert (answer["ok"], answer["lines"], len(answer["errors"])) == (False, [], 1)
    assert answer["errors"][0].keys() == FIELDS
    assert len(running.desk.asked) == before
    return told.status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pick", {"step": "hero"}),
        ("pick", {"step": "hero", "number": 1, "more": 1}),
        ("pick", {"step": "hero", "number": "1"}),
        ("pick", {"step": "hero", "number": True}),
        ("pick", {"step": "hero", "number": 1.0}),
        ("pick", {"step": "hero", "number": 0}),
        ("pick", {"step": "hero", "number": 10**400}),
        ("pick", {"step": ["hero"], "number": 1}),
        ("reroll", {"step": ""}),
        ("reroll", {"step": "x" * 1_001}),
        ("reroll", {"step": "a\nb"}),
        ("reroll", {"step": "a\ud800"}),
        ("reroll", {"name": "hero"}),
        ("accept", {"name": None}),
        ("again", {"name": "hero"}),
        ("again", []),
        ("again", None),
        ("approve", {"name": "hero", "offers": []}),
        ("approve", {"name": "hero", "offers": {}}),
        ("approve", {"name": "hero", "offers": [KEY]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY}]}),
        ("approve", {"name": "hero", "offers": [{"key": "", "price": 1}]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY, "price": "1"}]}),
        ("approve", {"name": "hero", "offers": [{"key": "b", "price": 1}, {"key": KEY, "price": None}]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY, "price": -0.01}]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY, "price": False}]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY, "price": 10**400}]}),
        ("approve", {"name": "hero", "offers": [{"key": KEY, "price": 1}, {"key": KEY, "price": 2}]}),
        ("approve", {"name": "hero", "offers": [{"key": f"{n}", "price": 1} for n in range(1_001)]}),
    ],
)
def test_what_is_not_exactly_right_is_refused(shared: Running, path: str, body: Any) -> None:
    assert refused(shared, f"/do/{path}", json.dumps(body).encode()) == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"nonsense", b'{"step": "a", "step": "b"}', b"[" * 60_000, b'{"step": NaN}', b"1" * 5_000,
     '{"step": "hero"}'.encode("utf-16")],
)  # fmt: skip
def test_what_is_no_json_is_refused(shared: Running, body: bytes) -> None:
    assert refused(shared, "/do/reroll", body) == 400


@pytest.mark.parametrize("price", [b"1e999", b"-Infinity", b"NaN"])
def test_what_is_no_price_is_refused(shared: Running, price: bytes) -> None:
    body = b'{"name": "hero", "offers": [{"key": "k", "price": %s}]}' % price
    assert refused(shared, "/do/approve", body) == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_form_is_refused(shared: Running, kind: str) -> None:
    """What a page of another site could send without asking first."""
    assert refused(shared, "/do/again", b"{}", Content_Type=kind) == 400


def test_a_large_body_is_refused(shared: Running) -> None:
    room = MOST_BODY - len(b"{}")
    assert shared.raw("POST", "/do/again", shared.writer, b"{" + b" " * room + b"}").status == 200
    assert refused(shared, "/do/again", b"{" + b" " * (room + 1) + b"}") == 413


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["step", "name", "number"]), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(WRITES)), json_values)
def test_any_json_is_done_or_refused(shared: Running, path: str, body: Any) -> None:
    assert shared.raw("POST", path, shared.writer, json.dumps(body).encode()).status in (200, 400)
    assert shared.faults == []


# --- what goes wrong at the desk ---------------------------------------------------------------------------------


def test_a_refusal_is_told_with_its_place(project: Builder) -> None:
    project.write({"assets.toml": '[asset.hero]\nprompt = "A lighthouse"\npick = 7\noutput = "hero.png"\n'})
    with Running(project.root) as running:
        running.project = load(project.root)
        where = Where("assets.toml", ("asset", "hero", "pick"))
        running.desk.error = ManifestError([Problem("there is no candidate 7", where, "pick 1 to 4")])
        told = running.post("/do/pick", {"step": "hero", "number": 7})
        assert told.status == 200
        assert told.json() == {
            "ok": False,
            "lines": [],
            "errors": [
                {"message": "there is no candidate 7", "hint": "pick 1 to 4", "file": "assets.toml", "line": 3,
                 "column": 8, "excerpt": "pick = 7", "carets": "       ^"}
            ],
        }  # fmt: skip
        assert running.faults == []


@pytest.mark.parametrize("error", [UsageError("no", hint="yes"), NotCurrent([Problem("no", None, "yes")], [])])
def test_a_refusal_without_a_place_is_told_too(tmp_path: Path, error: AssetforgeError) -> None:
    with Running(tmp_path) as running:
        running.desk.error = error
        told = running.post("/do/again", {}).json()
        assert told == {"ok": False, "lines": [], "errors": [problem("no", "yes")]}


def test_a_fault_is_a_plain_line_here_and_the_error_there(tmp_path: Path) -> None:
    with Running(tmp_path) as running:
        running.desk.error = KeyError("sk-very-secret")
        told = running.post("/do/again", {})
        assert told.status == 500
        assert (
            told.json()["errors"][0]["message"]
            == "something went wrong in assetforge itself: the terminal tells of it"
        )
        assert b"secret" not in told.body
        assert b"Traceback" not in told.body
        assert running.faults == [running.desk.error]
        running.desk.error = None
        assert running.post("/do/again", {}).status == 200
