"""What a page hears of a build while it goes on, and what of one that is over."""

from pathlib import Path

from assetforge.config import load_settings
from assetforge.errors import Problem
from assetforge.events import Awaited, WaitEnded, Warned
from assetforge.live.showing import Showing
from assetforge.model import Report
from assetforge.paths import Root
from assetforge.project import Project
from assetforge.watch.loop import Outcome
from tests.live.running import Running


def test_who_is_waited_for_is_said_and_every_warning_of_a_round_once(tmp_path: Path) -> None:
    project = Project(Root(str(tmp_path)), "assets.toml", load_settings({}), {})
    with Running(tmp_path) as running, running.listening() as stream:
        board = running.board
        showing = running.do(lambda: Showing(board, None, board.teller, running.faults.append))
        hear = running.do(lambda: showing.begin(project))
        running.do(lambda: hear(Awaited("hero:generate")))
        assert stream.until("round")["state"] == "building"
        while (last := stream.until("progress")["last"]) == "":
            pass
        assert last == "another machine buys `hero:generate`"
        running.do(lambda: hear(WaitEnded("hero:generate")))
        running.do(lambda: hear(Warned(Problem("a call may have been billed"))))
        report = Report(warnings=(Problem("a call may have been billed"), Problem("it is large")))
        running.do(lambda: showing.end(Outcome(project, report)))
        told = stream.until("round")
        assert [one["message"] for one in told["warnings"]] == ["a call may have been billed", "it is large"]
        running.do(showing.forget)
        assert running.get("/").json()["cards"] == []
    assert running.faults == []
