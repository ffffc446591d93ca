"""A watch ends when somebody wants it to: at once where it waits, else when the calls under way are kept."""

import signal
import time

import pytest

from tests.builder import Builder
from tests.images_server import ImagesServer
from tests.promises.processes import wait_until
from tests.watch.projects import LOCAL, TWO, write_one
from tests.watch.test_buying import HERO, LIVE
from tests.watch.watching import watching

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_watch_that_waits_ends_at_once(project: Builder, number: signal.Signals) -> None:
    write_one(project, LOCAL)
    with watching(project) as watch:
        watch.round()
        assert watch.end(number) == 130
    assert "stopping" not in watch.err


@pytest.mark.parametrize("number", SIGNALS)
def test_a_call_under_way_is_finished_and_kept(shop: Builder, images: ImagesServer, number: signal.Signals) -> None:
    write_one(shop, TWO)
    images.latency = 1.0
    with watching(shop, *LIVE) as watch:
        wait_until(lambda: len(images.calls) == 1)
        assert watch.end(number) == 130
        assert "calls under way are finished and kept" in watch.err
    assert [call.status for call in images.calls] == [200]
    images.latency = 0
    assert shop.call("build", "--yes").code == 0
    assert len(images.calls) == 2


def test_a_second_signal_ends_it_at_once(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, HERO)
    images.latency = 30.0
    with watching(shop, *LIVE) as watch:
        wait_until(lambda: len(images.calls) == 1)
        began = time.monotonic()
        watch.process.send_signal(signal.SIGINT)
        watch.until_said("once more to stop at once")
        assert watch.end() == 130
        assert time.monotonic() - began < 20
        assert "may have been billed" in watch.err
    images.latency = 0


def test_a_signal_before_the_first_round_ends_it(project: Builder) -> None:
    write_one(project, LOCAL)
    for moment in (0.05, 0.2, 0.4):
        process = project.start("watch")
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode in {130, -signal.SIGINT}
        if process.returncode == 130:
            assert "Traceback" not in err


def test_a_signal_between_a_save_and_its_round_ends_it(project: Builder) -> None:
    write_one(project, LOCAL)
    with watching(project) as watch:
        watch.round()
        project.write({"assets.toml": LOCAL.replace("8", "9")})
        assert watch.end() == 130
