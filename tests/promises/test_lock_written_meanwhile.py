"""Nothing is paid for twice, and nothing is lost, where the lock is written while a build runs: what others wrote
into it stays, beside what the build made.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.outputs.lock import lock_text, read_lock
from tests.images_server import ImagesServer
from tests.promises.processes import finish, wait_until
from tests.promises.site import LOCK, Site, make_site

TWO = """
[asset.two]
prompt = "A windmill"
size = "1024x640"
output = "two.png"
"""


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def merged_in(site: Site, other: Site) -> None:
    """What `git merge` would write while a build runs: the other side's lines beside ours."""
    ours, theirs = read_lock(str(site.folder / LOCK)).lines, read_lock(str(other.folder / LOCK)).lines
    site.write(LOCK, lock_text({**theirs, **ours}))


def test_lines_that_came_while_a_build_ran_are_not_dropped_and_nothing_is_bought_again(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    colleague = site.clone("colleague", store=True)
    colleague.edit("[asset.hero]", TWO + "[asset.hero]")
    colleague.build(select=("two",))
    server.latency = 2.0
    child = site.start()
    wait_until(lambda: len(server.calls) == 2)
    site.write(LOCK, '{"version": 1, "assets": {\n}}\n')
    merged_in(site, colleague)
    site.write("assets.toml", colleague.read("assets.toml"))
    finish(child)
    server.latency = 0.0
    assert set(site.lines) == {"hero", "two"}
    assert site.build().calls == 0
    assert len(server.calls) == 2


def test_a_build_that_ran_beside_says_nothing_of_what_it_did_not_see(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    before = json.loads(site.lock)["assets"]["hero"]
    site.edit("[asset.hero]", TWO + "[asset.hero]")
    server.latency = 2.0
    child = site.start()
    wait_until(lambda: len(server.calls) == 2)
    changed = json.loads(site.lock)
    changed["assets"]["hero"]["steps"]["generate"]["1"]["by"] = "accepted"
    site.write(LOCK, json.dumps(changed))
    finish(child)
    assert site.lines["hero"]["steps"]["generate"]["1"] == {**before["steps"]["generate"]["1"], "by": "accepted"}
    assert set(site.lines) == {"hero", "two"}


def test_what_is_lost_is_not_counted_as_reused(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    fresh = site.clone("fresh", without=("hero.png",))
    report = fresh.build()
    assert len(report.failed) == 1
    assert (dict(report.reused), report.saved) == ({}, 0.0)
