"""What all templates of a manifest share: how their files are read, and the names of `[vars]` and `[data]`; unaware
of who renders what.
"""

from collections.abc import Mapping

from assetforge.graph.scope import Literal, Scope
from assetforge.graph.template import Engine
from assetforge.manifest.load import Manifest
from assetforge.paths import PathError


def template_text(manifest: Manifest, path: str) -> str | None:
    """A template file's text, None where it may not be read; what was read is remembered."""
    try:
        return manifest.reading.text(manifest.reading.root.clean(path))
    except PathError:
        return None


def outer_scope(manifest: Manifest, engine: Engine, variables: Mapping[str, str]) -> Scope:
    """`data` and `[vars]`, of which `variables` are given on the command line instead."""
    return Scope(
        engine,
        {"data": manifest.data},
        {**manifest.table.vars, **{name: Literal(text) for name, text in variables.items()}},
        places={name: ("vars", name) for name in manifest.table.vars},
    )
