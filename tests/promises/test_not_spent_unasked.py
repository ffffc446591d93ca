"""Promise 2, nothing is spent unasked: what a build would cost is known before, and no limit is ever passed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.errors import AssetforgeError, BudgetError, NotCurrent, UsageError
from assetforge.plan.forecast import Forecast
from tests.images_server import ImagesServer
from tests.promises.site import AGAIN, ONE, SCENE_CALLS, Site, make_scene, make_site

FIVE = ONE + "n = 5\n"


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def price(site: Site) -> float:
    """The price of the one picture of ONE, at most, in US dollars."""
    each = site.plan().purchases[0].price
    assert each is not None
    return each


# --- being asked ---


def test_on_miss_fail_lists_what_is_missing_with_its_price_and_buys_nothing(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    before = site.files()
    with pytest.raises(NotCurrent) as failure:
        site.build(on_miss="fail")
    told = {one.subject: one for one in failure.value.missing}
    assert {"hero:generate", "night:dusk", "night:logo", "icon[item=sword]:generate"} < told.keys()
    assert str(failure.value).startswith("5 pictures would have to be bought for ")
    assert (told["hero:generate"].buys, told["night:logo"].buys) == ("yes", "maybe")
    assert all(one.price for one in told.values())
    assert server.calls == []
    assert site.files() == before


def test_above_the_limit_of_consent_nobody_buys_for_who_is_not_there(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "[budget]\nconfirm_usd = 0.01\n")
    with pytest.raises(BudgetError) as failure:
        site.build(yes=False)
    assert failure.value.problems[0].hint == "pass --yes, or --max-cost with the most it may cost"
    assert server.calls == []
    assert site.build(yes=True).calls == 1


def test_below_the_limit_of_consent_nobody_is_asked(server: ImagesServer, tmp_path: Path) -> None:
    assert make_site(tmp_path, server).build(yes=False).calls == 1


def test_who_is_asked_sees_the_whole_price_and_decides(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "[budget]\nconfirm_usd = 0.0\n")
    asked: list[str] = []

    def refusing(forecast: Forecast, told: str) -> bool:
        asked.append(told)
        return False

    with pytest.raises(BudgetError, match="nothing was bought"):
        site.build(yes=False, consent=refusing)
    assert server.calls == []
    assert asked
    assert asked[0].startswith("1 picture would be bought")
    assert site.build(yes=False, consent=lambda forecast, told: True).calls == 1
    assert site.build(yes=False, consent=refusing).calls == 0
    assert len(asked) == 1


def test_the_user_s_limit_of_consent_can_only_be_lowered_by_the_manifest(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server, ONE + "[budget]\nconfirm_usd = 100.0\n")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("confirm_usd = 0.01\n")
    with pytest.raises(BudgetError):
        site.build(yes=False)
    assert server.calls == []


def test_a_lost_picture_is_not_bought_again_unasked(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    with pytest.raises(BudgetError):
        clone.build(yes=False, rebuy_lost=True)
    assert len(server.calls) == 1


# --- budgets ---


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_limit_holds_when_all_calls_would_leave_at_once(calls: int, server: ImagesServer, tmp_path: Path) -> None:
    server.latency = 0.1
    site = make_site(tmp_path, server, FIVE + "[provider.openai]\nconcurrency = 8\n")
    most = (calls + 0.5) * price(site)
    report = site.build(max_cost=most, yes=False)
    assert len(server.calls) == report.calls == calls
    assert report.spent <= most
    assert report.stopped == "budget"
    assert report.failed


def test_what_a_limit_left_out_is_bought_with_the_next(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, FIVE)
    site.build(max_cost=2.5 * price(site))
    assert not site.build().failed
    assert len(server.calls) == 5


@pytest.mark.parametrize("place", ["flag", "environment", "manifest", "user file"])
def test_the_lowest_limit_wins_wherever_it_stands(place: str, server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    low, high = 0.5 * price(site), 100.0
    set_limits(site, {name: low if name == place else high for name in ("environment", "manifest", "user file")})
    assert site.build(max_cost=low if place == "flag" else high).calls == 0
    assert server.calls == []


def set_limits(site: Site, limits: dict[str, float]) -> None:
    site.environ["ASSETFORGE_MAX_USD"] = str(limits["environment"])
    site.write("assets.toml", ONE + f"[budget]\nmax_usd_per_build = {limits['manifest']}\n")
    config = Path(site.environ["ASSETFORGE_CONFIG_DIR"])
    config.mkdir()
    (config / "config.toml").write_text(f"max_usd_per_build = {limits['user file']}\n")


def test_a_limit_counts_calls_that_may_have_been_billed(server: ImagesServer, tmp_path: Path) -> None:
    server.script(drop="after", times=5)
    site = make_site(tmp_path, server, FIVE + "[provider.openai]\nconcurrency = 1\n")
    report = site.build(max_cost=2.5 * price(site))
    assert len(server.calls) == 2
    assert report.unanswered == 2
    assert report.spent == 0.0
    assert report.doubtful == pytest.approx(2 * price(site))


def test_the_price_of_a_doubtful_try_stays_reserved(server: ImagesServer, tmp_path: Path) -> None:
    """A 500 with an error in JSON is asked again, but its work may have been done."""
    server.script(status=500, headers=AGAIN)
    site = make_site(tmp_path, server, ONE + "n = 2\n[provider.openai]\nconcurrency = 1\n")
    report = site.build(max_cost=2.5 * price(site))
    assert [call.status for call in server.calls] == [500, 200]
    assert report.stopped == "budget"


def test_a_limit_is_given_back_what_a_refused_call_had_reserved(server: ImagesServer, tmp_path: Path) -> None:
    server.script(status=400, code="moderation_blocked")
    site = make_site(tmp_path, server, FIVE + "[provider.openai]\nconcurrency = 1\n")
    site.build(max_cost=1.5 * price(site))
    assert [call.status for call in server.calls] == [400, 200]


def test_a_purchase_that_is_known_only_later_is_within_the_limit_too(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    forecast = site.plan()
    assert sum(purchase.sure for purchase in forecast.purchases) == 3
    report = site.build(max_cost=forecast.low)
    assert report.spent <= forecast.low
    assert len(server.calls) < SCENE_CALLS


# --- unknown prices ---

UNKNOWN = ONE + 'model = "gpt-image-2-c"\n'


def test_an_unknown_price_needs_a_yes_of_its_own(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, UNKNOWN)
    assert site.plan().unpriced == 1
    with pytest.raises(BudgetError, match="not known"):
        site.build(yes=False)
    assert server.calls == []
    assert site.build().calls == 1


@pytest.mark.parametrize("yes", [True, False])
def test_an_unknown_price_is_refused_under_a_limit(yes: bool, server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, UNKNOWN)
    try:
        report = site.build(yes=yes, max_cost=100.0)
    except BudgetError:
        pass
    else:
        assert report.failed
    assert server.calls == []


# --- keys and trust ---


def refused(site: Site) -> str:
    """What a build says that is refused before anything leaves."""
    with pytest.raises(UsageError) as failure:
        site.build()
    return "; ".join(problem.message for problem in failure.value.problems)


def test_a_missing_key_is_told_before_any_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    del site.environ["OPENAI_API_KEY"]
    assert refused(site) == "`OPENAI_API_KEY` is not set"
    assert server.calls == []


def test_one_provider_without_its_key_stops_the_others_too(server: ImagesServer, tmp_path: Path) -> None:
    relay = f'[provider.relay]\nkind = "images-api"\nbase_url = "{server.url}"\napi_key_env = "RELAY_KEY"\n'
    other = ONE.replace("hero", "ship").replace("lighthouse", "ship") + 'provider = "relay"\n'
    site = make_site(tmp_path, server, relay + ONE + other)
    site.environ["ASSETFORGE_TRUST"] = f"{server.origin}=RELAY_KEY"
    assert refused(site) == "`RELAY_KEY` is not set"
    assert server.calls == []


def test_a_manifest_cannot_send_prompts_to_an_origin_that_is_not_trusted(
    server: ImagesServer, tmp_path: Path
) -> None:
    with ImagesServer() as stranger:
        table = f'[provider.relay]\nkind = "images-api"\nbase_url = "{stranger.url}"\n'
        site = make_site(tmp_path, server, table + ONE + 'provider = "relay"\n')
        assert refused(site) == f"`{stranger.origin}` is not trusted"
        assert stranger.calls == []
    assert server.calls == []


def test_a_manifest_cannot_send_another_key_to_a_trusted_origin(server: ImagesServer, tmp_path: Path) -> None:
    table = '[provider.openai]\napi_key_env = "GITHUB_TOKEN"\n'
    site = make_site(tmp_path, server, table + ONE)
    site.environ["GITHUB_TOKEN"] = "ghp_secret"
    told = refused(site)
    assert "GITHUB_TOKEN" in told
    assert "ghp_secret" not in told
    assert server.calls == []


def test_a_manifest_cannot_move_the_provider_of_the_environment(server: ImagesServer, tmp_path: Path) -> None:
    """OPENAI_BASE_URL is the user's own word, and wins."""
    with ImagesServer() as stranger:
        site = make_site(tmp_path, server, f'[provider.openai]\nbase_url = "{stranger.url}"\n' + ONE)
        site.build()
        assert stranger.calls == []
    assert len(server.calls) == 1


def test_a_mistake_anywhere_in_the_manifest_is_told_before_any_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(
        tmp_path, server, ONE + ONE.replace("hero", "z").replace("1024x640", "8000x10").replace("A", "B")
    )
    site.edit("8000x10", '9000x9000"\nrequest_size = "17x17')
    with pytest.raises(AssetforgeError, match="17x17"):
        site.build()
    assert server.calls == []


def test_once_the_money_is_gone_no_more_calls_leave(server: ImagesServer, tmp_path: Path) -> None:
    server.script(status=429, code="insufficient_quota")
    site = make_site(tmp_path, server, FIVE + "[provider.openai]\nconcurrency = 1\n")
    assert site.build().failed
    assert len(server.calls) == 1


def test_a_call_that_may_have_been_billed_is_not_asked_again_by_itself(server: ImagesServer, tmp_path: Path) -> None:
    server.script(drop="after", times=2)
    site = make_site(tmp_path, server)
    for calls in (1, 2):
        report = site.build()
        assert len(server.calls) == calls
        assert "it may have been billed" in report.failed[0].problem.message
    assert site.build().calls == 1
