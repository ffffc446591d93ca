"""Small manifests as tables, written as TOML in one of many ways, and what is keyed of them."""

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assetforge.model import Graph
from tests.plan.known_pictures import file_keys, paid_keys, resolved
from tests.toml_documents import Writer

PICTURES: Mapping[str, str] = {
    "art/boat.png": "png 1024x1024 boat",
    "art/same.jpg": "jpeg 1024x1024 boat",
    "art/ship.png": "png 1024x1024 ship",
    "art/small.png": "png 300x250 small",
    "art/mask.png": "png 1024x1024 mask",
    "art/other-mask.png": "png 1024x1024 other-mask",
    "art/small-mask.png": "png 300x250 mask",
}
ORDERED = frozenset({"matrix"})


def toml(table: Mapping[str, Any], seed: int = 0) -> str:
    """A manifest's text; another seed gives another order and another spelling."""
    return Writer(seed).document(shuffled(table, random.Random(seed)) if seed else dict(table))


def shuffled(value: Any, chance: random.Random, name: str = "") -> Any:
    """The same with its keys in another order, but for axes, whose order names instances."""
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    if not isinstance(value, Mapping):
        return value
    items = list(value.items())
    if name not in ORDERED:
        chance.shuffle(items)
    return {key: shuffled(item, chance, key) for key, item in items}


def project(folder: Path, table: Mapping[str, Any], seed: int = 0, files: Mapping[str, str] = PICTURES) -> Path:
    """A project's folder with a manifest and its pictures."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    (folder / "assets.toml").write_bytes(toml(table, seed).encode())
    return folder


def paid(table: Mapping[str, Any], seed: int = 0, files: Mapping[str, str] = PICTURES) -> dict[str, str]:
    """The key of each candidate, as `hero:generate#1`."""
    with tempfile.TemporaryDirectory() as folder:
        return paid_keys(project(Path(folder), table, seed, {**PICTURES, **files}))


def rendered(table: Mapping[str, Any], seed: int = 0, files: Mapping[str, str] = PICTURES) -> dict[str, str]:
    """The key of each output, as `hero > hero.png`."""
    with tempfile.TemporaryDirectory() as folder:
        return file_keys(project(Path(folder), table, seed, {**PICTURES, **files}))


def graph(table: Mapping[str, Any]) -> Graph:
    """The manifest's graph."""
    with tempfile.TemporaryDirectory() as folder:
        return resolved(project(Path(folder), table))
