"""The rows of a build's display: they fit, whatever is told on whatever terminal, and are calm."""

import re

from hypothesis import given
from hypothesis import strategies as st

from assetforge.cli.display import PLAIN, Room, clock, cut, measure, rows
from assetforge.errors import Problem
from assetforge.events import (
    Awaited,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    Carrying,
    Event,
    Placed,
    Planned,
    WaitEnded,
)
from assetforge.model import Size
from assetforge.report.underway import Underway, told_end

WIDE = Room(80, 24)
# Letters of one, two and no columns, a picture of two, what would steer a terminal, and half a character.
signs = st.text(st.sampled_from("ab日本e\u0301❤\ufe0f🦊\x1b[2K\n\t\u202e\ud800-"), max_size=40)
numbers = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).map(tuple)
calls = st.sampled_from("abcdefghijklmnop")
dollars = st.floats(0, 2_000)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Planned, st.integers(0, 20_000), st.integers(0, 9), st.integers(0, 9), st.none() | dollars),
    st.builds(CallStarted, calls, signs, st.builds(Size, st.integers(1, 4_096), st.integers(1, 4_096)), numbers),
    st.builds(CallRetried, calls, signs, numbers, signs, st.floats(0, 5_000)),
    st.builds(CallFinished, calls, signs, numbers, st.none() | dollars, st.floats(0, 5_000)),
    st.builds(
        lambda call, step, them, told: CallFailed(call, step, them, Problem(told)), calls, signs, numbers, signs
    ),
    st.builds(Placed, signs, signs, st.sampled_from(("made", "restored", "drafted"))),
    st.builds(Awaited, signs),
    st.builds(WaitEnded, signs),
    st.builds(Carrying, signs, st.integers(1, 20_000), st.sampled_from(("from", "to"))),
)
rooms = st.builds(
    Room,
    st.integers(1, 200),
    st.integers(1, 60),
    st.sampled_from(("utf-8", "ascii", "latin-1", "cp437", "shift_jis")),
)


def after(*heard: Event, began: float = 0.0) -> Underway:
    """A build that told of these, one a second."""
    build = Underway(began=began)
    for number, event in enumerate(heard):
        build.hear(event, began + number)
    return build


def text_of(build: Underway, now: float, room: Room = WIDE) -> list[str]:
    """The display without its styles."""
    return ["".join(text for text, _ in row).rstrip() for row in rows(build, now, room)]


STARTED = CallStarted("a", "hero:generate", Size(1024, 1024), (1,))
SECOND = CallStarted("b", "icon:generate", Size(512, 512), (1, 2))


def test_the_display_tells_of_everything_that_is_under_way() -> None:
    build = after(
        Planned(2, 1, 4, 5.0), STARTED, SECOND,
        CallRetried("b", "icon:generate", (1, 2), "429 slow down", 2.5),
        Awaited("night:edit"), Awaited("dawn:edit"), Placed("logo", "logo.png", "made"),
    )  # fmt: skip
    assert text_of(build, 5.0) == [
        "━━━━────────────────────────── 1/7   0:05  $0.00 of $5.00".replace("─ 1", "─  1"),
        "  last  made logo.png",
        "  wait  another machine buys night:edit and 1 more",
        "  0:04  1024x1024  hero:generate",
        "  0:03    512x512  icon:generate#1,2  again in 0:01: 429 slow down",
    ]


def test_what_ended_counts_each_candidate_and_each_file() -> None:
    build = after(
        Planned(3, 0, 3, None), STARTED, SECOND,
        CallFinished("a", "hero:generate", (1,), 0.25, 4.0),
        CallFinished("b", "icon:generate", (1, 2), None, 4.0),
        Placed("hero", "hero.png", "made"),
        CallFailed("", "x:edit", (3,), Problem("`x:edit` was not asked for: no")),
        Awaited("night:edit"), WaitEnded("night:edit"),
        Carrying("s3://shared", 3, "to"),
    )  # fmt: skip
    assert build.calls == {}
    told = text_of(build, 62.0)
    assert told[0].endswith("  5/6   1:02  $0.25    1 failed  1 of unknown cost")
    assert told[1:] == ["  last  no picture for x:edit#3: was not asked for: no", "  send  3 pictures to s3://shared"]


def test_a_path_is_shown_as_the_user_writes_it() -> None:
    build = after(Planned(0, 0, 1), Placed("hero", "hero.png", "restored"))
    shown = rows(build, 1.0, WIDE, lambda path: f"../site/{path}")
    assert "".join(text for text, _ in shown[1]) == "  last  restored ../site/hero.png"


def test_only_the_oldest_calls_are_listed() -> None:
    many = [CallStarted(f"{number}", f"a{number}:generate", Size(1, 1), (1,)) for number in range(40)]
    build = after(Planned(40, 0, 40), *many)
    told = text_of(build, 50.0)
    assert [line.split()[-1] for line in told[1:-1]] == [f"a{number}:generate" for number in range(10)]
    assert told[-1] == "        and 30 more calls"
    assert text_of(build, 50.0, Room(80, 4))[1:] == ["  0:49        1x1  a0:generate", "        and 39 more calls"]
    assert text_of(build, 50.0, Room(80, 3))[1:] == ["        40 calls under way"]


@given(st.lists(events, max_size=40), rooms, st.floats(0, 400_000))
def test_the_display_fits_whatever_is_told(heard: list[Event], room: Room, now: float) -> None:
    """No row touches the last column, nothing in it moves the cursor, and all of it can be written."""
    told = rows(after(*heard), now, room)
    assert 1 <= len(told) <= max(1, room.height - 1)
    for row in told:
        text = "".join(piece for piece, _ in row)
        assert measure(text) <= max(1, room.width - 1)
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
        text.encode(room.encoding)


@given(st.integers(0, 3_000), st.integers(1, 3_000), st.floats(0, 3_500), st.floats(0, 9.99))
def test_nothing_jumps_as_figures_grow(done: int, more: int, now: float, spent: float) -> None:
    """The head has its parts where they were at the beginning."""
    total = done + more
    first, later = Underway(total=total, limit=10.0), Underway(total=total, done=done, spent=spent, limit=10.0)
    (begun,), (going,) = text_of(first, 0.0), text_of(later, now)
    assert begun.index("/") == going.index("/")
    assert begun.index("$") == going.index("$")
    assert begun.index(":") == going.index(":")


@given(st.integers(0, 400), st.integers(0, 400), rooms)
def test_the_bar_is_full_when_all_is_done_and_not_before(done: int, left: int, room: Room) -> None:
    glyphs = room.glyphs
    (row,) = rows(Underway(done=done, total=done + left), 0.0, room)
    text = "".join(piece for piece, _ in row)
    bar = [sign for sign in text if sign in {glyphs.full, glyphs.empty, glyphs.half} - {""}]
    if bar:
        assert (set(bar) == {glyphs.full}) == (left == 0 and done > 0)
        assert 6 <= len(bar) <= 30
    else:
        assert room.width < 40


def test_a_terminal_without_the_signs_gets_others() -> None:
    build = after(Planned(2, 0, 2), STARTED, Placed("a", "日本.png", "made"))
    told = text_of(build, 3.0, Room(60, 24, "ascii"))
    assert told[0].startswith("#######-------")
    assert told[1] == "  last  made \\u65e5\\u672c.png"
    assert Room(60, 24, "ascii").glyphs == PLAIN


@given(signs.filter(lambda text: "\n" not in text), st.integers(1, 60), st.sampled_from(("…", "...")))
def test_what_is_cut_fits_and_begins_as_it_did(text: str, width: int, dots: str) -> None:
    short = cut(text, width, dots)
    assert measure(short) <= width
    assert short == text or text.startswith(short.removesuffix(dots))


def test_a_clock_shows_whole_seconds() -> None:
    assert [clock(value) for value in (-1, 0.9, 59.9, 754, 3_723)] == ["0:00", "0:00", "0:59", "12:34", "1:02:03"]


def test_an_end_is_told_in_one_short_line() -> None:
    failed = CallFailed("a", "hero:generate", (1,), Problem("`hero:generate`: " + "long " * 60))
    assert told_end(failed).startswith("no picture for hero:generate: long long")
    assert len(told_end(failed)) < 140
    assert told_end(CallFinished("a", "hero:generate", (2, 3), None, 4.2)) == (
        "got hero:generate#2,3 in 4.2 s, cost unknown"
    )
