"""What an answer was paid for is told the ledger once, whenever its build dies; and no part of it is thrown away."""

import asyncio
import base64
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from assetforge.digest import digest_bytes
from assetforge.model import Size
from assetforge.plan.price import Prices
from assetforge.providers.draft import DraftProvider
from assetforge.providers.spec import Order, ProviderTable, Retry
from assetforge.run.purchase import Bought, Decoding, fulfil
from assetforge.run.shelf import Shelf, now
from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.notes import Notes
from assetforge.store.records import Records
from tests.images_contract import Document
from tests.images_server import ImagesServer
from tests.promises.site import ONE, Site, make_site

FOUR = ONE + "n = 4\npick = 1\n[provider.openai]\nmax_n_per_request = 4\n"
GARBAGE = base64.b64encode(b"<html>no picture</html>").decode()


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def ledger(site: Site) -> list[Entry]:
    return list(Ledger(site.cache / "ledger.jsonl").read())


def received(site: Site) -> list[Entry]:
    return [entry for entry in ledger(site) if entry.event == "received"]


def quarantined(site: Site) -> list[Path]:
    folder = site.cache / "quarantine"
    return sorted(folder.iterdir()) if folder.exists() else []


def replaced(*places: int, by: str) -> Any:
    """An answer with something else in place of some of its images, counted from 1."""

    def reshape(body: Document) -> Document:
        for place in places:
            body["data"][place - 1]["b64_json"] = by
        return body

    return reshape


# --- the ledger ---


def leave_dead(site: Site, server: ImagesServer, reshape: Any = None) -> None:
    """What a build leaves that is killed when its answer is spooled: taken from a build that went well."""
    bodies: list[bytes] = []

    def keep(body: Document) -> bytes:
        bodies.append(json.dumps(reshape(body) if reshape else body).encode())
        return b"{}"

    server.script(reshape=keep)
    site.build()
    (note,) = quarantined(site)
    facts = json.loads((note / "note.json").read_bytes())["facts"]
    shutil.rmtree(site.cache / "quarantine")
    (site.cache / "ledger.jsonl").unlink()
    notes = Notes.open(site.cache / "inflight")
    notes.begin(facts).body.write_bytes(bodies[0])
    notes.close()


def test_a_call_is_in_the_ledger_once_wherever_its_build_was_killed(server: ImagesServer, tmp_path: Path) -> None:
    """The store after the kill, with every beginning that the ledger can have then."""
    site = make_site(tmp_path, server)
    leave_dead(site, server)
    shutil.copytree(site.cache, tmp_path / "left")
    site.build()
    whole = (site.cache / "ledger.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    assert [entry.event for entry in ledger(site)] == ["received", "stored"]
    for cut in (0, first // 2, first - 1, first, first + 40, len(whole) - 1, len(whole)):
        shutil.rmtree(site.cache)
        shutil.copytree(tmp_path / "left", site.cache)
        (site.cache / "ledger.jsonl").write_bytes(whole[:cut])
        site.remove("hero.png", "assets.lock")
        assert not site.build().failed
        assert [entry.event for entry in ledger(site)] == ["received", "stored"], cut
        assert len({entry.call for entry in ledger(site)}) == 1
    assert len(server.calls) == 1


def test_a_dead_call_that_gave_no_picture_is_in_the_ledger_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    leave_dead(site, server, replaced(1, by=GARBAGE))
    shutil.copytree(site.cache, tmp_path / "left")
    site.plan()
    assert site.build().calls == 1
    (dead, bought) = received(site)
    assert dead.cost == bought.cost
    line = (site.cache / "ledger.jsonl").read_bytes().split(b"\n")[0] + b"\n"
    shutil.rmtree(site.cache)
    shutil.copytree(tmp_path / "left", site.cache)
    (site.cache / "ledger.jsonl").write_bytes(line)
    site.build()
    assert [entry.call for entry in received(site)].count(dead.call) == 1


@pytest.mark.parametrize("by", ["!!!", ""], ids=["not base64", "no image"])
def test_an_answer_without_a_picture_is_in_the_ledger_with_its_usage(
    server: ImagesServer, tmp_path: Path, by: str
) -> None:
    site = make_site(tmp_path, server)
    server.script(reshape=replaced(1, by=by))
    assert site.build().failed
    (lost,) = received(site)
    assert lost.usage["output_tokens"] > 0
    assert not site.build().failed
    assert [entry.cost for entry in received(site)] == [lost.cost, lost.cost]


def test_counts_that_no_call_can_have_are_not_believed(server: ImagesServer, tmp_path: Path) -> None:
    def absurd(body: Document) -> Document:
        body["usage"] |= {"output_tokens": 10**30, "x" * 5000: 1, "input_tokens": 2**63}
        return body

    site = make_site(tmp_path, server)
    server.script(reshape=absurd)
    assert not site.build().failed
    (entry,) = received(site)
    assert entry.cost is not None
    assert entry.cost < 1


# --- images that are none ---


@pytest.mark.parametrize("by", [GARBAGE, "!!!"], ids=["no picture", "not base64"])
def test_an_image_that_is_none_is_kept_for_a_claim_though_the_others_are_good(
    server: ImagesServer, tmp_path: Path, by: str
) -> None:
    site = make_site(tmp_path, server, FOUR)
    server.script(reshape=replaced(2, by=by))
    assert [failure.instance for failure in site.build().failed] == ["hero"]
    assert len(server.calls) == 1
    (folder,) = quarantined(site)
    facts = json.loads((folder / "note.json").read_bytes())["facts"]
    assert facts["headers"]["x-request-id"] == "req_000001"
    assert by in (folder / "body").read_text()
    assert "image-2" in json.loads((folder / "reason.json").read_bytes())["reason"]
    (warning,) = site.warnings
    assert "`hero:generate`" in warning
    assert "`image-2`" in warning
    assert str(folder) in warning
    assert not site.build().failed
    assert len(server.calls) == 2
    assert received(site)[0].cost == pytest.approx(4 * (received(site)[-1].cost or 0), rel=0.01)
    assert not any((site.cache / "inflight").iterdir())


def test_every_image_is_in_the_store_before_it_is_looked_at(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, FOUR)
    server.script(reshape=replaced(3, by=GARBAGE))
    site.build()
    site.build()
    assert site.blob(b"<html>no picture</html>")
    assert digest_bytes(b"<html>no picture</html>") not in site.pins


def test_a_dead_build_s_bad_images_are_kept_and_told_of_too(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, FOUR)
    leave_dead(site, server, replaced(2, 4, by=GARBAGE))
    assert not site.build().failed
    assert len(quarantined(site)) == 1
    assert len([told for told in site.warnings if "`image-2`" in told]) == 1
    assert len([told for told in site.warnings if "`image-4`" in told]) == 1
    assert [entry.event for entry in ledger(site)].count("received") == 2


# --- what costs nothing ---


class Unhindered:
    """A build that lets every request leave."""

    async def admit(self) -> None:
        return

    def arriving(self) -> AbstractContextManager[None]:
        return nullcontext()

    def again(self, retry: Retry) -> None:
        raise AssertionError(retry.reason)

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        raise AssertionError(seconds)


def test_a_picture_at_no_price_is_stored_without_a_line_in_the_ledger(tmp_path: Path) -> None:
    provider = DraftProvider("draft", ProviderTable(kind="draft"))
    order = Order("generate", "m", "A ship", Size(64, 64), "medium", "auto", "png")
    facts = {
        "kind": "draft", "model": "m", "size": "64x64", "format": "png", "project": "p", "instance": "hero",
        "step": "hero:generate", "keys": ["a" * 64], "candidates": [1], "ingredients": [[]], "price": 0.0,
        "began": now(), "provider": "draft", "quality": "medium",
    }  # fmt: skip
    shelf = Shelf(Blobs(tmp_path / "blobs", print), Records(tmp_path / "records"), Ledger(tmp_path / "ledger.jsonl"))
    notes = Notes.open(tmp_path / "inflight")
    note = notes.begin_scratch(facts)
    asyncio.run(provider.submit(order, note, Unhindered()))

    async def store() -> Bought:
        with ThreadPoolExecutor(1) as pool:
            decoding = Decoding(pool, asyncio.Semaphore(1))
            return await fulfil(provider, note, shelf, Prices.of({}, {}), decoding=decoding)

    bought = asyncio.run(store())
    note.drop()
    notes.close()
    assert bought.cost == 0
    assert shelf.records.get("a" * 64) == bought.records[1]
    assert shelf.blobs.read(bought.records[1].media.digest) is not None
    assert not (tmp_path / "ledger.jsonl").exists()
    shelf.records.close()
