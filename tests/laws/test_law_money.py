"""Calls that go wrong in every way, and the books: a picture is paid for once, or said to be perhaps paid for; no
limit is passed; and what came is kept."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from assetforge.events import CallFailed, CallStarted
from assetforge.model import Fresh, Paid, Report
from assetforge.plan.forecast import Forecast
from assetforge.store.ledger import Entry
from tests.laws.fault_scripts import SIZE, Attempt, arrived, histories, is_surely_free, manifests
from tests.laws.shop import Books, Shop, cost, opened
from tests.promises.site import LOCK

PROFILE = settings.default
assert PROFILE is not None
# Each example is several builds: a quarter of what a profile asks for of others.
FEW = settings(
    max_examples=PROFILE.max_examples // 4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
SLACK = 1e-6

Asked = tuple[str, int]


# --- the laws ---


def asked_of(shop: Shop, entry: Entry) -> Asked:
    step = shop.site.project().graph().steps[entry.step]
    assert isinstance(step, Paid)
    return step.prompt, len(entry.keys)


def every_call_is_in_the_books(shop: Shop, new: Books) -> None:
    """Each call that could be billed is one line: `received` under its own id, or `unanswered`; no other line is."""
    ids = {f"req_{call.number:06}": call for call in new.calls}
    assert new.heard.keys() <= ids.keys()
    assert len(new.heard) == len(new.of("received"))
    open_calls = [call for name, call in ids.items() if name not in new.heard and not is_surely_free(call)]
    assert Counter((call.prompt, call.n) for call in open_calls) == Counter(
        asked_of(shop, entry) for entry in new.of("unanswered")
    )
    assert not any(call.images for call in new.calls if is_surely_free(call))


def every_picture_is_bought_or_said(shop: Shop, new: Books) -> None:
    """drawn = bought + in quarantine + of calls that are said to be perhaps billed."""
    drawn = sum(len(call.images) for call in new.calls)
    bought = claimable = unheard = 0
    for call in new.calls:
        entry = new.heard.get(f"req_{call.number:06}")
        if entry is None:
            unheard += len(call.images)
            continue
        kept = new.kept.get(entry.call, ())
        assert set(kept) <= set(call.images)
        bought += len(kept)
        claimable += len(call.images) - len(kept)
        assert len(kept) == len(call.images) or (shop.site.cache / "quarantine" / entry.call / "body").exists()
    assert drawn == bought + claimable + unheard
    assert unheard <= sum(len(entry.keys) for entry in new.of("unanswered"))


def what_arrived_is_kept(shop: Shop, new: Books) -> None:
    with shop.store() as store:
        for call in new.calls:
            for digest in arrived(call):
                assert store.blobs.read(digest) is not None, (call.fault, call.n)


def nothing_is_bought_twice(shop: Shop, books: Books) -> None:
    """A key that has a picture is in no later call, and its record is of that picture."""
    found: dict[str, str] = {}
    for entry in books.entries:
        if entry.event != "stored":
            assert not found.keys() & set(entry.keys)
        else:
            found |= dict(zip(entry.keys, entry.digests, strict=False))
    with shop.store() as store:
        for key, digest in found.items():
            record = store.records.get(key)
            assert record is not None
            assert record.media.digest == digest
            assert store.blobs.read(digest) is not None


def costs_are_what_the_server_says(new: Books) -> None:
    for call in new.calls:
        entry = new.heard.get(f"req_{call.number:06}")
        if entry is not None and not entry.estimated:
            assert entry.cost == pytest.approx(cost(call))
        elif entry is not None:
            assert (entry.cost or 0.0) >= cost(call) - SLACK, call.fault
    assert all((entry.cost or 0.0) > 0 for entry in new.of("unanswered"))
    assert new.booked >= sum(map(cost, new.calls)) - SLACK


def a_report_has_the_sums(report: Report, new: Books) -> None:
    """What was heard is spent, with a picture or without; the rest is doubtful."""
    assert report.spent == pytest.approx(sum(entry.cost or 0.0 for entry in new.of("received")))
    assert report.doubtful == pytest.approx(sum(entry.cost or 0.0 for entry in new.of("unanswered")))
    assert report.unanswered == len(new.of("unanswered"))


def limits_hold(report: Report, new: Books, limit: float | None) -> None:
    if limit is not None:
        assert report.spent + report.doubtful <= limit + SLACK
        assert new.booked <= limit + SLACK
        assert sum(map(cost, new.calls)) <= limit + SLACK


def nobody_is_asked_twice_unasked(new: Books, retries: int) -> None:
    """Of calls that may have been billed, a plain 500 is asked again twice, all others as often as the user said."""
    calls = [(key, entry.call) for entry in new.of("unanswered") for key in entry.keys]
    most = Counter(key for key, call in calls if "." not in call)
    assert max(most.values(), default=0) <= 1 + retries
    doubtful = Counter((key, call.partition(".")[0]) for key, call in calls if "." in call)
    assert max(doubtful.values(), default=0) <= 2


def what_was_given_up_is_left_alone(shop: Shop) -> None:
    """Nor is it asked for by another asset that wants the same picture."""
    after = shop.site.plan(retry_refused=True)
    given_up: set[str] = set()
    for event in shop.site.events:
        if isinstance(event, CallStarted | CallFailed):
            actions = [after.walk.paid[event.step, number].action for number in event.candidates]
            keys = {action.key for action in actions if action is not None}
            assert isinstance(event, CallFailed) or not keys & given_up
            if isinstance(event, CallFailed) and "may have been billed" in event.problem.message:
                given_up |= keys


def every_instance_is_told_of(shop: Shop, report: Report, *, stopped: bool) -> None:
    instances = set(shop.site.project().graph().instances)
    failed = {failure.instance for failure in report.failed}
    assert failed <= instances
    for failure in report.failed:
        message = failure.problem.message
        assert any(f"`{name}" in message for name in instances), message  # its own, or one that it is made from
        assert "Traceback" not in message
        assert "\n" not in message
    finished = len(report.made) + report.current
    assert finished + len(failed) + len(report.skipped) <= len(instances)
    if not stopped:
        assert finished + len(failed) + len(report.skipped) == len(instances)


def the_store_is_tidy(shop: Shop) -> None:
    inflight = shop.site.cache / "inflight"
    assert not inflight.exists() or list(inflight.iterdir()) == []
    if (shop.site.folder / LOCK).exists():
        with shop.store() as store:
            assert all(store.blobs.has(digest) for digest in shop.site.pins)


def a_build_keeps_the_laws(shop: Shop, attempt: Attempt) -> Report:
    """One build, and all that must hold after any."""
    shop.prepare(attempt)
    before, limit = shop.books(), shop.limit(attempt)
    month = None if attempt.month is None else max(before.booked, shop.month(attempt))
    report = shop.site.build(max_cost=limit, **attempt.options)
    new = shop.after(before)
    every_call_is_in_the_books(shop, new)
    every_picture_is_bought_or_said(shop, new)
    what_arrived_is_kept(shop, new)
    nothing_is_bought_twice(shop, shop.books())
    costs_are_what_the_server_says(new)
    a_report_has_the_sums(report, new)
    limits_hold(report, new, limit)
    assert month is None or shop.books().booked <= month + SLACK
    nobody_is_asked_twice_unasked(new, attempt.table.get("retry_maybe_billed", 0))
    what_was_given_up_is_left_alone(shop)
    every_instance_is_told_of(shop, report, stopped=attempt.options.get("fail_fast", False))
    the_store_is_tidy(shop)
    return report


def is_done_as_planned(shop: Shop, **options: bool) -> Report:
    """A build without faults and limits asks for just what its plan says."""
    shop.prepare(Attempt(options=options))
    forecast = shop.site.plan(**options)
    report = a_build_keeps_the_laws(shop, Attempt(options=options))
    asked = keys_asked(shop)
    assert len(asked) == len(set(asked))
    assert {item.key for item in forecast.purchases if item.sure} <= set(asked)
    assert len(asked) <= len(forecast.purchases)
    if all(item.sure for item in forecast.purchases):
        assert len(asked) == len(forecast.purchases)
    return report


def keys_asked(shop: Shop) -> list[str]:
    """The keys of every call of the last build, now that all of them are known."""
    started = [event for event in shop.site.events if isinstance(event, CallStarted)]
    after = shop.site.plan(retry_refused=True)
    return [key_of(after, event.step, number) for event in started for number in event.candidates]


def key_of(forecast: Forecast, step: str, candidate: int) -> str:
    state = forecast.walk.paid[step, candidate]
    assert isinstance(state.decision, Fresh)
    assert state.action is not None
    return state.action.key


@pytest.mark.parametrize("fault", ["insufficient_quota", "redirect"])
def test_what_waited_when_calls_were_stopped_is_told_of(fault: str) -> None:
    """Also the candidates of a step whose first is under way then, and what is made from them."""
    stopper = {"prompt": "An axe", "size": SIZE, "output": "b.png"}
    asset = {"prompt": "A boat", "size": SIZE, "n": 4, "pick": 4, "output": "a.png"}
    with opened({"asset": {"b": stopper, "a": asset, "c": {"source": "@a", "output": "c.png"}}}) as shop:
        table = {"concurrency": 2, "max_n_per_request": 1}
        report = a_build_keeps_the_laws(shop, Attempt((("slow", "boat", 1), (fault, "axe", 1)), table=table))
        assert {failure.instance for failure in report.failed} == {"a", "b"}
        assert report.skipped == ("c",)
        assert is_done_as_planned(shop).failed == ()


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_months_limit_lets_through_what_just_fits(retries: int) -> None:
    """Tries that may have been billed count once each, and so does the one under way."""
    with opened({"asset": {"a": {"prompt": "A boat", "size": SIZE, "output": "a.png"}}}) as shop:
        attempt = Attempt((("server_error", "", 2),), month=(retries + 1, 0.0))
        shop.prepare(attempt)
        report = shop.site.build()
        assert len(shop.api.calls) == retries + 1
        assert (report.failed == ()) is (retries == 2)
        assert report.unanswered == min(retries + 1, 2)


@given(manifests(), histories)
@FEW
def test_the_books_are_right_whatever_goes_wrong(table: dict[str, Any], history: list[Attempt]) -> None:
    with opened(table) as shop:
        for attempt in history:
            a_build_keeps_the_laws(shop, attempt)
        for failure in is_done_as_planned(shop).failed:
            assert "refused this on" in failure.problem.message
        assert is_done_as_planned(shop, retry_refused=True).failed == ()
        report = a_build_keeps_the_laws(shop, Attempt())
        assert (report.calls, report.failed, shop.site.plan().purchases) == (0, (), ())
