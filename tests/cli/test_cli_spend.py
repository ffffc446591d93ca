"""`spend` says what was paid: whatever it is added up by, the sum is the same, and what is not sure is told apart."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.report.spending import NAMES, By, add_up
from assetforge.store.ledger import Entry, Ledger
from tests.builder import Builder
from tests.cli.test_cli_json import EVERY, KEYS

KEY = "a" * 64
HERO = Entry(
    "c1", (KEY,), "p1", "hero[theme=night]", "hero[theme=night]:generate", "2026-10-31T23:00:00Z", cost=0.05,
    title="site", provider="openai", kind="images-api", model="gpt-image-2",
)  # fmt: skip
ICON = replace(HERO, call="c2", keys=(KEY, KEY), instance="icon", time="2026-11-01T10:00:00Z", cost=0.2)
GAME = replace(ICON, call="c3", project="p2", title="game", model="gpt-image-1-mini", provider="relay", cost=12.5)


@pytest.fixture
def ledger(project: Builder) -> Ledger:
    """Three calls in two months and two projects."""
    found = Ledger(project.home / "store" / "ledger.jsonl")
    for entry in (HERO, replace(ICON, estimated=True), GAME):
        found.received(entry)
        found.stored(entry, time="2026-12-24T10:00:00Z", digests=("b" * 64,) * len(entry.keys))
    return found


def test_nothing_was_paid_yet(project: Builder) -> None:
    told = project.call("spend")
    assert (told.code, told.out, told.err) == (0, "nothing was paid yet\n", "")
    assert not (project.home / "store").exists()


def test_by_month_and_project(project: Builder, ledger: Ledger) -> None:
    told = project.call("spend")
    assert told.out == (
        "month    project  pictures  calls    spent\n"
        "2026-10  site            1      1  $0.0500\n"
        "2026-11  game            2      1   $12.50\n"
        "2026-11  site            2      1    $0.20\n"
        "total                    5      3   $12.75\n"
        "$0.20 of it is estimated: the provider did not count\n"
    )
    assert told.code == 0


def test_by_asset_the_dearest_is_first_and_instances_are_one(project: Builder, ledger: Ledger) -> None:
    ledger.received(replace(HERO, call="c4", instance="hero[theme=day]", cost=0.3))
    rows = project.call("spend", "--by", "asset").out.splitlines()
    assert [row.split() for row in rows[:5]] == [
        ["project", "asset", "pictures", "calls", "spent"],
        ["game", "icon", "2", "1", "$12.50"],
        ["site", "hero", "1", "2", "$0.35"],
        ["site", "icon", "2", "1", "$0.20"],
        ["total", "5", "4", "$13.05"],
    ]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("project", ["project", "game", "site", "total"]),
        ("model", ["model", "gpt-image-1-mini", "gpt-image-2", "total"]),
        ("month", ["month", "2026-10", "2026-11", "total"]),
        ("day", ["day", "2026-10-31", "2026-11-01", "total"]),
    ],
)
def test_by_one_thing_alone(project: Builder, ledger: Ledger, by: str, names: list[str]) -> None:
    rows = project.call("spend", "--by", by).out.splitlines()
    assert [row.split()[0] for row in rows[:4]] == names
    told = project.call("spend", "--by", by, "--json").object
    assert (told["by"], [row[by] for row in told["rows"]]) == (by, names[1:3])


@pytest.mark.parametrize("since", ["2026-11", "2026-11-01", "2026-10-31", "2026"])
def test_since_a_day_or_a_month(project: Builder, ledger: Ledger, since: str) -> None:
    told = project.call("spend", "--since", since, "--json")
    if since == "2026":
        assert told.code == 2
    else:
        assert told.object["total"]["spent"] == pytest.approx(12.75 if since == "2026-10-31" else 12.7)
        assert told.object["since"] == {"2026-11": "2026-11-01"}.get(since, since)


@pytest.mark.parametrize(
    "wrong", ["yesterday", "2026-13", "2026-02-30", "20261101", "2026-W01-1", "2026-11-1", "\u0662026-11", ""]
)
def test_what_is_no_date_is_told_with_how_to_write_one(project: Builder, wrong: str) -> None:
    told = project.call("spend", f"--since={wrong}")
    assert told.code == 2
    assert told.err == f"error: `{wrong}` is not a date\nhint: write it like 2026-11-01 or 2026-11\n"


def test_nothing_since(project: Builder, ledger: Ledger) -> None:
    assert project.call("spend", "--since", "2027-01").out == "nothing was paid since 2027-01-01\n"


def test_what_may_have_been_billed_is_told_apart(project: Builder, ledger: Ledger) -> None:
    for number, cost in enumerate((0.04, 0.05, None)):
        ledger.unanswered(replace(HERO, call=f"u{number}", cost=cost))
    ledger.received(replace(HERO, call="c9", cost=None))
    told = project.call("spend").out.splitlines()
    assert told[1] == "2026-10  site            1      2  $0.0500  and 1 call of unknown cost"
    assert told[4] == "total                    5      4   $12.75  and 1 call of unknown cost"
    assert told[-1] == (
        "3 calls may have been billed besides, for at most $0.0900, and nobody knows the price of 1 of them"
    )


def test_this_month_against_its_limit(project: Builder) -> None:
    config = project.home / "config"
    config.mkdir()
    (config / "config.toml").write_text("max_usd_per_month = 20\n", "utf-8")
    ledger = Ledger(project.home / "store" / "ledger.jsonl")
    now = datetime.now(UTC).isoformat()
    ledger.received(replace(HERO, time="2020-01-01T00:00:00Z", cost=50))
    ledger.received(replace(HERO, time=now, cost=1.5))
    assert project.call("spend").out.endswith("this month: $1.50 of $20.00 (max_usd_per_month)\n")
    ledger.unanswered(replace(HERO, call="u", time=now, cost=0.25))
    assert project.call("spend", "--since", "2020-01").out.endswith(
        "this month: $1.75 of $20.00 (max_usd_per_month), with $0.25 that may have been billed\n"
    )
    month = project.call("spend", "--json").object["month"]
    assert (month["spent"], month["unanswered"], month["limit"]) == (1.5, 0.25, 20)


def test_a_limit_that_is_no_amount_is_refused(project: Builder) -> None:
    config = project.home / "config"
    config.mkdir()
    (config / "config.toml").write_text("max_usd_per_month = -1\n", "utf-8")
    told = project.call("spend")
    assert told.code == 2
    assert "`max_usd_per_month` of your settings file" in told.err


def test_lines_that_can_t_be_read_are_warned_of(project: Builder, ledger: Ledger) -> None:
    with ledger.path.open("ab") as file:
        file.write(b"nonsense\n")
    told = project.call("spend")
    assert told.code == 0
    assert told.err.startswith(f"warning: 1 line of `{ledger.path}` can't be read\n")
    assert project.call("spend", "--json").object["unreadable"] == 1


def test_a_ledger_of_a_newer_release_is_refused_in_words(project: Builder, ledger: Ledger) -> None:
    with ledger.path.open("ab") as file:
        file.write(b'{"v":2}\n')
    told = project.call("spend")
    assert told.code == 2
    assert "newer assetforge" in told.err


def test_lines_of_the_first_release_are_told_as_far_as_they_tell(project: Builder, ledger: Ledger) -> None:
    first = json.loads(ledger.path.read_bytes().splitlines()[0])
    for name in ("estimated", "ingredients", "title", "provider", "kind", "model", "request"):
        del first[name]
    ledger.path.write_text(json.dumps(first) + "\n", "utf-8")
    assert project.call("spend").out.splitlines() == [
        "month    project  pictures  calls    spent",
        "2026-10  p1              0      1  $0.0500",
        "total                    0      1  $0.0500",
    ]
    assert project.call("spend", "--by", "model").out.splitlines()[1].startswith("unknown  unknown  ")


def test_a_stranger_s_text_does_not_steer_the_terminal(project: Builder, ledger: Ledger) -> None:
    ledger.received(replace(HERO, call="c9", title="\x1b[2Jsite", instance="a\nb"))
    assert "\x1b" not in project.call("spend", "--by", "asset").out


def test_the_object_has_its_keys_and_no_other(project: Builder, ledger: Ledger) -> None:
    told = project.call("spend", "--json").object
    assert set(told) == KEYS["spend"] | EVERY - {"root"}
    assert set(told["rows"][0]) == KEYS["spent"]
    assert set(told["total"]) < KEYS["spent"]
    assert set(told["month"]) == KEYS["month"]
    assert (told["command"], told["exit_code"]) == ("spend", 0)


ENTRIES = st.lists(
    st.builds(
        replace,
        st.sampled_from([HERO, ICON, GAME]),
        call=st.uuids().map(lambda uuid: uuid.hex),
        time=st.sampled_from(["2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-22T10:00:00Z"]),
        cost=st.none() | st.floats(0, 100, allow_nan=False),
        estimated=st.booleans(),
        event=st.sampled_from(["received", "unanswered"]),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(ENTRIES, st.sampled_from(["", "2026-11-01", "2026-11-22"]))
def test_every_way_to_add_up_gives_the_same_sum(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], since: str
) -> None:
    ledger = Ledger(Path(tmp_path_factory.mktemp("ledger")) / "ledger.jsonl")
    for entry in entries:
        (ledger.received if entry.event == "received" else ledger.unanswered)(entry)
        ledger.stored(entry, time=entry.time, digests=("b" * 64, "") if entry.event == "received" else ())
    counted = [entry for entry in entries if entry.time[:10] >= since]
    paid = [entry for entry in counted if entry.event == "received"]
    ways: list[By | None] = [None, "month", "day", "project", "model", "asset"]
    for by in ways:
        told = add_up(ledger, by, since)
        sums = [row.sum for row in told.rows]
        assert told.total.spent == pytest.approx(sum(entry.cost or 0 for entry in paid))
        assert sum(one.spent for one in sums) == pytest.approx(told.total.spent)
        assert sum(one.estimated for one in sums) == pytest.approx(told.total.estimated)
        assert told.total.estimated <= told.total.spent + 1e-9
        assert told.total.calls == sum(one.calls for one in sums) == len(paid)
        assert told.total.pictures == sum(one.pictures for one in sums) == len(paid)
        assert sum(one.unknown_costs for one in sums) == told.total.unknown_costs
        assert told.unanswered.calls == len(counted) - len(paid)
        assert all(len(row.names) == len(NAMES[by]) for row in told.rows)
