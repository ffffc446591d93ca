"""Promise 2, nothing is spent unasked: limits of money with fifty calls under way, by what the server has counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.site import AGAIN, Site, make_site

pytestmark = pytest.mark.slow

PICTURES, AT_ONCE = 60, 50
NAMES = ", ".join(f'"{number}"' for number in range(PICTURES))
MANY = f"""
[provider.openai]
concurrency = {AT_ONCE}

[asset.icon]
matrix.item = [{NAMES}]
prompt = "An icon {{{{ item }}}}"
size = "1024x640"
output = {{ path = "{{{{ item }}}}.png", width = 16 }}
"""


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer(latency=0.2) as running:
        yield running


def price(site: Site) -> float:
    """The most that one of the pictures can cost, in US dollars."""
    return max(item.price or 0.0 for item in site.plan().purchases)


def test_the_limit_of_a_build_holds_and_is_used_up(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY)
    most = 39.5 * price(site)
    report = site.build(max_cost=most)
    assert server.together > 30
    assert report.stopped == "budget"
    assert most - price(site) < server.total_cost <= most
    assert report.spent == pytest.approx(server.total_cost)
    assert site.build(max_cost=most).calls == PICTURES - report.calls


def test_the_limit_of_a_build_holds_where_calls_are_billed_and_never_answered(
    server: ImagesServer, tmp_path: Path
) -> None:
    server.script(drop="after", times=10)
    server.script(status=500, worked=True, headers=AGAIN, times=10)
    server.script(status=429, code="rate_limit_exceeded", headers=AGAIN, times=5)
    server.script(drop="within", times=5)
    site = make_site(tmp_path, server, MANY)
    most = 39.5 * price(site)
    report = site.build(max_cost=most)
    assert server.together > 30
    assert report.stopped == "budget"
    assert 30 * price(site) < server.total_cost <= most
    assert report.spent + report.doubtful <= most
    assert report.spent + report.doubtful >= server.total_cost - 1e-9


def test_the_limit_of_a_month_holds_for_two_builds_at_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, MANY.replace(f"concurrency = {AT_ONCE}", f"concurrency = {AT_ONCE // 2}"))
    other = site.clone("other", store=True)
    other.edit("An icon", "A sign")
    server.latency = 0.8
    most, each = 39.5 * price(site), price(site)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f"max_usd_per_month = {most}\n")
    children = [site.start(), other.start()]
    told = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [1, 1], told
    assert all("would pass this month's limit" in text for text in told)
    assert server.together > 10
    assert most - each < server.total_cost <= most
    assert all(build.build().calls == 0 for build in (site, other))
