"""The text of an emit: a template rendered with the facts of outputs, or the list of them as JSON; unaware of where
facts come from and of who writes the text.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any

from assetforge.errors import ManifestError, Problem, Where
from assetforge.graph.bounds import PAGE
from assetforge.graph.builtin import PREFIX, builtin_text, is_markup
from assetforge.graph.outer import outer_scope, template_text
from assetforge.graph.scope import Scope, VariableError
from assetforge.graph.template import Engine, TemplateError
from assetforge.manifest.load import Manifest
from assetforge.model import Emit

# Of an output, in the order in which the list has them. graph/templates/outputs.schema.json says what they are.
KEYS = (
    "path", "file", "asset", "instance", "axes", "width", "height", "format", "bytes", "sha256",
    "alt", "tags", "meta", "draft", "color", "placeholder", "frames", "family",
)  # fmt: skip
FRAME_KEYS = ("instance", "axes", "x", "y", "width", "height")


class Emitter:
    """Renders the emits of a manifest: each template is compiled once. `variables` are those of the command line."""

    def __init__(self, manifest: Manifest, variables: Mapping[str, str]) -> None:
        self._manifest = manifest
        self._engine = page_engine(manifest)
        self._outer = outer_scope(manifest, self._engine, variables)

    def render(self, emit: Emit, outputs: Sequence[Mapping[str, Any]]) -> str:
        """The text of one emit with the facts of all that it selects, in manifest order: tables with `KEYS`. Raises
        ManifestError with the place in the template."""
        if not emit.template:
            return _as_json(emit, outputs)
        fixed = project_names(self._manifest) | {"outputs": list(outputs)} | dict(emit.axes)
        scope = Scope(self._engine, fixed, {}, places={}, outer=self._outer)
        try:
            return self._engine.render_file(emit.template, scope)
        except TemplateError as error:
            where = self._manifest.where(*emit.where.key[:2], "template")
            raise ManifestError([template_problem(self._manifest, error, where, emit.name)]) from None


def render_emit(
    manifest: Manifest, emit: Emit, outputs: Sequence[Mapping[str, Any]], variables: Mapping[str, str]
) -> str:
    """One emit's text: see Emitter, which is for several. Raises ManifestError."""
    return Emitter(manifest, variables).render(emit, outputs)


def page_engine(manifest: Manifest) -> Engine:
    """The engine for template files of emits, those that come with assetforge included."""

    def read(path: str) -> str | None:
        return builtin_text(path) if path.startswith(PREFIX) else template_text(manifest, path)

    return Engine(read, limits=PAGE, escapes=is_markup)


def project_names(manifest: Manifest) -> dict[str, Any]:
    """`project`, whose name is only what is written: the name of its folder may differ between machines."""
    name = manifest.table.project.name
    return {"project": {} if name is None else {"name": name}}


def template_problem(manifest: Manifest, error: TemplateError, where: Where, emit: str) -> Problem:
    """A template's mistake, at the variable or the template file that it was made in, else at `where`, which names
    the template. `emit` is its name with its cell."""
    if isinstance(error, VariableError):
        where = manifest.where(*(error.key or ("vars",)))
    if error.name and not error.name.startswith(PREFIX):
        where = Where(error.name, line=error.line, text=error.text)
    elif not error.name:
        where = Where(where.file, where.key, text=error.text, line=error.line)
    about = f" (for `{emit}`)" if "[" in emit else ""
    return Problem(f"{error.message}{about}", where, error.hint)


def _as_json(emit: Emit, outputs: Iterable[Mapping[str, Any]]) -> str:
    """The list, one line a fact: what changed is seen in a diff."""
    listed = [_ordered(output, KEYS) for output in outputs]
    for output in listed:
        if output.get("frames"):
            output["frames"] = [_ordered(frame, FRAME_KEYS) for frame in output["frames"]]
    try:
        text = json.dumps(listed, ensure_ascii=False, indent=2, allow_nan=False, default=_plain) + "\n"
        text.encode()
    except UnicodeEncodeError:
        raise ManifestError([Problem(f"`{emit.name}` has half a character in it", emit.where)]) from None
    except ValueError:
        told = f"`{emit.name}` has a number that JSON has no form for"
        raise ManifestError([Problem(told, emit.where, f"write text instead of {math.inf} or {math.nan}")]) from None
    return text


def _ordered(facts: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: facts[key] for key in (*keys, *(key for key in facts if key not in keys)) if key in facts}


def _plain(value: object) -> object:
    """What a free table may hold beside what JSON knows."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"an output's fact is a {type(value).__name__}")
