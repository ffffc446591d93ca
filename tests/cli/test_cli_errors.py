"""Problems have one shape: a fact, a place, the line, what to do; readable in any terminal, by any program."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.cli.bug import without_secrets
from assetforge.report.excerpt import WIDTH, columns, excerpt, harmless
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer

BROKEN = """\
[asset.hero]
prompt = "A lighthouse"
output = "hero.png"

[asset.hero-night]
source = "@heroo"
output = "night.png"
steps = [{ op = "resize", widht = 300 }]
"""


def test_all_problems_are_told_with_place_line_cause_and_next_step(project: Builder) -> None:
    told = project.write({"assets.toml": BROKEN}).run("plan")
    assert told.out == ""
    assert told.err == (
        "error: `hero-night` refers to `@heroo`, which does not exist\n"
        "  assets.toml:6:10\n"
        '   6 | source = "@heroo"\n'
        "     |          ^^^^^^^^\n"
        "hint: did you mean `@hero`?\n"
        "\n"
        "error: step `resize` has no key `widht`\n"
        "  assets.toml:8:27\n"
        '   8 | steps = [{ op = "resize", widht = 300 }]\n'
        "     |                           ^^^^^\n"
        "hint: did you mean `width`?\n"
    )


def test_paths_start_from_the_current_folder(project: Builder) -> None:
    project.write({"assets.toml": BROKEN, "a/b/c": ""})
    assert "  ../../assets.toml:6:10\n" in project.call("plan", cwd="a/b").err
    assert "  assets.toml:6:10\n" in project.call("-C", "a/b", "plan").err


def test_problems_as_an_object_with_the_same_exit_code(project: Builder) -> None:
    told = project.write({"assets.toml": BROKEN}).call("plan", "--json")
    assert told.code == 2
    assert told.err == ""
    assert told.object["schema"] == 1
    assert told.object["command"] == "plan"
    assert told.object["errors"][0] == {
        "message": "`hero-night` refers to `@heroo`, which does not exist",
        "file": "assets.toml",
        "line": 6,
        "column": 10,
        "hint": "did you mean `@hero`?",
    }


def test_a_wrong_command_line_is_told_in_our_words(project: Builder) -> None:
    project.write({"assets.toml": HERO})
    for arguments, told in (
        (("check", "foo"), "`assetforge check` takes no `foo`"),
        (("plan", "--profile"), "`--profile` needs a value"),
        (("explain",), "`assetforge explain` needs ASSET"),
    ):
        assert project.call(*arguments).err.splitlines()[0] == f"error: {told}"


def test_all_mistakes_of_the_users_settings_are_told_with_their_places(project: Builder) -> None:
    file = project.home / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text('confirm_us = 1\nmax_usd_per_build = "5"\n', "utf-8")
    told = project.write({"assets.toml": HERO}).call("plan")
    assert told.code == 2
    assert told.err == (
        "error: your settings file has no key `confirm_us`\n"
        f"  {file}:1:1\n"
        "   1 | confirm_us = 1\n"
        "     | ^^^^^^^^^^\n"
        "hint: did you mean `confirm_usd`?\n"
        "\n"
        'error: `max_usd_per_build` of your settings file must be a number, not `"5"`\n'
        f"  {file}:2:21\n"
        '   2 | max_usd_per_build = "5"\n'
        "     |                     ^^^\n"
    )


def test_a_refusal_lists_what_is_missing_and_says_what_to_do(project: Builder) -> None:
    project.write({"assets.toml": HERO})
    told = project.call("build", "--locked")
    listed = "hero:generate: the lock does not have it; to buy for $0.0530\nhero.png: waits for `hero:generate`\n"
    assert (told.code, told.out) == (3, listed)
    assert "error: there is no `assets.lock`: 1 picture would have to be bought for $0.0530\n" in told.err
    assert "hint: run `assetforge build` where it may buy, and commit `assets.lock`\n" in told.err
    whole = project.call("build", "--locked", "--json").object
    assert [one["subject"] for one in whole["missing"]] == ["hero:generate", "hero.png"]
    assert "\n" not in whole["errors"][0]["message"]
    (one,) = project.call("build", "--on-miss", "fail", "--json").object["missing"]
    assert (one["subject"], one["buys"], round(one["price"], 4)) == ("hero:generate", "yes", 0.0529)


def test_a_wrong_command_line_is_an_object_too(project: Builder) -> None:
    for arguments in (("--json", "biuld"), ("build", "--json", "--drfat"), ("plan", "--json")):
        told = project.call(*arguments)
        assert told.code == 2
        assert told.object["errors"][0]["message"]


def test_annotations_in_github_actions(project: Builder) -> None:
    manifest = '[asset."50%"]\nprompt = "x"\n' + BROKEN
    told = project.write({"here/assets.toml": manifest}).call(
        "plan", cwd="here", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(project.root)
    )
    lines = told.out.splitlines()
    assert all(line.startswith("::error file=here/assets.toml,line=") for line in lines)
    assert "50%25" in lines[0]
    assert any(line.endswith("which does not exist%0Ahint: did you mean `@hero`?") for line in lines)


def test_no_annotations_beside_an_object(project: Builder) -> None:
    told = project.write({"assets.toml": BROKEN}).call("plan", "--json", GITHUB_ACTIONS="true")
    assert told.object["errors"]


def test_tables_for_the_summary_of_a_github_step(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "summary.md": "before\n"})
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.root / "summary.md")}
    assert project.call("plan", **env).code == 0
    assert project.call("build", **env).code == 0
    text = project.text("summary.md")
    assert text.startswith("before\n")
    assert "### assetforge plan" in text
    assert "| buy | hero | not made yet | $0.00 |" in text
    assert "| made | 1 |" in text


def test_check_and_a_wrong_manifest_have_tables_too(project: Builder) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.root / "summary.md")}
    told = project.write({"assets.toml": DRAFTS + HERO}).call("check", **env)
    assert "::error file=assets.toml,line=4,col=8::hero:generate: the lock does not have it; hero.png: " in told.out
    assert project.write({"assets.toml": BROKEN}).call("plan", **env).code == 2
    text = project.text("summary.md")
    assert "### assetforge check" in text
    assert "| hero.png | waits for `hero:generate` |" in text
    assert "| assets.toml:6 | `hero-night` refers to `@heroo`, which does not exist | did you mean `@hero`? |" in text


@pytest.mark.parametrize("name", ["GITHUB_STEP_SUMMARY"])
def test_a_summary_that_cannot_be_written_is_no_failure(project: Builder, name: str) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    assert project.call("build", GITHUB_ACTIONS="true", **{name: "/nowhere/at/all"}).code == 0


def test_a_strangers_text_cannot_steer_the_terminal(project: Builder) -> None:
    """Prompts, names and messages are shown, never obeyed; in JSON they are the same text."""
    evil = "\\u001b]0;owned\\u0007\\u009b31m\\u202e\\u2066"
    manifest = f'[asset.hero]\nprompt = "{evil}"\nalt = "{evil}"\nmatrix.x = ["{evil}"]\noutput = "hero.png"\n'
    project.write({"assets.toml": manifest})
    for arguments in (
        ("explain", "hero"),
        ("plan",),
        ("list",),
        ("graph",),
        ("plan", "--json"),
        ("explain", "hero*x"),
    ):
        told = project.call(*arguments)
        text = told.out + told.err
        assert not any(unicodedata.category(letter) == "Cc" and letter != "\n" for letter in text), arguments
        assert not {"\u202e", "\u2066"} & set(text)
    told = project.call("explain", "hero", "--json")
    assert told.object["parts"][0]["prompt"] == evil.encode().decode("unicode_escape")


def test_no_escape_codes_where_there_is_no_terminal(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    for arguments in (("plan",), ("build",), ("list",), ("explain", "hero"), ("check",)):
        told = project.run(*arguments)
        assert told.code == 0
        assert "\x1b" not in told.out + told.err
        assert "\r" not in told.out + told.err


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_any_text_can_be_printed_in_any_encoding(project: Builder, encoding: str) -> None:
    project.write({"assets.toml": '[asset.hero]\nprompt = "灯台 {{ x }}"\n'})
    told = project.run("plan", PYTHONIOENCODING=encoding)
    assert told.code == 2
    assert "灯台" in told.err or "\\u706f" in told.err


# --- the line and its carets ------------------------------------------------------------------------------------


def test_carets_stand_under_what_is_meant() -> None:
    assert excerpt('source = "@heroo"', 10, 8) == ('source = "@heroo"', "         ^^^^^^^^")
    assert excerpt("\tx = 1", 2, 1) == ("    x = 1", "    ^")
    assert excerpt('x = "灯台" y', 10, 1) == ('x = "灯台" y', " " * 11 + "^")
    assert excerpt('x = "灯台"', 6, 2)[1] == "     ^^^^"
    assert excerpt("e\u0301 x", 4, 1)[1] == "  ^"
    assert excerpt("abc", 4, 1) == ("abc", "   ^")
    assert excerpt("", 1, 1) == ("", "^")


@given(
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=400),
    st.integers(1, 400),
    st.integers(1, 400),
)
def test_a_line_is_cut_around_the_carets(line: str, column: int, length: int) -> None:
    """Whatever the line: it is narrow, harmless, and the carets stand below a part of it, if only its end."""
    shown, carets = excerpt(line, column, length)
    assert columns(shown) <= WIDTH + 2
    assert harmless(shown) == shown
    assert set(carets) <= {" ", "^"}
    assert carets.count("^") >= 1
    assert len(carets) <= columns(shown) + 1
    assert "^ " not in carets


@given(st.integers(0, 300), st.text("ab", min_size=1, max_size=20))
def test_the_marked_text_is_what_was_meant(before: int, word: str) -> None:
    line = "." * before + word + "." * 300
    shown, carets = excerpt(line, before + 1, len(word))
    start = carets.index("^")
    assert shown[start : start + carets.count("^")] == word


# --- secrets -----------------------------------------------------------------------------------------------------


def test_reports_hold_no_value_that_may_be_a_key() -> None:
    environ = {"OPENAI_API_KEY": "sk-abc/def", "RELAY": "0123456789abcdef", "TERM": "xterm", "PATH": "/usr/bin:/bin"}
    told = without_secrets("Bearer sk-abc/def 0123456789abcdef xterm /usr/bin:/bin", environ)
    assert told == "Bearer $OPENAI_API_KEY $RELAY xterm /usr/bin:/bin"


def test_a_store_that_can_not_keep_records_is_refused_before_anything_is_paid_for(
    shop: Builder, images: ImagesServer, tmp_path: Path
) -> None:
    shop.write({"assets.toml": HERO})
    told = shop.run("build", "--yes", ASSETFORGE_CACHE_DIR=str(tmp_path / "$HOME" / "store"))
    assert told.code == 2
    assert "holds the name of a variable" in told.err
    assert images.calls == []
