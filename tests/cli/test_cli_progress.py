"""What a build says while it runs: plain lines in a pipe, a display on a terminal, and how it is stopped."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from assetforge.cli.progress import Count
from assetforge.errors import Problem
from assetforge.events import CallFailed, CallFinished, CallRetried, CallStarted, Placed, Planned
from assetforge.model import Report, Size
from assetforge.report.built import spent
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer

TWO = HERO + '[asset.other]\nprompt = "A tower"\noutput = "other.png"\n'


def test_a_pipe_gets_a_line_for_each_thing_that_ended(shop: Builder, images: ImagesServer) -> None:
    images.script(match="tower", status=429, code="rate_limit_exceeded", headers={"retry-after-ms": "1"})
    told = shop.write({"assets.toml": TWO}).call("build")
    assert told.code == 0
    lines = told.err.splitlines()
    assert "made hero.png" in lines
    assert any(re.fullmatch(r"got hero:generate in 0\.\d s, \$0\.05\d\d", line) for line in lines)
    assert any(line.startswith("asking for other:generate again in ") for line in lines)
    assert re.match(r"2 made in \d+\.\d s\n\$0\.\d+ spent on 2 pictures", told.out)


def test_quiet_says_nothing_but_errors(shop: Builder, images: ImagesServer) -> None:
    images.script(match="tower", status=400, code="moderation_blocked", message="no")
    told = shop.write({"assets.toml": TWO}).call("build", "-q")
    assert told.out == ""
    assert told.err.startswith("error: `other:generate`")
    assert shop.call("build", "-q", "--retry-refused").code == 0
    assert shop.call("build", "-q").out == ""


def test_an_object_is_all_there_is_on_standard_output(shop: Builder) -> None:
    told = shop.write({"assets.toml": TWO}).call("build", "--json").object
    assert told["made"] == ["hero", "other"]
    assert told["placed"] == [{"path": "hero.png", "how": "made"}, {"path": "other.png", "how": "made"}]
    assert told["calls"] == 2
    assert told["spent"] > 0


def test_candidates_are_named(shop: Builder) -> None:
    told = shop.write({"assets.toml": HERO.replace("output", "n = 2\noutput")}).call("build", "--yes")
    assert sorted(line.split(" in ")[0] for line in told.err.splitlines() if line.startswith("got ")) == [
        "got hero:generate",
        "got hero:generate#2",
    ]


def test_the_summary_tells_restored_from_made(shop: Builder) -> None:
    shop.write({"assets.toml": TWO}).call("build")
    shop.remove("hero.png").write({"assets.toml": TWO.replace("other.png", "tower.webp")})
    told = shop.call("build")
    assert "restored hero.png\n" in told.err
    assert told.out.startswith("1 restored, 1 made in ")
    shop.remove("hero.png")
    whole = shop.call("build", "--json").object
    assert (whole["made"], whole["restored"]) == ([], ["hero"])
    assert whole["placed"] == [{"path": "hero.png", "how": "restored"}]


@pytest.mark.parametrize(
    ("bought", "unknown", "told"),
    [
        (1, 0, "$0.05 spent on 1 picture"),
        (1, 1, "up to $0.05 spent on 1 picture, 1 call of unknown cost"),
        (3, 1, "up to $0.05 spent on 3 pictures, 1 call of unknown cost"),
        (0, 0, ""),
    ],
)
def test_a_call_of_unknown_cost_is_told(bought: int, unknown: int, told: str) -> None:
    amount = 0.05 if bought else 0.0
    said = spent(Report(bought=bought, unknown_costs=unknown, spent=amount))
    assert said == told.replace("$0.05 ", "$0.0500 ")


# --- the display ----------------------------------------------------------------------------------------------


def test_the_display_counts_calls_and_files() -> None:
    count = Count()
    count.hear(Planned(2, 1, 4, 5.0), 0.0)
    count.hear(CallStarted("a", "hero:generate", Size(1024, 1024), (1,)), 1.0)
    count.hear(CallStarted("b", "icon:generate", Size(512, 512), (1, 2)), 3.0)
    count.hear(CallRetried("b", "icon:generate", (1, 2), "429 slow down", 2.5), 4.0)
    assert count.lines(5.0) == [
        "0/7 done  $0.00 of $5.00",
        "         4.0 s  hero:generate 1024x1024",
        "         2.0 s  icon:generate#1,2 512x512  again in 1.5 s: 429 slow down",
    ]
    count.hear(CallFinished("a", "hero:generate", (1,), 0.25, 4.0), 5.0)
    count.hear(CallFinished("b", "icon:generate", (1, 2), None, 4.0), 6.0)
    count.hear(CallFailed("c", "x", (1,), Problem("no")), 6.0)
    count.hear(Placed("hero", "hero.png", "made"), 6.0)
    assert count.lines(7.0) == ["5/7 done  $0.25 of $5.00 and 1 of unknown cost"]


def test_the_display_stays_small() -> None:
    count = Count()
    for number in range(40):
        count.hear(CallStarted(str(number), f"a{number}", Size(1, 1), (1,)), 0.0)
    lines = count.lines(1.0)
    assert len(lines) == 12
    assert lines[-1] == "  and 30 more calls"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, project: Builder, *arguments: str, **env: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assetforge", *arguments],
            cwd=project.root, env=project.env(**{"TERM": "xterm-256color", **env}),
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    def until(self, words: str, seconds: float = 20.0) -> str:
        """Everything up to when these words were seen."""
        end = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < end:
            if not self._read(0.1):
                break
        assert words in self.text, self.text
        return self.text

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        """The exit code, once all was read; a command that never ends is killed, and so fails its test."""
        end = time.monotonic() + 20
        while self._read(0.5) and time.monotonic() < end:
            pass
        os.close(self.master)
        if self.process.poll() is None and time.monotonic() >= end:
            self.process.kill()
        return self.process.wait(20)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)


@pytest.mark.slow
def test_a_terminal_gets_a_display_that_is_gone_at_the_end(shop: Builder, images: ImagesServer) -> None:
    images.latency = 0.5
    terminal = Terminal(shop.write({"assets.toml": TWO}), "build", "--max-cost", "3")
    terminal.until("0/4 done  $0.00 of $3.00")
    terminal.until("hero:generate 1024x1024")
    assert terminal.end() == 0
    assert "\x1b[?25l" in terminal.text
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
    assert "2 made in " in terminal.text


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_only_where_they_are_wanted(project: Builder, env: dict[str, str]) -> None:
    project.write({"assets.toml": "[asset.a]\n"})
    plain, coloured = Terminal(project, "plan", **env), Terminal(project, "plan")
    without = Terminal(project, "plan", "--no-color")
    assert (plain.end(), coloured.end(), without.end()) == (2, 2, 2)
    assert "\x1b[" not in plain.text
    assert "\x1b[" not in without.text
    assert "\x1b[31m" in coloured.text


@pytest.mark.slow
def test_a_dumb_terminal_gets_plain_lines(project: Builder) -> None:
    terminal = Terminal(project.write({"assets.toml": DRAFTS + HERO}), "build", TERM="dumb")
    assert terminal.end() == 0
    assert "\x1b" not in terminal.text
    assert "made hero.png" in terminal.text


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code", "calls"), [("\n", 4, 0), ("n\n", 4, 0), ("\x03", 130, 0), ("y\n", 0, 2)])
def test_a_build_asks_on_a_terminal_and_no_is_the_default(
    shop: Builder, images: ImagesServer, answer: str, code: int, calls: int
) -> None:
    shop.write({"assets.toml": "[budget]\nconfirm_usd = 0.01\n" + TWO})
    terminal = Terminal(shop, "build")
    terminal.until("2 pictures would be bought, for at most $0.11. Go on? [y/N]")
    if answer == "\x03":
        # Python misses a signal between its last look and the start of reading; no hand is that quick.
        time.sleep(0.3)
        terminal.process.send_signal(signal.SIGINT)
    else:
        terminal.send(answer)
    assert terminal.end() == code
    assert len(images.calls) == calls
    assert ("nothing was bought" in terminal.text) == (code == 4)
    assert "error" not in terminal.text


def wait_for_a_call(images: ImagesServer) -> None:
    end = time.monotonic() + 20
    while not images.calls:
        assert time.monotonic() < end, "nobody called"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_keeps_what_is_under_way(
    shop: Builder, images: ImagesServer, number: signal.Signals
) -> None:
    """Nothing new is started, what was called is paid for and kept, and the next build goes on from there."""
    images.latency = 1.0
    shop.write({"assets.toml": "[provider.openai]\nconcurrency = 1\n" + TWO})
    with shop.start("build") as process:
        wait_for_a_call(images)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopping: calls under way are finished and kept" in err
    assert len(images.paid) == 1
    images.latency = 0
    assert shop.call("build").code == 0
    assert len(images.paid) == 2


@pytest.mark.slow
def test_the_second_signal_ends_it_at_once(shop: Builder, images: ImagesServer) -> None:
    images.latency = 5.0
    shop.write({"assets.toml": HERO})
    with shop.start("build") as process:
        wait_for_a_call(images)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("stopping: ")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - began < 2


@pytest.mark.slow
def test_the_terminal_is_set_right_even_then(shop: Builder, images: ImagesServer) -> None:
    images.latency = 5.0
    terminal = Terminal(shop.write({"assets.toml": HERO}), "build")
    terminal.until("hero:generate 1024x1024")
    wait_for_a_call(images)
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("stopping: ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
