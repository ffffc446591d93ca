"""A page that follows the events, with breaks or without, has the cards of the board; it is sent what changed."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assetforge.gallery.cards import card_object
from assetforge.live.answer import Teller
from assetforge.live.board import MOST_FORMER, Board, Live
from assetforge.live.feed import Feed
from assetforge.paths import Root
from tests.live.running import card

LIVE = Live(can_spend=False, limit=None, spent=0.0, watching=True, buys=False)
# The cards of a moment: an order of names, each with a word.
moments = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["missing", "current"])),
    max_size=6,
    unique_by=lambda pair: pair[0],
)


class Follower:
    """A page: what it has, and what it saw last."""

    def __init__(self, page: dict[str, Any]) -> None:
        self.cards = {one["name"]: one for one in page["cards"]}
        self.order = list(self.cards)
        self.seen = f"{page['live']['boot']}.{page['live']['version']}"
        self.sent: list[dict[str, Any]] = []

    def hear(self, messages: list[bytes]) -> None:
        for message in messages:
            fields = dict(line.partition(": ")[::2] for line in message.decode().splitlines() if line)
            if fields["event"] == "cards":
                self._take(json.loads(fields["data"]))
                self.seen = fields["id"]

    def _take(self, data: dict[str, Any]) -> None:
        self.sent.append(data)
        self.cards |= {one["name"]: one for one in data["cards"]}
        for name in data["removed"]:
            self.cards.pop(name, None)
        self.order = data["order"] if data["order"] is not None else self.order
        self.cards = {name: self.cards[name] for name in self.order}


def board() -> Board:
    return Board("pictures", LIVE, Teller(Root("/srv/game"), lambda: None), Feed())


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(st.lists(st.tuples(moments, st.booleans()), max_size=12), st.integers(0, 3))
def test_whoever_follows_has_what_the_board_has(
    changes: list[tuple[list[tuple[str, str]], bool]], first: int
) -> None:
    """It looks away at times, and is told what it missed when it looks again."""
    shown = board()
    for moment, _ in changes[:first]:
        shown.set_cards([card(*pair) for pair in moment], {})
    page = Follower(as_json(shown.page()))
    for moment, looks in changes[first:]:
        now = [card(*pair) for pair in moment]
        shown.set_cards(now, {})
        if looks:
            page.hear(shown.opening(page.seen))
            assert list(page.cards.items()) == [(one.name, as_json(card_object(one))) for one in now]
    page.hear(shown.opening(page.seen))
    assert list(page.cards.values()) == as_json(shown.page())["cards"]


@given(moments, moments)
def test_only_what_changed_is_sent(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    shown = board()
    shown.set_cards([card(*pair) for pair in old], {})
    page = Follower(as_json(shown.page()))
    shown.set_cards([card(*pair) for pair in new], {})
    page.hear(shown.opening(page.seen))
    if old == new:
        assert page.sent == []
        return
    (data,) = page.sent
    assert [one["name"] for one in data["cards"]] == [name for name, word in new if (name, word) not in old]
    assert data["removed"] == sorted({name for name, _ in old} - {name for name, _ in new})
    assert data["order"] == (
        None if [name for name, _ in old] == [name for name, _ in new] else [name for name, _ in new]
    )


@given(st.lists(moments, max_size=6))
def test_who_knows_nothing_is_told_all(changes: list[list[tuple[str, str]]]) -> None:
    shown = board()
    for moment in changes:
        shown.set_cards([card(*pair) for pair in moment], {})
    page = Follower({"cards": [], "live": {"boot": "another", "version": 1}})
    page.hear(shown.opening(page.seen))
    assert list(page.cards.values()) == as_json(shown.page())["cards"]
    assert all(data["removed"] == [] for data in page.sent)


def test_two_boards_are_never_taken_for_each_other() -> None:
    assert len({board().boot for _ in range(50)}) == 50


def test_a_picture_is_known_by_the_names_that_were_given() -> None:
    shown = board()
    shown.set_cards([], {"a.png": Path("/srv/a")})
    assert (shown.picture("a.png"), shown.picture("b.png")) == (Path("/srv/a"), None)
    shown.set_cards([], {"b.png": Path("/srv/b")})
    assert shown.picture("a.png") == Path("/srv/a")
    shown.set_cards([], {"a.png": Path("/srv/other")})
    assert shown.picture("a.png") == Path("/srv/other")


def test_what_was_shown_last_is_forgotten_last() -> None:
    """Though it had been gone before."""
    shown = board()
    rest = {f"{number}.png": Path("/srv/b") for number in range(MOST_FORMER - 1)}
    for names in ({"a.png": Path("/srv/a")}, rest, {"a.png": Path("/srv/a")}, {}, {"x.png": Path("/srv/x")}, {}):
        shown.set_cards([], names)
    assert shown.picture("a.png") == Path("/srv/a")
    assert shown.picture("0.png") is None
