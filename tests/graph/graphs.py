"""Graphs of small manifests."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from assetforge.graph.resolve import resolve
from assetforge.manifest.load import load_manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Graph
from assetforge.paths import Root


def graph_of(
    manifest: str,
    files: Mapping[str, str] | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    today: str = "",
) -> Graph:
    """The graph of a manifest beside some text files. Raises ManifestError."""
    with TemporaryDirectory() as folder:
        for name, text in {"assets.toml": manifest, **(files or {})}.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
        loaded = load_manifest(Reading(Root(folder)), "assets.toml")
        return resolve(loaded, profile=None, variables=variables or {}, today=today)
