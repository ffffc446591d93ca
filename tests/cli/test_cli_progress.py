"""What a build says while it runs: plain lines in a pipe, a display on a terminal, and how it is stopped."""

import re
import signal
import time
from pathlib import Path

import pytest

from assetforge.cli.screen import APPEARS_AFTER
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.cli.terminal import Terminal
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
    assert re.match(r"2 made in \d+\.\d s\nmade      hero, other\nspent     \$0\.\d+ on 2 pictures\n", told.out)


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


def wait_for_a_call(images: ImagesServer) -> None:
    end = time.monotonic() + 20
    while not images.calls:
        assert time.monotonic() < end, "nobody called"
        time.sleep(0.02)


# --- on a terminal --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_terminal_gets_a_display_that_is_gone_at_the_end(shop: Builder, images: ImagesServer) -> None:
    images.latency = 0.7
    terminal = Terminal(shop.write({"assets.toml": TWO}), "build", "--max-cost", "3")
    lines = terminal.until_seen("1024x1024  hero:generate")
    assert re.fullmatch(r"─{30}  0/4   0:0\d  \$0\.00 of \$3\.00", lines[0])
    assert terminal.end() == 0
    assert "\x1b[?25l" in terminal.text
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
    got, rest = terminal.lines[:2], terminal.lines[2:]
    assert sorted(line.split(" in ")[0] for line in got) == ["got hero:generate", "got other:generate"]
    assert rest[0].startswith("2 made in ")
    assert rest[1] == "made      hero, other"
    assert rest[2].startswith("spent     $0.")
    assert len(rest) == 3


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 10), (20, 4), (9, 2)])
def test_a_small_terminal_scrolls_no_row_of_the_display_away(
    shop: Builder, images: ImagesServer, size: tuple[int, int]
) -> None:
    """What scrolls away can't be taken back, and would be there once for each time that it is drawn."""
    images.latency = 0.7
    named = HERO.replace("hero]", "hero]\nmatrix.theme = ['日本語の名前', 'dark', 'light', 'a', 'b', 'c', 'd', 'e']")
    named = named.replace("dawn", "dawn, {{ theme }}").replace("hero.png", "{{ theme }}.png")
    shop.write({"assets.toml": named})
    terminal = Terminal(shop, "build", "--max-cost", "3", size=size)
    terminal.until("0/1")
    assert " 0/1" in terminal.lines[0]
    assert terminal.end() == 0
    assert "spent" in terminal.text
    assert not any("/16" in line or "under way" in line for line in terminal.lines)


@pytest.mark.slow
def test_a_terminal_that_changes_its_size_gets_rows_that_fit(shop: Builder, images: ImagesServer) -> None:
    images.latency = 2.0
    terminal = Terminal(shop.write({"assets.toml": TWO}), "build", "--max-cost", "3", size=(100, 24))
    terminal.until_seen("hero:generate")
    terminal.resize((28, 12))
    lines = terminal.until_seen("hero:ge…")
    assert len(lines) == 3
    terminal.resize((90, 30))
    assert len(terminal.until_seen("hero:generate")) == 3
    assert terminal.end() == 0
    assert "of $3.00" not in "".join(terminal.lines)


@pytest.mark.slow
def test_a_terminal_of_few_signs_gets_a_plain_bar(shop: Builder, images: ImagesServer) -> None:
    images.latency = 0.7
    terminal = Terminal(
        shop.write({"assets.toml": TWO}), "build", "--max-cost", "3",
        LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", NO_COLOR="1",
    )  # fmt: skip
    terminal.until("------  0/4 ")
    assert terminal.end() == 0
    assert terminal.text.isascii()
    # The display moves the cursor, and colours nothing.
    assert not re.search(r"\x1b\[[0-9;]*m", terminal.text.replace("\x1b[0m", ""))


@pytest.mark.slow
def test_a_build_of_a_moment_shows_no_display(project: Builder) -> None:
    small = DRAFTS + HERO.replace("output", 'size = "64x64"\noutput')
    terminal = Terminal(project.write({"assets.toml": small}), "build", "--json")
    assert terminal.end() == 0
    took = re.search(r'"seconds": ([0-9.]+)', terminal.text)
    assert took is not None
    assert float(took[1]) >= APPEARS_AFTER or "\x1b[?25l" not in terminal.text


@pytest.mark.slow
def test_what_another_machine_buys_is_waited_for_in_sight(
    shop: Builder, images: ImagesServer, tmp_path: Path
) -> None:
    images.latency = 3.0
    shop.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    other = Builder(tmp_path / "elsewhere", tmp_path / "there", dict(shop.environ))
    other.home.mkdir()
    other.root.mkdir()
    for one in (shop, other):
        one.write({"assets.toml": HERO})
    with shop.start("build", "--yes") as process:
        wait_for_a_call(images)
        terminal = Terminal(other, "build", "--yes")
        terminal.until_seen("wait  another machine buys hero:generate")
        assert terminal.end() == 0
        process.communicate(timeout=20)
    assert "reused    1 picture from the remote" in terminal.lines
    assert len(images.calls) == 1


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_only_where_they_are_wanted(project: Builder, env: dict[str, str]) -> None:
    project.write({"assets.toml": "[asset.a]\n"})
    plain, coloured = Terminal(project, "plan", size=(80, 24), **env), Terminal(project, "plan")
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
    terminal.until("1024x1024  hero:generate")
    wait_for_a_call(images)
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("stopping: ")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
