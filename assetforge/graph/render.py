"""From a merged asset and a cell to a typed asset: templates rendered, then validated as what they became."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assetforge.entry import RENDERED, Invalid, is_template, problems_of, without_flaws
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.merge import Merged
from assetforge.graph.scope import Scope, Untold, VariableError
from assetforge.graph.template import Engine, TemplateError
from assetforge.manifest.schema import AssetTable

NOT_RENDERED = ("vars", "tags", "output", "outputs")
# Any text will do for these, so an asset that differs in nothing else is validated once for all its instances.
PLAIN_TEXT = frozenset({"prompt", "prompt_file", "alt"})


# What a template that can't be rendered becomes. A table goes without its key, a list has an empty text.
LEFT_OUT = object()


# A step's parameters as far as they are sound, None where they are not, and the places of what is left out.
Params = tuple[Any, frozenset[KeyPath]]


@dataclass(frozen=True, slots=True)
class Filled:
    """An asset as far as it is sound; `left_out` are the places of the rest, of which all is told in `problems`
    or has been told before."""

    asset: AssetTable
    left_out: frozenset[KeyPath]
    problems: tuple[Problem, ...] = ()


def touches(left_out: Collection[KeyPath], key: KeyPath) -> bool:
    """Whether what is left out is at a key, in it or round it, so that nothing more can be said there."""
    return any(key[: len(place)] == place[: len(key)] for place in left_out)


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
        self._left_out: frozenset[KeyPath] = merged.left_out
        self._params: dict[int, Params] = {}

    def fill(self, scope: Scope, instance: str) -> Filled:
        """The asset of one instance."""
        self._wrong, self._left_out = [], self.merged.left_out
        texts = _kept({key: self._filled(text, scope, instance) for key, text in self._texts.items()})
        if self._same is not None and self._left_out is self.merged.left_out:
            return Filled(self._same.model_copy(update=texts), self._left_out)
        raw = texts | _kept(
            {
                key: value if key in NOT_RENDERED else self._filled(value, scope, instance)
                for key, value in self._shape.items()
                if key not in self._texts
            }
        )
        for key, shape in self._outputs.items():
            raw[key] = self._filled_outputs(shape, scope, instance)
        asset = self._validated(raw, instance)
        if self._left_out is not self.merged.left_out:
            return Filled(asset, self._left_out, tuple(self._wrong))
        others = [part for key, part in self._shape.items() if key not in texts]
        if not any(isinstance(part, Text) or _is_open(part) for part in (*others, *self._open_outputs())):
            self._same = asset
        return Filled(asset, self._left_out)

    def _validated(self, raw: Mapping[str, Any], instance: str) -> AssetTable:
        try:
            return AssetTable.model_validate(raw, context=RENDERED)
        except Invalid as error:
            found = problems_of(error, raw, subject=f"`{instance}`", where=Where(""), model=AssetTable)
            self._wrong += (self._placed(problem) for problem in found if self._is_news(problem))
            sound, left_out = without_flaws(error, raw, AssetTable)
            self._left_out |= left_out
            return AssetTable.model_validate(sound, context=RENDERED)

    def _is_news(self, problem: Problem) -> bool:
        return problem.where is None or not touches(self._left_out, problem.where.key)

    def params(self, index: int, make: Callable[[], Params]) -> Params:
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
                self._left_out |= {shape.key}
                return LEFT_OUT
        if not _is_open(shape):
            return shape
        if isinstance(shape, _OpenTable):
            return _kept({key: self._filled(part, scope, instance) for key, part in shape.items()})
        return _held([self._filled(part, scope, instance) for part in shape])

    def _filled_outputs(self, shape: Any, scope: Scope, instance: str) -> Any:
        """Outputs but their paths, which are rendered once for each width, height and format."""
        if isinstance(shape, Text):
            return shape.text
        if isinstance(shape, _OpenTable):
            return _kept(
                {
                    key: part.text
                    if key == "path" and isinstance(part, Text)
                    else self._filled(part, scope, instance)
                    for key, part in shape.items()
                }
            )
        if isinstance(shape, _OpenList):
            return [self._filled_outputs(part, scope, instance) for part in shape]
        return shape

    def render(self, text: str, key: KeyPath, scope: Scope, instance: str) -> str:
        """One template of the asset. Raises ManifestError with the place in the manifest or the template file;
        without a problem where all has been told."""
        try:
            return self.engine.render(text, scope)
        except Untold:
            raise ManifestError([]) from None
        except TemplateError as error:
            raise ManifestError([self.problem_of(error, key, instance)]) from None

    def render_file(self, path: str, key: KeyPath, scope: Scope, instance: str) -> str:
        """A `prompt_file`."""
        try:
            return self.engine.render_file(path, scope)
        except Untold:
            raise ManifestError([]) from None
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


def _kept(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not LEFT_OUT}


def _held(items: list[Any]) -> list[Any]:
    return ["" if item is LEFT_OUT else item for item in items]


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
