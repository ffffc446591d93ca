"""What a failed call means for the next one: who is asked again, who is not, and until when."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetforge.model import Report
from assetforge.project import Options, Stop
from assetforge.store.ledger import Entry, Ledger
from tests.images_server import ImagesServer
from tests.promises.site import AGAIN, ONE, Site, make_site

MANY = """
[provider.openai]
concurrency = 1
[asset.icon]
matrix.item = ["sword", "shield", "bow", "axe", "helm", "ring"]
prompt = "A {{ item }}"
size = "1024x640"
output = "{{ item }}.png"
"""
REFUSED: dict[str, Any] = {"status": 400, "code": "moderation_blocked", "message": "violates our safety system"}


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def ledger(site: Site, event: str) -> list[Entry]:
    return [entry for entry in Ledger(site.cache / "ledger.jsonl").read() if entry.event == event]


# --- refusals are remembered ---


def test_what_was_found_unfit_is_not_asked_for_again(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(**REFUSED)
    assert len(site.build().failed) == 1
    again = site.build()
    assert len(server.calls) == 1
    (failure,) = again.failed
    assert "refused this on" in failure.problem.message
    assert "violates our safety system" in failure.problem.message
    assert failure.problem.hint is not None
    assert "--retry-refused" in failure.problem.hint


def test_a_plan_tells_of_a_refusal_and_counts_no_price_for_it(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(**REFUSED)
    site.build()
    forecast = site.plan()
    assert forecast.outlooks["hero"].verdict == "wrong"
    assert (forecast.purchases, forecast.high) == ((), 0.0)
    assert site.plan(retry_refused=True).outlooks["hero"].verdict == "buy"


def test_retry_refused_asks_again_and_its_picture_ends_the_matter(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(**REFUSED)
    site.build()
    assert not site.build(retry_refused=True).failed
    assert site.build().calls == 0
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "edit",
    [
        ('"A lighthouse"', '"A harbour"'),
        ('size = "1024x640"', 'size = "1024x640"\nmoderation = "low"'),
        (
            "[asset.hero]",
            '[provider.other]\nkind = "images-api"\nbase_url = "{other}"\n[asset.hero]\nprovider = "other"',
        ),
    ],
    ids=["prompt", "moderation", "provider"],
)
def test_another_request_another_judge_or_another_provider_is_asked(
    edit: tuple[str, str], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    server.script(**REFUSED)
    site.build()
    other = server.url.replace("127.0.0.1", "localhost")
    site.environ["ASSETFORGE_TRUST"] = f"{other}=OPENAI_API_KEY"
    site.edit(edit[0], edit[1].replace("{other}", other))
    assert site.build().calls == 1
    assert len(server.calls) == 2


def test_a_refusal_is_no_reason_against_a_draft(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(**REFUSED)
    site.build()
    assert site.build(on_miss="draft").drafted == ("hero",)


def test_what_is_wrong_with_a_request_is_not_remembered_as_unfit(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(status=400, code="invalid_value", message="something else")
    site.build()
    assert not site.build().failed
    assert len(server.calls) == 2


# --- a provider that refuses everybody ---


def test_three_alike_in_a_row_stop_the_provider(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    server.script(times=6, status=400, code="unknown_parameter", message="Unknown parameter: 'quality'.")
    report = site.build()
    assert len(server.calls) == 3
    assert len(report.failed) == 6
    told = [failure.problem.message for failure in report.failed]
    assert sum("was not asked for: three calls in a row were refused alike" in one for one in told) == 3


def test_a_picture_or_another_reason_breaks_the_row(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    for item, code in [("sword", "a"), ("shield", "a"), ("axe", "a"), ("helm", "b"), ("ring", "a")]:
        server.script(match=f"A {item}", status=400, code=code)
    assert len(site.build().failed) == 5
    assert len(server.calls) == 6


def test_unfit_prompts_say_nothing_of_the_provider(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    server.script(times=5, **REFUSED)
    site.build()
    assert len(server.calls) == 6


@pytest.mark.parametrize("status", [404, 405])
def test_a_first_404_or_405_stops_the_provider(status: int, server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    server.script(status=status, message="Invalid URL")
    assert len(site.build().failed) == 6
    assert len(server.calls) == 1


# --- what may have been billed ---


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": 502}, {"status": 408}, {"body": b""}, {"images": 0}])
def test_what_may_have_been_billed_is_counted_said_and_asked_for_by_the_next_build_only(
    fault: dict[str, Any], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    price = site.plan().purchases[0].price
    server.script(**fault)
    report = site.build()
    assert len(server.calls) == 1
    assert "it may have been billed" in report.failed[0].problem.message
    assert (report.unanswered, report.doubtful) == (1, price)
    counted = [*ledger(site, "unanswered"), *ledger(site, "received")]
    assert [entry.cost for entry in counted] == [price] or fault == {"images": 0}
    assert len(counted) == 1
    assert not site.build().failed
    assert len(server.calls) == 2


def test_retry_maybe_billed_asks_again_that_often_and_counts_each(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "[provider.openai]\nretry_maybe_billed = 2\n")
    server.script(times=2, drop="after")
    report = site.build()
    assert not report.failed
    assert (len(server.calls), report.unanswered) == (3, 2)
    assert len(ledger(site, "unanswered")) == 2


def test_retry_maybe_billed_ends_and_stays_within_the_limit(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "[provider.openai]\nretry_maybe_billed = 5\n")
    price = site.plan().purchases[0].price
    assert price is not None
    server.script(times=9, status=504, content_type="text/html", body=b"<html>")
    report = site.build(max_cost=2.5 * price)
    assert len(server.calls) == 2
    assert report.doubtful <= 2.5 * price
    assert report.failed


def test_each_try_that_may_have_been_billed_is_in_the_ledger(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(times=2, status=500, headers=AGAIN)
    report = site.build()
    assert not report.failed
    assert len(ledger(site, "unanswered")) == 2
    assert report.unanswered == 2


# --- limits a minute and a month ---


def test_images_a_minute_are_kept_by_builds_that_share_the_store(server: ImagesServer, tmp_path: Path) -> None:
    """The second build waits for the minute to be over; told to stop, it has asked nobody and owes nothing."""
    limit = MANY.replace("concurrency = 1", "concurrency = 4\nimages_per_minute = 6")
    site = make_site(tmp_path, server, limit)
    other = site.clone("other", store=True)
    other.edit('prompt = "A ', 'prompt = "The ')
    assert not site.build().failed
    assert len(server.calls) == 6

    async def impatient() -> Report:
        stop = Stop()
        asyncio.get_running_loop().call_later(0.5, stop.ask)
        return await other.project().build(Options(yes=True), other.events.append, stop)

    report = asyncio.run(impatient())
    assert report.interrupted
    assert len(server.calls) == 6
    assert (report.calls, report.spent, report.unanswered) == (0, 0.0, 0)
    assert not list((site.cache / "inflight").glob("*/*/note.json"))


def test_a_month_s_limit_holds_over_builds_and_projects(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    price = site.plan().purchases[0].price
    assert price is not None
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f"max_usd_per_month = {7.5 * price}\n")
    other = site.clone("other", store=True)
    other.edit('prompt = "A ', 'prompt = "The ')
    assert not site.build().failed
    report = other.build()
    assert len(server.calls) in (7, 8)  # what was paid is a little less than the price, so an eighth may fit
    assert report.stopped == "budget"
    assert "month" in report.failed[0].problem.message
    spent = sum(entry.cost or 0.0 for entry in ledger(site, "received"))
    assert spent <= 7.5 * price
