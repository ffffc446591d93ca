"""The action's own scripts, run as the runner runs them: what they install, run, give and keep."""

import shutil
import signal
import sysconfig
import time
from pathlib import Path
from venv import EnvBuilder

import pytest

from tests.ci.runner import ROOT, Ended, Runner, copy_of_repository, kept_names, step
from tests.cli.manifests import DRAFTS, HERO
from tests.images_server import ImagesServer

HOSTILE = "$(touch pwned) `touch pwned` \"; touch pwned; ' && touch pwned #"
# What a store has that is about one machine, or one checkout.
LOCAL = {"projects", "claims", "rates", "month.lock", "use.lock", "rehearsal"}
MISLEADING = ("venv", "pip", "ensurepip", "assetforge", "sitecustomize", "json", "click")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the action's first step makes, without waiting for an installer: an environment that has assetforge."""
    folder = tmp_path_factory.mktemp("environment")
    EnvBuilder(symlinks=True, with_pip=False).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n", "utf-8")
    return folder / "bin" / "python"


@pytest.fixture
def runner(python: Path, tmp_path: Path) -> Runner:
    """A runner with an empty checkout, on which the first step has ended."""
    checkout, home = tmp_path / "check out", tmp_path / "runner"
    checkout.mkdir()
    home.mkdir()
    outputs = {
        "python": str(python),
        "store": str(tmp_path / "store"),
        "prefix": "assetforge-1-Linux-1-",
        "lock": "none",
    }
    return Runner(home, checkout, ROOT, steps={"install": Ended(0, "", outputs, "")})


def write(runner: Runner, text: str, name: str = "assets.toml") -> Path:
    path = runner.checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.soak
def test_it_installs_itself_and_builds_whatever_the_checkout_has(tmp_path: Path) -> None:
    """From a folder with spaces, in a checkout whose modules have the names of Python's own."""
    checkout = tmp_path / "check out"
    runner = Runner(tmp_path, checkout, copy_of_repository(tmp_path / "actions" / "asset forge"))
    for name in MISLEADING:
        write(runner, "open('pwned', 'w').close()\n", f"{name}.py")
    write(runner, DRAFTS + HERO)
    runner.environ["PYTHONPATH"] = str(checkout)
    bought = {"mode": "build", "max_cost": "1", "extras": "simulate"}
    for name in ("install", "run", "keep"):
        ended = runner.run(name, **bought)
        assert ended.code == 0, ended.log
    assert (checkout / "hero.png").exists()
    assert not list(tmp_path.rglob("pwned"))
    installed = runner.steps["install"].outputs
    assert installed["python"].startswith(str(tmp_path / "temp"))
    assert runner.steps["keep"].outputs["key"].startswith(installed["prefix"])
    site = list((tmp_path / "temp").rglob("site-packages/*"))
    assert any(path.name == "uvicorn" for path in site)
    assert not any(path.name == "pytest" for path in site)


def test_a_build_is_made_and_told(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    ended = runner.run("run", mode="build", max_cost="0.50")
    assert ended.code == 0, ended.log
    assert (runner.checkout / "hero.png").exists()
    assert (runner.checkout / "assets.lock").exists()
    assert "| made | 1 |" in ended.summary
    assert "\x1b" not in ended.log
    assert "\r" not in ended.log
    assert runner.outputs() == {
        "changed": "true",
        "bought": "1",
        "spent": "0.0000",
        "saved": "0.0000",
        "exit-code": "0",
        "command": "",
        "gallery": "",
    }


def test_locked_and_check_fail_with_3_and_annotate_the_entry(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    for mode in ("locked", "check"):
        ended = runner.run("run", mode=mode)
        assert ended.code == 3, ended.log
        assert "::error file=assets.toml,line=4,col=8::hero:generate: the lock does not have it" in ended.log
        assert runner.outputs()["exit-code"] == "3"
        assert runner.outputs()["changed"] == "false"
        assert "hero.png" in ended.summary


def test_a_gallery_is_written_after_a_mode_that_failed_too(runner: Runner) -> None:
    write(runner, DRAFTS + HERO, "a shop/assets.toml")
    asked = {"mode": "check", "working_directory": "a shop", "gallery": "the gallery"}
    assert runner.run("run", **asked).code == 3
    ended = runner.run("gallery", **asked)
    assert ended.code == 0, ended.log
    assert runner.outputs()["gallery"] == "a shop/the gallery"
    assert (runner.checkout / "a shop" / "the gallery" / "index.html").is_file()
    assert runner.run("gallery", mode="check", working_directory="a shop", gallery="--help").code == 0
    assert (runner.checkout / "a shop" / "--help" / "index.html").is_file()


def test_what_is_wrong_with_a_manifest_is_annotated_once(runner: Runner) -> None:
    asked = {"mode": "check", "gallery": "gallery"}
    write(runner, DRAFTS + HERO.replace("prompt", "promt"))
    assert "::error" in runner.run("run", **asked).log
    ended = runner.run("gallery", **asked)
    assert (ended.code, ended.log, ended.summary) == (0, "", "")
    assert runner.outputs()["gallery"] == ""


def test_after_a_build_locked_and_check_agree_on_another_machine(runner: Runner, tmp_path: Path) -> None:
    write(runner, DRAFTS + HERO)
    runner.run("run", mode="build", max_cost="1")
    made = (runner.checkout / "hero.png").read_bytes()
    clone = tmp_path / "clone"
    shutil.copytree(runner.checkout, clone)
    runner.steps["install"].outputs["store"] = str(tmp_path / "another store")
    runner.checkout = clone
    assert runner.run("run", mode="check").code == 0
    (clone / "hero.png").unlink()
    ended = runner.run("run", mode="locked")
    assert ended.code == 0, ended.log
    assert (clone / "hero.png").read_bytes() == made


def test_what_one_machine_bought_another_takes_from_the_remote(
    runner: Runner, images: ImagesServer, tmp_path: Path
) -> None:
    """The one has a key and a budget, the other neither; the pictures themselves are not committed."""
    remote = str(tmp_path / "the team's remote")
    runner.environ |= images.environ
    write(runner, HERO)
    bought = runner.run("run", mode="build", max_cost="1", remote=remote)
    assert bought.code == 0, bought.log
    made = (runner.checkout / "hero.png").read_bytes()
    (runner.checkout / "hero.png").unlink()
    runner.environ = {}
    runner.steps["install"].outputs["store"] = str(tmp_path / "another store")
    ended = runner.run("run", mode="locked", remote=remote)
    assert ended.code == 0, ended.log
    assert (runner.checkout / "hero.png").read_bytes() == made
    assert len(images.paid) == 1


def test_everything_goes_by_default(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    assert runner.run("run").code == 3


def test_a_cancelled_run_lets_a_paid_call_come_to_its_end(runner: Runner, images: ImagesServer) -> None:
    images.latency = 1.0
    runner.environ |= images.environ
    write(runner, HERO)
    process = runner.start("run", mode="build", max_cost="1")
    while not images.calls:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ended = runner.finish("run", process)
    assert ended.code == 130, ended.log
    assert "what was paid for is kept" in ended.log
    assert (runner.outputs()["bought"], runner.outputs()["exit-code"]) == ("1", "130")
    again = runner.run("run", mode="build", max_cost="1")
    assert again.code == 0, again.log
    assert runner.outputs()["bought"] == "0"
    assert len(images.paid) == 1


def test_inputs_reach_the_command(runner: Runner) -> None:
    write(
        runner,
        DRAFTS + HERO + '\n[asset.other]\nprompt = "{{ x }}"\noutput = "other.png"\n\n[vars]\nx = 1\n',
        "a b/art.toml",
    )
    ended = runner.run(
        "run", mode="build", max_cost="1", working_directory="a b", manifest="art.toml", select="hero\n!other\n",
        args="--var\nx=two words\n\n--jobs\n1",
    )  # fmt: skip
    assert ended.code == 0, ended.log
    assert sorted(path.name for path in (runner.checkout / "a b").iterdir()) == ["art.lock", "art.toml", "hero.png"]


FIELDS = ("max_cost", "working_directory", "manifest", "select", "args", "remote")
TEXTS = ("--help", "-q\n--yes", "$PATH*?[a-z]", "\\n\\\\ %s")


@pytest.mark.parametrize(
    ("field", "text"),
    [*((one, HOSTILE) for one in FIELDS), *((one, text) for one in ("select", "args") for text in TEXTS)],
)
def test_no_input_is_run_by_the_shell(runner: Runner, field: str, text: str) -> None:
    """Each arrives whole: the command refuses it in its own words, or it is `--help` of a list of arguments."""
    write(runner, DRAFTS + HERO)
    inputs = {"mode": "build", "max_cost": "1", field: text}
    ended = runner.run("run", **inputs)
    assert not list(runner.checkout.rglob("*pwned*"))
    assert not list(runner.home.rglob("pwned"))
    assert "command not found" not in ended.log
    wanted = {"args": {0, 2}, "remote": {0, 1, 2}}.get(field, {2})
    assert ended.code in wanted, ended.log


def test_a_hostile_name_of_a_folder_is_only_a_name(runner: Runner) -> None:
    folder = "$(touch pwned) `touch pwned` \" ' && #"
    write(runner, DRAFTS + HERO, f"{folder}/assets.toml")
    ended = runner.run("run", mode="build", max_cost="1", working_directory=folder)
    assert ended.code == 0, ended.log
    assert (runner.checkout / folder / "hero.png").exists()
    assert not list(runner.checkout.rglob("pwned"))


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"mode": "build"}, "mode build needs max-cost"),
        ({"mode": "$(touch pwned)"}, "mode is one of check, locked and build"),
        ({"mode": ""}, "mode is one of check, locked and build"),
        ({"extras": "remote] evil @ https://evil.example; x["}, "extras are names"),
        ({"working_directory": "a\nstore=/etc"}, "a path has one line"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_is_installed(
    runner: Runner, inputs: dict[str, str], told: str
) -> None:
    ended = runner.run("install", **inputs)
    assert ended.code == 2
    assert ended.log.startswith(f"::error title=assetforge::{told}")
    assert ended.outputs == {}
    assert not list(runner.checkout.iterdir())


# Stands in for Python: writes down what it is given, and makes an environment of itself.
SPY = """\
#!/bin/bash
printf '%s\\0' "$@" >"$SPIED.$3"
[ "$3" != venv ] || { mkdir -p "$5/bin" && cp "$0" "$5/bin/python"; }
"""


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({}, [""]),
        ({"extras": "simulate"}, ["[simulate]"]),
        ({"remote": "s3://bucket"}, ["[remote]"]),
        ({"extras": "simulate", "remote": "s3://bucket"}, ["[simulate,remote]"]),
        ({"packages": f"vignette==1.0\n\n{HOSTILE}\n--index-url=x"}, ["", "vignette==1.0", HOSTILE, "--index-url=x"]),
    ],
)
def test_what_is_installed_is_what_was_asked_for(
    runner: Runner, tmp_path: Path, inputs: dict[str, str], wanted: list[str]
) -> None:
    spy = tmp_path / "python3"
    spy.write_text(SPY, "utf-8")
    spy.chmod(0o755)
    runner.contexts["steps.python.outputs.python-path"] = str(spy)
    runner.environ["SPIED"] = str(tmp_path / "spied")
    ended = runner.run("install", **inputs)
    assert ended.code == 0, ended.log
    given = (tmp_path / "spied.pip").read_text("utf-8").split("\0")[:-1]
    assert given[:4] == ["-I", "-m", "pip", "install"]
    first, *others = wanted
    assert given[given.index("--") + 1 :] == [f"{ROOT}{first}", *others]
    assert not list(runner.checkout.iterdir())


def test_an_old_python_is_refused_with_what_to_do(runner: Runner, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    old.chmod(0o755)
    runner.contexts["steps.python.outputs.python-path"] = str(old)
    ended = runner.run("install")
    assert ended.code == 2
    assert "set python-version" in ended.log


# --- what is kept -----------------------------------------------------------------------------------------------


def key(runner: Runner, **inputs: str) -> str:
    """Under which key the store would be kept, "" where it would not."""
    ended = runner.run("keep", **inputs)
    assert ended.code == 0, ended.log
    return ended.outputs.get("key", "")


def test_a_build_that_wrote_something_is_kept_under_the_lock_it_wrote(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    bought = {"mode": "build", "max_cost": "1"}
    runner.run("run", **bought)
    prefix = runner.steps["install"].outputs["prefix"]
    first, second = key(runner, **bought), key(runner, **bought)
    assert first.startswith(prefix)
    assert first != second
    assert first.rpartition("-7-")[0] == second.rpartition("-7-")[0]
    runner.run("run", **bought)
    assert key(runner, **bought) == ""
    write(runner, DRAFTS + HERO + "n = 2\n")
    runner.run("run", **bought)
    assert key(runner, **bought).rpartition("-7-")[0] != first.rpartition("-7-")[0]


def test_a_build_that_failed_or_was_killed_is_kept_and_a_refused_one_is_not(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    bought = {"mode": "build", "max_cost": "1"}
    runner.run("run", **bought)
    for code, is_kept in (("1", True), ("4", True), ("130", True), ("", True), ("2", False), ("3", False)):
        runner.steps["run"].outputs = {"exit-code": code} if code else {}
        assert bool(key(runner, **bought)) is is_kept, code


def test_a_locked_build_is_kept_once_for_each_lock(runner: Runner) -> None:
    write(runner, DRAFTS + HERO)
    runner.run("run", mode="build", max_cost="1")
    runner.run("run", mode="locked")
    found = key(runner)
    assert found.endswith("-locked")
    runner.contexts["steps.restore.outputs.cache-matched-key"] = found
    assert key(runner) == ""
    runner.contexts["steps.restore.outputs.cache-matched-key"] = found.removesuffix("-locked") + "-7-12345"
    assert key(runner) == ""
    runner.contexts["steps.restore.outputs.cache-matched-key"] = found.removesuffix("-locked") + "0-locked"
    assert key(runner) == found
    runner.steps["run"].outputs["exit-code"] = "3"
    assert key(runner) == ""


@pytest.mark.parametrize(
    ("event", "head", "is_kept"),
    [
        ("push", "", True),
        ("workflow_dispatch", "", True),
        ("pull_request", "us/pictures", True),
        ("pull_request", "them/pictures", False),
        ("pull_request", "", False),
        ("pull_request_target", "us/pictures", False),
        ("workflow_run", "them/pictures", False),
    ],
)
def test_a_fork_s_run_keeps_nothing(runner: Runner, event: str, head: str, is_kept: bool) -> None:
    write(runner, DRAFTS + HERO)
    runner.run("run", mode="build", max_cost="1")
    context = (
        "github.event.workflow_run.head_repository"
        if event == "workflow_run"
        else "github.event.pull_request.head.repo"
    )
    runner.contexts |= {"github.event_name": event, f"{context}.full_name": head}
    assert bool(key(runner, mode="build", max_cost="1")) is is_kept


def test_what_is_kept_is_all_of_a_store_that_is_not_about_this_machine(runner: Runner) -> None:
    """With what is kept alone, on another machine, nothing is bought again."""
    write(runner, DRAFTS + HERO)
    runner.run("run", mode="build", max_cost="1")
    store = Path(runner.steps["install"].outputs["store"])
    kept = kept_names(step("restore")["with"]["path"].splitlines())
    assert {path.name for path in store.iterdir()} <= kept | LOCAL
    for path in store.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (runner.checkout / "assets.lock").unlink()
    (runner.checkout / "hero.png").unlink()
    assert runner.run("run", mode="build", max_cost="1").code == 0
    assert runner.outputs()["bought"] == "0"
