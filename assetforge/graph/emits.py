"""`[emit.NAME]`: files made from the facts of outputs, found cell by cell as assets are, each with what it selects.

Every mistake that can be told without outputs is told here, those of template files included. Unaware of how an
emit is rendered (`emitted`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assetforge.errors import KeyPath, ManifestError, Problem, UsageError, Where
from assetforge.graph.builtin import FOR_FAMILIES, PREFIX, TEMPLATES
from assetforge.graph.emitted import Emitter, page_engine, project_names, render_emit, template_problem
from assetforge.graph.matrix import NO_CELL, Cell, Expansion
from assetforge.graph.printing import slug
from assetforge.graph.scope import Scope, Unclear, Untold
from assetforge.graph.select import Selector
from assetforge.graph.template import Engine, TemplateError
from assetforge.manifest.load import Manifest
from assetforge.model import Emit, Graph, Rendition
from assetforge.paths import PathError
from assetforge.words import did_you_mean, some

__all__ = ["Emits", "Emitter", "render_emit"]

# Its classes are named after instances, as far as names may have their letters.
NAMING = f"{PREFIX}css"


@dataclass(slots=True)
class Emits:
    """The emits of one resolution; `engine` and `variables` are those of all strings of the manifest. `found` are the
    emits with a path, which select nothing yet."""

    manifest: Manifest
    engine: Engine
    variables: Scope
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    found: list[Emit] = field(default_factory=list)
    _patterns: dict[str, dict[KeyPath, str]] = field(default_factory=dict)
    _wrong: dict[str, TemplateError | None] = field(default_factory=dict)
    _pages: Engine = field(init=False)

    def __post_init__(self) -> None:
        self._pages = page_engine(self.manifest)

    def read(self) -> None:
        """Finds every emit in every cell of its matrix, and reads its template; what is wrong is gathered."""
        for name, entry in self.manifest.table.emit.items():
            for cell in self._cells(name, entry):
                self._one(name, entry, cell)

    def selected(self, graph: Graph, profile: str | None) -> dict[str, Emit]:
        """The emits with what they select, none where a profile writes to a folder of its own. Raises ManifestError
        with every selection that matches nothing."""
        emits: dict[str, Emit] = {}
        selector = Selector(graph)
        families = {(step.instance, step.family) for step in graph.steps.values() if isinstance(step, Rendition)}
        wrong = len(self.problems)
        for emit in self.found:
            emits[emit.name] = replace(emit, selected=self._of_family(emit, self._select(emit, selector), families))
            if emit.template == NAMING:
                self._tell_alike(emits[emit.name])
        if self.problems[wrong:]:
            raise ManifestError({problem.where: problem for problem in reversed(self.problems[wrong:])}.values())
        has_folder = profile is not None and self.manifest.table.profile[profile].output_dir is not None
        return {} if has_folder else emits

    def _cells(self, name: str, entry: Mapping[str, Any]) -> list[Cell]:
        left_out = self._left_out(name)
        expansion = Expansion(self.manifest, ("emit", name), f"emit `{name}`")
        has_axes = all(place[0] != "matrix" for place in left_out)
        cells = expansion.cells(entry.get("matrix", {}), entry.get("exclude", []) if has_axes else [])
        self.problems += expansion.problems
        self.warnings += expansion.warnings
        is_unclear = expansion.problems or any(place[0] in ("matrix", "exclude") for place in left_out)
        return [NO_CELL] if is_unclear else cells

    def _one(self, name: str, entry: Mapping[str, Any], cell: Cell) -> None:
        shown = cell.name(f"emit:{name}")
        fixed = project_names(self.manifest) | dict(cell.axes)
        kind = Unclear if cell is NO_CELL else Scope
        scope = kind(self.engine, fixed, {}, places={}, outer=self.variables)
        left_out = self._left_out(name)
        texts: dict[KeyPath, str | None] = {
            key: self._rendered(text, ("emit", name, *key), scope, shown)
            for key, text in _texts(entry)
            if not any(key[: len(place)] == place for place in left_out)
        }
        if entry.get("select") == []:
            hint = "leave it out to select all assets"
            self._tell("`select` is empty", self.manifest.where("emit", name, "select"), hint)
        where = self.manifest.where("emit", name, "output")
        path = self._path(texts.get(("output",)), where)
        template = self._template(texts["template",], name) if ("template",) in texts else ""
        if path is None or template is None or cell is NO_CELL:
            return
        self.found.append(Emit(shown, path, template, (), cell.axes, where))
        chosen = {("emit", name, *key): text for key, text in texts.items() if key[0] == "select"}
        for key, pattern in chosen.items():
            if pattern is not None and not pattern.strip():
                hint = 'write a name, or a glob like "icon*"'
                self._tell(f"a selection of `{shown}` is empty", self.manifest.where(*key), hint)
        self._patterns[shown] = {key: pattern for key, pattern in chosen.items() if pattern}

    def _left_out(self, name: str) -> list[KeyPath]:
        """Places in an emit of what has been told to be wrong, but that the emit as a whole lacks something."""
        return [place for place in self.manifest.left_out_of_emits[name] if place]

    def _rendered(self, text: str, key: KeyPath, scope: Scope, shown: str) -> str | None:
        try:
            return self.engine.render(text, scope)
        except Untold:
            return None
        except TemplateError as error:
            self.problems.append(template_problem(self.manifest, error, self.manifest.where(*key), shown))
            return None

    def _path(self, text: str | None, where: Where) -> str | None:
        try:
            return None if text is None else self.manifest.reading.root.clean(text)
        except PathError as error:
            self._tell(error.message, where, error.hint)
            return None

    def _template(self, text: str | None, name: str) -> str | None:
        """A template as the graph has it, read and compiled; None where something is wrong with it."""
        where = self.manifest.where("emit", name, "template")
        if text is not None and text.lower().startswith(PREFIX):
            known = text[len(PREFIX) :]
            if text.startswith(PREFIX) and known in TEMPLATES:
                return text
            named = known if text.startswith(PREFIX) else text
            told = f"there is no built-in template `{named}`" if known else f"`{text}` has no name"
            self._tell(told, where, _near(text if known else ""))
            return None
        path = self._path(text, where)
        if path is None:
            return None
        try:
            self.manifest.reading.text(path)
        except PathError as error:
            self._tell(error.message, where, error.hint or _near(path))
            return None
        wrong = self._fault(path)
        if wrong is not None:
            self.problems.append(template_problem(self.manifest, wrong, where, f"emit:{name}"))
        return path if wrong is None else None

    def _fault(self, path: str) -> TemplateError | None:
        """What is wrong with a template file, found once."""
        if path not in self._wrong:
            self._wrong[path] = None
            try:
                self._pages.check_file(path)
            except TemplateError as error:
                self._wrong[path] = error
        return self._wrong[path]

    def _select(self, emit: Emit, selector: Selector) -> tuple[str, ...]:
        patterns = self._patterns[emit.name]
        for key, pattern in patterns.items():
            try:
                selector.found(pattern)
            except UsageError as error:
                fault = error.problems[0]
                self._tell(f"{fault.message}{_about(emit)}", self.manifest.where(*key), fault.hint)
                return ()
        try:
            return selector.select(list(patterns.values()))
        except UsageError as error:
            fault = error.problems[0]
            key = (*emit.where.key[:2], "select")
            self._tell(f"{fault.message}{_about(emit)}", self.manifest.where(*key), fault.hint)
            return ()

    def _tell_alike(self, emit: Emit) -> None:
        """Instances that one class of a style sheet would stand for."""
        seen: dict[str, str] = {}
        for instance in emit.selected:
            other = seen.setdefault(slug(instance), instance)
            if other != instance:
                told = f"{some([other, instance])} would share the class `asset-{slug(instance)}`"
                where = self.manifest.where(*emit.where.key[:2], "template")
                self._tell(told, where, "select one of them, or rename it")

    def _of_family(
        self, emit: Emit, selected: tuple[str, ...], families: Collection[tuple[str, str]]
    ) -> tuple[str, ...]:
        """What is told of: in a family's own template only instances with such files, and nothing else is waited for.
        Where there are none it would make an empty text."""
        family = emit.template.removeprefix(PREFIX)
        if not emit.template.startswith(PREFIX) or family not in FOR_FAMILIES:
            return selected
        told = tuple(instance for instance in selected if (instance, family) in families)
        if selected and not told:
            problem = f"nothing that `{emit.name}` selects has files of the family `{family}`"
            where = self.manifest.where(*emit.where.key[:2], "template")
            self._tell(problem, where, f'give an asset an output like {{ family = "{family}", path = "." }}')
        return told

    def _tell(self, message: str, where: Where, hint: str | None) -> None:
        self.problems.append(Problem(message, where, hint))


def _near(text: str) -> str:
    return did_you_mean(text, [f"{PREFIX}{name}" for name in TEMPLATES], "built-in templates")


def _texts(entry: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """The strings of an emit that are templates, with their keys in it."""
    for key in ("output", "template", "select"):
        value = entry.get(key)
        if isinstance(value, str):
            yield (key,), value
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield (key, index), item


def _about(emit: Emit) -> str:
    return f" (for `{emit.name}`)" if emit.axes else ""
