"""What somebody does to the pictures of a project by hand: accepts, adopts, looks back and restores."""

from pathlib import Path

from assetforge.config import load_settings
from assetforge.paths import Root
from assetforge.pins.accept import Accepted, accept
from assetforge.pins.adopt import Adopted, adopt
from assetforge.pins.history import Past, history
from assetforge.pins.named import paid_steps, paid_steps_of_one
from assetforge.pins.restore import Restored, restore
from assetforge.project import Project
from tests.promises.pictures import photo, png
from tests.promises.site import MANIFEST, Site

# One asset, three pictures to buy, each made of the one before; and two renditions.
CHAIN = """
[asset.hero]
prompt = "A lighthouse at dawn"
size = "1024x640"
outputs = ["hero.png", { path = "hero-{{ width }}.webp", width = [320] }]
[[asset.hero.steps]]
op = "edit"
id = "dusk"
prompt = "Make it night"
[[asset.hero.steps]]
op = "edit"
id = "logo"
prompt = "Add the logo"
images = ["art/logo.png"]
"""
CHAIN_CALLS = 3
HAND = png(photo("teal"))


def accepted(site: Site, asset: str) -> Accepted:
    project = opened(site)
    with project.at_work(), project.workspace() as space:
        return accept(space, project.graph(), paid_steps(project.graph(), asset))


def adopted(site: Site, asset: str, path: Path | str) -> Adopted:
    project = opened(site)
    with project.at_work(), project.workspace() as space:
        return adopt(space, project.graph(), paid_steps_of_one(project.graph(), asset)[-1], str(path))


def looked_back(site: Site, asset: str) -> list[Past]:
    project = opened(site)
    with project.workspace() as space:
        return history(space, paid_steps(project.graph(), asset))


def restored(site: Site, asset: str, key: str) -> Restored:
    project = opened(site)
    with project.at_work(), project.workspace() as space:
        return restore(space, project.graph(), paid_steps_of_one(project.graph(), asset), key)


def outputs(site: Site) -> dict[str, bytes]:
    """Everything but what a person writes, and the lock."""
    return {path: data for path, data in site.files().items() if not path.startswith(("art/", "assets", "masks/"))}


def hand(site: Site, data: bytes = HAND) -> Path:
    """A file by hand, outside the project."""
    path = site.folder.parent / "by-hand.png"
    path.write_bytes(data)
    return path


def pinned(site: Site, instance: str, step: str, number: int = 1) -> dict[str, object]:
    """What the lock has for a candidate."""
    found: dict[str, object] = site.lines[instance]["steps"][step][str(number)]
    return found


def opened(site: Site) -> Project:
    """The project, for what is done in several parts."""
    return Project(Root(str(site.folder)), MANIFEST, load_settings(site.environ), site.environ)
