"""What a page tells has no folder of this machine in it, and is otherwise what was to be told."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import Problem, Where
from assetforge.gallery.cards import Candidate, Card, File, Stage, card_object
from assetforge.live.answer import Teller
from assetforge.live.cards import told_card
from assetforge.paths import Root


def teller(root: str | Path) -> Teller:
    return Teller(Root(str(root)), lambda: None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`{root}/art/hero.png` is gone", "`art/hero.png` is gone"),
        ("{root} is no folder", ". is no folder"),
        ("{root}, {root}/a and {root}b", "., a and …/gameb"),
        ("in ~: `{home}/store/x` and {home}", "in ~: `~/store/x` and ~"),
        ("`/mnt/disk/store` is full", "`…/store` is full"),
        ("file:///mnt/disk/store is full", "file://…/store is full"),
        (
            "see https://example.com/a/b/c, or s3://bucket/a/b/c",
            "see https://example.com/a/b/c, or s3://bucket/a/b/c",
        ),
        ("a/b/c and ./a/b and ../a/b and and/or", "a/b/c and ./a/b and ../a/b and and/or"),
    ],
)
def test_folders_of_this_machine_are_left_out(text: str, told: str) -> None:
    root, home = "/srv/users/ada/game", os.path.expanduser("~")
    assert teller(root).line(text.format(root=root, home=home)) == told


names = st.text("abc-_. ", min_size=1, max_size=6).filter(lambda name: name.strip(" .") != "")


@given(names, names, st.sampled_from(["", " ", "`", "(", ": ", "=", '"']))
def test_no_message_tells_where_the_project_is(folder: str, file: str, before: str) -> None:
    root = f"/srv/users/{folder}/game"
    for path in (f"{root}/{file}", root):
        assert "/srv" not in teller(root).line(f"can't read {before}{path}")


def test_a_root_that_a_link_leads_to_is_known_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for folder in (tmp_path, tmp_path / "link"):
        assert teller(tmp_path / "link").line(f"{folder}/a.png is gone") == "a.png is gone"


def test_the_root_may_be_all(tmp_path: Path) -> None:
    assert teller("/").line("`/srv/users/ada` is gone") == "`…/ada` is gone"


def test_a_problem_of_the_users_settings_has_its_place(tmp_path: Path) -> None:
    settings = Path(os.path.expanduser("~"), "settings", "config.toml")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('confirm_usd = "lots"\n')
    (told,) = teller(tmp_path).problems([Problem("not a number", Where(str(settings), ("confirm_usd",)), "1.00")])
    assert told == {
        "message": "not a number", "hint": "1.00", "file": "~/settings/config.toml", "line": 1, "column": 15,
        "excerpt": 'confirm_usd = "lots"', "carets": " " * 14 + "^" * 6,
    }  # fmt: skip


def test_no_card_tells_where_anything_is_on_this_machine() -> None:
    path = "see `/srv/users/ada/game/x.png` and /srv/store/blob"
    candidate = Candidate(1, True, "missing", (path,), by=path)
    stage = Stage("hero:edit", "edit", "edit", (), None, "missing", (path,), candidates=(candidate,))
    prompt = replace(stage, prompt="in the style of /srv/users/ada/game", candidates=())
    card = Card(
        "hero", "hero", "stale", "buy", "assets.toml", 1, reasons=(path,), hint=path,
        files=(File("hero.png", "missing", (path,), None, (path,)),), stages=(stage, prompt),
    )  # fmt: skip
    told = told_card(card, teller("/srv/users/ada/game").line)
    assert json.dumps(card_object(told)).count("see `x.png` and \\u2026/blob") == 8
    assert told.stages[1].prompt == prompt.prompt
    plain = replace(card, reasons=("not made yet",), hint=None, files=(), stages=())
    assert told_card(plain, teller("/srv").line) is plain
