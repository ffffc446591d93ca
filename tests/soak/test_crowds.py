"""Promise 1, nothing is paid for twice, by force: eight builds at once on one store, also where some of them die."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.site import Site, make_site
from tests.soak.crowds import agree, build_at_once, build_with_deaths, write_crowd

pytestmark = pytest.mark.soak

BUILDS, PICTURES, LATENCY = 8, 24, 0.2
DEATHS, TURNS, WITHIN = 2, 12, 1.5


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer(latency=LATENCY) as running:
        yield running


def worktrees(tmp_path: Path, server: ImagesServer) -> list[Site]:
    """As many folders as builds, one store."""
    first = make_site(tmp_path, server)
    return [first, *(first.clone(f"worktree {number}", store=True) for number in range(1, BUILDS))]


def one_folder(tmp_path: Path, server: ImagesServer) -> list[Site]:
    return [make_site(tmp_path, server)] * BUILDS


@pytest.mark.parametrize("place", [worktrees, one_folder])
def test_eight_builds_at_once_pay_for_each_picture_once(place, server: ImagesServer, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    sites = place(tmp_path, server)
    write_crowd(sites, 0, PICTURES)
    began = time.monotonic()
    build_at_once(sites)
    took = time.monotonic() - began
    account = agree(sites, server)
    assert account.calls == account.paid == account.kept == PICTURES
    assert account.said == 0
    print(f"\n{BUILDS} builds at once, {place.__name__}: {account.calls} calls, {account.paid} paid, {took:.1f} s")


@pytest.mark.parametrize("place", [worktrees, one_folder])
def test_where_two_of_eight_die_the_others_pay_for_nothing_that_had_arrived(  # type: ignore[no-untyped-def]
    place, server: ImagesServer, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SOAK_SEED", "2026"))
    chance, sites, began = random.Random(seed), place(tmp_path, server), time.monotonic()
    for turn in range(TURNS):
        write_crowd(sites, turn, PICTURES)
        build_with_deaths(sites, server, chance, deaths=DEATHS, within=WITHIN)
        account = agree(sites, server)
        assert account.kept == (turn + 1) * PICTURES
        assert account.paid == account.kept + account.unheard
    print(
        f"\n{TURNS} x {BUILDS} builds at once, {DEATHS} killed each time (seed {seed}), {place.__name__}: "
        f"{account.calls} calls, {account.paid} paid, {account.kept} kept, {account.unheard} never heard of, "
        f"{account.said} said to be maybe billed, {time.monotonic() - began:.0f} s"
    )
