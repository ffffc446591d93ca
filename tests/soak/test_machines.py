"""Promise 1 between machines, by force: six that share a remote, killed and begun again at random."""

import os
import random
import time
from pathlib import Path

import pytest

from assetforge.store.leases import DEAD_SECONDS
from tests.images_server import ImagesServer
from tests.object_store import object_store
from tests.promises.processes import finish, kill, wait_until
from tests.promises.site import MANIFEST, make_site
from tests.soak.crowds import PATIENCE, write_crowd
from tests.soak.machines import agree, build_until_done, check_paid_once, machines_of

pytestmark = pytest.mark.soak

MACHINES, PICTURES, LATENCY, DEATHS, EVERY = 6, 40, 1.0, 25, 1.0


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_six_machines_pay_once_for_each_of_forty_pictures(kind: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("SOAK_SEED", "2026"))
    chance, began = random.Random(seed), time.monotonic()
    with ImagesServer(latency=LATENCY) as server, object_store() as objects:
        first = make_site(tmp_path, server)
        first.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote") if kind == "folder" else objects.url
        first.environ |= objects.environ
        sites = machines_of(first, MACHINES)
        write_crowd(sites, 0, PICTURES)
        build_until_done(sites, server, chance, deaths=DEATHS, every=EVERY)
        calls, said = check_paid_once(sites, server)
        os.environ |= objects.environ
        agree(sites)
    print(
        f"\n{MACHINES} machines, {PICTURES} pictures, {DEATHS} deaths (seed {seed}), {kind}: {calls} calls, "
        f"{said} said to be maybe billed, {time.monotonic() - began:.0f} s"
    )
    assert calls <= PICTURES + said


def test_a_machine_that_dies_for_good_is_taken_over_from_and_its_call_is_booked(tmp_path: Path) -> None:
    with ImagesServer(latency=5.0) as server:
        first = make_site(tmp_path, server)
        first.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
        second = first.clone("second")
        dying = first.start()
        wait_until(lambda: len(server.calls) == 1)
        began = time.monotonic()
        kill(dying)
        said = finish(second.start(), PATIENCE)
        took = time.monotonic() - began
    assert "gave no sign of life any more: its call may have been billed" in said
    assert len(server.calls) == 2
    print(f"\na dead machine's picture was made by another after {took:.0f} s")
    assert took >= DEAD_SECONDS


def test_a_slow_remote_and_many_calls_under_way_make_no_machine_seem_dead(tmp_path: Path) -> None:
    with ImagesServer(latency=DEAD_SECONDS + 40) as server, object_store() as objects:
        first = make_site(tmp_path, server)
        first.environ |= {"ASSETFORGE_REMOTE": objects.url, **objects.environ}
        sites = machines_of(first, 2)
        write_crowd(sites, 0, PICTURES)
        for site in sites:
            site.write(MANIFEST, site.read(MANIFEST) + f"\n[provider.openai]\nconcurrency = {PICTURES}\n".encode())
        objects.delay = 3.0
        began = time.monotonic()
        said = [finish(child, 600) for child in [site.start() for site in sites]]
        took = time.monotonic() - began
    print(f"\ntwo machines, {PICTURES} calls under way, 3 s for a request: {len(server.calls)} calls, {took:.0f} s")
    assert len(server.calls) == PICTURES
    assert not any("gave no sign of life" in each or "can't hold leases" in each for each in said)


def test_a_remote_that_takes_half_a_minute_for_each_answer_holds_a_build_up_for_a_bounded_time(
    tmp_path: Path,
) -> None:
    with ImagesServer() as server, object_store() as objects:
        site = make_site(tmp_path, server)
        site.environ |= {"ASSETFORGE_REMOTE": objects.url, **objects.environ}
        write_crowd([site], 0, 12)
        objects.delay = 30.0
        began = time.monotonic()
        said = finish(site.start(), 400)
        took = time.monotonic() - began
    assert len(server.calls) == 12
    assert sum("the remote `" in line for line in said.splitlines()) == 3
    print(f"\na build of 12 pictures with a remote that answers after 30 s took {took:.0f} s")
    assert took < 240
