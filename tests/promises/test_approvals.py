"""Promise 2 on the page: what somebody approved is bought once, at the price that was shown, and nothing else is; and
promise 3: whatever happens meanwhile, what was paid for is kept, and what may have been is told."""

import asyncio
import io
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from assetforge.cli.console import Console
from assetforge.cli.options import Run
from assetforge.cli.session import Session, run_session
from assetforge.cli.watching import Terminal
from assetforge.config import load_settings
from assetforge.events import Listener
from assetforge.gate import Options
from assetforge.live.serving import listen
from assetforge.model import Report
from assetforge.paths import Root
from assetforge.project import Project, Stop
from assetforge.watch.followed import followed_by
from assetforge.watch.purse import Purse
from assetforge.watch.rounds import Drafting
from tests.builder import Builder
from tests.cli.manifests import picture
from tests.images_server import ImagesServer
from tests.live.watched import Browser, Watched, watched
from tests.promises.processes import wait_until
from tests.watch.projects import TWO

HERO = '[asset.hero]\nprompt = "A lighthouse"\nsize = "1024x640"\noutput = { path = "hero.png", width = 64 }\n'
BOAT = HERO.replace("hero", "boat").replace("lighthouse", "boat")
THREE = HERO.replace("size", "n = 3\nsize")
SINGLY = "[provider.openai]\nmax_n_per_request = 1\nconcurrency = 1\nretry_maybe_billed = 2\n"
# Long enough for what a test does meanwhile.
LONG = 1.5


def ledger(project: Builder, event: str) -> list[dict[str, Any]]:
    """What the store's ledger has of one kind."""
    lines = [line for path in (project.home / "store").glob("ledger*") for line in path.read_text().splitlines()]
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def is_fresh(card: Any) -> bool:
    return bool(card["state"] == "fresh")


def is_offered(card: Any) -> bool:
    return any(offer["key"] for offer in card["offers"])


def told_by(answer: Any) -> str:
    """Why something was not done."""
    assert answer["ok"] is False
    return " ".join(f"{one['message']} ({one['hint']})" for one in answer["errors"])


@contextmanager
def approving(watch: Watched, images: ImagesServer, name: str = "hero") -> Iterator[Any]:
    """An approval whose call is under way."""
    before, images.latency = len(images.calls), LONG
    answer = watch.browser.approving(watch.browser.card(name, is_offered))
    wait_until(lambda: len(images.calls) > before)
    yield answer


# --- once, and only what was said ---------------------------------------------------------------------------------


def test_who_approves_a_card_twice_buys_it_once(shop: Builder, images: ImagesServer) -> None:
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2") as watch:
        card = watch.browser.card("hero", is_offered)
        with approving(watch, images) as first:
            assert "being bought already" in told_by(watch.browser.approve(card))
            assert first.result()["ok"]
        assert "another one by now, or is not missing" in told_by(watch.browser.approve(card))
        assert [call.n for call in images.calls] == [1]


def test_beside_builds_of_other_processes_each_picture_is_bought_once(shop: Builder, images: ImagesServer) -> None:
    with watched(shop.write({"assets.toml": THREE}), "--max-cost", "2") as watch:
        with approving(watch, images) as answer:
            other = shop.start("build", "--yes")
            assert answer.result()["ok"]
            other.communicate(timeout=60)
        watch.browser.card("hero", is_fresh)
    assert sum(call.n for call in images.calls) == 3


@pytest.mark.parametrize("numbers", [(2,), (1, 3)])
def test_some_candidates_of_a_call_for_many_may_be_approved(
    shop: Builder, images: ImagesServer, numbers: tuple[int, ...]
) -> None:
    manifest = "[provider.openai]\nmax_n_per_request = 4\n" + THREE
    with watched(shop.write({"assets.toml": manifest}), "--max-cost", "2") as watch:
        assert watch.browser.approve(watch.browser.card("hero", is_offered), numbers)["ok"]
        left = watch.browser.card("hero", lambda card: len(card["offers"]) == 3 - len(numbers))
        assert {offer["candidate"] for offer in left["offers"]} == {1, 2, 3} - {*numbers}
    assert sum(call.n for call in images.calls) == len(numbers)


@pytest.mark.parametrize("act", ["edit", "reroll"])
def test_what_is_wanted_otherwise_meanwhile_is_kept_and_the_new_request_is_not_bought(
    shop: Builder, images: ImagesServer, act: str
) -> None:
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2") as watch:
        before = watch.browser.card("hero", is_offered)["offers"][0]["key"]
        with approving(watch, images) as answer:
            if act == "edit":
                shop.write({"assets.toml": HERO.replace("lighthouse", "tower")})
            else:
                assert watch.browser.do("reroll", step="hero:generate")["ok"]
            assert answer.result()["ok"]
        watch.browser.card("hero", lambda card: card["state"] == "draft" and card["offers"][0]["key"] != before)
        shop.write({"assets.toml": HERO})
        watch.browser.card("hero", is_fresh)
    assert len(images.calls) == 1


def test_a_name_with_a_star_is_one_asset_s_own(shop: Builder, images: ImagesServer) -> None:
    manifest = '[asset.x]\nmatrix.item = ["a*", "abc"]\nprompt = "{{ item }}"\nsize = "1024x640"\n'
    manifest += 'output = "x-{{ item | length }}.png"\n'
    assert shop.write({"assets.toml": manifest}).call("build", "--yes").code == 0
    shop.write({"assets.toml": manifest.replace('item }}"\nsize', 'item }}!"\nsize')})
    with watched(shop, "--max-cost", "2") as watch:
        name, before = "x[item=a*]", len(images.calls)
        other = watch.browser.card("x[item=abc]", is_offered)["offers"]
        assert watch.browser.do("accept", name=name)["ok"]
        watch.browser.card(name, is_fresh)
        assert watch.browser.do("reroll", step=f"{name}:generate")["ok"]
        assert watch.browser.approve(watch.browser.card(name, is_offered))["ok"]
        watch.browser.card(name, is_fresh)
        assert [call.prompt for call in images.calls[before:]] == ["a*!"]
        assert watch.browser.card("x[item=abc]")["offers"] == other


def test_a_plain_watch_asks_no_real_provider_though_it_cost_nothing(shop: Builder, images: ImagesServer) -> None:
    free = '[provider.openai.price."gpt-image-2"]\nper_image = 0\n'
    with watched(shop.write({"assets.toml": free + HERO})) as watch:
        assert watch.browser.card("hero")["state"] == "draft"
        live = watch.browser.page()["live"]
        assert (live["can_spend"], live["buys"]) == (False, False)
        watch.calm()
    assert images.calls == []


def test_a_step_of_unknown_price_beside_it_is_no_matter(shop: Builder, images: ImagesServer) -> None:
    edited = HERO.replace("output", 'steps = [{ op = "edit", prompt = "x", model = "own" }]\noutput')
    with watched(shop.write({"assets.toml": edited}), "--max-cost", "2") as watch:
        assert watch.browser.approve(watch.browser.card("hero", is_offered))["ok"]
    assert [call.endpoint for call in images.calls] == ["generations"]


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "environ", "settings", "told"),
    [
        ("[budget]\nmax_usd_per_build = 0.001\n", {}, "", "max_usd_per_build"),
        ("", {"ASSETFORGE_MAX_USD": "0.001"}, "", "ASSETFORGE_MAX_USD"),
        ("", {}, "max_usd_per_month = 0.001\n", "this month's limit"),
        ("", {}, "", "hero.png` is a file of yours"),
    ],
)
def test_what_buys_nothing_says_why(
    shop: Builder, images: ImagesServer, manifest: str, environ: dict[str, str], settings: str, told: str
) -> None:
    shop.write({"assets.toml": manifest + HERO, "../home/config/config.toml": settings})
    with watched(shop, "--max-cost", "2", **environ) as watch:
        card = watch.browser.card("hero", is_offered)
        if "yours" in told:
            shop.write({"hero.png": picture("red")})
        assert told in told_by(watch.browser.approve(card))
        assert told in " ".join(one["message"] for one in approved(watch)["errors"])
    assert images.calls == []


def test_what_is_set_aside_is_waited_for_and_what_is_spent_is_gone(shop: Builder, images: ImagesServer) -> None:
    with watched(shop.write({"assets.toml": HERO + BOAT}), "--max-cost", "0.05") as watch:
        boat = watch.browser.card("boat", is_offered)
        with approving(watch, images) as answer:
            assert "(wait for them)" in told_by(watch.browser.approve(boat))
            assert answer.result()["ok"]
        assert "(start again with a higher --max-cost)" in told_by(watch.browser.approve(boat))
    assert len(images.calls) == 1


def test_rounds_and_approvals_share_one_limit_and_what_failed_waits_for_somebody(
    shop: Builder, images: ImagesServer
) -> None:
    """A live watch whose builds may each buy one: the second is approved, fails, and is left alone by the rounds."""
    boats = [BOAT.replace("boat", name) for name in ("boat", "barge", "canoe")]
    images.script(status=504, match="boat")
    shop.write({"assets.toml": "[budget]\nmax_usd_per_build = 0.03\n" + HERO + boats[0]})
    with watched(shop, "--live", "--max-cost", "0.1") as watch:
        watch.browser.card("hero", is_fresh)
        assert watch.browser.page()["live"]["buys"] is True
        assert "may have been billed" in told_by(watch.browser.approve(watch.browser.card("boat", is_offered)))
        calls = len(images.calls)
        shop.write({"assets.toml": shop.text("assets.toml") + "# more\n"})
        watch.round()
        watch.calm()
        assert len(images.calls) == calls == 2
        watch.browser.do("again")
        watch.browser.card("boat", is_fresh)
        shop.write({"assets.toml": shop.text("assets.toml") + boats[1] + boats[2]})
        for name in ("barge", "canoe"):
            watch.browser.approve(watch.browser.card(name, is_offered))
        watch.calm()
    assert len(images.calls) == 3
    assert sum(call.cost or 0.0 for call in images.calls) + 0.0289 <= 0.1


# --- calls that give nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 504])
def test_of_several_none_is_tried_on_the_money_of_another(shop: Builder, images: ImagesServer, status: int) -> None:
    shop.write({"assets.toml": SINGLY + HERO.replace("size", "n = 2\nsize")})
    images.script(status=status)
    with watched(shop, "--max-cost", "2") as watch:
        answer = watch.browser.approve(watch.browser.card("hero", is_offered))
        assert "it may have been billed (what was approved is one call: approve it again" in told_by(answer)
        assert len(answer["lines"]) == 1
        assert [call.status for call in images.calls] == [status, 200]
        # Its card tells why until somebody tries again.
        card = watch.browser.card("hero", lambda card: f"{status} server_error" in " ".join(card["reasons"]))
        assert "approve it again" in card["hint"]
        watch.browser.do("again")
        watch.browser.card("hero", lambda card: f"{status} server_error" not in " ".join(card["reasons"]))
        assert watch.browser.approve(watch.browser.card("hero", is_offered))["ok"]
    assert [call.status for call in images.calls] == [status, 200, 200]


def test_what_a_bought_picture_is_warned_of_is_said_here_and_there(shop: Builder, images: ImagesServer) -> None:
    images.script(size="512x512")
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2") as watch:
        answer = watch.browser.approve(watch.browser.card("hero", is_offered))
        assert answer["ok"]
        assert any("512x512 instead of 1024x640" in line for line in answer["lines"])
        row = approved(watch)
        assert "512x512" in row["warnings"][0]["message"]
        assert (row["approved"], row["bought"], row["placed"]) == ("hero", 1, [{"path": "hero.png", "how": "made"}])


def approved(watch: Watched) -> Any:
    """The row of the next approval."""
    while "approved" not in (found := watch.round()).row:
        pass
    return found.row


def test_what_the_machine_refuses_is_told_with_the_file_and_the_picture_is_kept(
    shop: Builder, images: ImagesServer
) -> None:
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2") as watch:
        watch.round()
        card = watch.browser.card("hero", is_offered)
        (lock,) = (shop.home / "store" / "projects").glob("*/lock")
        lock.unlink()
        lock.mkdir()
        assert f"projects/{lock.parent.name}/lock`: is a directory" in told_by(watch.browser.approve(card))
        row = approved(watch)
        assert (row["built"], row["errors"][0]["message"]) == (False, f"`{lock}`: is a directory")
        lock.rmdir()
        watch.browser.do("again")
        watch.browser.card("hero", is_fresh)
    assert len(images.calls) == 1


# --- ends in the middle -------------------------------------------------------------------------------------------


def test_a_browser_that_leaves_takes_nothing_with_it(shop: Builder, images: ImagesServer) -> None:
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2") as watch:
        images.latency = LONG
        watch.browser.approve_and_leave(watch.browser.card("hero", is_offered), LONG / 3)
        watch.browser.card("hero", is_fresh)
    assert len(images.calls) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_wish_to_end_lets_the_call_finish_and_keeps_its_picture(
    shop: Builder, images: ImagesServer, number: signal.Signals
) -> None:
    with watched(shop.write({"assets.toml": HERO + BOAT}), "--max-cost", "2") as watch:
        boat = watch.browser.card("boat", is_offered)
        with approving(watch, images) as answer:
            watch.process.send_signal(number)
            watch.until_said("stopping: calls under way are finished and kept")
            assert "the watch is ending: nothing was asked for" in told_by(watch.browser.approve(boat))
            assert answer.result()["ok"]
        assert watch.ended() == 130
    assert len(images.calls) == 1
    assert (shop.root / "hero.png").is_file()
    assert len(ledger(shop, "stored")) == 1


def test_under_nohup_a_terminal_that_is_closed_ends_nothing(shop: Builder) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        watch = Watched(shop.write({"assets.toml": HERO}))
    finally:
        signal.signal(signal.SIGHUP, before)
    try:
        watch.round()
        watch.process.send_signal(signal.SIGHUP)
        shop.write({"assets.toml": HERO.replace("lighthouse", "tower")})
        assert watch.until("hero.png").built
        assert watch.end() == 130
    finally:
        watch.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_who_is_ended_at_once_is_told_the_next_time_and_not_asked_for_again(
    shop: Builder, images: ImagesServer, number: signal.Signals
) -> None:
    shop.write({"assets.toml": HERO})
    with watched(shop, "--max-cost", "2") as watch, approving(watch, images) as answer:
        watch.process.send_signal(number)
        if number is signal.SIGINT:
            watch.until_said("once more to stop at once")
            watch.process.send_signal(number)
        watch.process.wait(30)
        assert answer.exception() is not None
    images.latency = 0.0
    with watched(shop, "--max-cost", "2") as watch:
        assert any("may have been billed" in one for one in watch.round().warnings)
        assert any("may have been billed" in one["message"] for one in watch.browser.told()["warnings"])
        card = watch.browser.card("hero", is_offered)
        watch.calm()
        assert len(images.calls) == 1
        assert watch.browser.approve(card)["ok"]
    assert len(images.calls) == 2
    assert len(ledger(shop, "unanswered")) == len(ledger(shop, "stored")) == 1


@dataclass
class Breaking(Drafting):
    """Rounds the second of which meets a bug of ours."""

    rounds: list[Project] = field(default_factory=list)

    async def build(self, project: Project, listen: Listener, stop: Stop) -> Report:
        self.rounds.append(project)
        if len(self.rounds) > 1:
            raise ZeroDivisionError
        return await super().build(project, listen, stop)


def test_a_watch_that_an_error_ends_keeps_what_is_being_bought(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO})
    environ = shop.env()
    project = Project(Root(str(shop.root)), "assets.toml", load_settings(environ), environ)
    options, err = Options(), io.StringIO()
    terminal = Terminal(Run(Console(io.StringIO(), err, environ), "watch"), lambda report, placed: "")
    session = Session(project, options, Breaking(options), followed_by, Purse(2.0), listen(0))

    def press() -> Any:
        wait_until(lambda: "token=" in err.getvalue() and err.getvalue().endswith("\n"))
        browser = Browser(err.getvalue().split("look at ")[1].split("\n")[0])
        images.latency = LONG
        answer = browser.approving(browser.card("hero", is_offered))
        wait_until(lambda: len(images.calls) == 1)
        shop.write({"assets.toml": HERO + "# more\n"})
        return answer.result()

    async def both() -> Any:
        pressing = asyncio.create_task(asyncio.to_thread(press))
        with pytest.raises(ZeroDivisionError):
            await run_session(session, terminal)
        return await pressing

    answer = asyncio.run(both())
    assert answer["ok"]
    assert len(images.calls) == len(ledger(shop, "stored")) == 1
    assert (shop.root / "hero.png").is_file()


def test_the_command_for_afterwards_runs_after_an_approval(shop: Builder, images: ImagesServer) -> None:
    assert images.calls == []
    with watched(shop.write({"assets.toml": HERO}), "--max-cost", "2", "--exec", "cp hero.png copied.png") as watch:
        drafted = watch.until("hero.png").placed
        assert drafted == ["hero.png"]
        copied, made = shop.root / "copied.png", shop.root / "hero.png"
        wait_until(copied.is_file)
        draft = made.read_bytes()
        assert watch.browser.approve(watch.browser.card("hero", is_offered))["ok"]
        assert made.read_bytes() != draft
        wait_until(lambda: copied.read_bytes() == made.read_bytes())


def test_the_cards_of_a_long_first_round_are_there_before_its_end(shop: Builder, images: ImagesServer) -> None:
    images.latency = 2 * LONG
    with watched(shop.write({"assets.toml": TWO}), "--live", "--max-cost", "2") as watch:
        assert watch.browser.card("hero")["state"] == "stale"
        assert watch.browser.told()["state"] == "building"
        images.latency = 0.0
        watch.browser.card("night", is_fresh)
