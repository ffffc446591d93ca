"""From a merged asset and a cell to a typed asset: templates rendered, then validated as what they became."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assetforge.entry import RENDERED, Invalid, is_template, problems_of
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.merge import Merged
from assetforge.graph.scope import Scope, VariableError
from assetforge.graph.template import Engine, TemplateError
from assetforge.manifest.schema import AssetTable

NOT_RENDERED = ("vars", "tags", "output", "outputs")
# Any text will do for these, so an asset that differs in nothing else is validated once for all its instances.
PLAIN_TEXT = frozenset({"prompt", "prompt_file", "alt"})


class Text:
    """A template in its place."""

    __slots__ = ("key", "text")

    def __init__(self, text: str, key: KeyPath) -> None:
        self.text = text
        self.key = key


class Form:
    """A merged asset ready to be filled in: what needs no rendering is shared by all its instances."""

    def __init__(self, merged: Merged, engine: Engine) -> None:
        self.merged = merged
        self.engine = engine
        self._shape = {
            key: value if key in NOT_RENDERED else _shape(value, (key,)) for key, value in merged.raw.items()
        }
        self._outputs = {key: _shape(merged.raw[key], (key,)) for key in ("output", "outputs") if key in merged.raw}
        self._texts = {
            key: shape for key, shape in self._shape.items() if key in PLAIN_TEXT and isinstance(shape, Text)
        }
        self._same: AssetTable | None = None
        self._wrong: list[Problem] = []
        self._params: dict[int, Any] = {}

    def fill(self, scope: Scope, instance: str) -> AssetTable:
        """The asset of one instance. Raises ManifestError."""
        self._wrong = []
        texts = {key: self._filled(text, scope, instance) for key, text in self._texts.items()}
        if self._same is not None and not self._wrong:
            return self._same.model_copy(update=texts)
        raw = {
            key: value if key in NOT_RENDERED else self._filled(value, scope, instance)
            for key, value in self._shape.items()
            if key not in texts
        } | texts
        for key, shape in self._outputs.items():
            raw[key] = self._filled_outputs(shape, scope, instance)
        if self._wrong:
            raise ManifestError(self._wrong)
        try:
            asset = AssetTable.model_validate(raw, context=RENDERED)
        except Invalid as error:
            found = problems_of(error, raw, subject=f"`{instance}`", where=Where(""), model=AssetTable)
            raise ManifestError(self._placed(problem) for problem in found) from None
        others = [part for key, part in self._shape.items() if key not in texts]
        if not any(isinstance(part, Text) or _is_open(part) for part in (*others, *self._open_outputs())):
            self._same = asset
        return asset

    def params(self, index: int, make: Callable[[], Any]) -> Any:
        """A step's validated parameters, made once where no template is in them."""
        steps = self._shape.get("steps")
        if isinstance(steps, _OpenList) and _is_open(steps[index]):
            return make()
        if index not in self._params:
            self._params[index] = make()
        return self._params[index]

    def _open_outputs(self) -> Iterator[Any]:
        """Parts of outputs that are rendered before their paths are."""
        for shape in self._outputs.values():
            for entry in shape if isinstance(shape, list) else [shape]:
                if isinstance(entry, _OpenTable):
                    yield from (part for key, part in entry.items() if key != "path")

    def _placed(self, problem: Problem) -> Problem:
        key = problem.where.key if problem.where else ()
        part = problem.where.part if problem.where else "value"
        return Problem(problem.message, self.merged.where(*key, part=part), problem.hint)

    def _filled(self, shape: Any, scope: Scope, instance: str) -> Any:
        if isinstance(shape, Text):
            try:
                return self.render(shape.text, shape.key, scope, instance)
            except ManifestError as error:  # the asset's other templates may be wrong as well
                self._wrong += error.problems
                return ""
        if not _is_open(shape):
            return shape
        if isinstance(shape, _OpenTable):
            return {key: self._filled(part, scope, instance) for key, part in shape.items()}
        return [self._filled(part, scope, instance) for part in shape]

    def _filled_outputs(self, shape: Any, scope: Scope, instance: str) -> Any:
        """Outputs but their paths, which are rendered once for each width, height and format."""
        if isinstance(shape, Text):
            return shape.text
        if isinstance(shape, _OpenTable):
            return {
                key: part.text if key == "path" and isinstance(part, Text) else self._filled(part, scope, instance)
                for key, part in shape.items()
            }
        if isinstance(shape, _OpenList):
            return [self._filled_outputs(part, scope, instance) for part in shape]
        return shape

    def render(self, text: str, key: KeyPath, scope: Scope, instance: str) -> str:
        """One template of the asset. Raises ManifestError with the place in the manifest or the template file."""
        try:
            return self.engine.render(text, scope)
        except TemplateError as error:
            raise ManifestError([self.problem_of(error, key, instance)]) from None

    def render_file(self, path: str, key: KeyPath, scope: Scope, instance: str) -> str:
        """A `prompt_file`."""
        try:
            return self.engine.render_file(path, scope)
        except TemplateError as error:
            raise ManifestError([self.problem_of(error, key, instance)]) from None

    def problem_of(self, error: TemplateError, key: KeyPath, instance: str) -> Problem:
        """A template's mistake, at the variable, the template file or the key that it was made in."""
        about = "" if instance == self.merged.asset else f" (for `{instance}`)"
        if isinstance(error, VariableError):
            group, *rest = error.key or ("vars",)
            place = self.merged.where(*error.key[1:]) if group == "own" else self.merged.manifest.where(group, *rest)
            where = Where(place.file, place.key, text=error.text, line=error.line)
        elif error.name:
            where = Where(error.name, line=error.line, text=error.text)
        else:
            place = self.merged.where(*key)
            where = Where(place.file, place.key, text=error.text, line=error.line)
        return Problem(f"{error.message}{about}", where, error.hint)


class _OpenTable(dict[str, Any]):
    """A table with a template somewhere inside."""


class _OpenList(list[Any]):
    """A list with a template somewhere inside."""


def _is_open(value: Any) -> bool:
    return isinstance(value, _OpenTable | _OpenList)


def _shape(value: Any, key: KeyPath) -> Any:
    if isinstance(value, Mapping):
        table = {name: _shape(item, (*key, name)) for name, item in value.items() if not _is_name(key, name)}
        names = {name: item for name, item in value.items() if _is_name(key, name)}
        if any(isinstance(item, Text) or _is_open(item) for item in table.values()):
            return _OpenTable({**names, **table})
        return value
    if isinstance(value, list):
        items = [_shape(item, (*key, index)) for index, item in enumerate(value)]
        return _OpenList(items) if any(isinstance(item, Text) or _is_open(item) for item in items) else value
    return Text(value, key) if is_template(value) else value


def _is_name(key: KeyPath, name: str) -> bool:
    """Names are never templates: the op and the id of a step."""
    return len(key) == 2 and key[0] == "steps" and name in ("op", "id")
