"""A project with every kind of link in its chains, and what a page is told of it."""

from collections.abc import Collection
from pathlib import Path

from assetforge.config import load_settings
from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.events import Event, Warned
from assetforge.gallery.cards import Card
from assetforge.gallery.gathering import Gathered, gather
from assetforge.project import load
from tests.builder import Builder
from tests.cli.manifests import picture

MANIFEST = """\
[asset.hero]
prompt = "A lighthouse at dawn"
size = "1024x640"
n = 3
pick = 2
alt = "A </script> lighthouse"
tags = ["web"]
outputs = ["hero.png", { path = "hero.webp", width = 320 }]
steps = [{ op = "resize", width = 400 }, { op = "crop", aspect = "1:1" }]

[asset.night]
source = "@hero"
output = "night.png"
steps = [{ op = "edit", prompt = "Make it night", images = ["art/logo.png"] }]

[asset.logo]
source = "art/logo.png"
output = "logo.png"
steps = [{ op = "resize", width = 30 }]
"""
FILES: dict[str, str | bytes] = {"assets.toml": MANIFEST, "art/logo.png": picture()}


def look(project: Builder, names: Collection[str] | None = None) -> tuple[Gathered, list[Problem]]:
    """What a page is told of a project, or of some instances, and what is warned of."""
    environ, heard = project.env(), list[Event]()
    opened = load(project.root, settings=load_settings(environ))
    opened.environ = environ
    found = gather(opened, heard.append, names)
    return found, [event.problem for event in heard if isinstance(event, Warned)]


def cards(project: Builder) -> dict[str, Card]:
    """The cards by their names."""
    return {card.name: card for card in look(project)[0].cards}


def files_in(folder: Path) -> dict[str, str]:
    """The digests of all files below a folder, by path; SQLite's own are left out, which reading changes."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and "cache.db" not in path.name)
    return {path.relative_to(folder).as_posix(): digest_bytes(path.read_bytes()) for path in found}
