"""Machines with stores of their own that share a remote: they build one project at once, are killed, and begin
again.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence

from tests.images_server import ImagesServer
from tests.promises.processes import finish, kill, wait_until
from tests.promises.site import Site
from tests.soak.accounts import entries_of
from tests.soak.crowds import PATIENCE


def machines_of(first: Site, count: int) -> list[Site]:
    """So many machines with the same files, each with an empty store."""
    return [first, *(first.clone(f"machine {number}") for number in range(1, count))]


def build_until_done(
    sites: Sequence[Site], server: ImagesServer, chance: random.Random, *, deaths: int, every: float
) -> None:
    """Builds on all machines at once; so many times one of them is killed at random and begins again at once."""
    children = [site.start() for site in sites]
    wait_until(lambda: len(server.calls) > 0)
    for _ in range(deaths):
        time.sleep(chance.uniform(0, 2 * every))
        at_work = [number for number, child in enumerate(children) if child.poll() is None]
        if not at_work:
            break
        number = chance.choice(at_work)
        kill(children[number])
        children[number] = sites[number].start()
    for child in children:
        finish(child, PATIENCE)


def check_paid_once(sites: Sequence[Site], server: ImagesServer) -> tuple[int, int]:
    """Every picture was asked for once, and once more for each time that a machine said of it that it may have been
    billed. Gives the calls, and how many were said to be that."""
    wait_until(lambda: all(call.ended for call in server.calls))
    calls = Counter(call.fields["prompt"] for call in server.calls if call.images)
    said: Counter[str] = Counter()
    for site in sites:
        for entry in entries_of(site):
            if entry.event == "unanswered":
                said[prompt_of(entry.step)] += 1
    for prompt, times in calls.items():
        assert times <= 1 + said[prompt], f"`{prompt}` was paid for {times} times"
    return sum(calls.values()), sum(said.values())


def prompt_of(step: str) -> str:
    """The prompt of a step of the crowd: `icon[item=i3]:generate` asks for `i3 0`."""
    return f"{step.partition('=')[2].partition(']')[0]} 0"


def agree(sites: Sequence[Site]) -> None:
    """All machines have the same files, and none of them has anything left to do."""
    for site in sites:
        report = site.build()
        assert (report.calls, report.failed) == (0, ())
        assert site.files() == sites[0].files()
