"""What stands in for GitHub's runner: the steps of action.yml that are scripts, run as the runner runs them.

The runner's own part is small: expressions become an environment, files collect what a step gives, bash runs the
script (docs.github.com, "Workflow syntax", `shell: bash`). The actions that action.yml uses are not run here.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
# Before a test takes names away: packages are installed as this machine installs them.
REAL = dict(os.environ)
OURS = (
    "ASSETFORGE_",
    "OPENAI_",
    "GITHUB_",
    "RUNNER_",
    "CI",
    "GITLAB_",
    "PYTHON",
    "XDG_",
    "SEALED_",
    "VIRTUAL_ENV",
    "PYTEST_",
)
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def read_yaml(path: Path) -> Any:
    """What a YAML file holds."""
    return YAML(typ="safe").load(path.read_text("utf-8"))


ACTION = read_yaml(ROOT / "action.yml")


def copy_of_repository(folder: Path) -> Path:
    """What a checkout of this repository has, as far as installing it needs."""
    folder.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "action.yml", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "assetforge", folder / "assetforge", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def machine(home: Path, **more: str) -> dict[str, str]:
    """The environment of a machine that can install packages, and of a user with nothing of their own."""
    kept = {name: value for name, value in REAL.items() if not name.startswith(OURS)}
    settings = Path(platformdirs.user_config_dir("pip")) / "pip.conf"
    if settings.exists() and "PIP_CONFIG_FILE" not in kept:
        kept["PIP_CONFIG_FILE"] = str(settings)
    home.mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "PIP_CACHE_DIR": str(home.parent / "pip-cache"), **more}


def run_git(folder: Path, *arguments: str) -> str:
    """One command of git, by somebody, without anybody's settings."""
    environ = {
        **REAL, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=True
    ).stdout


def kept_names(paths: list[str]) -> set[str]:
    """The parts of a store that paths name, whatever folder they are in."""
    return {path.rpartition("/")[2] for path in paths}


def step(name: str) -> dict[str, Any]:
    """A step of action.yml, by its id."""
    (found,) = [one for one in ACTION["runs"]["steps"] if one.get("id") == name]
    return dict(found)


@dataclass
class Ended:
    """How a step ended: `outputs` is what it gave, `summary` what the page of the run shows."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@dataclass
class Runner:
    """A runner with one checkout. `contexts` is what expressions ask for beside inputs and steps, by their text."""

    home: Path
    checkout: Path
    action: Path
    contexts: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    steps: dict[str, Ended] = field(default_factory=dict)

    def run(self, name: str, **inputs: str) -> Ended:
        """Runs the script of a step with these inputs, all others by default."""
        return self.finish(name, self.start(name, **inputs))

    def start(self, name: str, **inputs: str) -> "subprocess.Popen[str]":
        """The same under way: the process is the one that the runner signals when a run is cancelled."""
        given = {key: str(told.get("default", "")) for key, told in ACTION["inputs"].items()}
        given |= {key.replace("_", "-"): value for key, value in inputs.items()}
        wanted = step(name)
        self._temp.mkdir(exist_ok=True)
        for path in self._files.values():
            path.write_text("", "utf-8")
        script = self._temp / "script.sh"
        script.write_text(wanted["run"], "utf-8")
        return subprocess.Popen(
            [*BASH, str(script)], cwd=self.checkout, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self._environ() | {key: self._value(str(text), given) for key, text in wanted["env"].items()},
        )  # fmt: skip

    def finish(self, name: str, process: "subprocess.Popen[str]") -> Ended:
        """Waits for the end of a step, and remembers what it gave."""
        log, _ = process.communicate(timeout=300)
        given, summary = (self._files[file].read_text("utf-8") for file in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
        outputs = {key: value for key, _, value in (line.partition("=") for line in given.splitlines())}
        self.steps[name] = Ended(process.returncode, log, outputs, summary)
        return self.steps[name]

    @property
    def _temp(self) -> Path:
        return self.home / "temp"

    @property
    def _files(self) -> dict[str, Path]:
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")
        return {name: self._temp / name.lower() for name in names}

    def _environ(self) -> dict[str, str]:
        facts = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_REPOSITORY": "us/pictures",
            "GITHUB_RUN_ID": "7",
            "GITHUB_WORKSPACE": str(self.checkout),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self._temp),
            "ASSETFORGE_CONFIG_DIR": str(self.home / "config"),
        }
        files = {name: str(path) for name, path in self._files.items()}
        return machine(self.home / "home", **facts, **files) | self.environ

    def _value(self, text: str, inputs: Mapping[str, str]) -> str:
        """A text of action.yml with its expressions worked out, as far as action.yml uses them: names and `||`."""
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: self._expression(found[1], inputs), text)

    def _expression(self, text: str, inputs: Mapping[str, str]) -> str:
        for part in text.split(" || "):
            value = part.strip("'") if part.startswith("'") else self._name(part, inputs)
            if value:
                return value
        return ""

    def _name(self, name: str, inputs: Mapping[str, str]) -> str:
        context, _, rest = name.partition(".")
        if context == "inputs":
            return inputs[rest]
        if context == "steps":
            of, _, output = rest.partition(".outputs.")
            return self.steps[of].outputs.get(output, "") if of in self.steps else self.contexts.get(name, "")
        return self.contexts.get(name, "")

    def outputs(self) -> dict[str, str]:
        """What the action gives to its workflow."""
        return {name: self._value(told["value"], {}) for name, told in ACTION["outputs"].items()}
