"""A project in a folder, built for real: files are written and edited, and builds run against a server on a socket.

python -m tests.promises.site FOLDER [OPTION=VALUE]     builds in a process of its own, as the environment says
"""

import asyncio
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assetforge.config import load_settings
from assetforge.digest import digest_bytes
from assetforge.errors import AssetforgeError, Disagreement
from assetforge.events import Event, Planned, Warned
from assetforge.model import Report
from assetforge.paths import Root
from assetforge.plan.forecast import Forecast
from assetforge.project import Options, Project
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, png, sky

ROOT = Path(__file__).parents[2]
MANIFEST = "assets.toml"
LOCK = "assets.lock"
PLANNED = "planned"
AGAIN = {"retry-after-ms": "1"}

ONE = """
[asset.hero]
prompt = "A lighthouse"
size = "1024x640"
output = "hero.png"
"""

# A generation, an edit chain with masks, a matrix, and renditions of each: five pictures to buy.
SCENE = """
# the scene
[vars]
style = "flat vector"

[asset.hero]
prompt = "A lighthouse at dawn. {{ style }}"
size = "1024x640"
output = "hero.png"

[asset.night]
source = "@hero"
outputs = ["night.png", { path = "night-{{ width }}.jpg", width = [320] }]
[[asset.night.steps]]
op = "edit"
id = "dusk"
prompt = "Make it night"
mask = "masks/sky.png"
preserve = true
[[asset.night.steps]]
op = "edit"
id = "logo"
prompt = "Add the logo"
images = ["art/logo.png"]
[[asset.night.steps]]
op = "resize"
width = 512

[asset.icon]
matrix.item = ["sword", "shield"]
prompt = "A {{ item }}"
size = "1024x640"
output = { path = "icons/{{ item }}.png", width = 64 }
"""
SCENE_CALLS = 5


@dataclass
class Site:
    """A project's folder, the store it uses, and the environment that it is built in."""

    folder: Path
    cache: Path
    environ: dict[str, str]
    events: list[Event] = field(default_factory=list)

    # --- files ---

    def write(self, path: str, content: str | bytes) -> None:
        """Writes a file, text exactly as it is."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def edit(self, old: str, new: str, path: str = MANIFEST) -> None:
        """Replaces a piece of text that is there."""
        text = (self.folder / path).read_bytes().decode()
        assert old in text
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def remove(self, *paths: str) -> None:
        for path in paths:
            (self.folder / path).unlink()

    def files(self) -> dict[str, bytes]:
        """Every file of the project with its bytes."""
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}

    def times(self) -> dict[str, int]:
        """When every file was last written."""
        return {path: (self.folder / path).stat().st_mtime_ns for path in self.files()}

    @property
    def lock(self) -> bytes:
        return self.read(LOCK)

    @property
    def lines(self) -> dict[str, Any]:
        """The lock's lines by instance."""
        found: dict[str, Any] = json.loads(self.lock)["assets"]
        return found

    @property
    def pins(self) -> set[str]:
        """The digests of every bought candidate in the lock."""
        steps = [step for line in self.lines.values() for step in line.get("steps", {}).values()]
        return {candidate["digest"] for step in steps for candidate in step.values()}

    def lines_of(self, path: str) -> dict[str, Any]:
        """What the lock has for an output."""
        found: dict[str, Any] = next(line["outputs"][path] for line in self.lines.values() if path in line["outputs"])
        return found

    def blob(self, data: bytes) -> bool:
        """Whether the store has these bytes."""
        digest = digest_bytes(data)
        path = self.cache / "blobs" / digest[:2] / digest
        return path.is_file() and path.read_bytes() == data

    # --- builds ---

    def project(self) -> Project:
        return Project(Root(str(self.folder)), MANIFEST, load_settings(self.environ), self.environ)

    def build(self, **options: Any) -> Report:
        """Builds here, with consent to any price unless `yes` is False."""
        self.events.clear()
        asked = Options(**{"yes": True, **options})
        return asyncio.run(self.project().build(asked, self.events.append))

    def plan(self, **options: Any) -> Forecast:
        return self.project().plan(Options(**options))

    def check(self) -> list[Disagreement]:
        return self.project().check()

    def start(self, **environ: str) -> "subprocess.Popen[str]":
        """Builds in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.promises.site", str(self.folder)],
            cwd=ROOT,
            env=self.process_environ() | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process_environ(self) -> dict[str, str]:
        """The site's environment and what a process needs besides; nothing of the user's own."""
        return {**self.environ, "PATH": os.environ.get("PATH", ""), "HOME": str(self.cache.parent)}

    @property
    def warnings(self) -> list[str]:
        """What the last build warned of."""
        return [event.problem.message for event in self.events if isinstance(event, Warned)]

    # --- other machines ---

    def clone(self, name: str, *, store: bool = False, without: tuple[str, ...] = ()) -> "Site":
        """The same files elsewhere, as another machine would have them: its store is empty, or this one's."""
        folder = self.folder.with_name(name)
        shutil.copytree(self.folder, folder)
        cache = self.cache if store else self.cache.with_name(f"cache of {name}")
        site = dataclasses.replace(self, folder=folder, cache=cache, events=[], environ=dict(self.environ))
        site.environ["ASSETFORGE_CACHE_DIR"] = str(cache)
        site.remove(*without)
        return site


def make_site(tmp_path: Path, server: ImagesServer | None, manifest: str = ONE) -> Site:
    """A project with a manifest, speaking to a server."""
    cache = tmp_path / "cache"
    environ = {"ASSETFORGE_CACHE_DIR": str(cache), "ASSETFORGE_CONFIG_DIR": str(tmp_path / "config")}
    site = Site(tmp_path / "site", cache, environ | (server.environ if server else {}))
    site.write(MANIFEST, manifest)
    return site


def make_scene(tmp_path: Path, server: ImagesServer) -> Site:
    """The project SCENE with its source files."""
    site = make_site(tmp_path, server, SCENE)
    site.write("masks/sky.png", png(sky()))
    site.write("art/logo.png", png(logo()))
    return site


def make_draft_scene(tmp_path: Path) -> Site:
    """The scene, drawn by the provider named `draft`: priced at nothing, locked and checked."""
    manifest = '[defaults]\nprovider = "draft"\n' + SCENE.replace('"night.png"', '"night.png", "night.webp"')
    site = make_site(tmp_path, None, manifest)
    site.write("masks/sky.png", png(sky()))
    site.write("art/logo.png", png(logo()))
    return site


# --- changes ---

Change = Callable[[Site], None]


def edited(old: str, new: str, path: str = MANIFEST) -> Change:
    """A piece of text replaced."""
    return lambda site: site.edit(old, new, path)


def written(path: str, content: str | bytes) -> Change:
    """A file written."""
    return lambda site: site.write(path, content)


def removed(*paths: str) -> Change:
    """Files deleted."""
    return lambda site: site.remove(*paths)


def all_of(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(site: Site) -> None:
        for one in changes:
            one(site)

    return change


def main(folder: str) -> int:
    """One build, told in lines."""
    environ = dict(os.environ)
    project = Project(Root(folder), MANIFEST, load_settings(environ), environ)

    def tell(event: Event) -> None:
        if isinstance(event, Planned):
            print(PLANNED, flush=True)
        if isinstance(event, Warned):
            print("warned:", event.problem.message)

    try:
        report = asyncio.run(project.build(Options(yes=True), tell))
    except AssetforgeError as error:
        print(error)
        return error.exit_code
    for failure in report.failed:
        print("failed:", failure.problem.message)
    print("calls:", report.calls)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
