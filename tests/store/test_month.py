"""Laws of the month's limit: whoever shares a store shares it, and no two calls pass it together."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.month import Booked, Month
from assetforge.store.note import Note, quarantine, try_name
from assetforge.store.notes import Notes

ROOT = Path(__file__).parents[2]
NOW = "2026-11-22T10:00:00+00:00"
KEYS = ("a" * 64, "b" * 64)
ENTRY = Entry("c1", KEYS, "p", "hero", "hero#1", NOW, cost=0.05)

BUYING = """
import sys, time
from pathlib import Path
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.month import Month
from assetforge.store.notes import Notes

NOW = "2026-11-22T10:00:00+00:00"
store = Path(sys.argv[1])
price, limit = float(sys.argv[2]), float(sys.argv[3])
ledger = Ledger(store / "ledger.jsonl")
month = Month(ledger, store / "inflight", store / "month.lock", limit, lambda: NOW)
notes = Notes.open(store / "inflight")
bought = 0
while True:
    while (claim := month.hold()) is None:
        time.sleep(0.001)
    with claim:
        if month.refusal(price * 2) is not None:
            break
        note = notes.begin({"price": price, "keys": ["a" * 64, "b" * 64], "sent": True})
    ledger.received(Entry(note.call, (), "p", "i", "s", NOW, cost=price * 2))
    note.drop()
    bought += 1
notes.close()
print(bought)
"""


class Shop:
    """A store with a limit, and one living build."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.now = NOW
        self.notes = Notes.open(folder / "inflight")
        self.month = self.look(limit)

    def look(self, limit: float) -> Month:
        """The limit as another process would see it."""
        return Month(self.ledger, self.folder / "inflight", self.folder / "month.lock", limit, lambda: self.now)

    def begin(self, price: float | None = 0.05, **facts: object) -> Note:
        return self.notes.begin({"price": price, "keys": list(KEYS), "sent": True, **facts})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, 1.0)


def test_a_call_may_reach_the_limit_and_not_pass_it(shop: Shop) -> None:
    assert shop.month.refusal(1.0) is None
    for cost in (0.1, 0.2):
        shop.ledger.received(replace(ENTRY, cost=cost))
    assert shop.month.refusal(0.7) is None
    assert shop.month.refusal(0.71) == (
        "it could cost $0.71, which would pass this month's limit of $1.00 ($0.30 spent or under way)"
    )


def test_a_call_without_a_price_is_never_made_under_a_limit(shop: Shop) -> None:
    assert shop.month.refusal(None) == "its price is not known, and there is a limit for the month"


def test_what_may_have_been_billed_counts_with_the_most_it_can_have_cost(shop: Shop) -> None:
    shop.ledger.unanswered(replace(ENTRY, cost=0.5))
    assert shop.month.refusal(0.5) is None
    assert shop.month.refusal(0.51) is not None
    assert shop.month.booked() == Booked(unanswered=0.5)


def test_costs_that_nobody_knows_are_told(shop: Shop) -> None:
    shop.ledger.received(replace(ENTRY, cost=None))
    shop.begin(None)
    assert shop.month.refusal(1.0) is None
    assert shop.month.refusal(1.1) == (
        "it could cost $1.10, which would pass this month's limit of $1.00 "
        "($0.00 spent or under way, besides 2 calls of unknown cost)"
    )


def test_a_month_is_one_of_utc(shop: Shop) -> None:
    shop.ledger.received(replace(ENTRY, time="2026-10-31T23:59:59Z", cost=0.25))
    shop.ledger.received(replace(ENTRY, time="2026-11-01T00:00:00Z", cost=0.5))
    assert shop.month.booked().total == 0.5
    shop.now = "2026-12-01T00:00:00+00:00"
    assert shop.month.booked().total == 0.0
    shop.now = "2026-10-01T00:00:00+00:00"
    assert shop.month.booked().total == 0.25


def test_calls_under_way_count_for_each_candidate_and_each_doubtful_try(shop: Shop) -> None:
    shop.begin()
    shop.begin(doubtful=2)
    other = Notes.open(shop.folder / "inflight")
    other.begin({"price": 0.01, "keys": [KEYS[0]]})
    assert shop.month.booked().under_way == pytest.approx(0.1 + 0.3 + 0.01)
    other.close()
    assert shop.month.booked().total == pytest.approx(0.41), "a dead build's calls may be billed yet"


def test_a_call_is_counted_once_from_its_note_to_its_line(shop: Shop) -> None:
    note = shop.begin()
    assert shop.month.booked() == Booked(under_way=0.1)
    shop.ledger.received(replace(ENTRY, call=note.call, cost=0.08))
    assert shop.month.booked() == Booked(spent=0.08)
    note.drop()
    assert shop.month.booked() == shop.look(1.0).booked() == Booked(spent=0.08)


class Passed(Ledger):
    """A ledger where another process ends its call in the moment after it was read."""

    ending: Note | None = None

    def costs(self, offset: int) -> tuple[list[Entry], int]:
        found = super().costs(offset)
        if self.ending is not None:
            self.received(replace(ENTRY, call=self.ending.call, cost=0.08))
            self.ending.drop()
            self.ending = None
        return found


def test_a_call_that_ends_while_one_looks_is_not_missed(shop: Shop) -> None:
    shop.ledger = ledger = Passed(shop.ledger.path)
    ledger.ending = shop.begin()
    month = shop.look(1.0)
    assert month.booked() == Booked(under_way=0.1)
    assert month.booked() == Booked(spent=0.08)


def test_a_doubtful_try_is_counted_once(shop: Shop) -> None:
    note = shop.begin(doubtful=1)
    shop.ledger.unanswered(replace(ENTRY, call=try_name(note.call, 1), cost=0.1))
    assert shop.month.booked() == Booked(unanswered=0.1, under_way=0.1)


def test_what_a_price_has_already_is_left_out(shop: Shop) -> None:
    note = shop.begin(0.4)
    assert shop.month.refusal(0.8) is not None
    assert shop.month.refusal(0.8, doing=(note.call,)) is None


def test_scratches_and_quarantined_calls_are_not_under_way(shop: Shop) -> None:
    shop.notes.begin_scratch({"price": 5.0, "keys": list(KEYS)})
    quarantine(shop.begin(), "no picture")
    assert shop.month.booked() == Booked()


@pytest.mark.parametrize("facts", [{"price": "5"}, {"price": -1}, {"keys": 3}, {"price": True}, {"doubtful": "x"}])
def test_a_note_that_is_not_what_it_should_be_costs_nobody_knows_what(shop: Shop, facts: dict[str, object]) -> None:
    note = shop.begin()
    note.add(**facts)
    booked = shop.month.booked()
    assert (booked.unknown, booked.under_way) == ((0, 0.1) if "doubtful" in facts else (1, 0.0))
    (note.folder / "note.json").write_bytes(b"torn {")
    assert shop.month.booked() == Booked(unknown=1)
    (note.folder / "note.json").unlink()
    assert shop.month.booked() == Booked(), "without a note there was no call"


def test_what_a_newer_release_wrote_is_not_passed_over(shop: Shop) -> None:
    (shop.begin().folder / "note.json").write_bytes(b'{"v":2}')
    with pytest.raises(UsageError, match="newer assetforge"):
        shop.month.refusal(0.1)


def test_one_at_a_time_may_ask(shop: Shop) -> None:
    first = shop.month.hold()
    assert first is not None
    assert shop.look(1.0).hold() is None
    first.release()
    with shop.month.hold() or pytest.fail("nobody has it"):
        assert shop.month.hold() is None


def test_another_ledger_in_its_place_is_read_from_the_start(shop: Shop) -> None:
    for _ in range(3):
        shop.ledger.received(ENTRY)
    assert shop.month.booked().spent == pytest.approx(0.15)
    shop.ledger.path.unlink()
    shop.ledger.received(ENTRY)
    assert shop.month.booked() == Booked(spent=0.05)


@given(st.lists(st.tuples(st.sampled_from(["begin", "receive", "lose", "drop"]), st.integers(0, 100)), max_size=12))
def test_nothing_is_ever_forgotten(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    """Whatever calls begin and end, and however often one looks: what is booked is what they cost or may cost."""
    shop = Shop(tmp_path_factory.mktemp("shop"), 1.0)
    spent, lost = 0, 0
    calls: list[tuple[Note, int]] = []
    for step, number in steps:
        if step == "begin" or not calls:
            calls.append((shop.begin(number / 200), number))
            continue
        note, price = calls.pop(number % len(calls))
        if step == "receive":
            shop.ledger.received(replace(ENTRY, call=note.call, cost=price / 100))
            spent += price
        elif step == "lose":
            shop.ledger.unanswered(replace(ENTRY, call=note.call, cost=price / 100))
            lost += price
        note.drop()
        booked = shop.month.booked()
        open_ = sum(price for _, price in calls)
        assert (booked.spent, booked.unanswered, booked.under_way) == pytest.approx(
            (spent / 100, lost / 100, open_ / 100)
        )
    assert shop.month.booked() == shop.look(1.0).booked()


def test_processes_that_share_a_store_never_pass_its_limit_together(tmp_path: Path) -> None:
    """Each buys as long as it may: together they reach the limit exactly."""
    arguments = [sys.executable, "-c", BUYING, str(tmp_path), "0.05", "20.00"]
    children = [subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    bought = [int(child.communicate()[0]) for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert sum(bought) == 200
    assert sum(entry.cost or 0 for entry in Ledger(tmp_path / "ledger.jsonl").read()) == pytest.approx(20.0)
