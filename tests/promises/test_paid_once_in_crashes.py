"""Promise 1, nothing is paid for twice: builds that are killed, and builds at once, as real processes.

tests/soak does the same by force, for minutes.
"""

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assetforge.store.ledger import Ledger
from tests.images_contract import Document
from tests.images_server import ImagesServer
from tests.promises.gateway import Gateway
from tests.promises.processes import finish, kill, wait_for_plan, wait_until
from tests.promises.site import MANIFEST, ONE, Site, make_scene, make_site
from tests.soak.crashes import Figures, chapter, noisy
from tests.soak.interrupts import interrupted_chapter

pytestmark = pytest.mark.slow

LARGE = ONE.replace("1024x640", "2048x2048")
SHIP = ONE.replace("hero", "ship").replace("lighthouse", "ship")
THREE = ONE + SHIP + ONE.replace("hero", "z").replace("A l", "L")


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def through(site: Site, gateway: Gateway) -> None:
    site.environ["OPENAI_BASE_URL"] = gateway.url


# --- killed builds, stage by stage ---


def test_a_call_without_an_answer_is_said_to_be_maybe_billed_and_all_else_is_kept(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, THREE + "[provider.openai]\nconcurrency = 1\n")
    server.script(match="ship", latency=60)
    child = site.start()
    wait_until(lambda: [call.prompt for call in server.calls[1:]] == ["A ship"])
    kill(child)
    assert not site.build().failed
    assert [call.prompt for call in server.calls] == ["A lighthouse", "A ship", "A ship", "Lighthouse"]
    assert [told for told in site.warnings if "may have been billed" in told and "`ship:generate`" in told]
    assert site.build().calls == 0
    assert site.warnings == []


STAGES: dict[str, Callable[[Site], bool]] = {
    # Or is past that: a busy machine may not look in between.
    "its body is spooled": lambda site: any(
        (*site.cache.glob("inflight/*/*/body"), *site.cache.glob("ledger.jsonl"))
    ),
    "its cost is written down": lambda site: (site.cache / "ledger.jsonl").exists(),
    "its picture is stored": lambda site: any(site.cache.glob("blobs/??/*")),
    "its output is there": lambda site: (site.folder / "hero.png").exists(),
    "the lock is there": lambda site: (site.folder / "assets.lock").exists(),
}


@pytest.mark.parametrize("reached", [pytest.param(stage, id=name) for name, stage in STAGES.items()])
def test_a_build_that_is_killed_leaves_nothing_to_buy_once(
    reached: Callable[[Site], bool], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, LARGE)
    child = site.start()
    wait_until(lambda: reached(site))
    kill(child)
    assert not site.build().failed
    assert len(server.calls) == 1
    assert site.check() == []
    assert site.build().placed == ()
    assert not any((site.cache / "inflight").iterdir())
    assert [entry.event for entry in Ledger(site.cache / "ledger.jsonl").read()] == ["received", "stored"]


def test_a_body_that_is_still_to_be_read_is_finished_by_the_next_build(server: ImagesServer, tmp_path: Path) -> None:
    """The answer holds a link: it is paid for, and its picture can be fetched by whoever comes next."""
    server.script(links=True)
    with Gateway(server, holding=b"GET") as gateway:
        site = make_site(tmp_path, server)
        through(site, gateway)
        child = site.start()
        assert gateway.held.wait(20)
        kill(child)
        gateway.holding = b""
        report = site.build()
    assert not report.failed
    assert (report.calls, len(server.calls)) == (0, 1)
    assert any("was paid for by a build that ended early" in told for told in site.warnings)
    assert site.check() == []


def test_a_picture_that_can_t_be_fetched_now_is_fetched_by_a_later_build(
    server: ImagesServer, tmp_path: Path
) -> None:
    """The answer came whole, and links to it: the network is down for the picture only."""
    server.script(links=True)
    with Gateway(server, holding=b"") as gateway:
        site = make_site(tmp_path, server)
        through(site, gateway)
        gateway.cutting = b"GET"
        for told in ("paid for, and only fetched then", "hero:generate` is paid for"):
            report = site.build()
            assert len(report.failed) == 1
            assert any(told in said for said in (*site.warnings, str(report.failed[0].problem.hint)))
        gateway.cutting = b""
        report = site.build()
    assert (report.failed, report.calls, len(server.calls)) == ((), 0, 1)
    assert [entry.event for entry in Ledger(site.cache / "ledger.jsonl").read()] == ["received", "stored"]
    assert not any((site.cache / "inflight").iterdir())
    assert site.check() == []


def test_a_picture_that_three_builds_could_not_fetch_is_given_up(server: ImagesServer, tmp_path: Path) -> None:
    server.script(links=True)
    with Gateway(server, holding=b"") as gateway:
        site = make_site(tmp_path, server)
        through(site, gateway)
        gateway.cutting = b"GET"
        assert [len(site.build().failed) for _ in range(2)] == [1, 1]
        report = site.build()
    assert (report.failed, report.calls, len(server.calls)) == ((), 1, 2)
    assert len(list((site.cache / "quarantine").iterdir())) == 1
    assert any("can't be used" in told for told in site.warnings)
    assert site.check() == []


def test_whole_pictures_of_a_body_that_was_cut_off_by_the_kill_are_kept(server: ImagesServer, tmp_path: Path) -> None:
    server.script(reshape=padded)
    with Gateway(server, holding=b"POST", let_through=400_000) as gateway:
        site = make_site(tmp_path, server)
        through(site, gateway)
        child = site.start()
        assert gateway.held.wait(20)
        # Room was set aside: how large the file is says nothing of how much of it came.
        wait_until(
            lambda: any(b"x" in path.read_bytes()[300_000:] for path in site.cache.glob("inflight/*/*/body.part"))
        )
        kill(child)
        gateway.holding = b""
        report = site.build()
    assert not report.failed
    assert (report.calls, len(server.calls)) == (0, 1)


def padded(body: Document) -> Document:
    """A body whose picture stands in its first part, and is followed by a megabyte."""
    return {"data": body["data"], "usage": body["usage"], "padding": "x" * 1_000_000}


def test_kills_at_any_moment_never_lose_an_answer_that_was_kept(server: ImagesServer, tmp_path: Path) -> None:
    """Each picture is asked for once, or once more after its build was said to have lost an answer."""
    site = make_site(tmp_path, server)
    for turn in range(6):
        site.write(MANIFEST, ONE.replace("A lighthouse", f"Lighthouse {turn}"))
        before = len(server.calls)
        child = site.start()
        wait_until(lambda before=before: any(call.ended for call in server.calls[before:]))  # type: ignore[misc]
        time.sleep(turn * 0.008)
        kill(child)
        assert not site.build().failed
        lost = any("may have been billed" in told or "can't be used" in told for told in site.warnings)
        assert len(server.calls) == before + 1 + lost
        assert site.check() == []


def test_a_dozen_kills_with_calls_under_way_lose_nothing_that_arrived(tmp_path: Path) -> None:
    with ImagesServer(draw=noisy) as server:
        chapter(make_site(tmp_path, server), server, random.Random(1), Figures(), 12)


def test_builds_that_are_told_to_stop_keep_what_was_under_way(tmp_path: Path) -> None:
    with ImagesServer(draw=noisy) as server:
        interrupted_chapter(make_site(tmp_path, server), server, random.Random(1), Figures(), 4)


def test_who_waits_for_a_build_that_dies_without_an_answer_says_so_and_counts_its_price(
    server: ImagesServer, tmp_path: Path
) -> None:
    server.script(latency=60)
    site = make_site(tmp_path, server)
    site.environ["ASSETFORGE_MAX_USD"] = "0.05"  # enough for one call, not for two
    dying = site.start()
    wait_until(lambda: [call.prompt for call in server.calls] == ["A lighthouse"])
    waiting = site.start()
    wait_for_plan(waiting)
    kill(dying)
    said, _ = waiting.communicate(timeout=30)
    assert "may have been billed, and no answer came" in said
    assert "would pass the" in said
    assert len(server.calls) == 1


# --- builds at once ---


def both(first: Site, second: Site) -> tuple[str, str]:
    children: list[subprocess.Popen[str]] = [first.start(), second.start()]
    said, told = (finish(child) for child in children)
    return said, told


def test_two_builds_at_once_in_one_folder_buy_each_picture_once(server: ImagesServer, tmp_path: Path) -> None:
    server.latency = 0.3
    site = make_scene(tmp_path, server)
    both(site, site)
    assert len({call.prompt for call in server.calls}) == len(server.calls) == 5
    assert site.build().placed == ()
    assert site.check() == []


def test_two_builds_at_once_in_two_worktrees_buy_each_picture_once(server: ImagesServer, tmp_path: Path) -> None:
    server.latency = 0.3
    site = make_scene(tmp_path, server)
    other = site.clone("worktree", store=True)
    both(site, other)
    assert len({call.prompt for call in server.calls}) == len(server.calls) == 5
    assert site.files() == other.files()


def test_who_waits_for_a_build_that_dies_takes_what_it_was_sent(server: ImagesServer, tmp_path: Path) -> None:
    server.script(links=True)
    with Gateway(server, holding=b"GET") as gateway:
        site = make_site(tmp_path, server)
        through(site, gateway)
        dying = site.start()
        assert gateway.held.wait(20)
        gateway.holding = b""
        waiting = site.start()
        wait_for_plan(waiting)
        kill(dying)
        said = finish(waiting)
    assert len(server.calls) == 1
    assert "was paid for by a build that ended early" in said
    assert site.check() == []


def test_who_meets_a_dead_build_that_somebody_else_is_finishing_buys_nothing_that_it_was_sent(
    server: ImagesServer, tmp_path: Path
) -> None:
    """Two answers wait to be stored; while the first takes its time, nobody claims the key of the second."""
    server.script(links=True, times=2)
    with Gateway(server, holding=b"GET") as gateway:
        site = make_site(tmp_path, server, ONE + SHIP)
        through(site, gateway)
        dying = site.start()
        wait_until(lambda: len(list(site.cache.glob("inflight/*/*/body"))) == 2)
        assert gateway.held.wait(20)
        kill(dying)
        gateway.held.clear()
        finishing = site.start()
        assert gateway.held.wait(20)
        site.write(MANIFEST, THREE + "[provider.openai]\nconcurrency = 1\n")
        waiting = site.start()
        wait_until(lambda: any(call.prompt for call in server.calls[2:]))
        assert server.calls[2].prompt == "Lighthouse"
        kill(finishing)
        gateway.holding = b""
        finish(waiting)
    assert len(server.calls) == 3
    assert site.check() == []
