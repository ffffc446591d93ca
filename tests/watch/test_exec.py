"""`--exec` runs a command after each build that changed a file: as it was written, and without anybody's keys."""

import json
import os
import signal
import sys
from pathlib import Path

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.images_server import KEY, ImagesServer
from tests.promises.processes import wait_until
from tests.watch.projects import LOCAL, TWO, write_one
from tests.watch.watching import watching

# Writes its words and its environment, one file a run.
TELL = """
import json, os, sys
folder = sys.argv[1]
number = len(os.listdir(folder))
told = {"words": sys.argv[2:], "environ": dict(os.environ), "cwd": os.getcwd(), "pid": os.getpid()}
with open(f"{folder}/.new", "w") as file:
    json.dump(told, file)
os.rename(f"{folder}/.new", f"{folder}/{number}.json")
"""


def teller(project: Builder, *words: str) -> tuple[str, Path]:
    """A command that tells of itself, and the folder where it does."""
    folder = project.home / "told"
    folder.mkdir()
    project.write({"../home/tell.py": TELL})
    return " ".join([sys.executable, str(project.home / "tell.py"), str(folder), *words]), folder


def test_it_runs_after_what_changed_a_file_and_not_after_what_did_not(project: Builder) -> None:
    write_one(project, LOCAL)
    command, folder = teller(project)
    with watching(project, "--exec", command) as watch:
        watch.round()
        wait_until(lambda: len(list(folder.iterdir())) == 1)
        project.write({"assets.toml": LOCAL + "# nothing else\n"})
        assert watch.round().placed == []
        os.utime(project.root / "in/a.png")
        assert watch.round().placed == []
        project.write({"assets.toml": "[broken"})
        watch.round()
        watch.calm()
        assert len(list(folder.iterdir())) == 1
        project.write({"assets.toml": LOCAL, "in/a.png": picture("red")})
        watch.until("local.png")
        wait_until(lambda: len(list(folder.iterdir())) == 2)
    told = json.loads((folder / "0.json").read_text())
    assert Path(told["cwd"]) == project.root


def test_no_shell_reads_it(project: Builder) -> None:
    write_one(project, LOCAL)
    command, folder = teller(
        project, "';'", "'$HOME'", "'*'", "a;b", "$HOME", "'two words'", "`id`", ">x", "'|'", "&&"
    )
    with watching(project, "--exec", command) as watch:
        watch.round()
        wait_until(lambda: len(list(folder.iterdir())) == 1)
    told = json.loads((folder / "0.json").read_text())
    assert told["words"] == [";", "$HOME", "*", "a;b", "$HOME", "two words", "`id`", ">x", "|", "&&"]


def test_no_key_is_in_its_environment_under_any_name(shop: Builder, images: ImagesServer) -> None:
    azure = '[provider.azure]\nkind = "images-api"\nbase_url = "https://a.example/v1"\napi_key_env = "AZURE_KEY"\n'
    write_one(shop, azure + LOCAL)
    command, folder = teller(shop)
    env = {"AZURE_KEY": "azure-secret", "COPY_OF_IT": "azure-secret", "TOKEN": KEY, "HARMLESS": "yes", "EMPTY": ""}
    with watching(shop, "--exec", command, **env) as watch:
        watch.round()
        wait_until(lambda: len(list(folder.iterdir())) == 1)
    environ = json.loads((folder / "0.json").read_text())["environ"]
    assert "azure-secret" not in environ.values()
    assert KEY not in environ.values()
    assert not {"AZURE_KEY", "COPY_OF_IT", "TOKEN", "OPENAI_API_KEY"} & environ.keys()
    assert environ["HARMLESS"] == "yes"
    assert environ["EMPTY"] == ""
    assert "PATH" in environ


def test_a_command_that_cannot_be_run_or_fails_is_told_of_and_the_watch_goes_on(project: Builder) -> None:
    write_one(project, LOCAL)
    (project.root / "plain.txt").write_text("no program")
    for command, words in (("./not-there --x", "`./not-there` can't be run"), ("./plain.txt", "can't be run"),
                           (f"{sys.executable} -c 'raise SystemExit(3)'", "ended with 3")):  # fmt: skip
        with watching(project, "--exec", command) as watch:
            project.write({"in/a.png": picture("red" if has_blue(project) else "blue")})
            watch.until("local.png")
            watch.until_said(words)
            project.write({"in/a.png": picture("lime")})
            watch.until("local.png")


def has_blue(project: Builder) -> bool:
    return (project.root / "in/a.png").read_bytes() == picture("blue")


def test_rounds_go_on_while_it_runs_and_it_runs_once_more_after_them(project: Builder) -> None:
    write_one(project, LOCAL)
    gate, runs = project.home / "gate", project.home / "runs"
    runs.mkdir()
    waiting = (
        "import os, sys, time; number = len(os.listdir(sys.argv[2]));"
        "open(f'{sys.argv[2]}/{number}', 'w').close();"
        "[time.sleep(0.01) for _ in iter(lambda: os.path.exists(sys.argv[1]), True)]"
    )
    with watching(project, "--exec", f'{sys.executable} -c "{waiting}" {gate} {runs}') as watch:
        watch.round()
        wait_until(lambda: len(list(runs.iterdir())) == 1)
        for wanted in ("red", "lime", "blue"):
            project.write({"in/a.png": picture(wanted)})
            assert watch.round().placed == ["local.png"]
        watch.calm()
        assert len(list(runs.iterdir())) == 1
        gate.touch()
        wait_until(lambda: len(list(runs.iterdir())) == 2)
        watch.calm()
        assert len(list(runs.iterdir())) == 2


def test_nothing_of_it_is_left_when_the_watch_ends(project: Builder) -> None:
    write_one(project, LOCAL)
    command, folder = teller(project)
    shell = f"sh -c '{command}; sleep 1000 & sleep 1000'"
    with watching(project, "--exec", shell) as watch:
        watch.round()
        wait_until((folder / "0.json").exists)
        assert watch.end() == 130
    wait_until(lambda: not sleepers(project), 10)


def sleepers(project: Builder) -> list[str]:
    """Processes that came from a folder, by what runs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words, where = (entry / "cmdline").read_bytes(), os.readlink(entry / "cwd")
            except OSError:
                continue
            if where == str(project.root) and b"sleep" in words:
                found.append(entry.name)
    return found


def test_a_command_that_will_not_end_is_ended(project: Builder) -> None:
    write_one(project, LOCAL)
    command, folder = teller(project)
    stubborn = f"sh -c 'trap \"\" TERM INT; {command}; while :; do sleep 0.1; done'"
    with watching(project, "--exec", stubborn) as watch:
        watch.round()
        wait_until((folder / "0.json").exists)
        assert watch.end(signal.SIGTERM) == 130
    wait_until(lambda: not sleepers(project), 10)


def test_it_runs_after_drafts_too(shop: Builder, images: ImagesServer) -> None:
    write_one(shop, TWO)
    command, folder = teller(shop)
    with watching(shop, "--exec", command) as watch:
        assert watch.round().drafted == ["hero", "night"]
        wait_until(lambda: len(list(folder.iterdir())) == 1)
    assert images.calls == []


def test_a_command_that_cannot_be_read_is_refused(project: Builder) -> None:
    write_one(project, LOCAL)
    told = project.call("watch", "--exec", "say 'hello")
    assert told.code == 2
    assert "no closing quotation" in told.err
    assert project.call("watch", "--exec", "  ").code == 2


def test_nothing_of_it_is_left_when_a_second_signal_ends_the_watch_at_once(
    shop: Builder, images: ImagesServer
) -> None:
    write_one(shop, LOCAL)
    command, folder = teller(shop)
    with watching(shop, "--live", "--max-cost", "1", "--exec", f"sh -c '{command}; sleep 1000'") as watch:
        watch.round()
        wait_until((folder / "0.json").exists)
        images.latency = 30.0
        shop.write({"assets.toml": LOCAL + '\n[asset.hero]\nprompt = "A lighthouse"\noutput = "hero.png"\n'})
        wait_until(lambda: len(images.calls) == 1)
        watch.process.send_signal(signal.SIGINT)
        watch.until_said("once more to stop at once")
        assert watch.end() == 130
    images.latency = 0
    wait_until(lambda: not sleepers(shop), 10)
