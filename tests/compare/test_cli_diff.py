"""`assetforge diff` for people, programs and GitHub: the same words in each form."""

import shutil
import time

from assetforge.outputs.lock import lock_text
from tests.builder import Builder
from tests.cli.test_cli_json import EVERY, KEYS
from tests.compare.history import CHAIN, DRAFTED, DUSK, begin, built, commit
from tests.compare.test_compare_changes import one


def test_each_change_has_a_line_and_its_prompt_another(project: Builder) -> None:
    begin(project, CHAIN)
    built(
        project, CHAIN.replace("dawn", "dusk") + '[asset.more]\nprompt = "x"\nsize = "64x64"\noutput = "more.png"\n'
    )
    told = project.call("diff")
    *lines, last = told.out.splitlines()
    assert lines[:3] == [
        "changed  hero   the prompt changed",
        "           A lighthouse at [-dawn-] {+dusk+}",
        lines[2],
    ]
    assert lines[2].startswith("added    more   64x64 png, ")
    assert lines[3:] == ["changed  night  made from `hero`, which changed"]
    assert last == "2 changed, 1 added since `HEAD`"
    assert (told.code, told.err) == (0, "")


def test_with_exit_code_a_change_is_3(project: Builder) -> None:
    begin(project)
    assert project.call("diff", "--exit-code").code == 0
    built(project, DUSK)
    assert project.call("diff").code == 0
    for form in ((), ("--json",), ("--markdown",)):
        assert project.call("diff", "--exit-code", *form).code == 3


def test_json_has_the_documented_keys(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    told = project.call("diff", "--json").object
    assert set(told) - EVERY == KEYS["diff"]
    assert set(told["changes"][0]) == KEYS["change"]
    assert set(told["changes"][0]["outputs"][0]) == KEYS["changed output"]
    assert set(told["changes"][0]["outputs"][0]["before"]) == KEYS["picture"]
    assert set(told["changes"][0]["prompts"][0]) == KEYS["prompt"]
    assert set(told["summary"]) == KEYS["diff summary"]
    assert set(told["from"]) == KEYS["diff side"]
    written = project.call("diff", "--json", "--html", str(project.home / "page")).object["page"]
    assert set(written) == KEYS["diff page"]


def test_two_forms_at_once_are_none(project: Builder) -> None:
    begin(project)
    assert project.call("diff", "--json", "--markdown").code == 2


def test_github_s_summary_has_the_table(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    summary = project.home / "summary"
    told = project.call("diff", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert told.code == 0
    assert "### assetforge diff: pictures changed since `HEAD`" in summary.read_text("utf-8")
    assert "| changed | hero | the prompt changed |" in summary.read_text("utf-8")


def test_markdown_goes_to_standard_output_and_all_else_does_not(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    told = project.run("diff", "--markdown", "--html", "../page", "HEAD")
    assert told.code == 0
    assert told.out.startswith("<!-- assetforge diff -->\n**1 changed since `HEAD`**\n")
    assert told.err.startswith("wrote ../page/index.html with 2 pictures")


def test_it_works_where_there_is_no_store_and_with_another_manifest(project: Builder) -> None:
    begin(project)
    project.write({"site.toml": DRAFTED.replace("hero", "cover")})
    assert project.call("-m", "site.toml", "build", "--yes").code == 0
    commit(project.root)
    shutil.rmtree(project.home / "store")
    assert project.call("-m", "site.toml", "diff").out == "no picture changed since `HEAD`\n"
    assert project.call("-m", "site.toml", "diff", "HEAD~1").out.splitlines()[-2] == "1 added since `HEAD~1`"


def test_ten_thousand_assets_are_compared_in_a_few_seconds(project: Builder) -> None:
    """Generous, for a busy machine: it takes about one."""
    begin(project)
    lines = {f"icon[n={n}]": one(n + 1, n + 1) for n in range(10_000)}
    commit(project.write({"assets.lock": lock_text(lines)}).root)
    project.write({"assets.lock": lock_text({**lines, "icon[n=7]": one(20_001, 20_002)})})
    start = time.perf_counter()
    told = project.call("diff")
    assert told.out.startswith("changed  icon[n=7]  $0.25  ")
    assert time.perf_counter() - start < 10
