"""How much runs at once: fewer after it was too much, and slowly more again."""

import asyncio
import time

import pytest

from assetforge.run.limits import Arrivals, Lane


def test_it_was_too_much_is_told_once_by_all_that_ran_then() -> None:
    lane = Lane(64)
    began = time.monotonic()
    for _ in range(6):
        lane.slow_down(since=began)
    assert lane.limit == 32
    lane.slow_down(since=time.monotonic())
    assert lane.limit == 16


def test_it_never_stops_altogether() -> None:
    lane = Lane(2)
    for _ in range(5):
        lane.slow_down(since=time.monotonic())
    assert lane.limit == 1


def test_as_many_good_ends_as_run_at_once_make_room_for_one_more() -> None:
    lane = Lane(4)
    lane.slow_down(since=time.monotonic())
    assert lane.limit == 2
    lane.speed_up()
    assert lane.limit == 2
    lane.speed_up()
    assert lane.limit == 3
    for _ in range(100):
        lane.speed_up()
    assert lane.limit == 4


def test_a_lane_runs_no_more_than_its_limit_and_all_in_the_end() -> None:
    together = most = done = 0

    async def work() -> None:
        nonlocal together, most, done
        together += 1
        most = max(most, together)
        await asyncio.sleep(0)
        together, done = together - 1, done + 1

    async def run() -> None:
        lane = Lane(3)
        for _ in range(20):
            lane.add(work)
        while lane.running:
            await asyncio.wait(lane.running)
            await asyncio.sleep(0)

    asyncio.run(run())
    assert (most, done) == (3, 20)


def test_storing_gives_way_while_an_answer_comes_in() -> None:
    async def run() -> list[str]:
        arrivals, told = Arrivals(), []

        async def store() -> None:
            await arrivals.give_way()
            told.append("stored")

        with arrivals.one():
            storing = asyncio.create_task(store())
            await asyncio.sleep(0.1)
            told.append("arrived")
        await storing
        return told

    assert asyncio.run(run()) == ["arrived", "stored"]


def test_an_answer_that_never_ends_holds_nothing_up_for_long() -> None:
    async def run() -> bool:
        arrivals = Arrivals()
        with arrivals.one():
            storing = asyncio.create_task(arrivals.give_way())
            done, _ = await asyncio.wait([storing], timeout=20)
            return storing in done

    assert asyncio.run(run())


def test_nothing_waits_where_nothing_comes_in() -> None:
    """Returns without waking the loop even once."""
    with pytest.raises(StopIteration):
        Arrivals().give_way().send(None)
