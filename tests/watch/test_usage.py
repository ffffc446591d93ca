"""What can't be meant is refused before anything is watched."""

import pytest

from tests.builder import Builder
from tests.watch.projects import LOCAL, write_one
from tests.watch.watching import watching

WRONG = [
    (("--live",), "needs a limit"),
    (("--max-cost", "1"), "buys nothing"),
    (("--port", "8000"), "--port is for --serve"),
    (("--live", "--max-cost", "-1"), "--max-cost"),
    (("--exec", ""), "--exec needs a command"),
    (("-j", "0"), "-j"),
    (("--var", "x"), "--var"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_what_cannot_be_meant_is_refused(project: Builder, arguments: tuple[str, ...], words: str) -> None:
    told = write_one(project, LOCAL).call("watch", *arguments)
    assert told.code == 2
    assert words in told.err


def test_without_a_manifest_there_is_nothing_to_watch(project: Builder) -> None:
    told = project.call("watch")
    assert told.code == 2
    assert "no assets.toml found" in told.err


def test_a_selection_that_matches_nothing_is_told_of_and_waited_for(project: Builder) -> None:
    write_one(project, LOCAL)
    with watching(project, "other") as watch:
        found = watch.round()
        assert not found.built
        assert "other" in found.errors[0]
        project.write(
            {"assets.toml": LOCAL + LOCAL.replace("asset.local", "asset.other").replace("local.png", "o.png")}
        )
        assert watch.round().placed == ["o.png"]
