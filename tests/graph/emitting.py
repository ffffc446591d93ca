"""Emits of small manifests, and outputs that nobody made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from assetforge.graph.emits import render_emit
from assetforge.graph.resolve import resolve
from assetforge.manifest.load import Manifest, load_manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph
from assetforge.ops.look import look_of
from assetforge.paths import Root

OPAQUE = look_of(Image.new("RGB", (30, 20), "#0f766e"))
CLEAR = look_of(Image.new("RGBA", (20, 20), "#0f766e80"))
FORMATS = {"jpg": "jpeg"}


class Opened:
    """A manifest with its graph. No dataclass: Hypothesis would write all of it out with every example."""

    def __init__(self, manifest: Manifest, graph: Graph, variables: Mapping[str, str]) -> None:
        self.manifest = manifest
        self.graph = graph
        self.variables = variables

    def render(self, emit: str, *outputs: Mapping[str, Any]) -> str:
        """The text of `emit:NAME` with these outputs."""
        return render_emit(self.manifest, self.graph.emits[f"emit:{emit}"], outputs, self.variables)


def opened(folder: Path, manifest: str, files: Mapping[str, str] | None = None, **variables: str) -> Opened:
    """The manifest in a folder, beside some text files. Raises ManifestError."""
    for name, text in {"assets.toml": manifest, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    loaded = load_manifest(Reading(Root(str(folder))), "assets.toml")
    return Opened(loaded, resolve(loaded, profile=None, variables=variables), variables)


def output(path: str, width: int = 300, height: int = 200, **facts: Any) -> dict[str, Any]:
    """The facts of a file, as a build would gather them."""
    ending = path.rpartition(".")[2]
    look = facts.pop("look", OPAQUE)
    told = {
        "path": path, "file": f"public/{path}", "asset": "hero", "instance": "hero", "axes": {}, "width": width,
        "height": height, "format": FORMATS.get(ending, ending), "bytes": 1234, "sha256": "5" * 64, "alt": "A ship",
        "tags": ["web"], "meta": {}, "draft": False, "color": look.color, "placeholder": look.placeholder,
        "frames": [], "family": "",
    }  # fmt: skip
    return told | facts
