"""Attacks on the user's files: paths and links of a stranger's pull request that lead where they should not.

behaviour.md, Secrets and trust:
"Every path, read or written, stays inside the root after links are resolved"
    -> test_nothing_is_written_where_it_should_not_be, test_nothing_is_read_from_elsewhere,
       test_a_link_for_a_folder_leads_nowhere, test_a_lock_brings_no_file_from_elsewhere
"and has no component `.git`, `.hg`, `.svn` or `.jj`, before or after"
    -> the same, and test_a_hook_is_not_replaced_by_way_of_a_link
"text that is read has no component that begins with a dot" -> test_text_is_not_read_from_hidden_places
"Inputs are regular files" -> test_only_regular_files_are_read
"At placement the parent folder is opened and verified again and the rename is relative to it"
    -> test_a_folder_that_is_swapped_while_a_call_is_under_way_leads_nowhere

The rules one by one, and an adversary who swaps folders without pause, are in `tests/test_paths.py`; outputs that are
links to what is read, in `tests/promises/test_odd_builds.py`.
"""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from tests.builder import Builder, Result
from tests.cli.manifests import DRAFTS, picture
from tests.images_server import ImagesServer

SECRET = b"\x89PNG\r\n\x1a\nnot for strangers"
HOOK = b"#!/bin/sh\n"


def asset(output: str = "a.png", **fields: str) -> str:
    more = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    return f"{DRAFTS}[asset.a]\noutput = {json.dumps(output)}\n{more or PROMPT}"


PROMPT = 'prompt = "A lighthouse"\n'


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that is not the project's own."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def repository(project: Builder) -> Builder:
    """A project with a repository of its own, and files of the user's around it."""
    project.write(
        {".git/hooks/post-checkout.png": HOOK, ".git/config": "[core]\n", "../outside/secret.png": picture()}
    )
    project.write({"../outside/secret.csv": "id\ntoken\n", "sub/.git/config": "[core]\n", "art/photo.png": picture()})
    return project


def attack(project: Builder, manifest: str, *arguments: str) -> Result:
    """A build with --overwrite, after which nothing is changed but the project's own files."""
    watched = [project.root / ".git", project.root / "sub/.git", project.root.parent / "outside"]
    before = [snapshot(folder) for folder in watched]
    project.write({"assets.toml": manifest})
    told = project.call("build", "--overwrite", *arguments)
    assert [snapshot(folder) for folder in watched] == before
    assert told.code in (1, 2), told
    return told


@pytest.mark.parametrize(
    "path",
    [
        "../outside/a.png",
        "x/../../outside/a.png",
        "/tmp/a.png",
        "//server/share/a.png",
        "C:/a.png",
        "c:a.png",
        "..\\outside\\a.png",
        ".git/hooks/post-checkout.png",
        ".GIT/hooks/a.png",
        ".Git/hooks/a.png",
        "GIT~1/hooks/a.png",
        "./.git/./hooks/a.png",
        "x/../.git/hooks/a.png",
        "sub/.git/hooks/a.png",
        ".git/../.git/a.png",
        ".g\u200cit/hooks/a.png",
        ".git./hooks/a.png",
        ".git /hooks/a.png",
        ".git::$INDEX_ALLOCATION/a.png",
        ".hg/a.png",
        ".HG/a.png",
        ".svn/a.png",
        ".jj/a.png",
        "{{ '.' }}git/hooks/a.png",
        "{{ '../' * 3 }}outside/a.png",
        "{{ ['.git', 'hooks', 'a.png'] | join('/') }}",
        "assets.toml/../../outside/a.png",
        "a\u0000.png",
        "con.png",
    ],
)
def test_nothing_is_written_where_it_should_not_be(repository: Builder, path: str) -> None:
    assert "assets.toml:" in attack(repository, asset(path)).err


@pytest.mark.parametrize("folder", [".git/hooks", "../outside", "/tmp", "sub/.git", ".GIT"])
@pytest.mark.parametrize("setting", ["output_dir = {}", "name = 'x'\n[cache]\noriginals = {}"])
def test_no_folder_of_the_project_is_one_of_these(repository: Builder, folder: str, setting: str) -> None:
    attack(repository, f"[project]\n{setting.format(json.dumps(folder))}\n{asset()}")


@pytest.mark.parametrize("target", [".git", ".git/hooks", "sub/.git", "../outside", "../outside/new", "/tmp", ".."])
@pytest.mark.parametrize("depth", ["out", "new/out"])
def test_a_link_for_a_folder_leads_nowhere(repository: Builder, target: str, depth: str) -> None:
    link = repository.root / depth
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(os.path.relpath(repository.root / target, link.parent))
    told = attack(repository, asset(f"{depth}/post-checkout.png"))
    assert "link" in told.err or "version control" in told.err


def test_a_link_to_a_link_leads_nowhere(repository: Builder) -> None:
    (repository.root / "one").symlink_to("two")
    (repository.root / "two").symlink_to("three/..")
    (repository.root / "three").symlink_to(".git/hooks")
    attack(repository, asset("one/hooks/post-checkout.png"))


@pytest.mark.parametrize("target", [".git/hooks/post-checkout.png", "../outside/secret.png", "/dev/full"])
def test_a_hook_is_not_replaced_by_way_of_a_link(repository: Builder, target: str) -> None:
    """A link at the path itself is replaced where that is asked for, and what it leads to stays as it is."""
    (repository.root / "a.png").symlink_to(target)
    before = snapshot(repository.root / ".git"), snapshot(repository.root.parent / "outside")
    repository.write({"assets.toml": asset()})
    assert repository.call("build").code == 1
    assert (repository.root / "a.png").is_symlink()
    assert repository.call("build", "--overwrite").code == 0
    assert not (repository.root / "a.png").is_symlink()
    assert (snapshot(repository.root / ".git"), snapshot(repository.root.parent / "outside")) == before


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.png",
        "/etc/hostname",
        "file:///etc/hostname",
        ".git/hooks/post-checkout.png",
        ".GIT/config",
        "link.png",
        "folder/secret.png",
        "dangling.png",
        "proc.png",
        "{{ '..' }}/outside/secret.png",
    ],
)
@pytest.mark.parametrize("how", ["source", "images", "mask", "data", "prompt_file", "include"])
def test_nothing_is_read_from_elsewhere(repository: Builder, path: str, how: str) -> None:
    (repository.root / "link.png").symlink_to("../outside/secret.png")
    (repository.root / "folder").symlink_to("../outside")
    (repository.root / "dangling.png").symlink_to("../outside/gone.png")
    (repository.root / "proc.png").symlink_to("/proc/self/environ")
    told = json.dumps(path)
    manifest = {
        "source": asset(source=path),
        "images": asset(prompt="x") + f"images = [{told}]\n",
        "mask": asset(source="art/photo.png") + f'steps = [{{ op = "edit", prompt = "x", mask = {told} }}]\n',
        "data": f"[data]\nrows = {told}\n{asset()}",
        "prompt_file": asset(prompt_file=path),
        "include": f"[project]\ninclude = [{told}]\n{asset()}",
    }[how]
    if path.startswith("{{") and how in ("data", "include"):
        manifest = manifest.replace("{{ '..' }}", "..")
    assert attack(repository, manifest, "--yes").code == 2


@pytest.mark.parametrize("path", [".env", ".secrets/items.csv", "data/.items.csv", "link.csv", ".*.csv", "*/.*.csv"])
@pytest.mark.parametrize("how", ["data", "prompt_file", "include"])
def test_text_is_not_read_from_hidden_places(repository: Builder, path: str, how: str) -> None:
    secret = "id\nsk-hidden-token\n"
    repository.write(dict.fromkeys((".env", ".secrets/items.csv", "data/.items.csv"), secret))
    (repository.root / "link.csv").symlink_to(".secrets/items.csv")
    manifest = {
        "data": f"[data]\nrows = {json.dumps(path)}\n{asset()}matrix.row = 'data.rows'\n",
        "prompt_file": asset(prompt_file=path),
        "include": f"[project]\ninclude = [{json.dumps(path)}]\n{asset()}",
    }[how]
    told = attack(repository, manifest, "-v")
    assert told.code == 2
    assert "sk-hidden" not in told.out + told.err


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "circle"])
@pytest.mark.parametrize("how", ["source", "prompt_file", "data", "include", "lock", "manifest"])
def test_only_regular_files_are_read(project: Builder, monkeypatch: pytest.MonkeyPatch, kind: str, how: str) -> None:
    """A pipe that nobody writes to, and a device without an end, would be waited for."""
    name = {"data": "x.csv", "include": "x.toml", "lock": "assets.lock", "manifest": "assets.toml"}.get(how, "x.png")
    manifest = {
        "source": asset(source=name),
        "prompt_file": asset(prompt_file=name),
        "data": f'[data]\nrows = "{name}"\n{asset()}',
        "include": f'[project]\ninclude = ["{name}"]\n{asset()}',
        "lock": asset(),
        "manifest": asset(),
    }[how]
    project.write({"assets.toml": manifest})
    path = project.root / name
    path.unlink(missing_ok=True)
    monkeypatch.chdir(project.root)  # a socket's address is short
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(name)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else name)
    assert project.run("build", "-m", "assets.toml").code == 2


@pytest.mark.parametrize("target", [".git/hooks", "../outside"])
def test_a_folder_that_is_swapped_while_a_call_is_under_way_leads_nowhere(
    shop: Builder, images: ImagesServer, target: str
) -> None:
    """The path was checked before the call; at placement it leads elsewhere."""
    shop.write({"assets.toml": '[asset.a]\nprompt = "A lighthouse"\noutput = "out/x/a.png"\n', "out/x/b": ""})
    shop.write({".git/hooks/x/b": HOOK, "../outside/x/b": HOOK})

    def swapped(body: dict[str, object]) -> dict[str, object]:
        shutil.rmtree(shop.root / "out")
        (shop.root / "out").symlink_to(target)
        return body

    images.script(reshape=swapped)
    assert shop.call("build").code == 1
    assert os.listdir(shop.root / ".git/hooks/x") == os.listdir(shop.root / "../outside/x") == ["b"]
    (shop.root / "out").unlink()
    assert shop.call("build").code == 0
    assert len(images.paid) == 1


@pytest.mark.parametrize(
    "path", ["../outside/secret.png", ".git/hooks/post-checkout.png", "link.png", "/etc/hostname"]
)
def test_a_lock_brings_no_file_from_elsewhere(shop: Builder, images: ImagesServer, path: str) -> None:
    """A lock says that a picture's bytes are in a file that is none of the project's: they are not fetched there."""
    shop.write({"assets.toml": f'[asset.a]\n{PROMPT}output = {{ path = "a.png", width = 8 }}\n'})
    shop.write({"../outside/secret.png": SECRET, ".git/hooks/post-checkout.png": SECRET})
    (shop.root / "link.png").symlink_to("../outside/secret.png")
    assert shop.call("build").code == 0
    lock = json.loads(shop.text("assets.lock"))
    paid = lock["assets"]["a"]["steps"]["generate"]["1"]
    paid |= {"digest": digest_bytes(SECRET), "bytes": len(SECRET)}
    made = next(iter(lock["assets"]["a"]["outputs"].values()))
    lock["assets"]["b"] = {"outputs": {path: {**made, "digest": digest_bytes(SECRET), "bytes": len(SECRET)}}}
    shop.write({"assets.lock": json.dumps(lock)}).remove("a.png")
    told = shop.call("build", ASSETFORGE_CACHE_DIR=str(shop.home / "another"))
    assert told.code == 1
    assert "nowhere" in told.err
    assert SECRET not in snapshot(shop.home).values()
    assert len(images.paid) == 1
