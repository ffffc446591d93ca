"""Ways past a limit, past a wish to stop, or to the same picture twice, that were open once."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetforge import mend
from assetforge.errors import BudgetError, UsageError
from assetforge.events import CallRetried, CallStarted, Event
from assetforge.model import Report
from assetforge.project import Options, Stop
from assetforge.store.ledger import Ledger
from assetforge.store.notes import Notes
from tests.images_contract import Document
from tests.images_server import ImagesServer
from tests.promises.site import ONE, Site, make_site

MANY = """
[provider.openai]
concurrency = 16
[asset.icon]
matrix.item = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
prompt = "The letter {{ item }}"
size = "1024x640"
output = "{{ item }}.png"
"""
SIMULATED = {"x-assetforge-simulated": "1"}


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def price(site: Site) -> float:
    each = site.plan().purchases[0].price
    assert each is not None
    return each


def stopped_at(site: Site, kind: type, number: int) -> Report:
    """A build that is told to stop when it tells of so many events of a kind."""
    stop, heard = Stop(), []

    def listen(event: Event) -> None:
        if isinstance(event, kind):
            heard.append(event)
            if len(heard) == number:
                stop.ask()

    async def build() -> Report:
        return await asyncio.wait_for(site.project().build(Options(yes=True), listen, stop), 20)

    return asyncio.run(build())


# --- limits ---


def test_candidates_of_a_shared_request_are_bought_where_they_were_priced(
    server: ImagesServer, tmp_path: Path
) -> None:
    """One key in two assets goes to one provider; the other candidates stay with their own, at its price."""
    relay = server.url.replace("127.0.0.1", "localhost")
    manifest = f"""
[provider.openai]
max_n_per_request = 10
[provider.relay]
kind = "images-api"
base_url = "{relay}"
[provider.relay.price."gpt-image-2"]
per_image = 0.0001
{ONE}
[asset.twin]
provider = "relay"
prompt = "A lighthouse"
size = "1024x640"
n = 6
output = "twin.png"
"""
    site = make_site(tmp_path, server, manifest)
    site.environ["ASSETFORGE_TRUST"] = f"{relay}=OPENAI_API_KEY"
    most = site.plan().high
    report = site.build(max_cost=most)
    assert not report.failed
    assert report.spent <= most
    hosts = [call.headers["host"].partition(":")[0] for call in server.calls for _ in call.images]
    assert sorted(hosts) == ["127.0.0.1", *["localhost"] * 5]


def test_a_manifest_cannot_raise_what_is_spent_without_asking(server: ImagesServer, tmp_path: Path) -> None:
    dear = MANY.replace("[asset.icon]", "[budget]\nconfirm_usd = 1000.0\n[asset.icon]\nquality = 'high'")
    site = make_site(tmp_path, server, dear)
    assert site.plan().high > 1
    with pytest.raises(BudgetError):
        site.build(yes=False)
    assert server.calls == []


def test_an_answer_that_was_paid_for_and_tells_an_error_counts(server: ImagesServer, tmp_path: Path) -> None:
    def refused(body: Document) -> Document:
        return {"error": {"code": "moderation_blocked", "message": "no"}, "usage": body["usage"]}

    site = make_site(tmp_path, server, MANY.replace("concurrency = 16", "concurrency = 1"))
    server.script(reshape=refused)
    report = site.build(max_cost=1.5 * price(site))
    received = [entry.cost for entry in Ledger(site.cache / "ledger.jsonl").read() if entry.event == "received"]
    assert report.spent == pytest.approx(sum(cost or 0.0 for cost in received))
    assert len(server.calls) == 1


def test_every_call_that_a_dead_build_left_counts(server: ImagesServer, tmp_path: Path) -> None:
    """Three calls of a build that dies while this one runs are found at once, and each is counted for its own key."""
    site = make_site(tmp_path, server, MANY.replace("concurrency = 16", "concurrency = 1"))
    each = price(site)
    keys = [item.key for item in site.plan().purchases[:3]]
    dying = Notes.open(site.cache / "inflight")
    facts: dict[str, Any] = {"kind": "images-api", "sent": True, "price": each, "step": "x", "project": "p"}
    for key in keys:
        dying.begin(
            {**facts, "keys": [key], "instance": "x", "provider": "openai", "model": "m", "ingredients": [[]]}
        )

    def listen(event: Event) -> None:
        if isinstance(event, CallStarted) and len(server.calls) == 0:
            dying.close()

    report = asyncio.run(site.project().build(Options(yes=True, max_cost=4.5 * each), listen))
    assert report.unanswered == 3
    assert report.spent + report.doubtful <= 4.5 * each


def test_more_pictures_than_were_asked_for_are_told(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    server.script(images=4)
    site.build()
    assert any("holds 4 pictures, and 1 was asked for" in told for told in site.warnings)


# --- a wish to stop ---


def test_a_wish_to_stop_is_heard_by_calls_that_are_on_their_way(server: ImagesServer, tmp_path: Path) -> None:
    server.latency = 0.2
    site = make_site(tmp_path, server, MANY)
    report = stopped_at(site, CallStarted, 3)
    assert report.interrupted
    assert len(server.calls) <= 3
    assert not list((site.cache / "inflight").glob("*/*/note.json"))


def test_a_wish_to_stop_ends_a_wait_for_the_next_try(server: ImagesServer, tmp_path: Path) -> None:
    """Half a minute is longer than this test may take."""
    site = make_site(tmp_path, server)
    server.script(status=429, headers={"retry-after": "30"})
    report = stopped_at(site, CallRetried, 1)
    assert report.interrupted
    assert (len(server.calls), report.unanswered, report.spent) == (1, 0, 0.0)


# --- the same picture twice ---


def test_without_records_nothing_is_bought_until_they_are_repaired(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    shutil.rmtree(site.cache / "records")
    site.remove("hero.png", "assets.lock")
    with pytest.raises(UsageError, match="records of the store"):
        site.build()
    mend.repair(site.cache)
    assert not site.build().failed
    assert len(server.calls) == 1


def test_a_simulated_picture_never_gets_into_a_store_of_real_ones(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    server.script(times=50, headers=SIMULATED)
    report = site.build()
    assert len(report.failed) == 12
    assert "simulated" in report.failed[0].problem.message
    assert not (site.cache / "ledger.jsonl").exists()
    assert not (site.cache / "quarantine").exists()


def test_a_real_picture_never_gets_into_a_store_of_a_rehearsal(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, None)
    site.environ["OPENAI_API_KEY"] = "sk-real"
    site.cache.mkdir()
    (site.cache / "rehearsal").touch()
    with pytest.raises(UsageError, match="this store is for a rehearsal"):
        site.build()
