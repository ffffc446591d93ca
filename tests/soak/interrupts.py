"""Builds that are told to stop, once or twice, at random instants with calls under way."""

import random
import signal
import time

from tests.images_server import ImagesServer
from tests.promises.processes import wait_until
from tests.promises.site import Site
from tests.soak.accounts import check_outputs, entries_of, left_behind, settle
from tests.soak.command import build, end, start
from tests.soak.crashes import LATENCY, PICTURES, QUICK, Figures, check_left, check_said, write_turn

STOPPING = "stopping: calls under way are finished and kept; once more to stop at once"
# Once Ctrl-C, once SIGTERM, twice Ctrl-C.
WAYS: tuple[tuple[signal.Signals, ...], ...] = ((signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT,) * 2)
# Calls are under way from the first on for this long.
SPAN, BETWEEN = 0.5, 0.12


def interrupted_chapter(
    site: Site, server: ImagesServer, chance: random.Random, figures: Figures, times: int
) -> None:
    """So many builds are interrupted, in each way in turn, then the books of their store."""
    for turn in range(times):
        write_turn(site, turn)
        _interrupt(site, server, chance, figures, WAYS[turn % len(WAYS)])
    wait_until(lambda: all(call.ended for call in server.calls))
    account = settle(site, server)
    assert account.kept == times * PICTURES
    assert account.paid == account.kept + account.unheard
    figures.add(account)


def _interrupt(
    site: Site, server: ImagesServer, chance: random.Random, figures: Figures, signals: tuple[signal.Signals, ...]
) -> None:
    """A build with calls under way is stopped, and the next one goes on from there."""
    server.latency = LATENCY
    before, paid = len(server.calls), len(entries_of(site))
    child = start(site)
    wait_until(lambda: any(call.prompt for call in server.calls[before:]))
    time.sleep(chance.uniform(0, SPAN))
    for number in signals:
        child.send_signal(number)
        time.sleep(chance.uniform(0, BETWEEN) if len(signals) > 1 else 0)
    told = end(child)
    assert told.code == 130, told.text
    assert STOPPING in told.text
    left = {one.call: one for one in left_behind(site)}
    if len(signals) == 1:
        assert left == {}
        assert all(call.ended for call in server.calls)
        assert "unanswered" not in {entry.event for entry in entries_of(site)[paid:]}
    figures.kills += 1
    figures.phases.update(one.phase for one in left.values())
    figures.phases[f"({'twice' if len(signals) > 1 else 'once'} {signals[0].name})"] += 1
    server.latency = QUICK
    told = build(site)
    assert told.code == 0, told.text
    check_left(site, left)
    check_said(told.text, left.values())
    check_outputs(site)
    figures.builds += 1
