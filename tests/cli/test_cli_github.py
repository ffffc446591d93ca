"""In GitHub Actions the tool speaks GitHub's language: annotations, a summary, outputs; and nobody else speaks it."""

import itertools
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assetforge.cli.console import disarmed
from assetforge.cli.github import LONGEST, MOST_BYTES, MOST_ROWS, add_outputs, add_table, annotation
from assetforge.manifest.source import Place
from assetforge.report.excerpt import harmless
from assetforge.report.problems import Told
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer

# What the runner obeys (docs.github.com, "Workflow commands for GitHub Actions").
NAMES = (
    "error", "warning", "notice", "debug", "group", "endgroup", "echo", "add-mask", "add-matcher", "remove-matcher",
    "set-output", "save-state", "set-env", "add-path",
)  # fmt: skip
SOME_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MARKED_TEXT = st.lists(
    st.sampled_from(
        ["::", "##[", "#", "]", "error", "set-output name=a", " ", "\n", "\t", "\u3000", "`", "|", "\\", "%0A", "%25",
         "*", "_", "[x](y)", "<b>", "&lt;", "~~", "a", ":", ","]
    )
).map("".join)  # fmt: skip
TEXT = SOME_TEXT | MARKED_TEXT


class Command(NamedTuple):
    """A command as the runner reads it."""

    name: str
    properties: dict[str, str]
    data: str


def obeyed(line: str) -> Command | None:
    """What the runner takes a line of the log for: `TryParseV2`, then `TryParse` of its ActionCommand."""
    start = line.lstrip()
    if start.startswith("::") and "::" in start[2:]:
        told, _, data = start[2:].partition("::")
        name, _, rest = told.partition(" ")
        if name in NAMES:
            pairs = [part.split("=", 1) for part in rest.strip().split(",") if part]
            return Command(name, {key: _plain(value, "%3A:", "%2C,") for key, value in pairs}, _plain(data))
    found = re.search(r"##\[([^ \]]*)[^\]]*\](.*)", line, re.DOTALL)
    return Command(found[1], {}, found[2]) if found and found[1] in NAMES else None


def _plain(text: str, *more: str) -> str:
    for escaped in ("%0D\r", "%0A\n", *more, "%25%"):
        text = text.replace(escaped[:3], escaped[3:])
    return text


def told(message: str, hint: str | None = None, file: str | None = "assets.toml") -> Told:
    return Told(message, hint, file, Place(file, 3, 5, 1, "x") if file else None)


# --- annotations ------------------------------------------------------------------------------------------------


@given(TEXT, TEXT | st.none(), TEXT.filter(bool))
def test_the_runner_reads_an_annotation_as_it_was_meant(message: str, hint: str | None, file: str) -> None:
    line = annotation("error", told(message, hint, file), {})
    assert "\n" not in line
    assert harmless(line) == line
    found = obeyed(line)
    assert found is not None
    assert found.name == "error"
    assert found.properties == {"file": shown(file), "line": "3", "col": "5"}
    assert found.data == shown(message + (f"\nhint: {hint}" if hint else ""))


def shown(text: str) -> str:
    """A text as a page shows it: a line end is one, and what else is harmful is written out."""
    return "\n".join("\r".join(map(harmless, line.split("\r"))) for line in text.split("\n"))


def test_what_has_no_place_is_annotated_without_one() -> None:
    assert annotation("warning", told("no key", None, None), {}) == "::warning::no key"


def test_paths_start_from_the_checkout_wherever_the_command_ran(project: Builder) -> None:
    project.write({"apps/shop/assets.toml": "[asset.a]\nprompt = 1\n"})
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project.root)}
    for cwd, arguments in ((".", ("-C", "apps/shop")), ("apps", ("-m", "shop/assets.toml")), ("apps/shop", ())):
        assert (
            "::error file=apps/shop/assets.toml,line=2,col=10::"
            in project.call("plan", *arguments, cwd=cwd, **env).out
        )


def test_a_locked_build_annotates_the_entry_of_what_is_missing(project: Builder) -> None:
    project.write({"assets.toml": "\n\n\n" + HERO})
    for arguments in (("build", "--locked"), ("build", "--on-miss", "fail"), ("check",)):
        out = project.call(*arguments, GITHUB_ACTIONS="true").out
        found = [one for one in map(obeyed, out.splitlines()) if one is not None]
        assert [one.properties.get("line") for one in found if "hero" in one.data] == ["4"], (arguments, out)


# --- what others say --------------------------------------------------------------------------------------------


@given(TEXT)
def test_no_text_is_taken_for_a_command(text: str) -> None:
    assert not any(obeyed(line) for line in disarmed(text).split("\n"))


@given(SOME_TEXT)
def test_ordinary_text_is_left_alone(text: str) -> None:
    plain = text.replace(":", "").replace("#", "")
    assert disarmed(plain) == plain
    one_line = " ".join(plain.split("\n"))
    assert disarmed(f"a::b {one_line}::c\n# [x]") == f"a::b {one_line}::c\n# [x]"


@pytest.mark.parametrize("command", ["explain", "plan", "list", "graph", "check", "build"])
def test_a_stranger_s_manifest_gives_the_runner_no_command(project: Builder, command: str) -> None:
    """Prompts of several lines, names and paths are shown; `##[` works in the middle of a line too."""
    evil = "x\\n::set-output name=spent::0\\n  ::add-mask::e\\n##[error]owned ##[add-mask]e"
    texts = f'prompt = "{evil}"\nalt = "{evil}"\nmatrix.x = ["{evil}"]\n'
    manifest = f'[asset.hero]\n{texts}output = "##[error]{{{{ x }}}}.png"\n'
    project.write({"assets.toml": DRAFTS + manifest, "out": ""})
    env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(project.root / "out")}
    arguments = [command, *(["hero*"] if command == "explain" else [])]
    for more in ((), ("-v",), ("--json",)):
        ended = project.call(*arguments, *more, **env)
        obeyed_here = [found for line in (ended.out + ended.err).splitlines() if (found := obeyed(line))]
        assert {found.name for found in obeyed_here} <= {"error", "warning"}
        assert not [found for found in obeyed_here if "file" not in found.properties and "owned" in found.data[:5]]
        if more == ("--json",):
            assert ended.object["exit_code"] == ended.code
    assert {line.partition("=")[0] for line in project.text("out").splitlines()} <= {"exit-code", "changed", "bought",
                                                                                   "spent", "saved"}  # fmt: skip


# --- outputs of the step ----------------------------------------------------------------------------------------


def outputs(project: Builder, *arguments: str, **more: str) -> dict[str, str]:
    """What a step gives that runs one command."""
    path = project.root / "github-output"
    path.write_text("", "utf-8")
    project.call(*arguments, GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(path), **more)
    return dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines())


def test_a_build_gives_later_steps_what_it_did(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO})
    first = outputs(shop, "build", "--max-cost", "1")
    assert first.pop("spent") not in ("0.0000", "")
    assert first == {"exit-code": "0", "changed": "true", "bought": "1", "saved": "0.0000"}
    again = outputs(shop, "build")
    assert (again["changed"], again["bought"], again["spent"]) == ("false", "0", "0.0000")
    shop.remove("hero.png")
    back = outputs(shop, "build", "--locked", "--json")
    assert (back["changed"], back["bought"], back["spent"]) == ("true", "0", "0.0000")


def test_a_build_that_only_changes_the_lock_says_so(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    outputs(project, "build")
    project.write({"assets.toml": DRAFTS + HERO + "n = 2\n"})
    assert outputs(project, "build")["changed"] == "true"


@pytest.mark.parametrize(
    ("arguments", "code"), [(("check",), "3"), (("plan",), "0"), (("biuld",), "2"), (("build", "--locked"), "3")]
)
def test_every_command_gives_its_exit_code(project: Builder, arguments: tuple[str, ...], code: str) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    assert outputs(project, *arguments) == {"exit-code": code}


def test_outside_of_github_nothing_is_given(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "out": "", "summary": ""})
    project.call("build", GITHUB_OUTPUT=str(project.root / "out"), GITHUB_STEP_SUMMARY=str(project.root / "summary"))
    assert project.text("out") == project.text("summary") == ""


def test_outputs_that_cannot_be_written_are_no_failure(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    assert project.call("build", GITHUB_ACTIONS="true", GITHUB_OUTPUT="/nowhere/at/all").code == 0
    add_outputs({}, {"a": "b"})


# --- the summary ------------------------------------------------------------------------------------------------


def cells_of(markdown: str) -> list[list[str]]:
    """The tables of a page as GitHub's Markdown reads them: the plain text of each cell."""
    found: list[list[str]] = []
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    for token, inner in itertools.pairwise(tokens):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("th_open", "td_open"):
            parts = inner.children or []
            assert {part.type for part in parts} <= {"text", "code_inline", "text_special"}, parts
            found[-1].append("".join(part.content for part in parts))
    return found


def read(cell: str) -> str:
    """What is read of a cell: code without its backticks, white space as one space."""
    return " ".join(re.sub(r"(?<!`)`([^`]+)`(?!`)", r"\1", harmless(cell).replace("\n", " ")).split())


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_a_table_shows_every_text_as_it_is(rows: list[tuple[str, str]]) -> None:
    told_rows = cells_of(written(rows))
    assert [[" ".join(cell.split()) for cell in row] for row in told_rows[1:]] == [
        [read(cell) for cell in row] for row in rows
    ]


def written(rows: list[tuple[str, str]], *lead: str) -> str:
    """The page that a table makes."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "summary.md"
        add_table({"GITHUB_STEP_SUMMARY": str(page)}, "title", ("one", "two"), rows, lead=lead)
        return page.read_text("utf-8") if page.exists() else ""


def test_code_is_code_and_keeps_its_marks() -> None:
    page = written([("`icon*_[x|y]`", "a*b_c ``d`` `e")])
    assert "| `icon*_[x\\|y]` | a\\*b\\_c \\`\\`d\\`\\` \\`e |" in page


def test_a_table_has_an_end_and_so_has_a_cell() -> None:
    page = written([("x" * 10_000, "y")] * 5_000, "5,000 things")
    assert f"and {5_000 - MOST_ROWS:,} more\n" in page
    assert len(cells_of(page)) == MOST_ROWS + 1
    assert len(cells_of(page)[1][0]) == LONGEST
    assert "\n5,000 things\n" in page


def test_without_rows_there_is_no_table() -> None:
    assert written([], "nothing to do") == "### title\n\nnothing to do\n\n"


def test_a_page_that_the_runner_would_refuse_is_not_made(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("x" * (MOST_BYTES - 10), "utf-8")
    add_table({"GITHUB_STEP_SUMMARY": str(page)}, "title", ("a", "b"), [("c", "d")])
    assert page.stat().st_size == MOST_BYTES - 10


def summary(project: Builder, *arguments: str) -> str:
    page = project.root / "summary.md"
    page.write_text("", "utf-8")
    project.call(*arguments, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page))
    return page.read_text("utf-8")


def test_a_build_s_summary_has_what_was_made_reused_spent_and_saved(shop: Builder) -> None:
    shop.write({"assets.toml": HERO})
    first = summary(shop, "build", "--max-cost", "1")
    assert first.startswith("### assetforge build\n\n1 made in ")
    assert ["made", "1"] in cells_of(first)
    spent = next(row[1] for row in cells_of(first) if row[0] == "spent")
    assert re.fullmatch(r"\$0\.\d+ on 1 picture", spent)
    shop.remove("hero.png")
    second = cells_of(summary(shop, "build"))
    assert ["restored", "1"] in second
    assert ["reused from the lock", "1 picture"] in second
    assert ["spent", "$0.00"] in second
    assert ["saved", spent.removesuffix(" on 1 picture")] in second


def test_a_build_s_summary_has_what_failed_and_why(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "hero.png": "mine"})
    rows = cells_of(summary(project, "build"))
    assert any(row[0] == "failed: hero" and "hero.png" in row[1] for row in rows)


def test_nothing_wrong_is_said_as_well(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    summary(project, "build")
    assert summary(project, "check") == "### assetforge check\n\n1 asset current\n\n"
    assert "\nnothing to do: 1 asset current\n" in summary(project, "build", "--locked")
    assert "\nnothing to do: 1 asset current\n" in summary(project, "plan")


def test_a_plan_s_summary_has_its_sum(project: Builder) -> None:
    page = summary(project.write({"assets.toml": HERO}), "plan")
    assert "\n1 picture to buy: $0.0530\n" in page
    assert ["buy", "hero", "not made yet", "$0.0530"] in cells_of(page)
