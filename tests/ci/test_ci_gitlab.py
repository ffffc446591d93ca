"""The jobs for GitLab, run line by line as its runner does, in one shell in the checkout."""

import subprocess
from pathlib import Path

import pytest

from tests.ci.runner import BASH, ROOT, copy_of_repository, machine, read_yaml
from tests.cli.manifests import DRAFTS, HERO

pytestmark = pytest.mark.soak
FILE = read_yaml(ROOT / "ci" / "assetforge.gitlab-ci.yml")


def run_job(name: str, checkout: Path, home: Path, *, prepared: bool, **variables: str) -> tuple[int, str]:
    """The scripts of a job, and its exit code. Of a job that is `prepared` already, only its own script."""
    template = FILE[".assetforge"]
    script = [*([] if prepared else template["before_script"]), *FILE[name]["script"]]
    told = {key: value["value"] for key, value in FILE["variables"].items()} | template["variables"] | variables
    environ = {key: value.replace("$CI_PROJECT_DIR", str(checkout)) for key, value in told.items()}
    done = subprocess.run(
        [*BASH, "-c", "\n".join(script)], cwd=checkout, text=True, timeout=300, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=machine(home, CI="true", GITLAB_CI="true", CI_PROJECT_DIR=str(checkout), **environ),
    )  # fmt: skip
    return done.returncode, done.stdout


def test_a_budgeted_job_builds_and_the_locked_one_agrees(tmp_path: Path) -> None:
    checkout, home = tmp_path / "check out", tmp_path / "home"
    package = str(copy_of_repository(tmp_path / "package"))
    checkout.mkdir()
    (checkout / "assets.toml").write_text(DRAFTS + HERO, "utf-8")
    (checkout / "pip.py").write_text("open('pwned', 'w').close()\n", "utf-8")

    code, log = run_job("assetforge-locked", checkout, home, prepared=False, ASSETFORGE_PACKAGE=package)
    assert code == 3, log
    assert "hero:generate" in log
    code, log = run_job("assetforge-build", checkout, home, prepared=True, ASSETFORGE_BUDGET="0.50")
    assert code == 0, log
    assert "made hero.png" in log
    assert run_job("assetforge-locked", checkout, home, prepared=True)[0] == 0
    assert not {"\x1b", "\r"} & set(log)
    assert not (checkout / "pwned").exists()

    kept = [checkout / path for path in FILE[".assetforge"]["cache"]["paths"]]
    assert all(path.exists() for path in kept if path.name in ("blobs", "records"))


def test_only_a_person_starts_what_spends() -> None:
    (rule,) = FILE["assetforge-build"]["rules"]
    assert rule["when"] == "manual"
    assert "$CI_COMMIT_REF_PROTECTED" in rule["if"]
    assert not any("max-cost" in line for line in FILE["assetforge-locked"]["script"])
